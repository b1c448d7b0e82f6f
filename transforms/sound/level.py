"""Keep a title's mono signal as 16 bit, and bring it to its level when that is known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d, maximum_filter1d

from transforms.frames import SAMPLE_RATE_HZ

FULL_SCALE = 32768
CEILING = (FULL_SCALE - 1) / FULL_SCALE
QUIETEST = 2.0**-24
# Half the length of a whole cycle at 50 Hz: shorter, and the limiter would follow the wave instead of its level.
LOOK_AHEAD = round(0.01 * SAMPLE_RATE_HZ)
FADE = np.hanning(2 * LOOK_AHEAD + 3)[1:-1] / (LOOK_AHEAD + 1)


@dataclass(frozen=True)
class Piece:
    """Sound as block floating point: samples [n] int16, of which one stands for 2^exponent / 32768."""

    samples: NDArray[np.int16]
    exponent: int


def quantize(wave: NDArray[np.float32]) -> Piece:
    """Keep [n] float32 with 16 bits below its own peak: nothing clips, and what is quiet stays as fine.

    What is a multiple of 1/32768 below full scale is kept exactly.
    """
    peak = max(float(wave.max(initial=0)) / CEILING, -float(wave.min(initial=0)))
    exponent = math.ceil(math.log2(max(peak, QUIETEST)))
    samples = wave * np.float32(FULL_SCALE / 2.0**exponent)
    return Piece(np.rint(samples, out=samples).astype(np.int16), exponent)


class Keeper:
    """Take pieces one by one, then give the whole at its level, in the memory of what it kept."""

    def __init__(self) -> None:
        self._kept = bytearray()  # grows in place: a list of pieces would need the memory twice
        self._pieces: list[tuple[int, int]] = []
        self.limited_s = 0.0

    def push(self, piece: Piece) -> None:
        """Take the next piece."""
        self._kept += piece.samples.tobytes()
        self._pieces.append((len(piece.samples), piece.exponent))

    def levelled(self, gain_db: float) -> NDArray[np.int16]:
        """Give [T] int16 after the gain. Where it would pass full scale, a limiter turns the level down around it.

        What is farther than 20 ms from such a peak is what the gain alone makes of it.
        """
        samples = np.frombuffer(self._kept, np.int16)
        limiter = Limiter()
        at = 0
        # It writes behind where it reads: the limiter never gives a sample before it has taken it.
        for wave in limiter.apply(self._waves(samples, 10 ** (gain_db / 20))):
            samples[at : at + len(wave)] = np.rint(wave * FULL_SCALE)
            at += len(wave)
        self.limited_s = limiter.limited / SAMPLE_RATE_HZ
        return samples

    def _waves(self, samples: NDArray[np.int16], gain: float) -> Iterator[NDArray[np.float32]]:
        at = 0
        for length, exponent in self._pieces:
            yield samples[at : at + length] * np.float32(gain * 2.0**exponent / FULL_SCALE)
            at += length


class Limiter:
    """A look-ahead limiter at full scale. limited: the samples that it has turned down.

    Each sample's gain is the mean, weighted by a Hann window of ±10 ms, of the least gain that any sample within
    ±10 ms needs: never too large at a peak, and smooth around it.
    """

    def __init__(self) -> None:
        self.limited = 0

    def apply(self, waves: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Give all samples of ``waves``, 20 ms behind, in new arrays."""
        reach = 2 * LOOK_AHEAD
        past = ahead = np.zeros(0, np.float32)
        for wave in chain(waves, [None]):
            at_end = wave is None
            buffer = np.concatenate([past, ahead] if wave is None else [past, ahead, wave])
            begin = len(past)
            end = len(buffer) if at_end else max(begin, len(buffer) - reach)
            past, ahead = buffer[max(0, end - reach) : end], buffer[end:]
            yield self._turned_down(buffer, begin, end)

    def _turned_down(self, wave: NDArray[np.float32], begin: int, end: int) -> NDArray[np.float32]:
        if wave.max(initial=0) <= CEILING and wave.min(initial=0) >= -1:
            return wave[begin:end].copy()
        excess = 1 - 1 / np.maximum(1, np.where(wave > 0, wave / CEILING, -wave))
        cut = convolve1d(maximum_filter1d(excess, 2 * LOOK_AHEAD + 1), FADE, mode="nearest")[begin:end]
        self.limited += int(np.count_nonzero(cut))
        return (wave[begin:end] * (1 - cut)).astype(np.float32)
