"""Kinds of WAV: what their extra chunks say is read, and does not move the sound."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from transforms.sound.decode import AudioFile

Wave = NDArray[np.float32]
LateMs = Callable[..., float]
RATE_HZ = 48_000
PCM, IEEE_FLOAT, EXTENSIBLE = 1, 3, 0xFFFE


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def coded(wave: Wave, bits: int, kind: int) -> bytes:
    if kind == IEEE_FLOAT:
        return bytes(wave.T.astype("<f4").tobytes())
    whole = np.rint(wave.T.astype(float) * (2 ** (bits - 1) - 1)).astype("<i4")
    return bytes(whole.reshape(-1, 1).view(np.uint8)[:, : bits // 8].tobytes())


def wav(wave: Wave, bits: int = 16, kind: int = PCM, mask: int | None = None, before: bytes = b"") -> bytes:
    """Make a WAV; mask: WAVE_FORMAT_EXTENSIBLE's, one bit a speaker; before: chunks before the format."""
    frame = len(wave) * bits // 8
    form = struct.pack("<HIIHH", len(wave), RATE_HZ, RATE_HZ * frame, frame, bits)
    if mask is None:
        form = struct.pack("<H", kind) + form
    else:
        guid = struct.pack("<H", kind) + bytes.fromhex("000000001000800000aa00389b71")
        form = struct.pack("<H", EXTENSIBLE) + form + struct.pack("<HHI", 22, bits, mask) + guid
    body = before + chunk(b"fmt ", form) + chunk(b"data", coded(wave, bits, kind))
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def bext(reference: int) -> bytes:
    """Make the chunk of a Broadcast Wave (EBU Tech 3285): reference: samples since midnight."""
    return chunk(b"bext", bytes(338) + struct.pack("<Q", reference) + bytes(256))


def rf64(wave: Wave) -> bytes:
    """Make a WAV whose sizes stand in a chunk of 64-bit numbers (EBU Tech 3306)."""
    plain = wav(wave)
    data = wave.size * 2
    sizes = chunk(b"ds64", struct.pack("<QQQI", len(plain) + 28, data, wave.shape[1], 0))
    return (
        b"RF64"
        + b"\xff" * 4
        + b"WAVE"
        + sizes
        + plain[12:].replace(b"data" + struct.pack("<I", data), b"data" + b"\xff" * 4)
    )


def decoded(path: Path, content: bytes) -> tuple[Wave, tuple[str, ...], list[str]]:
    path.write_bytes(content)
    with AudioFile(str(path)) as file:
        blocks = list(file.blocks())
    return np.concatenate([block.samples for block in blocks], axis=1), blocks[0].layout, file.damage


@pytest.mark.parametrize("reference", [0, 10 * 3600 * RATE_HZ, 2**40])
def test_a_time_of_day_does_not_move_the_sound(
    tmp_path: Path, clicks: Callable[..., Wave], late_ms: LateMs, reference: int
) -> None:
    samples, _, damage = decoded(tmp_path / "a.wav", wav(clicks([0.3], 0.6), before=bext(reference)))
    assert samples.shape == (1, 28_800)
    assert late_ms(samples[0], RATE_HZ, 0.3) == pytest.approx(0, abs=0.05)
    assert damage == []


def test_sizes_of_64_bits_are_read(tmp_path: Path, clicks: Callable[..., Wave]) -> None:
    wave = clicks([0.3], 0.6, channels=2)
    samples, _, damage = decoded(tmp_path / "a.wav", rf64(wave))
    assert samples.shape == wave.shape
    assert np.abs(samples - wave).max() < 2**-14
    assert damage == []


@pytest.mark.parametrize(
    ("mask", "names"),
    [
        (0x3, "FL FR"),
        (0x7, "FL FR FC"),
        (0x33, "FL FR BL BR"),
        (0x603, "FL FR SL SR"),
        (0x3F, "FL FR FC LFE BL BR"),
        (0x60F, "FL FR FC LFE SL SR"),
        (0x63F, "FL FR FC LFE BL BR SL SR"),
    ],
)
def test_a_mask_names_the_channels(tmp_path: Path, mask: int, names: str) -> None:
    levels = 0.1 * np.arange(1, len(names.split()) + 1, dtype=np.float32)
    wave = np.tile(levels[:, np.newaxis], (1, 4800))
    samples, layout, _ = decoded(tmp_path / "a.wav", wav(wave, 24, mask=mask))
    assert " ".join(layout) == names
    assert samples[:, 100] == pytest.approx(levels, abs=1e-5)


@pytest.mark.parametrize("mask", [None, 0x4])
@pytest.mark.parametrize(
    ("bits", "kind", "accuracy"), [(16, PCM, 2**-14), (24, PCM, 2**-22), (32, PCM, 2**-23), (32, IEEE_FLOAT, 0)]
)
def test_the_width_of_a_sample_is_read(tmp_path: Path, bits: int, kind: int, accuracy: float, mask: int | None) -> None:
    wave = np.random.default_rng(0).uniform(-1, 1, (1, 4800)).astype(np.float32)
    samples, _, damage = decoded(tmp_path / "a.wav", wav(wave, bits, kind, mask))
    assert np.abs(samples - wave).max() <= accuracy
    assert damage == []
