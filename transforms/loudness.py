"""Integrated loudness by ITU-R BS.1770-4, measured as a stream, and the gain to the delivery level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pyloudnorm import IIRfilter
from scipy.signal import lfilter

TARGET_LKFS = -27.0
TOLERANCE_LU = 2.0
ABSOLUTE_GATE_LKFS = -70.0
RELATIVE_GATE_LU = -10.0
# A gating block is 400 ms with 75 % overlap: four steps of 100 ms.
STEPS_PER_S = 10
STEPS_PER_BLOCK = 4


class LoudnessMeter:
    """Measure integrated loudness of a signal that is given piece by piece.

    Args:
        rate_hz: sample rate; a multiple of 10.
        weights: BS.1770-4 weight of each channel: 1.0 for left, right and centre, 1.41 for surrounds, no LFE.
    """

    def __init__(self, rate_hz: int, weights: Sequence[float] = (1.0,)) -> None:
        self._step = rate_hz // STEPS_PER_S
        self._weights = np.array(weights)
        self._filters = [
            IIRfilter(4.0, 1 / np.sqrt(2), 1500.0, rate_hz, "high_shelf"),
            IIRfilter(0.0, 0.5, 38.0, rate_hz, "high_pass"),
        ]
        self._states = [np.zeros((len(weights), 2)) for _ in self._filters]
        self._rest = np.zeros((len(weights), 0))
        self._energies: list[NDArray[np.float64]] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next [C, n] float32 samples, of any length."""
        if not samples.shape[1]:
            return  # lfilter would give back a state of uninitialized memory
        weighted = samples.astype(np.float64)
        for index, stage in enumerate(self._filters):
            weighted, self._states[index] = lfilter(stage.b, stage.a, weighted, zi=self._states[index])
        weighted = np.concatenate([self._rest, weighted], axis=1)
        steps = weighted.shape[1] // self._step
        whole = weighted[:, : steps * self._step].reshape(len(self._weights), steps, self._step)
        self._energies.append(self._weights @ np.square(whole).sum(axis=2))
        self._rest = weighted[:, steps * self._step :]

    def integrated_lkfs(self) -> float:
        """Give the loudness of all that was pushed; −inf when no block passes the absolute gate."""
        energies = np.concatenate(self._energies) if self._energies else np.zeros(0)
        if len(energies) < STEPS_PER_BLOCK:
            return -np.inf
        sums = np.convolve(energies, np.ones(STEPS_PER_BLOCK), mode="valid")
        blocks = sums / (STEPS_PER_BLOCK * self._step)
        loud = blocks[_lkfs(blocks) >= ABSOLUTE_GATE_LKFS]
        if not len(loud):
            return -np.inf
        gate = max(ABSOLUTE_GATE_LKFS, float(_lkfs(loud.mean())) + RELATIVE_GATE_LU)
        return float(_lkfs(loud[_lkfs(loud) > gate].mean()))


def _lkfs(mean_square: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(-0.691 + 10 * np.log10(mean_square))


def delivery_gain_db(loudness_lkfs: float) -> float:
    """Give the gain to −27 LKFS; 0 within ±2 LU of it, and for silence."""
    distance = TARGET_LKFS - loudness_lkfs
    return distance if np.isfinite(distance) and abs(distance) > TOLERANCE_LU else 0.0
