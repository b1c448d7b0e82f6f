"""From the delivered channels to one at 16 kHz, measured on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from transforms.frames import SAMPLE_RATE_HZ
from transforms.records import InputError
from transforms.sound.decode import Block
from transforms.sound.downmix import downmix, layout_name
from transforms.sound.loudness import LoudnessMeter, ProgrammeMeter


class MonoSignal:
    """The mono mix of a title's blocks at 16 kHz. Iterate ``pieces()`` once; the rest is known after it."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = iter(blocks)
        self._mono = LoudnessMeter(SAMPLE_RATE_HZ)
        self._programme = ProgrammeMeter()
        self.channels = 0
        self.layout = ""

    def pieces(self) -> Iterator[NDArray[np.float32]]:
        """Yield [n] float32 pieces: round(N · 16000 / rate) samples in all for N, aligned with the input's sample 0.

        Raises:
            InputError: there is no sound, or its layout cannot be mixed.
        """
        resampler: soxr.ResampleStream | None = None
        rate_hz = 0
        for block in self._blocks:
            if block.rate_hz != rate_hz:
                if resampler is not None:
                    yield self._measured(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
                rate_hz = block.rate_hz
                resampler = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
            assert resampler is not None
            self._programme.push(block.samples, block.layout, rate_hz)
            if not self.layout:
                self.channels, self.layout = len(block.layout), layout_name(block.layout)
            yield self._measured(resampler.resample_chunk(downmix(block.samples, block.layout)))
        if resampler is None:
            raise InputError("holds no decodable sound; deliver a complete audio file")
        yield self._measured(resampler.resample_chunk(np.zeros(0, np.float32), last=True))

    def loudness_lkfs(self) -> float:
        """Give the integrated loudness of the mono signal."""
        return self._mono.integrated_lkfs()

    def programme_lkfs(self) -> float:
        """Give the integrated loudness of the channels as delivered."""
        return self._programme.integrated_lkfs()

    def _measured(self, piece: NDArray[np.float32]) -> NDArray[np.float32]:
        self._mono.push(piece[np.newaxis])
        return piece
