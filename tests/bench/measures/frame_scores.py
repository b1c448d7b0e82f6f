"""Scores on the frame grid of shards whose every frame is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn.model import CRNN
from transforms.metrics import Counts
from transforms.tables import unflac

Values = NDArray[np.float32]
Row = dict[str, Any]


def heard(model: CRNN, rows: Sequence[Row]) -> Values:
    """Give the probabilities [N, classes, SEGMENT_FRAMES] that a model finds in segments."""
    return model.scores([unflac(row["audio"]) for row in rows])


def labels(rows: Sequence[Row], name: str) -> Values:
    """Give the targets or weights of segments, [N, classes, SEGMENT_FRAMES]."""
    return np.array([row[name] for row in rows], np.float32)


def frame_counts(found: Values, truth: Values, known: Values) -> list[Counts]:
    """Count frames a class, [N, classes, F] each: found and so where at least half, left out where nothing is known."""
    guess, is_so, here = found >= 0.5, truth >= 0.5, known > 0
    hits, insertions, deletions = (
        (here & mask).sum((0, 2)) for mask in (is_so & guess, ~is_so & guess, is_so & ~guess)
    )
    return [Counts(*map(int, three)) for three in zip(hits, insertions, deletions, strict=True)]
