"""Where time 0 lies: by hand-made tables of what files say of themselves."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sound.priming import Track, inherent_delay_samples, mpeg_audio_layer, origin_s, stamps_hold

MOV, MATROSKA = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"
AAC_S, AC3_S = 1024 / 48_000, 256 / 48_000


def sound(start_s: float, codec: str = "aac") -> Track:
    return Track(codec, 48_000, start_s)


def picture(start_s: float) -> Track:
    return Track("", 0, start_s)


@pytest.mark.parametrize(
    ("codec", "rate_hz", "samples"),
    [
        ("pcm_s16le", 48_000, 0),
        ("flac", 48_000, 0),
        ("truehd", 48_000, 0),
        ("ac3", 48_000, 256),
        ("eac3", 44_100, 256),
        ("aac", 44_100, 1024),
        ("mp2", 48_000, 481),
        ("mp3", 44_100, 1105),
        ("dts", 48_000, 512),
        ("opus", 48_000, 312),
        ("wmav2", 11_025, 512),
        ("wmav2", 22_050, 1024),
        ("wmav1", 32_000, 1024),
        ("wmav2", 32_000, 2048),
        ("wmav2", 44_100, 2048),
        ("wmav2", 96_000, 4096),
    ],
)
def test_a_codec_is_late_by_what_its_transform_overlaps(codec: str, rate_hz: int, samples: int) -> None:
    assert inherent_delay_samples("mpegts", codec, rate_hz) == samples


@pytest.mark.parametrize("container", [MOV, MATROSKA, "ogg"])
def test_opus_states_its_own_where_it_must(container: str) -> None:
    assert inherent_delay_samples(container, "opus", 48_000) == 0


# container, its tracks, whether it states the delay, and the time stamp of time 0.
ORIGINS = {
    "bare": ("aac", [sound(0)], False, AAC_S),
    "bare, lossless": ("flac", [sound(0, "flac")], False, 0.0),
    "MP3 with LAME's header": ("mp3", [sound(0.023, "mp3")], True, 0.023),
    "radio": ("mpegts", [sound(1.4, "ac3")], False, 1.4 + AC3_S),
    "radio, two sounds": ("mpegts", [sound(1.4 + AAC_S - AC3_S, "ac3"), sound(1.4)], False, 1.4 + AAC_S),
    "film that a muxer shifted": ("mpegts", [sound(1.4), picture(1.4 + AAC_S)], False, 1.4 + AAC_S),
    "film with an early picture": ("mpegts", [sound(1.4), picture(1.0)], False, 1.0),
    "film that begins together": ("mpegts", [sound(1.4), picture(1.4)], False, 1.4),
    "film with a picture in the priming": ("mpegts", [sound(1.4), picture(1.41)], False, 1.41),
    "film with a late picture": ("mpegts", [sound(1.4), picture(1.8)], False, 1.4 + AAC_S),
    "before the clock starts again": ("mpegts", [sound(-2.0, "mp2")], False, -2.0 + 481 / 48_000),
    "Matroska, stated": (MATROSKA, [sound(0)], True, 0.0),
    "Matroska, not stated": (MATROSKA, [sound(0)], False, AAC_S),
    "Matroska, late sound": (MATROSKA, [sound(1.5)], False, 0.0),
    "Matroska, shifted": (MATROSKA, [sound(0), picture(0.021)], False, AAC_S),
    "Matroska, together": (MATROSKA, [sound(0), picture(0)], False, 0.0),
    "Matroska, a frame late": (MATROSKA, [sound(0), picture(0.042)], False, 0.0),
    "MP4 with an edit list": (MOV, [sound(0), picture(0)], True, 0.0),
    "MP4 with an empty edit": (MOV, [sound(0.75)], False, 0.0),
    "AVI": ("avi", [sound(0), picture(0)], False, AAC_S),
    "Ogg before 0": ("ogg", [sound(-0.01, "speex")], False, 0.0),
    "Ogg of a broadcast": ("ogg", [sound(3600, "opus")], True, 3600.0),
    "Vorbis whose first packet is silent": (MATROSKA, [Track("vorbis", 48_000, 0, 0.003)], False, 0.003),
    "no rate stated": ("mpegts", [Track("aac", 0, 1.0)], False, 1.0),
}


@pytest.mark.parametrize("name", ORIGINS)
def test_time_0(name: str) -> None:
    container, tracks, stated, expected_s = ORIGINS[name]
    assert origin_s(container, tracks, stated) == pytest.approx(expected_s, abs=1e-9)


@given(
    st.sampled_from(["mpegts", "mpeg", "flv", "aac", "avi"]),
    st.lists(st.tuples(st.sampled_from(["", "aac", "ac3", "mp2", "pcm_s16le"]), st.floats(0, 10)), min_size=1),
    st.floats(0, 90_000),
)
def test_time_0_moves_with_all_the_stamps(container: str, tracks: list[tuple[str, float]], later_s: float) -> None:
    def zero_s(shift_s: float) -> float:
        return origin_s(container, [Track(codec, 48_000, start_s + shift_s) for codec, start_s in tracks], False)

    first_s = min(start_s for _, start_s in tracks)
    assert first_s <= zero_s(0) <= first_s + AAC_S
    edges = [abs(one - other) for _, one in tracks for _, other in tracks]
    if all(min(abs(edge - limit) for limit in (0.001, AAC_S, AC3_S, 481 / 48_000)) > 0.0011 for edge in edges if edge):
        assert math.isclose(zero_s(later_s), zero_s(0) + later_s, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("header", "codec"),
    [
        (b"\xff\xfb\x90", "mp3"),
        (b"\xff\xfd\xe4", "mp2"),
        (b"\xff\xff\xe4", "mp1"),
        (b"\xff\xf3\x90", "mp3"),
        (b"", "mp3"),
    ],
)
def test_the_layer_is_in_the_header(header: bytes, codec: str) -> None:
    assert mpeg_audio_layer("mp3", header) == codec
    assert mpeg_audio_layer("aac", header) == "aac"


@pytest.mark.parametrize(
    ("container", "codec", "believed"),
    [
        (MATROSKA, "aac", True),
        ("mpegts", "ac3", True),
        ("ac3", "ac3", False),
        ("aac", "aac", False),
        ("avi", "mp3", True),
        ("avi", "pcm_s16le", True),
        ("avi", "eac3", False),
    ],
)
def test_stamps_that_no_one_wrote_are_not_believed(container: str, codec: str, believed: bool) -> None:
    assert stamps_hold(container, codec) == believed
