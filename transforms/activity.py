"""What the system says of a title: a probability per class and frame, and the intervals that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.frames import FRAME_S


@dataclass(frozen=True)
class ActiveSegment:
    """An interval [start_s, end_s) in which a class is active, and its mean probability there."""

    label: str
    start_s: float
    end_s: float
    mean_probability: float


@dataclass(frozen=True)
class Activity:
    """Frame probabilities of one title.

    probability: [classes, F] float32 in 0…1; frame k covers [k · frame_s, (k + 1) · frame_s).
    """

    probability: NDArray[np.float32]
    classes: tuple[str, ...]
    duration_s: float
    thresholds: tuple[float, ...]
    frame_s: float = FRAME_S

    def segments(self, thresholds: Sequence[float] | None = None) -> list[ActiveSegment]:
        """Give the active intervals, by class and start; ``thresholds`` default to those of the checkpoint."""
        levels = self.thresholds if thresholds is None else thresholds
        return [
            ActiveSegment(label, start, end, _mean(row, start, end, self.frame_s))
            for label, row, level in zip(self.classes, self.probability, levels, strict=True)
            for start, end in active_intervals(row, level, self.frame_s, self.duration_s)
        ]


def active_intervals(
    probability: NDArray[np.float32], threshold: float, frame_s: float, duration_s: float
) -> list[tuple[float, float]]:
    """Find where [F] probabilities, interpolated between frame centres, reach ``threshold``; in seconds.

    Finer than the frame grid: the edge lies where the straight line between two centres crosses the threshold.
    """
    if not len(probability):
        return []
    active = probability >= threshold
    before = np.flatnonzero(active[1:] != active[:-1])
    low, high = probability[before].astype(float), probability[before + 1].astype(float)
    edges = (before + 0.5 + (threshold - low) / (high - low)) * frame_s
    bounds = [0.0] * bool(active[0]) + edges.tolist() + [duration_s] * bool(active[-1])
    clipped = np.minimum(bounds, duration_s).reshape(-1, 2)
    return [(float(start), float(end)) for start, end in clipped if end > start]


def _mean(probability: NDArray[np.float32], start_s: float, end_s: float, frame_s: float) -> float:
    first, last = int(start_s / frame_s), int(np.ceil(end_s / frame_s))
    return float(probability[first : max(last, first + 1)].mean())
