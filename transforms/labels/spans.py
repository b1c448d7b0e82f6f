"""Stretches of time: what several intervals cover together, on the title's timeline and on its frame grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from transforms.frames import FRAME_S
from transforms.records import Interval

Span = tuple[float, float]


def merged(intervals: Iterable[Interval]) -> list[Span]:
    """Give the union of the intervals as (start_s, end_s), in order, none touching another."""
    spans: list[Span] = []
    for start, end in sorted((i.start_s, i.end_s) for i in intervals if i.end_s > i.start_s):
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    return spans


def coverage(intervals: Iterable[Interval], frames: int) -> NDArray[np.float32]:
    """Give the fraction of each frame that the union of the intervals covers: [F] float32, exact to a millionth."""
    return covered(np.reshape(merged(intervals), (-1, 2)), frames)


def covered(spans: NDArray[np.float64], frames: int) -> NDArray[np.float32]:
    """Give the fraction of each frame that [K, 2] spans cover, in order and apart: [F] float32."""
    if not len(spans):
        return np.zeros(frames, np.float32)
    starts, ends = spans.T
    until_knot = np.repeat(np.cumsum(ends - starts), 2)
    until_knot[::2] -= ends - starts
    until = np.interp(np.arange(frames + 1) * FRAME_S, spans.ravel(), until_knot)
    # Rounded, as the grid is not exact: as 3 · 0.2 > 0.6, an interval from 0.6 on would touch the frame before it.
    share: NDArray[np.float32] = np.clip(np.diff(until) / FRAME_S, 0, 1).round(6).astype(np.float32)
    return share


def to_edge_s(spans: Sequence[Span], frames: int) -> NDArray[np.float64]:
    """Give each frame centre's distance from the nearest edge of a span; infinite where there is none."""
    return _to_nearest(np.array(spans).ravel(), frames)


def to_span_s(spans: Sequence[Span], frames: int) -> NDArray[np.float64]:
    """Give each frame centre's distance from the nearest span, 0 within one; infinite where there is none."""
    inside = _latest([start for start, _ in spans], frames) < _latest([end for _, end in spans], frames)
    return np.where(inside, 0, to_edge_s(spans, frames))


def since_end_s(spans: Sequence[Span], frames: int) -> NDArray[np.float64]:
    """Give each frame centre's distance from the latest end of a span before it; infinite where there is none."""
    return _latest([end for _, end in spans], frames)


def _centres(frames: int) -> NDArray[np.float64]:
    return np.arange(0.5, frames) * FRAME_S


def _latest(times: Sequence[float], frames: int) -> NDArray[np.float64]:
    before = np.array([-np.inf, *times])
    since: NDArray[np.float64] = _centres(frames) - before[np.searchsorted(before, _centres(frames), side="right") - 1]
    return since


def _to_nearest(times: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    around = np.concatenate([[-np.inf], times, [np.inf]])
    after = np.searchsorted(around, _centres(frames), side="right")
    nearest: NDArray[np.float64] = np.minimum(_centres(frames) - around[after - 1], around[after] - _centres(frames))
    return nearest
