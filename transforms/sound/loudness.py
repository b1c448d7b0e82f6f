"""Integrated loudness by ITU-R BS.1770-4, measured as a stream, and the gain to the delivery level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pyloudnorm import IIRfilter
from scipy.linalg import cholesky, solve_discrete_lyapunov
from scipy.signal import sosfilt

from transforms.sound.downmix import ASSUMED_LAYOUTS, COEFFICIENTS

TARGET_LKFS = -27.0
TOLERANCE_LU = 2.0
# Below this a file holds no programme, only the noise of its making, which no gain should lift.
NEAR_SILENCE_LKFS = -60.0
ABSOLUTE_GATE_LKFS = -70.0
RELATIVE_GATE_LU = -10.0
# A gating block is 400 ms with 75 % overlap: four steps of 100 ms.
STEPS_PER_S = 10
STEPS_PER_BLOCK = 4

SURROUND = 1.41
SIDES = ("SL", "SR", "SSL", "SSR")
BACKS = ("BL", "BR")

# The filter's work is matrix products over blocks of samples, and over groups of blocks; both sizes are the fastest.
BLOCK = 32
GROUP = 16
ORDER = 4

Array = NDArray[np.float64]
Matrix = NDArray[np.float32]


def layout_weights(layout: tuple[str, ...]) -> tuple[float, ...]:
    """Give each channel's weight in the loudness, by BS.1770-4, table 4, from FFmpeg's channel names.

    A channel at 60° to 120° of azimuth, below 30° of elevation, weighs 1.41, any other 1.0, and what is not in the mix
    (LFE, unused channels) 0. The back pair is at ±110° where it is the only pair of surrounds (5.1, 4.0), and at ±135°
    beside a pair of sides (7.1).

    FFmpeg's own ``ebur128`` gives 1.41 to all side and back channels, the back centre and the top back ones among them:
    it reads up to 1.5 dB more where those dominate. Where no layout is stated (``NONE``), the WAVE order is assumed.
    """
    if len(layout) == 1:
        return (1.0,)
    names = ASSUMED_LAYOUTS.get(len(layout), layout) if "NONE" in layout else layout
    surrounds = SIDES if any(name in SIDES for name in names) else BACKS
    unheard = {name for name in names if COEFFICIENTS.get(name) == 0}
    return tuple(0.0 if name in unheard else SURROUND if name in surrounds else 1.0 for name in names)


class ProgrammeMeter:
    """Measure integrated loudness of a programme whose layout or sample rate may change on the way.

    At a change new filters start, and an incomplete step (under 100 ms) is left out.
    """

    def __init__(self) -> None:
        self._form: tuple[tuple[str, ...], int] | None = None
        self._meters: list[LoudnessMeter] = []

    def push(self, samples: NDArray[np.float32], layout: tuple[str, ...], rate_hz: int) -> None:
        """Take the next [C, n] float32 samples, of any length."""
        if not samples.shape[1]:
            return
        if (layout, rate_hz) != self._form:
            self._form = layout, rate_hz
            self._meters.append(LoudnessMeter(rate_hz, layout_weights(layout)))
        self._meters[-1].push(samples)

    def integrated_lkfs(self) -> float:
        """Give the loudness of all that was pushed; −inf when no block passes the absolute gate."""
        return gated_lkfs(np.concatenate([np.zeros(0), *(meter.mean_squares() for meter in self._meters)]))


class LoudnessMeter:
    """Measure integrated loudness of a signal that is given piece by piece.

    Samples are kept until a second is full, so the size of the pieces changes neither the result nor the cost.

    Args:
        rate_hz: sample rate.
        weights: BS.1770-4 weight of each channel; one that weighs 0 is not looked at.
    """

    def __init__(self, rate_hz: int, weights: Sequence[float] = (1.0,)) -> None:
        self._filter = _k_weighting(rate_hz)
        self._heard = [channel for channel, weight in enumerate(weights) if weight]
        self._weights = np.array([weights[channel] for channel in self._heard])
        self._second = np.zeros((len(self._heard), _blocks(rate_hz) * BLOCK), np.float32)
        self._filled = 0
        self._state = np.zeros((len(self._heard), ORDER), np.float32)
        self._rate_hz = rate_hz
        self._mean_squares: list[Array] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next [C, n] float32 samples, of any length."""
        at = 0
        while at < samples.shape[1]:
            size = min(self._rate_hz - self._filled, samples.shape[1] - at)
            for row, channel in zip(self._second, self._heard, strict=True):
                row[self._filled : self._filled + size] = samples[channel, at : at + size]
            self._filled += size
            at += size
            if self._filled == self._rate_hz:
                mean_squares, self._state = self._measured()
                self._mean_squares.append(mean_squares)
                self._filled = 0

    def mean_squares(self) -> Array:
        """Give the weighted mean square of each whole 100 ms so far: [steps]."""
        rest, _ = self._measured()
        whole = sum(edge <= self._filled for edge in _step_edges(self._rate_hz)[1:])
        return np.concatenate([*self._mean_squares, rest[:whole]])

    def integrated_lkfs(self) -> float:
        """Give the loudness of all that was pushed; −inf when no block passes the absolute gate."""
        return gated_lkfs(self.mean_squares())

    def _measured(self) -> tuple[Array, Matrix]:
        """Give the mean squares of the steps of this second, and the filters' state after it.

        Of a second that is not full, what is past its filled part says nothing about the steps before.
        """
        weighted, state = self._filter.apply(self._second, self._state)
        return self._weights @ _mean_squares(weighted[:, : self._rate_hz], self._rate_hz), state


