"""Fixtures that several test files share: signals, and a writer of any codec in any container."""

from __future__ import annotations

import os
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from av.stream import Disposition
from hypothesis import settings
from numpy.typing import NDArray

from transforms.frames import SEGMENT_FRAMES, SEGMENT_SAMPLES
from transforms.records import Audio, LoadedTitle, Segment, SegmentedTitle, Title, TitleSources
from transforms.storage import write_table
from transforms.tables import SHARDS, shard_rows

# Before torch is imported: on busy cores its threads wait for each other, and tests take three times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# No test fails for being slow on a busy machine.
settings.register_profile("smad", deadline=None)
settings.load_profile("smad")

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Track:
    """One audio track to write.

    wave: [C, n] float32, full scale 1.0. lead_samples: its time stamps start there. pause: (p, n) makes all time
    stamps from sample p on later by n. options: the encoder's own.
    """

    wave: Wave
    rate_hz: int = 48_000
    codec: str = "pcm_f32le"
    layout: str = "mono"
    sample_format: str = ""
    language: str = ""
    default: bool = False
    lead_samples: int = 0
    pause: tuple[int, int] = (0, 0)
    options: dict[str, str] = field(default_factory=dict)


def _write(path: Path, tracks: Sequence[Track], picture: str, kind: str | None, options: dict[str, str]) -> Path:
    with av.open(str(path), "w", format=kind, options=options) as container:
        film = _film(container, picture) if picture else None
        streams = [_stream(container, track) for track in tracks]
        if film is not None:
            _show(container, film)
        for stream, track in zip(streams, tracks, strict=True):
            _encode(container, stream, track)
    return path


def _film(container: Any, codec: str) -> Any:
    stream = container.add_stream(codec, rate=25)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
    return stream


def _show(container: Any, stream: Any) -> None:
    for number in range(25):
        picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number, np.uint8), format="rgb24")
        picture.pts, picture.time_base = number, Fraction(1, 25)
        container.mux(stream.encode(picture))
    container.mux(stream.encode(None))


def _stream(container: Any, track: Track) -> Any:
    stream = container.add_stream(track.codec, rate=track.rate_hz, layout=track.layout, options=track.options)
    if track.sample_format:
        stream.format = track.sample_format
    if track.default:
        stream.disposition = Disposition.default
    if track.language:
        stream.metadata["language"] = track.language
    return stream


def _encode(container: Any, stream: Any, track: Track) -> None:
    for frame in _frames(track):
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _frames(track: Track) -> Iterator[av.AudioFrame]:
    place, later = track.pause
    for at in range(0, track.wave.shape[1], 1024):
        # Packed: PyAV cannot make planar frames of eight channels.
        packed = np.ascontiguousarray(track.wave[:, at : at + 1024].T, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=track.layout)
        frame.sample_rate, frame.time_base = track.rate_hz, Fraction(1, track.rate_hz)
        frame.pts = track.lead_samples + at + (later if at >= place else 0)
        yield frame


@dataclass(frozen=True)
class Media:
    """Write media files below a folder."""

    folder: Path

    def track(self, wave: Wave, **how: Any) -> Track:
        return Track(np.atleast_2d(wave), **how)

    def write(self, name: str, wave: Wave, **how: Any) -> Path:
        """Write one track: ``media.write("a.mkv", wave, codec="ac3", layout="5.1(side)")``."""
        return self.tracks(name, [self.track(wave, **how)])

    def tracks(
        self, name: str, tracks: Sequence[Track], picture: bool | str = False, kind: str | None = None, **options: str
    ) -> Path:
        """Write several; picture: with a film beside them, and its codec; kind: the container, if not by the name."""
        film = picture if isinstance(picture, str) else "mpeg4" if picture else ""
        return _write(self.folder / name, tracks, film, kind, options)

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


