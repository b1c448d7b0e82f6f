"""Where a clean clip is heard, in steps of 10 ms: what exact labels are made of."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from transforms.frames import SAMPLE_RATE_HZ, exact_div
from transforms.records import Interval

STEP_S = 0.01
STEP_SAMPLES = exact_div(SAMPLE_RATE_HZ, 100)
# A voice: its soft consonants lie so far below its loud vowels; a pause shorter than this belongs to it.
VOICE_RANGE_DB = 34.0
PAUSE_S = 0.3
# Music and noise: decay and rests belong to them.
MUSIC_RANGE_DB = 40.0
REST_S = 1.0
# Above a clip's own noise, where that is loud.
MARGIN_DB = 6.0
FLOOR_DBFS = -75.0

Steps = NDArray[np.bool_]


def levels_db(wave: NDArray[np.float32], smooth_s: float) -> NDArray[np.float64]:
    """Give the level of [T] samples in each step, dBFS, smoothed: ceil(T / STEP_SAMPLES) values."""
    steps = -(-len(wave) // STEP_SAMPLES)
    padded = np.pad(wave, (0, steps * STEP_SAMPLES - len(wave))).reshape(steps, STEP_SAMPLES)
    power = uniform_filter1d(np.square(padded, dtype=np.float64).mean(axis=1), max(1, round(smooth_s / STEP_S)))
    return 10 * np.log10(np.maximum(power, 1e-12))


def heard(wave: NDArray[np.float32], voice: bool) -> Steps:
    """Tell of each step whether a clean clip is heard: near enough to its own loud parts, and above its own noise."""
    levels = levels_db(wave, 0.03 if voice else 0.2)
    loud, noise = np.percentile(levels, [95, 3])
    limit = max(loud - (VOICE_RANGE_DB if voice else MUSIC_RANGE_DB), FLOOR_DBFS)
    if voice:
        limit = max(limit, min(noise + MARGIN_DB, loud - 15))
    return filled(levels > limit, PAUSE_S if voice else REST_S)


def filled(steps: Steps, pause_s: float = PAUSE_S) -> Steps:
    """Fill the gaps shorter than ``pause_s`` between what is heard."""
    closed = steps.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], steps, [False]]).astype(np.int8)))
    for end, start in zip(edges[1:-1:2], edges[2::2], strict=True):
        if (start - end) * STEP_S < pause_s:
            closed[end:start] = True
    return closed


def steps_of(intervals: Iterable[Interval], count: int) -> Steps:
    """Mark the steps that intervals cover."""
    steps = np.zeros(count, np.bool_)
    for interval in intervals:
        steps[max(0, round(interval.start_s / STEP_S)) : max(0, round(interval.end_s / STEP_S))] = True
    return steps


def intervals_of(steps: Steps, label: str) -> list[Interval]:
    """Give the runs of marked steps as intervals of ``label``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], steps, [False]]).astype(np.int8))).reshape(-1, 2)
    return [Interval(float(start) * STEP_S, float(end) * STEP_S, label) for start, end in edges]
