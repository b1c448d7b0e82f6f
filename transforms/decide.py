"""Choose, on segments whose labels are known, how the probability of each class becomes intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from transforms.activity import RAW, Decision, active_intervals
from transforms.frames import FRAME_S
from transforms.labels.spans import covered
from transforms.metrics import RESOLUTION_S, Counts

LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
TIMES_S = (0.0, 0.2, 0.4, 0.8, 1.6)
# Among 700 decisions one is the best by chance. Less data than this, or less of an F-score gained, tells nothing.
LEAST_KNOWN_S = 1800.0
LEAST_OF_EACH_S = 60.0
LEAST_GAIN = 0.005

Frames = NDArray[np.float32]


@dataclass(frozen=True)
class Choice:
    """A decision, and what it and ``RAW`` make of the data on which it was chosen."""

    decision: Decision
    decided: Counts
    raw: Counts


def choose(
    probability: Frames, targets: Frames, weights: Frames, before: Sequence[Decision] = ()
) -> tuple[Choice, ...]:
    """Choose a decision for each class, out of segments [N, classes, F] of 0…1.

    before: what was decided by until now, one a class [RAW]; it stays where there is too little data to tell.

    The segments are laid end to end. Most of them follow on one another so in their title, too, and where one does
    not, no more than its two ends are judged wrongly; cut off from one another all of them would be, and short
    intervals, of which the cuts make many, would seem better than they are.
    """
    classes = (_end_to_end(part) for part in (probability, targets, weights))
    return tuple(_choose(*rows) for rows in zip(*classes, before or (RAW,) * probability.shape[1], strict=True))


def figures(classes: Sequence[str], choices: Sequence[Choice]) -> dict[str, float]:
    """Give F-score and error rate of each class, as decided and raw, where they are defined."""
    judged = [
        (f"{label}_{name}{suffix}", counts.scores()[name])
        for label, choice in zip(classes, choices, strict=True)
        for suffix, counts in (("", choice.decided), ("_raw", choice.raw))
        for name in ("f_score", "error_rate")
    ]
    return {name: value for name, value in judged if value is not None}


def judge(probability: Frames, targets: Frames, weights: Frames, decision: Decision) -> Counts:
    """Count 10 ms segments, by weight, of one class [F]: what is covered by intervals against what should be.

    Where both cover a part of a frame it is taken to be the same part: nearly always both have the same edge in it.
    """
    share = covered(active_intervals(probability, decision, FRAME_S, len(probability) * FRAME_S), len(probability))
    hits, found, reference = (float(weights @ part) for part in (np.minimum(share, targets), share, targets))
    return Counts(*(round(frames * FRAME_S / RESOLUTION_S) for frames in (hits, found - hits, reference - hits)))


def _choose(probability: Frames, targets: Frames, weights: Frames, before: Decision) -> Choice:
    """Take the best F-score of those decisions that do not pay for it with a higher error rate than that of RAW.

    By itself the F-score favours too low a level where it is poor: the best level is half the best F-score (Lipton
    et al., 2014). By itself the error rate favours silence where a class is hard to hear.
    """
    raw = judge(probability, targets, weights, RAW)
    if not _suffices(targets, weights):
        return Choice(before, judge(probability, targets, weights, before), raw)
    judged = ((decision, judge(probability, targets, weights, decision)) for decision in _grid())
    allowed = [(decision, counts) for decision, counts in judged if _errors(counts) <= _errors(raw)]
    decision, counts = max(allowed, key=lambda pair: _f_score(pair[1]))
    better = _f_score(counts) >= _f_score(raw) + LEAST_GAIN
    return Choice(decision, counts, raw) if better else Choice(RAW, raw, raw)


def _grid() -> list[Decision]:
    """Give all decisions to choose among, the plainest first: of equals the first one is taken."""
    levels = [(on, off) for on, off in product(LEVELS, LEVELS) if off <= on]
    decisions = [Decision(*both, *times_s) for both, times_s in product(levels, product(TIMES_S, TIMES_S))]
    return sorted(decisions, key=lambda d: (d.min_on_s + d.min_off_s, abs(d.on - RAW.on) + abs(d.off - RAW.off)))


def _suffices(targets: Frames, weights: Frames) -> bool:
    known = targets[weights > 0]
    heard_s, known_s = float(known.sum()) * FRAME_S, len(known) * FRAME_S
    return known_s >= LEAST_KNOWN_S and min(heard_s, known_s - heard_s) >= LEAST_OF_EACH_S


def _end_to_end(segments: Frames) -> Frames:
    """Lay [N, classes, F] out as [classes, N · F]."""
    return np.moveaxis(segments, 1, 0).reshape(segments.shape[1], -1)


def _errors(counts: Counts) -> int:
    return counts.insertions + counts.deletions


def _f_score(counts: Counts) -> float:
    return counts.scores()["f_score"] or 0.0
