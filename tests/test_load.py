"""From a file to mono, 16 kHz, 16 bit, −27 LKFS: the right sound, at the right time, at the right level."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.records import Audio, InputError
from transforms.sound.load import load, load_wave
from transforms.sound.loudness import LoudnessMeter

Wave = NDArray[np.float32]
Tone = Callable[..., Wave]
RATE_HZ = 16_000


def loudness_of(audio: Audio) -> float:
    meter = LoudnessMeter(RATE_HZ)
    meter.push(audio.samples[np.newaxis].astype(np.float32) / np.float32(32768))
    return meter.integrated_lkfs()


def level_db(samples: NDArray[Any], pitch_hz: float) -> float:
    """Give the level of the tone at ``pitch_hz``, 0 being a full-scale sine."""
    span = samples / 32768 * np.blackman(len(samples))
    phase = np.exp(-2j * np.pi * pitch_hz * np.arange(len(samples)) / RATE_HZ)
    return float(20 * np.log10(np.abs(span @ phase) / (0.42 * len(samples) / 2) + 1e-12))


@pytest.fixture(scope="module")
def programme(tone: Tone) -> Callable[[int], Wave]:
    """Make 1.25 s of a 1 kHz tone, silence, and at 1.5 s a pulse of 2 ms: 3 s in all."""

    def make(rate_hz: int) -> Wave:
        wave = tone(1000, 3, rate_hz)
        wave[round(1.25 * rate_hz) :] = 0
        wave[round(1.5 * rate_hz) : round(1.502 * rate_hz)] = 0.9
        return wave

    return make


def pulse_s(audio: Audio) -> float:
    """Give the middle of the loudest 2 ms after the tone."""
    energy = np.convolve(np.abs(audio.samples[22_400:27_200].astype(float)), np.ones(32), "same")
    return (22_400 + float(np.argmax(energy))) / RATE_HZ


FORMATS = [
    *(("pcm_s16le", "wav"), ("pcm_s24le", "mkv"), ("flac", "flac"), ("flac", "mkv"), ("alac", "m4a")),
    *(("aac", "m4a"), ("aac", "mkv"), ("aac", "mov"), ("aac", "aac"), ("aac", "ts")),
    *(("eac3", "mkv"), ("eac3", "mp4"), ("eac3", "eac3"), ("ac3", "mkv"), ("ac3", "ac3"), ("ac3", "ts")),
    *(("libopus", "mka"), ("libopus", "ogg"), ("libopus", "webm")),
    *(("libmp3lame", "mp3"), ("libmp3lame", "mkv"), ("mp2", "ts"), ("mp2", "mpg")),
]
MONO_OR_STEREO = ("libmp3lame", "mp2")
CASES = [
    (codec, suffix, rate_hz, layout)
    for codec, suffix in FORMATS
    for rate_hz, layout in ((48_000, "mono"), (44_100, "stereo"), (48_000, "5.1"))
    if not (layout == "5.1" and codec in MONO_OR_STEREO) and not (codec == "libopus" and rate_hz != 48_000)
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_every_format_gives_the_same_sound_at_the_same_time(
    media: Any, programme: Callable[[int], Wave], case: tuple[str, str, int, str]
) -> None:
    codec, suffix, rate_hz, layout = case
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    side = "5.1(side)" if layout == "5.1" and codec in ("ac3", "eac3") else layout
    wave = np.tile(programme(rate_hz), (channels, 1))
    audio, damage = load(str(media.write(f"a.{suffix}", wave, rate_hz=rate_hz, codec=codec, layout=side)))

    assert damage == []
    assert audio.channels == channels
    assert len(audio.samples) / RATE_HZ == pytest.approx(3, abs=0.045)
    assert pulse_s(audio) == pytest.approx(1.501, abs=0.001)
    # In all channels at once, the mix is louder by the sum of the gains.
    gain_db = {1: 0, 2: 3.01, 6: 20 * np.log10(1 + 1 + 1.4142)}[channels]
    expected = 20 * np.log10(0.1) + gain_db + audio.gain_db
    assert level_db(audio.samples[3_200:19_200], 1000) == pytest.approx(expected, abs=0.5)  # LAME: × 0.95
    assert loudness_of(audio) == pytest.approx(-27, abs=2)


def test_what_plays_in_one_front_channel_only_loses_3_db(media: Any, tone: Tone) -> None:
    wave = tone(1000, 3)
    mono = load(str(media.write("mono.flac", wave, codec="flac")))[0]
    for place in (0, 1):
        pair = np.zeros((2, len(wave)), np.float32)
        pair[place] = wave
        stereo = load(str(media.write("stereo.flac", pair, codec="flac", layout="stereo")))[0]
        assert stereo.loudness_lkfs - mono.loudness_lkfs == pytest.approx(-3.01, abs=0.01)
        assert loudness_of(stereo) == pytest.approx(-27, abs=2)


@pytest.mark.parametrize(
    ("place", "gain_db"), [(0, -3.01), (1, -3.01), (2, 0), (4, -6.02), (5, -6.02)], ids=["L", "R", "C", "Ls", "Rs"]
)
def test_each_channel_of_5_1_has_its_place_in_the_mix(media: Any, tone: Tone, place: int, gain_db: float) -> None:
    wave = np.zeros((6, 3 * 48_000), np.float32)
    wave[place] = tone(1000, 3)
    audio = load(str(media.write("a.flac", wave, codec="flac", layout="5.1")))[0]
    alone = load_wave(tone(1000, 3), 48_000)
    assert audio.loudness_lkfs - alone.loudness_lkfs == pytest.approx(gain_db, abs=0.01)


def test_the_lfe_is_not_heard(media: Any, tone: Tone) -> None:
    wave = np.zeros((6, 48_000), np.float32)
    wave[3] = tone(60, 1, peak=0.9)
    audio = load(str(media.write("a.flac", wave, codec="flac", layout="5.1")))[0]
    assert not audio.samples.any()
    assert (audio.loudness_lkfs, audio.gain_db) == (-np.inf, 0)


@pytest.mark.parametrize("rate_hz", [22_050, 32_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("pitch_hz", [100, 1000, 7000])
def test_a_tone_below_8_khz_survives(tone: Tone, rate_hz: int, pitch_hz: float) -> None:
    audio = load_wave(tone(pitch_hz, 2, rate_hz), rate_hz)
    assert level_db(audio.samples[4_000:28_000], pitch_hz) - audio.gain_db == pytest.approx(-20, abs=0.1)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
@pytest.mark.parametrize("pitch_hz", [8_600, 9_000, 14_900, 20_000])
def test_a_tone_above_8_khz_dies_and_leaves_no_alias(tone: Tone, rate_hz: int, pitch_hz: float) -> None:
    audio = load_wave(tone(1000, 2, rate_hz) + tone(pitch_hz, 2, rate_hz), rate_hz)
    inside = audio.samples[4_000:28_000]
    folded = abs((pitch_hz + 8_000) % 16_000 - 8_000)
    assert level_db(inside, 1000) - level_db(inside, folded) > 60


def test_16_khz_passes_as_it_is() -> None:
    wave = np.random.default_rng(0).uniform(-0.1, 0.1, 3 * RATE_HZ).astype(np.float32)
    audio = load_wave(wave, RATE_HZ)
    undone = audio.samples / 32768 / 10 ** (audio.gain_db / 20)
    assert np.abs(undone - wave).max() < 1.5 / 32768 / min(1, 10 ** (audio.gain_db / 20))


@settings(max_examples=40)
@given(st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000]), st.integers(3, 100_000))
def test_the_length_is_that_of_the_input(rate_hz: int, samples: int) -> None:
    audio = load_wave(np.full(samples, 0.01, np.float32), rate_hz)
    assert abs(len(audio.samples) - samples * RATE_HZ / rate_hz) <= 1


def test_full_scale_in_every_channel_does_not_clip(media: Any, tone: Tone) -> None:
    wave = np.tile(tone(1000, 2, peak=1.0), (6, 1))
    audio = load(str(media.write("a.flac", wave, codec="flac", layout="5.1")))[0]
    inside = audio.samples[8_000:24_000]
    assert level_db(inside, 1000) == pytest.approx(20 * np.log10(3.4142) + audio.gain_db, abs=0.05)
    for harmonic in (2, 3, 5, 7):  # a clipped sine has odd ones
        assert level_db(inside, 1000 * harmonic) < level_db(inside, 1000) - 60


@pytest.mark.parametrize("level", [-50, -35, -28, -26, -20, -3])
def test_every_level_comes_to_27_lkfs(tone: Tone, level: float) -> None:
    audio = load_wave(tone(1000, 3, peak=10 ** (level / 20)), 48_000)
    assert audio.loudness_lkfs == pytest.approx(level - 3.01, abs=0.1)
    assert loudness_of(audio) == pytest.approx(-27, abs=2)
    assert audio.gain_db == pytest.approx(0 if abs(level + 24) < 1 else -24 - level, abs=0.1)


def test_silence_stays_silent() -> None:
    audio = load_wave(np.zeros((2, 48_000), np.float32), 48_000)
    assert not audio.samples.any()
    assert (audio.loudness_lkfs, audio.gain_db) == (-np.inf, 0)


def test_one_bad_sample_costs_one_sample() -> None:
    wave = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 96_000)).astype(np.float32)
    sound = load_wave(wave, 48_000)
    wave[0, 48_000] = np.nan
    broken = load_wave(wave, 48_000)
    assert broken.loudness_lkfs == pytest.approx(sound.loudness_lkfs, abs=0.01)
    assert np.array_equal(broken.samples[:15_000], sound.samples[:15_000])


def test_in_memory_equals_from_a_file(media: Any, tone: Tone) -> None:
    wave = np.stack([tone(500, 2.5, 44_100), tone(700, 2.5, 44_100)])
    path = media.write("a.wav", wave, rate_hz=44_100, codec="pcm_f32le", layout="stereo")
    one, other = load(str(path))[0], load_wave(wave, 44_100)
    assert one.loudness_lkfs == pytest.approx(other.loudness_lkfs, abs=1e-6)
    assert np.abs(one.samples.astype(int) - other.samples).max() <= 1


@pytest.mark.parametrize(("count", "name"), [(1, "FC"), (2, "FL FR"), (6, "FL FR FC LFE BL BR")])
def test_a_file_that_names_no_channels_is_mixed_by_their_count(media: Any, tone: Tone, count: int, name: str) -> None:
    audio, damage = load(str(media.unnamed("a.wav", np.tile(tone(440, 1), (count, 1)))))
    assert (audio.channels, audio.layout, damage) == (count, f"{name} (assumed)", [])


def test_24_unnamed_channels_are_refused(media: Any, tone: Tone) -> None:
    with pytest.raises(InputError, match="24 channels"):
        load(str(media.unnamed("a.wav", np.tile(tone(440, 0.1), (24, 1)))))


def test_a_layout_that_changes_on_the_way_is_mixed_as_it_comes(media: Any, tone: Tone) -> None:
    first = media.write("1.ac3", tone(1000, 2), codec="ac3")
    second = media.write("2.ac3", np.tile(tone(1000, 2), (6, 1)), codec="ac3", layout="5.1(side)")
    (media.folder / "both.ac3").write_bytes(first.read_bytes() + second.read_bytes())
    samples = load(str(media.folder / "both.ac3"))[0].samples
    rise = level_db(samples[40_000:56_000], 1000) - level_db(samples[8_000:24_000], 1000)
    assert rise == pytest.approx(20 * np.log10(3.4142), abs=0.1)


@pytest.mark.parametrize("kind", ["flac", "mkv"])
def test_a_lost_tail_is_reported(media: Any, tone: Tone, kind: str) -> None:
    path = media.write(f"a.{kind}", tone(440, 6) + tone(1234, 6), codec="flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    audio, damage = load(str(path))
    assert len(audio.samples) / RATE_HZ == pytest.approx(3, abs=0.8)
    assert any("of 6.0 s; what is there was used" in message for message in damage)


def test_a_track_shorter_than_the_film_has_lost_nothing(media: Any, tone: Tone) -> None:
    tracks = [media.track(tone(440, seconds), codec="flac") for seconds in (1, 6)]
    assert load(str(media.tracks("a.mkv", tracks, picture=True)), ["0"])[1] == []


@pytest.mark.parametrize("wave", [np.zeros(0), np.zeros((2, 0))])
def test_no_samples_are_refused(wave: Wave) -> None:
    with pytest.raises(InputError, match="no decodable sound"):
        load_wave(wave, 48_000)


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.uint8])
def test_integers_are_refused_not_clipped(kind: Any) -> None:
    with pytest.raises(InputError, match=r"deliver float32, full scale 1\.0"):
        load_wave(np.ones(48_000, kind), 48_000)
