"""What the system says of a title: a probability per class and frame, and the intervals that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.frames import FRAME_S

ROUNDING_S = 1e-9


@dataclass(frozen=True)
class Decision:
    """How the probability of a class becomes intervals.

    A stretch that stays at ``off`` or above and somewhere reaches ``on`` is active. Of what follows from that, gaps
    shorter than ``min_off_s`` are filled, then intervals shorter than ``min_on_s`` dropped.
    """

    on: float
    off: float
    min_on_s: float
    min_off_s: float

    def __post_init__(self) -> None:
        if not (0 < self.off <= self.on < 1 and self.min_on_s >= 0 and self.min_off_s >= 0):
            raise ValueError(f"{self}: 0 < off <= on < 1, and no time below 0")

    @property
    def edge(self) -> float:
        """The level at which an interval starts and ends."""
        # A frame's target is the share of it that is active, so the true edge is where the probability passes 0.5,
        # whatever it takes to believe in the stretch (on) or to doubt it midway (off). Levels that are both on one
        # side of 0.5 say that the probabilities are shifted to there: then the nearer one is the edge.
        return min(max(0.5, self.off), self.on)


RAW = Decision(0.5, 0.5, 0, 0)


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
    decisions: tuple[Decision, ...]
    frame_s: float = FRAME_S

    def segments(self, decisions: Sequence[Decision] | Decision | None = None) -> list[ActiveSegment]:
        """Give the active intervals, by class and start.

        ``decisions``: one a class, or one for all (``RAW``: 0.5, unsmoothed); by default those of the checkpoint.
        """
        chosen = self.decisions if decisions is None else decisions
        each = (chosen,) * len(self.classes) if isinstance(chosen, Decision) else chosen
        return [
            ActiveSegment(label, start, end, _mean(row, start, end, self.frame_s))
            for label, row, decision in zip(self.classes, self.probability, each, strict=True)
            for start, end in active_intervals(row, decision, self.frame_s, self.duration_s).tolist()
        ]


def active_intervals(
    probability: NDArray[np.float32], decision: Decision, frame_s: float, duration_s: float
) -> NDArray[np.float64]:
    """Find where [F] probabilities, interpolated between frame centres, are active: [K, 2] start and end in seconds.

    Finer than the frame grid: an edge lies where the straight line between two centres crosses ``decision.edge``.
    """
    crossings = _positions(probability, _stretches(probability, decision), decision.edge)
    spans = np.minimum(crossings * frame_s, duration_s)
    spans = spans[spans[:, 0] < spans[:, 1]]
    spans = _joined(spans, spans[1:, 0] - spans[:-1, 1] >= decision.min_off_s - ROUNDING_S)
    return spans[spans[:, 1] - spans[:, 0] >= decision.min_on_s - ROUNDING_S]


def _stretches(probability: NDArray[np.float32], decision: Decision) -> NDArray[np.intp]:
    """Give [K, 2]: the first frame at the edge's level of every active stretch, and the one after the last."""
    frames = np.flatnonzero(np.diff(probability >= decision.edge, prepend=False, append=False)).reshape(-1, 2)
    # How many of the frames before each are below off, and how many reach on: the curve turns at centres only.
    below, reached = (np.append(0, np.cumsum(of)) for of in (probability < decision.off, probability >= decision.on))
    frames = _joined(frames, below[frames[1:, 0]] > below[frames[:-1, 1]])
    return frames[reached[frames[:, 1]] > reached[frames[:, 0]]]


def _positions(probability: NDArray[np.float32], frames: NDArray[np.intp], level: float) -> NDArray[np.float64]:
    """Find, in frames, where the line from the centre before each of ``frames`` to its own crosses ``level``."""
    inside = (frames > 0) & (frames < len(probability))
    found = np.where(frames > 0, np.inf, 0.0)
    low, high = (probability[frames[inside] - step].astype(float) for step in (1, 0))
    found[inside] = frames[inside] - 0.5 + (level - low) / (high - low)
    return found


def _joined(spans: NDArray[Any], apart: NDArray[np.bool_]) -> NDArray[Any]:
    """Join neighbours of [K, 2] but those that are apart [K - 1]."""
    if not len(spans):
        return spans
    return np.column_stack([spans[np.append(True, apart), 0], spans[np.append(apart, True), 1]])


def _mean(probability: NDArray[np.float32], start_s: float, end_s: float, frame_s: float) -> float:
    first, last = int(start_s / frame_s), int(np.ceil(end_s / frame_s))
    return float(probability[first : max(last, first + 1)].mean())
