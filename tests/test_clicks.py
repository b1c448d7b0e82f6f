"""A click at a known time comes out within 1 ms of it: in every codec and container, and after two hours as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from transforms.sound.load import load

Wave = NDArray[np.float32]
Clicks = Callable[..., Wave]
LateMs = Callable[..., float]
RATE_HZ = 16_000  # of what load gives
TOLERANCE_MS = 1.0
MEDIA = Path(__file__).parent / "media"

# All pairs that FFmpeg's muxers write and its demuxers can read.
PAIRS = {
    "aac": "3gp aac asf avi f4v flv latm m4a mkv mov mp4 nut ts",
    "ac3": "ac3 asf avi caf flv m4a mkv mov mp4 mpg nut rm ts vob w64 wav wtv",
    "eac3": "asf avi eac3 flv mkv mov mp4 nut ts w64 wav wtv",
    "libmp3lame": "asf avi caf flv mkv mov mp3 mp4 mpg nut ts vob w64 wav wtv",
    "mp2": "asf avi caf mkv mov mp2 mp4 mpg nut ts vob w64 wav wtv",
    "libopus": "flv mkv mp4 nut ogg opus ts webm",
    "opus": "mkv ogg",
    "vorbis": "asf avi mkv mp4 nut ogg webm wtv",
    "wmav1": "asf avi mka wav",
    "wmav2": "asf avi mka wav",
    "flac": "avi caf flac mkv mp4 nut ogg w64 wav",
    "alac": "caf m4a mkv mov mp4",
    "wavpack": "mkv nut wv",
    "tta": "mkv tta",
    "pcm_s16le": "aiff asf avi caf flv mkv mov mp4 nut voc w64 wav wtv",
    "pcm_s16be": "aiff au caf mkv mov mp4 nut",
    "pcm_s24le": "asf avi caf mkv mov mp4 nut w64 wav wtv",
    "pcm_s24be": "aiff au caf mkv mov mp4 nut",
    "pcm_s32le": "avi caf mkv mov mp4 w64 wav",
    "pcm_f32le": "avi caf mkv mov mp4 nut w64 wav",
    "pcm_f32be": "aiff au caf mov",
    "pcm_f64le": "caf mkv mov w64 wav",
    "pcm_u8": "aiff avi mkv mov wav",
    "pcm_s8": "aiff au caf mov",
    "pcm_alaw": "aiff au avi caf mka mov wav",
    "pcm_mulaw": "aiff au avi caf mka mov wav",
    "pcm_bluray": "m2ts",
    "adpcm_ima_qt": "aiff caf mov",
    "adpcm_ima_wav": "avi caf mka w64 wav",
    "adpcm_ms": "avi caf mka w64 wav",
    "adpcm_swf": "avi flv",
    "adpcm_yamaha": "avi wav",
    "adpcm_adx": "adx",
    "nellymoser": "flv mov",
    "dfpwm": "mka wav",
    "g722": "au mka wav",
    "libopencore_amrnb": "3gp amr mka mov",
}
STRICT = {"strict": "-2"}
OPTIONS = {"opus": STRICT, "vorbis": STRICT, "dfpwm": STRICT, "wmav1": {"b": "96k"}, "wmav2": {"b": "96k"}}
FORMS = {
    "libopus": [(48_000, "mono")],
    "opus": [(48_000, "mono")],
    "vorbis": [(48_000, "stereo"), (44_100, "stereo")],
    "pcm_bluray": [(48_000, "mono")],
    "wmav1": [(44_100, "stereo"), (22_050, "mono")],
    "wmav2": [(44_100, "stereo"), (22_050, "mono"), (32_000, "mono")],
    "adpcm_swf": [(44_100, "mono")],
    "nellymoser": [(44_100, "mono"), (22_050, "mono")],
    "g722": [(RATE_HZ, "mono")],
    "libopencore_amrnb": [(8_000, "mono")],
}
LOSSY = [(48_000, "mono"), (44_100, "stereo")]
LOSSLESS = [(44_100, "stereo")]
CASES = [
    (codec, suffix, rate_hz, layout)
    for codec, suffixes in PAIRS.items()
    for suffix in suffixes.split()
    for rate_hz, layout in FORMS.get(codec, LOSSLESS if codec.startswith(("pcm", "adpcm")) else LOSSY)
    if (codec, suffix, rate_hz) != ("flac", "avi", 44_100)  # FFmpeg reads fewer frames than it wrote
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_in_every_codec_and_container(
    media: Any, clicks: Clicks, late_ms: LateMs, case: tuple[str, str, int, str]
) -> None:
    codec, suffix, rate_hz, layout = case
    times_s = (0.3, 0.9)
    wave = clicks(times_s, 1.2, rate_hz, 2 if layout == "stereo" else 1)
    path = media.write(f"a.{suffix}", wave, codec=codec, rate_hz=rate_hz, layout=layout, options=OPTIONS.get(codec, {}))
    assert heard(path, late_ms, times_s) == pytest.approx([0, 0], abs=TOLERANCE_MS)


def heard(path: Path, late_ms: LateMs, times_s: Sequence[float]) -> list[float]:
    samples = load(str(path))[0].samples
    return [late_ms(samples, RATE_HZ, at_s) for at_s in times_s]


WITH_PICTURE = [
    ("aac", "mkv mp4 mov ts avi wtv"),
    ("ac3", "mkv mp4 ts mpg avi wtv"),
    ("eac3", "mkv mp4 ts"),
    ("mp2", "mkv ts mpg avi"),
    ("libmp3lame", "mkv mp4 ts mpg avi"),
    ("libopus", "mkv mp4 ts"),
    ("flac", "mkv mp4"),
    ("pcm_s16le", "mov avi mxf"),
    ("pcm_s24le", "mov mxf"),
]


@pytest.mark.parametrize(
    ("codec", "suffix"), [(codec, suffix) for codec, suffixes in WITH_PICTURE for suffix in suffixes.split()]
)
def test_beside_a_picture(media: Any, clicks: Clicks, late_ms: LateMs, codec: str, suffix: str) -> None:
    track = media.track(clicks([0.3, 0.9], 1.2), codec=codec)
    path = media.tracks(f"a.{suffix}", [track], picture="mpeg2video")
    assert heard(path, late_ms, [0.3, 0.9]) == pytest.approx([0, 0], abs=TOLERANCE_MS)


def test_in_flash_beside_a_picture(media: Any, clicks: Clicks, late_ms: LateMs) -> None:
    path = media.tracks("a.flv", [media.track(clicks([0.3], 1), codec="aac")], picture="flv")
    assert heard(path, late_ms, [0.3]) == pytest.approx([0], abs=TOLERANCE_MS)


@pytest.mark.parametrize(("kind", "options"), [("wav", {"rf64": "always"}), ("mxf_opatom", {})])
def test_in_other_forms_of_pcm(media: Any, clicks: Clicks, late_ms: LateMs, kind: str, options: dict[str, str]) -> None:
    track = media.track(clicks([0.3], 1), codec="pcm_s24le")
    path = media.tracks("a.media", [track], kind=kind, **options)
    assert heard(path, late_ms, [0.3]) == pytest.approx([0], abs=TOLERANCE_MS)


def test_in_mp3_without_lames_header(media: Any, clicks: Clicks, late_ms: LateMs) -> None:
    path = media.tracks("a.mp3", [media.track(clicks([0.3], 1), codec="libmp3lame")], write_xing="0")
    assert heard(path, late_ms, [0.3]) == pytest.approx([0], abs=TOLERANCE_MS)


@pytest.mark.parametrize("name", ["click.dts", "click-truehd.mka", "click.mlp"])
def test_in_what_only_the_ffmpeg_command_writes(late_ms: LateMs, name: str) -> None:
    audio, damage = load(str(MEDIA / name))
    assert late_ms(audio.samples, RATE_HZ, 0.2) == pytest.approx(0, abs=TOLERANCE_MS)
    assert damage == []


@pytest.mark.parametrize(
    "case",
    [
        ("aac", "mkv", 22_050, 2),  # stamps rounded to a millisecond
        ("ac3", "ac3", 44_100, 0.1),  # none, and frames that are no whole number of FFmpeg's ticks
        ("eac3", "ts", 44_100, 0.1),
        ("libmp3lame", "flv", 44_100, 0.1),
        ("libopus", "webm", 48_000, 0.1),
    ],
    ids=lambda case: "-".join(map(str, case)),
)
def test_after_hours(
    media: Any, write_long: Callable[..., list[float]], late_ms: LateMs, case: tuple[str, str, int, float]
) -> None:
    codec, suffix, rate_hz, hours = case
    track = media.track(np.zeros((1, 0), np.float32), codec=codec, rate_hz=rate_hz)
    times_s = write_long(media.folder / f"a.{suffix}", track, hours * 3600)
    assert times_s[1] > hours * 3600 - 2
    assert heard(media.folder / f"a.{suffix}", late_ms, times_s) == pytest.approx([0, 0], abs=TOLERANCE_MS)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov"])
@pytest.mark.parametrize("codec", ["pcm_s16le", "aac", "ac3"])
def test_a_late_start_is_kept(media: Any, clicks: Clicks, late_ms: LateMs, codec: str, suffix: str) -> None:
    path = media.write(f"a.{suffix}", clicks([0.5], 1), codec=codec, lead_samples=36_000)
    assert heard(path, late_ms, [1.25]) == pytest.approx([0], abs=TOLERANCE_MS)


@pytest.mark.parametrize("codec", ["pcm_s16le", "flac", "aac"])
def test_what_an_edit_list_cuts_is_not_heard(media: Any, clicks: Clicks, late_ms: LateMs, codec: str) -> None:
    path = media.write(
        "a.mov" if codec == "pcm_s16le" else "a.mp4", clicks([0.2, 1], 1.5), codec=codec, lead_samples=-24_000
    )
    samples = load(str(path))[0].samples
    assert late_ms(samples, RATE_HZ, 0.5) == pytest.approx(0, abs=TOLERANCE_MS)
    assert len(samples) / RATE_HZ == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("codec", ["aac", "ac3", "mp2"])
@pytest.mark.parametrize("later_s", [-0.4, 0.4])
def test_sound_and_picture_of_a_stream_need_not_begin_together(
    media: Any, clicks: Clicks, late_ms: LateMs, codec: str, later_s: float
) -> None:
    track = media.track(clicks([0.5], 1), codec=codec, lead_samples=round(later_s * 48_000))
    path = media.tracks("a.ts", [track], picture="mpeg2video")
    assert heard(path, late_ms, [0.5 + max(0, later_s)]) == pytest.approx([0], abs=TOLERANCE_MS)


@pytest.mark.parametrize("before_s", [1, 65])  # FFmpeg looks ahead by a minute
def test_a_streams_clock_may_start_again(media: Any, clicks: Clicks, late_ms: LateMs, before_s: int) -> None:
    turn = 2**33 * 48_000 // 90_000  # 33 bits at 90 kHz: after 26.5 h (ISO/IEC 13818-1)
    times_s = [0.5, before_s + 0.5]
    wave = clicks(times_s, before_s + 1)
    path = media.write("a.ts", wave, codec="mp2", lead_samples=turn - before_s * 48_000)
    assert heard(path, late_ms, times_s) == pytest.approx([0, 0], abs=TOLERANCE_MS)
    assert load(str(path))[1] == []


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("aac", "mkv"), ("aac", "mp4"), ("aac", "ts"), ("ac3", "ts"), ("ac3", "mkv"), ("libopus", "mkv")],
)
def test_what_comes_after_a_gap_is_in_its_place(
    media: Any, clicks: Clicks, late_ms: LateMs, codec: str, suffix: str
) -> None:
    path = media.write(f"a.{suffix}", clicks([0.5, 2], 2.5), codec=codec, pause=(64 * 1024, 48_000))
    assert heard(path, late_ms, [0.5, 3]) == pytest.approx([0, 0], abs=TOLERANCE_MS)


@pytest.mark.parametrize(("codec", "delay"), [("aac", 1024), ("ac3", 256)])
def test_a_stream_may_change_its_rate(media: Any, clicks: Clicks, late_ms: LateMs, codec: str, delay: int) -> None:
    first = media.write(f"1.{codec}", clicks([0.5], 1), codec=codec)
    second = media.write(f"2.{codec}", clicks([0.5], 1, 44_100), codec=codec, rate_hz=44_100)
    (media.folder / f"both.{codec}").write_bytes(first.read_bytes() + second.read_bytes())
    length_s = len(load(str(first))[0].samples) / RATE_HZ
    # The second's own delay is in the middle now, where nothing says so.
    times_s = [0.5, length_s + delay / 44_100 + 0.5]
    assert heard(media.folder / f"both.{codec}", late_ms, times_s) == pytest.approx([0, 0], abs=TOLERANCE_MS)


def test_a_stream_may_change_its_layout(media: Any, clicks: Clicks, late_ms: LateMs) -> None:
    first = media.write("1.ac3", clicks([0.5], 1), codec="ac3")
    second = media.write("2.ac3", clicks([0.5], 1, channels=6), codec="ac3", layout="5.1(side)")
    (media.folder / "both.ac3").write_bytes(first.read_bytes() + second.read_bytes())
    times_s = [0.5, len(load(str(first))[0].samples) / RATE_HZ + 256 / 48_000 + 0.5]
    assert heard(media.folder / "both.ac3", late_ms, times_s) == pytest.approx([0, 0], abs=TOLERANCE_MS)


def test_a_chain_of_ogg_streams_is_one(media: Any, clicks: Clicks, late_ms: LateMs) -> None:
    parts = [media.write(f"{number}.opus", clicks([0.5], 2), codec="libopus").read_bytes() for number in (1, 2)]
    (media.folder / "both.opus").write_bytes(b"".join(parts))
    assert heard(media.folder / "both.opus", late_ms, [0.5, 2.5]) == pytest.approx([0, 0], abs=TOLERANCE_MS)
