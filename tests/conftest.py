"""Fixtures that several test files share: signals, and a writer of any codec in any container."""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Track:
    """One audio track to write. wave: [C, n] float32, full scale 1.0; lead_samples: its time stamps start there."""

    wave: Wave
    rate_hz: int = 48_000
    codec: str = "pcm_f32le"
    layout: str = "mono"
    sample_format: str = ""
    language: str = ""
    lead_samples: int = 0
    bit_rate: int = 0


def _write(path: Path, tracks: Sequence[Track], picture: bool, options: dict[str, str]) -> Path:
    with av.open(str(path), "w", options=options) as container:
        film = _film(container) if picture else None
        streams = [_stream(container, track) for track in tracks]
        if film is not None:
            _show(container, film)
        for stream, track in zip(streams, tracks, strict=True):
            _encode(container, stream, track)
    return path


def _film(container: Any) -> Any:
    stream = container.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
    return stream


def _show(container: Any, stream: Any) -> None:
    for number in range(25):
        picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number, np.uint8), format="rgb24")
        picture.pts, picture.time_base = number, Fraction(1, 25)
        container.mux(stream.encode(picture))
    container.mux(stream.encode(None))


def _stream(container: Any, track: Track) -> Any:
    stream = container.add_stream(track.codec, rate=track.rate_hz, layout=track.layout)
    if track.sample_format:
        stream.format = track.sample_format
    if track.bit_rate:
        stream.bit_rate = track.bit_rate
    if track.language:
        stream.metadata["language"] = track.language
    return stream


def _encode(container: Any, stream: Any, track: Track) -> None:
    for at in range(0, track.wave.shape[1], 1024):
        samples = np.ascontiguousarray(track.wave[:, at : at + 1024], np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=track.layout)
        frame.sample_rate, frame.time_base, frame.pts = track.rate_hz, Fraction(1, track.rate_hz), track.lead_samples + at
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


@dataclass(frozen=True)
class Media:
    """Write media files below a folder."""

    folder: Path

    def track(self, wave: Wave, **how: Any) -> Track:
        return Track(np.atleast_2d(wave), **how)

    def write(self, name: str, wave: Wave, **how: Any) -> Path:
        """Write one track: ``media.write("a.mkv", wave, codec="ac3", layout="5.1(side)")``."""
        return self.tracks(name, [self.track(wave, **how)])

    def tracks(self, name: str, tracks: Sequence[Track], picture: bool = False, **options: str) -> Path:
        return _write(self.folder / name, tracks, picture, options)

    def unnamed(self, name: str, samples: Wave, rate_hz: int = 48_000) -> Path:
        """Write a WAV that names no channels, as plain PCM files do: only their count is in the header."""
        pcm = np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2")
        with wave.open(str(self.folder / name), "wb") as file:
            file.setnchannels(len(pcm))
            file.setsampwidth(2)
            file.setframerate(rate_hz)
            file.writeframes(pcm.T.tobytes())
        return self.folder / name


@pytest.fixture
def media(tmp_path: Path) -> Media:
    return Media(tmp_path)


@pytest.fixture(scope="session")
def tone() -> Callable[..., Wave]:
    """Make a sine [n] float32: ``tone(1000, seconds=2, rate_hz=48000, peak=0.1)``."""

    def make(frequency_hz: float, seconds: float = 2.0, rate_hz: int = 48_000, peak: float = 0.1) -> Wave:
        time_s = np.arange(round(seconds * rate_hz)) / rate_hz
        return (peak * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)

    return make
