"""Overlapping windows over a title, and one probability a frame out of what the model says of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transforms.frames import FRAME_SAMPLES, SEGMENT_FRAMES, SEGMENT_SAMPLES, exact_div, frame_count

OVERLAP_FRAMES = exact_div(SEGMENT_FRAMES, 5)
STRIDE_FRAMES = SEGMENT_FRAMES - OVERLAP_FRAMES


def window_starts(samples: int) -> list[int]:
    """Give the frame at which each window starts; the last window ends with the title's last frame."""
    last = max(0, frame_count(samples) - SEGMENT_FRAMES)
    return [*range(0, last, STRIDE_FRAMES), last]


def windows(samples: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    """Cut [T] samples into overlapping views of 20 s; what the last one lacks is filled up when it is used."""
    starts = (start * FRAME_SAMPLES for start in window_starts(len(samples)))
    return [samples[start : start + SEGMENT_SAMPLES] for start in starts]


def stitch(scores: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Cross-fade the windows' scores [N, classes, SEGMENT_FRAMES] to [classes, F], F = frame_count(samples).

    A window's say falls linearly towards its edges, where it knows least of what is around.
    """
    rising = np.minimum(np.arange(1, SEGMENT_FRAMES + 1), OVERLAP_FRAMES)
    trust = np.minimum(rising, rising[::-1]).astype(np.float32)
    starts = window_starts(samples)
    total = np.zeros((scores.shape[1], starts[-1] + SEGMENT_FRAMES), np.float32)
    weight = np.zeros(total.shape[1], np.float32)
    for start, score in zip(starts, scores, strict=True):
        total[:, start : start + SEGMENT_FRAMES] += score * trust
        weight[start : start + SEGMENT_FRAMES] += trust
    return (total / weight)[:, : frame_count(samples)]
