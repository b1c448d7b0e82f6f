"""Find where a title is so quiet that nothing is heard: there even a subtitle is no speech."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transforms.frames import FRAME_S, FRAME_SAMPLES
from transforms.records import Interval, Reading
from transforms.sound.level import FULL_SCALE

_BLOCK_FRAMES = 300


def quiet(samples: NDArray[np.int16], level_dbfs: float) -> Reading:
    """Give the runs of whole frames of [T] int16 samples below ``level_dbfs`` (mean square), of kind ``quiet``."""
    power = np.concatenate([np.empty(0), *map(_power, _blocks(samples))])
    below = np.concatenate([[False], power < 10 ** (level_dbfs / 10), [False]])
    edges = np.flatnonzero(below[1:] != below[:-1]).reshape(-1, 2) * FRAME_S
    return Reading(tuple(Interval(float(start), float(end), "quiet") for start, end in edges))


def _blocks(samples: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return [whole[at : at + _BLOCK_FRAMES] for at in range(0, len(whole), _BLOCK_FRAMES)]


def _power(frames: NDArray[np.int16]) -> NDArray[np.float64]:
    power: NDArray[np.float64] = (frames.astype(np.float64) ** 2).mean(axis=1) / FULL_SCALE**2
    return power