def _step_edges(rate_hz: int) -> list[int]:
    """Give where the steps of a second start and end; where 100 ms are no whole number of samples, rounded down."""
    return [step * rate_hz // STEPS_PER_S for step in range(STEPS_PER_S + 1)]


def _mean_squares(second: Matrix, rate_hz: int) -> Array:
    """Give the mean square of each step of a [C, rate_hz] second: [C, STEPS_PER_S]."""
    if rate_hz % STEPS_PER_S:
        edges = pairwise(_step_edges(rate_hz))
        energies = np.stack([np.vecdot(second[:, i:j], second[:, i:j]) for i, j in edges], axis=1)
    else:  # one call: ten would cost a quarter of the whole measurement of a mono signal
        steps = second.reshape(len(second), STEPS_PER_S, rate_hz // STEPS_PER_S)
        energies = np.vecdot(steps, steps)
    return energies.astype(np.float64) * (STEPS_PER_S / rate_hz)


def gated_lkfs(mean_squares: Array) -> float:
    """Give the integrated loudness of weighted mean squares of 100 ms steps; −inf when nothing passes the gates."""
    if len(mean_squares) < STEPS_PER_BLOCK:
        return -np.inf
    blocks = np.convolve(mean_squares, np.full(STEPS_PER_BLOCK, 1 / STEPS_PER_BLOCK), mode="valid")
    loud = blocks[_lkfs(blocks) >= ABSOLUTE_GATE_LKFS]
    if not len(loud):
        return -np.inf
    gate = max(ABSOLUTE_GATE_LKFS, float(_lkfs(loud.mean())) + RELATIVE_GATE_LU)
    return float(_lkfs(loud[_lkfs(loud) > gate].mean()))


def _lkfs(mean_square: Array | np.float64) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(-0.691 + 10 * np.log10(mean_square))


@dataclass(frozen=True)
class _KWeighting:
    """The K-weighting of one second, as matrix products: the same output as sample by sample, at a seventh of the cost.

    A block x of samples, met in state s, gives ``x @ within + s @ out`` and leaves ``s @ decay + x @ into``. What
    the blocks of a group leave adds up to the states that they meet by one product more, and so do the groups, and
    groups of groups: ``scans`` has the products of each level.
    """

    within: Matrix  # [BLOCK, BLOCK]
    into: Matrix  # [BLOCK, ORDER]
    out: Matrix  # [ORDER, BLOCK]
    scans: list[tuple[Matrix, Matrix]]
    last_into: Matrix  # [n, ORDER]: of the last block, the n samples that belong to the second
    last_decay: Matrix  # [ORDER, ORDER]

    def apply(self, second: Matrix, state: Matrix) -> tuple[Matrix, Matrix]:
        """Weigh [C, blocks · BLOCK] samples from [C, ORDER] states; also give the states after the second."""
        samples = second.reshape(len(second), second.shape[1] // BLOCK, BLOCK)
        met = self._met(_product(samples, self.into), state)
        weighted = _product(samples, self.within)
        weighted += _product(met, self.out)
        last = samples[:, -1, : len(self.last_into)]
        return weighted.reshape(second.shape), met[:, -1] @ self.last_decay + last @ self.last_into

    def _met(self, left: Matrix, state: Matrix, level: int = 0) -> Matrix:
        """Give the states that blocks (at level 0, else groups) meet, from what they leave: [C, n, ORDER] both."""
        channels, count, _ = left.shape
        scan, fading = self.scans[level]
        size = fading.shape[1] // ORDER
        groups = -(-count // size)
        padded = np.zeros((channels, groups * size, ORDER), np.float32)
        padded[:, :count] = left
        inside = _product(padded.reshape(channels, groups, size * ORDER), scan)
        before = state[:, np.newaxis] if groups == 1 else self._met(inside[:, :, -ORDER:], state, level + 1)
        return (inside[:, :, :-ORDER] + _product(before, fading)).reshape(padded.shape)[:, :count]


def _product(rows: Matrix, matrix: Matrix) -> Matrix:
    """Multiply [C, n, k] by [k, m], in pieces that OpenBLAS leaves to one thread.

    It shares out products of over 2^18 multiplications, here for nothing: on busy cores its threads wait for each
    other, at twenty times the cost.
    """
    out = np.empty((*rows.shape[:2], matrix.shape[1]), np.float32)
    piece = max(1, 2**18 // matrix.size)
    for at in range(0, rows.shape[1], piece):
        np.matmul(rows[:, at : at + piece], matrix, out=out[:, at : at + piece])
    return out


@lru_cache(maxsize=8)
def _k_weighting(rate_hz: int) -> _KWeighting:
    shelf = IIRfilter(4.0, 1 / np.sqrt(2), 1500.0, rate_hz, "high_shelf")
    high_pass = IIRfilter(0.0, 0.5, 38.0, rate_hz, "high_pass")
    sections = np.array([[*stage.b, *stage.a] for stage in (shelf, high_pass)])
    within, into, out, decay = _responses(sections, BLOCK)
    # States in which white noise is white (the Cholesky factor of their covariance is the change of coordinates):
    # in the direct form those of the high pass are large and nearly cancel, more than float32 can bear.
    scale = cholesky(solve_discrete_lyapunov(decay.T, into.T @ into))
    unscale = np.linalg.inv(scale)
    decay = scale @ decay @ unscale
    blocks = _blocks(rate_hz)
    last = _responses(sections, rate_hz - (blocks - 1) * BLOCK)
    return _KWeighting(
        _single(within),
        _single(into @ unscale),
        _single(scale @ out),
        list(_scans(decay, blocks)),
        _single(last[1] @ unscale),
        _single(scale @ last[3] @ unscale),
    )


def _single(matrix: Array) -> Matrix:
    return np.ascontiguousarray(matrix, np.float32)


def _blocks(rate_hz: int) -> int:
    """Give the number of blocks that hold a second."""
    return -(-rate_hz // BLOCK)


def _responses(sections: Array, length: int) -> tuple[Array, Array, Array, Array]:
    """Give what ``length`` samples do to the output and to the state, and then what the state does to either."""
    rest = np.zeros((len(sections), length, 2))
    output, left = sosfilt(sections, np.eye(length), zi=rest)
    states = np.eye(ORDER).reshape(ORDER, len(sections), 2).transpose(1, 0, 2)
    ringing, decay = sosfilt(sections, np.zeros((ORDER, length)), zi=states)
    return output, _rows(left), ringing, _rows(decay)


def _rows(states: Array) -> Array:
    return states.transpose(1, 0, 2).reshape(-1, ORDER)


def _scans(decay: Array, count: int) -> Iterator[tuple[Matrix, Matrix]]:
    """Yield the products of each level, until one group holds all; the last may be of twice the size, or smaller."""
    size = GROUP if count > 2 * GROUP else count
    scan, fading = _scan(decay, size)
    yield _single(scan), _single(fading)
    if size < count:
        yield from _scans(np.linalg.matrix_power(decay, size), -(-count // size))


def _scan(decay: Array, count: int) -> tuple[Array, Array]:
    """Give the products that sum up ``count`` additions to a state that decays between them.

    From the additions to the states before each, and to the one after the last where none was before:
    [count · ORDER, (count + 1) · ORDER]; from the state at the start to the states before each: [ORDER, count · ORDER].
    """
    powers = [np.eye(ORDER)]
    for _ in range(count - 1):
        powers.append(powers[-1] @ decay)
    fading = np.concatenate(powers, axis=1)
    scan = np.zeros((count * ORDER, (count + 1) * ORDER))
    for index in range(count):
        at = (index + 1) * ORDER
        scan[index * ORDER : at, at:] = fading[:, : scan.shape[1] - at]
    return scan, fading


def is_silent(loudness_lkfs: float) -> bool:
    """Tell whether there is no programme at this loudness: below −60 LKFS, or no loudness at all."""
    return not (np.isfinite(loudness_lkfs) and loudness_lkfs >= NEAR_SILENCE_LKFS)


def delivery_gain_db(loudness_lkfs: float, exact: bool = False) -> float:
    """Give the gain to −27 LKFS; 0 within ±2 LU of it, unless ``exact``, and 0 where there is no programme."""
    distance = TARGET_LKFS - loudness_lkfs
    if is_silent(loudness_lkfs) or (abs(distance) <= TOLERANCE_LU and not exact):
        return 0.0
    return distance