def make_clicks(at_s: Sequence[float], seconds: float, rate_hz: int = 48_000, channels: int = 1) -> Wave:
    """Make silence [channels, n] with a click of 40 ms centered at each time.

    A click is a chirp from 300 Hz to 2.7 kHz: its correlation with itself is a peak of 0.4 ms, and no codec, not even
    one for telephones, thinks it too short or too high to keep.
    """
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = np.zeros(len(time_s))
    for center_s in at_s:
        near = np.abs(time_s - center_s) < 0.02
        apart_s = time_s[near] - center_s
        phase = 2 * np.pi * (1500 * apart_s + 30_000 * apart_s**2)
        wave[near] += 0.5 * np.cos(np.pi * apart_s / 0.04) ** 2 * np.cos(phase)
    return np.tile(wave.astype(np.float32), (channels, 1))


def lateness_ms(samples: NDArray[Any], rate_hz: int, at_s: float, search_s: float = 0.2) -> float:
    """Say how much later than ``at_s`` the click in ``samples`` [n] comes; NaN where none is near."""
    click = make_clicks([0.02], 0.04, rate_hz)[0].astype(float)
    first = max(0, round((at_s - search_s) * rate_hz))
    near = samples[first : round((at_s + search_s) * rate_hz)].astype(float)
    if len(near) < len(click):
        return float("nan")
    heard = np.correlate(near, click, "valid")
    best = int(np.argmax(np.abs(heard)))
    energy = np.sum(near[best : best + len(click)] ** 2) * np.sum(click**2)
    if heard[best] ** 2 < 0.25 * energy or energy == 0:
        return float("nan")
    return 1000 * ((first + best) / rate_hz + 0.02 - at_s)


def write_long_file(path: Path, track: Track, length_s: float, kind: str | None = None) -> list[float]:
    """Write clicks after half a second and shortly before the end, and say when they are.

    Between them one packet of encoded silence is repeated: encoding hours would take minutes. track: its wave is
    not used.
    """
    with av.open(str(path), "w", format=kind) as container:
        stream = _stream(container, track)
        wave = make_clicks([0.5, 2.5], 3.0, track.rate_hz, stream.layout.nb_channels)
        packets = [packet for frame in _frames(replace(track, wave=wave)) for packet in stream.encode(frame)]
        packets += stream.encode(None)
        middle = next(index for index, packet in enumerate(packets) if packet.pts * packet.time_base > 1.5)
        silence = packets[middle]
        times = round((length_s - 3) / (silence.duration * silence.time_base))
        content, form = bytes(silence), (silence.pts, silence.duration, silence.time_base)
        container.mux(packets[:middle])
        for number in range(times):
            container.mux(_packet(stream, content, form, number * form[1]))
        for packet in packets[middle:]:
            packet.pts += times * form[1]
            packet.dts = packet.pts
            container.mux(packet)
    return [0.5, 2.5 + float(times * form[1] * form[2])]


def _packet(stream: Any, content: bytes, form: tuple[int, int, Fraction], later: int) -> Any:
    packet = av.Packet(content)
    packet.stream = stream
    packet.pts = packet.dts = form[0] + later
    packet.duration, packet.time_base = form[1:]
    return packet


@pytest.fixture(scope="session")
def clicks() -> Callable[..., Wave]:
    return make_clicks


@pytest.fixture(scope="session")
def late_ms() -> Callable[..., float]:
    return lateness_ms


@pytest.fixture(scope="session")
def write_long() -> Callable[..., list[float]]:
    return write_long_file


@pytest.fixture(scope="session")
def tone() -> Callable[..., Wave]:
    """Make a sine [n] float32: ``tone(1000, seconds=2, rate_hz=48000, peak=0.1)``."""

    def make(frequency_hz: float, seconds: float = 2.0, rate_hz: int = 48_000, peak: float = 0.1) -> Wave:
        time_s = np.arange(round(seconds * rate_hz)) / rate_hz
        return (peak * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)

    return make


