"""Bring a title's sound to the form that training and tagging share: mono, 16 kHz, 16 bit, −27 LKFS ±2 LU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

import numpy as np
import soxr
from numpy.typing import NDArray

from transforms.decode import AudioFile, Block
from transforms.downmix import coefficients, downmix, layout_name
from transforms.frames import SAMPLE_RATE_HZ, seconds
from transforms.loudness import LoudnessMeter, delivery_gain_db
from transforms.records import Audio, InputError

FULL_SCALE = 32768.0
GAIN_CHUNK = 60 * SAMPLE_RATE_HZ
# A file that ends this much before its stated duration has lost its tail.
MISSING_TAIL_S = 1.0


def load(source: str | BinaryIO, track: str = "") -> tuple[Audio, list[str]]:
    """Decode, downmix, resample and level one audio track; also say what of it is damaged.

    Raises:
        InputError: no audio can be had from the file.
    """
    with AudioFile(source, track) as file:
        audio = level(file.blocks())
        declared_s = file.declared_s()
    held_s = seconds(len(audio.samples))
    if declared_s is not None and declared_s - held_s > MISSING_TAIL_S:
        file.damage.append(f"ends at {held_s:.1f} s of {declared_s:.1f} s; what is there was used")
    return audio, file.damage


def load_wave(wave: NDArray[np.float32], rate_hz: int) -> Audio:
    """Do the same with samples in memory: [T] or [C, T] float32, full scale 1.0, channels in WAVE order.

    Raises:
        InputError: there are no samples, they are integers, or too many channels to mix.
    """
    if not np.issubdtype(np.asarray(wave).dtype, np.floating):
        raise InputError(f"samples are {np.asarray(wave).dtype}; deliver float32, full scale 1.0")
    channels = np.nan_to_num(np.atleast_2d(np.asarray(wave, np.float32)), nan=0.0, posinf=1.0, neginf=-1.0)
    step = rate_hz
    pieces = (channels[:, at : at + step] for at in range(0, channels.shape[1], step))
    return level(Block(piece, ("NONE",) * len(channels), rate_hz) for piece in pieces)


def level(blocks: Iterable[Block]) -> Audio:
    """Downmix to mono, resample to 16 kHz and bring to the delivery level, in one pass over the blocks.

    Raises:
        InputError: the stream is empty.
    """
    stream = iter(blocks)
    first = next(stream, None)
    if first is None:
        raise InputError("holds no decodable sound; deliver a complete audio file")
    # Kept with this headroom until the gain is known, so that the sum of the channels cannot clip before it.
    headroom = max(1.0, float(coefficients(first.layout).sum()))
    meter = LoudnessMeter(SAMPLE_RATE_HZ)
    kept = bytearray()  # grows in place: a list of blocks would need the memory twice
    for mono in _resampled(chain([first], stream)):
        meter.push(mono[np.newaxis])
        kept += _pcm(mono / headroom).tobytes()
    loudness = meter.integrated_lkfs()
    gain_db = delivery_gain_db(loudness)
    samples = np.frombuffer(kept, np.int16)
    _amplify(samples, headroom * 10 ** (gain_db / 20))
    return Audio(samples, loudness, gain_db, len(first.layout), layout_name(first.layout))


def _resampled(blocks: Iterable[Block]) -> Iterator[NDArray[np.float32]]:
    """Yield mono at 16 kHz: round(n · 16000 / rate) samples for n, aligned with the input's sample 0."""
    resampler: soxr.ResampleStream | None = None
    rate_hz = 0
    for block in blocks:
        if block.rate_hz != rate_hz:
            if resampler is not None:
                yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
            rate_hz = block.rate_hz
            resampler = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
        assert resampler is not None
        yield resampler.resample_chunk(downmix(block.samples, block.layout))
    if resampler is not None:
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _pcm(wave: NDArray[np.float32]) -> NDArray[np.int16]:
    pcm: NDArray[np.int16] = np.clip(np.rint(wave * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return pcm


def _amplify(samples: NDArray[np.int16], factor: float) -> None:
    if factor == 1.0:
        return
    for at in range(0, len(samples), GAIN_CHUNK):
        part = samples[at : at + GAIN_CHUNK]
        part[:] = _pcm(part.astype(np.float32) * np.float32(factor / FULL_SCALE))
