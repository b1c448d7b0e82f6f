"""Segment-based scores at 10 ms, class by class, as summable counts (sed_eval, class-wise; MIREX 2018)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.records import Interval

RESOLUTION_S = 0.01


@dataclass(frozen=True, order=True)
class Counts:
    """10 ms segments of one class: hits, insertions (false positives) and deletions (false negatives)."""

    hits: int = 0
    insertions: int = 0
    deletions: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.hits + other.hits, self.insertions + other.insertions, self.deletions + other.deletions)

    @property
    def reference(self) -> int:
        """Active segments of the reference."""
        return self.hits + self.deletions

    def scores(self) -> dict[str, float | None]:
        """Give precision, recall, F-score and error rate (deletions + insertions); None where undefined."""
        estimated = self.hits + self.insertions
        return {
            "precision": _ratio(self.hits, estimated),
            "recall": _ratio(self.hits, self.reference),
            "f_score": _ratio(2 * self.hits, self.reference + estimated),
            "error_rate": _ratio(self.deletions + self.insertions, self.reference),
            "deletions": _ratio(self.deletions, self.reference),
            "insertions": _ratio(self.insertions, self.reference),
            "reference_s": self.reference * RESOLUTION_S,
        }


def count(reference: Iterable[Interval], estimated: Iterable[Interval], label: str) -> Counts:
    """Compare two sets of intervals of one title in the class ``label``; whatever else they hold is ignored."""
    truth, guess = _roll(reference, label), _roll(estimated, label)
    length = max(len(truth), len(guess))
    truth, guess = np.pad(truth, (0, length - len(truth))), np.pad(guess, (0, length - len(guess)))
    return Counts(int((truth & guess).sum()), int((~truth & guess).sum()), int((truth & ~guess).sum()))


def _roll(intervals: Iterable[Interval], label: str) -> NDArray[np.bool_]:
    # Division by 0.01, floor and ceil are sed_eval's own arithmetic, so that its figures come out, to the last digit.
    spans = [
        (math.floor(i.start_s / RESOLUTION_S), math.ceil(i.end_s / RESOLUTION_S)) for i in intervals if i.kind == label
    ]
    roll = np.zeros(max((end for _, end in spans), default=0), np.bool_)
    for start, end in spans:
        roll[start:end] = True
    return roll


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