def _labelled(title_id: str, waves: Sequence[NDArray[np.int16]], split: str) -> list[dict[str, Any]]:
    """Make the rows of a title's shard: the first half of a segment is speech, the second is music."""
    targets = np.zeros((2, SEGMENT_FRAMES), np.float32)
    targets[0, : SEGMENT_FRAMES // 2] = targets[1, SEGMENT_FRAMES // 2 :] = 1
    segments = tuple(Segment(index, part, targets, np.ones_like(targets)) for index, part in enumerate(waves))
    audio = Audio(np.concatenate(waves), -27.0, 0.0, 1, "FC")
    loaded = LoadedTitle(TitleSources(Title(title_id, (f"{title_id}.wav",))), audio, 0.0)
    return list(shard_rows(SegmentedTitle(loaded, segments, "annotations", ("speech", "music")), split))


@pytest.fixture(scope="session")
def write_shard() -> Callable[..., Path]:
    """Write a title's shard, its segments noise and then a chord: ``write_shard(folder, "train", "a", segments=2)``.

    Every segment holds its own number in its last sample.
    """

    def write(folder: Path, split: str, title_id: str, segments: int = 2, first: int = 1) -> Path:
        waves = []
        for number in range(first, first + segments):
            random = np.random.default_rng(number)
            time_s = np.arange(SEGMENT_SAMPLES) / 16_000
            chord = sum(np.sin(2 * np.pi * (220 + number) * k * time_s) for k in (1, 2, 3)) / 3
            sound = np.where(time_s < 10, random.standard_normal(SEGMENT_SAMPLES) / 3, chord)
            wave_16 = np.rint(3000 * sound).astype(np.int16)
            wave_16[-1] = number
            waves.append(wave_16)
        path = folder / split / f"{title_id}.parquet"
        write_table(str(path), SHARDS, _labelled(title_id, waves, split))
        return path

    return write


def _banded(random: np.random.Generator, seconds: float, low_hz: float, high_hz: float) -> Wave:
    spectrum = np.fft.rfft(random.standard_normal(round(16_000 * seconds)))
    frequency_hz = np.fft.rfftfreq(round(16_000 * seconds), 1 / 16_000)
    spectrum[(frequency_hz < low_hz) | (frequency_hz > high_hz)] = 0
    band = np.fft.irfft(spectrum)
    return np.asarray(0.1 * band / band.std(), np.float32)


def _clean(kind: str, number: int) -> Wave:
    """Make a clip: speech bursts between 1.2 and 2 kHz, music tones at 300 to 500 Hz, noise from 4 to 6 kHz."""
    random = np.random.default_rng([number, *kind.encode()])
    if kind == "noise":
        return _banded(random, 5.0, 4_000, 6_000)
    time_s = np.arange(8 * 16_000) / 16_000
    tones = np.sin(2 * np.pi * 300 * time_s + number) + np.sin(2 * np.pi * (400 + 20 * number) * time_s)
    if kind == "music":
        return np.asarray(0.1 * tones, np.float32)
    wave, at = _banded(random, 8.0, 1_200, 2_000), 0.3
    if kind == "singing":
        return np.asarray(wave + 0.1 * tones, np.float32)
    spoken = np.zeros_like(wave)
    while at < 7:
        end = at + random.uniform(0.4, 1.2)
        spoken[round(16_000 * at) : round(16_000 * end)] = 1
        at = end + random.uniform(0.5, 0.9)
    return wave * spoken


@pytest.fixture(scope="session")
def write_corpus() -> Callable[..., Path]:
    """Write a corpus of clean clips whose classes lie in bands of their own, and give its table.

    Of every kind there is a maker in ``valid``, one in ``test`` and three in ``train``; each speaks a language of his
    own, aa to ee. singing: with two clips of singers in ``train``, who fill both bands.
    """

    def write(folder: Path, singing: bool = True) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        rows = ["path,class,speaker_or_artist,duration_s,language,note,accompanied,split"]
        clips = [(kind, number) for kind in ("speech", "music", "noise") for number in range(5)]
        for kind, number in [*clips, *([("singing", 0), ("singing", 1)] if singing else [])]:
            name, wave = f"{kind}{number}.{'flac' if number % 2 else 'wav'}", _clean(kind, number)
            soundfile.write(folder / name, wave, 16_000)
            split = {3: "valid", 4: "test"}.get(number, "train")
            row = (name, kind, f"{kind} {number}", len(wave) / 16_000, "abcde"[number] * 2, "", number == 1, split)
            rows.append(",".join(map(str, row)))
        (folder / "corpus.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return folder / "corpus.csv"

    return write


@pytest.fixture(scope="session")
def clean_corpus(write_corpus: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a corpus that no test changes."""
    return write_corpus(tmp_path_factory.mktemp("clean"))
