"""What happens to sound on its way into a film: each effect does what physics says, and nothing moves in time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.mix import effects

Wave = NDArray[np.float32]
Tone = Callable[..., Wave]


def drawn(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def noise(seconds: float = 1.0, seed: int = 0) -> Wave:
    return (0.1 * drawn(seed).standard_normal(round(16_000 * seconds))).astype(np.float32)


def like_speech(seconds: float = 2.0) -> Wave:
    """Make bursts of harmonics below 3 kHz, with noise among them: what any codec keeps."""
    time_s = np.arange(round(16_000 * seconds)) / 16_000
    pitch = np.cumsum(140 + 30 * np.sin(2 * np.pi * 0.9 * time_s)) / 16_000
    buzz = sum(np.sin(2 * np.pi * k * pitch) / k for k in range(1, 15))
    loud = np.sin(2 * np.pi * 2 * time_s) ** 2
    return (0.08 * loud * buzz + 0.02 * noise(seconds)).astype(np.float32)


def lag(wave: Wave, other: Wave) -> int:
    """Give by how many samples ``other`` is later."""
    size = 2 * len(wave)
    found = np.fft.irfft(np.fft.rfft(other, size) * np.conj(np.fft.rfft(wave, size)), size)
    place = int(np.argmax(found))
    return place if place < len(wave) else place - size


def gain_db(before: Wave, after: Wave) -> float:
    middle = slice(len(before) // 4, -len(before) // 4)
    return float(10 * np.log10(np.square(after[middle]).mean() / np.square(before[middle]).mean() + 1e-12))


def likeness(wave: Wave, other: Wave) -> float:
    return float(np.dot(wave, other) / (np.linalg.norm(wave) * np.linalg.norm(other)))


class TestBandLimited:
    @pytest.mark.parametrize(("tone_hz", "kept"), [(100, False), (400, True), (1_000, True), (5_000, False)])
    def test_tones(self, tone: Tone, tone_hz: float, kept: bool) -> None:
        wave = tone(tone_hz, 1, 16_000)
        gain = gain_db(wave, effects.band_limited(wave, 300, 3_000))
        assert gain == pytest.approx(0, abs=1.5) if kept else gain < -20

    def test_no_limits_change_nothing(self) -> None:
        assert np.array_equal(effects.band_limited(noise(), 0, effects.NYQUIST_HZ), noise())

    @pytest.mark.parametrize("limits", [(0, 2_000), (500, effects.NYQUIST_HZ)])
    def test_one_limit_leaves_the_other_side(self, tone: Tone, limits: tuple[float, float]) -> None:
        low, high = tone(150, 1, 16_000), tone(6_000, 1, 16_000)
        gains = [gain_db(wave, effects.band_limited(wave, *limits)) for wave in (low, high)]
        assert max(gains) == pytest.approx(0, abs=0.5)
        assert min(gains) < -25
        assert (gains[0] > gains[1]) == (limits[0] == 0)


class TestTelephone:
    @pytest.mark.parametrize("seed", range(4))
    def test_the_band_of_a_line(self, tone: Tone, seed: int) -> None:
        loud, low, high = tone(1_000, 1, 16_000), tone(60, 1, 16_000), tone(6_000, 1, 16_000)
        found = effects.telephone(loud + low + high, drawn(seed))
        power = np.abs(np.fft.rfft(found)) ** 2
        assert 10 * np.log10(power[1_000] / power[60]) > 25
        assert 10 * np.log10(power[1_000] / power[6_000]) > 18
        assert gain_db(loud, found) == pytest.approx(0, abs=3.5)  # at most, peaks cut at 0.7 of their height

    @pytest.mark.parametrize("seed", range(4))
    def test_its_noise_lies_below_the_voice(self, tone: Tone, seed: int) -> None:
        wave = tone(1_000, 2, 16_000)
        wave[16_000:] = 0
        found = effects.telephone(wave, drawn(seed))
        assert -70 < gain_db(wave[:16_000], found[16_000:]) < -25

    def test_silence_stays_quiet(self) -> None:
        found = effects.telephone(np.zeros(800, np.float32), drawn(0))
        assert found.dtype == np.float32
        assert np.abs(found).max() < 1e-5


class TestRooms:
    @given(st.integers(0, 10**6), st.floats(0, 1))
    @settings(max_examples=25)
    def test_the_direct_sound_comes_first_and_the_rest_decays(self, seed: int, far: float) -> None:
        response = effects.room(drawn(seed), far)
        assert response[0] == pytest.approx(1, abs=0.7 if far > 0.9 else 0.5)
        assert np.isfinite(response).all()
        quarters = [np.square(part).sum() for part in np.array_split(response[16:].astype(float), 4)]
        assert quarters[0] > 10 * quarters[2] > 10 * quarters[3]

    def test_farther_is_less_direct(self) -> None:
        tails = [[np.square(effects.room(drawn(n), far)[1:]).sum() for n in range(20)] for far in (0, 1)]
        assert max(tails[0]) < min(tails[1])

    @pytest.mark.parametrize("far", [0.0, 0.5, 1.0])
    def test_length_and_time_stay(self, far: float) -> None:
        wave = noise()
        wave[:4_000] = 0
        found = effects.reverberated(wave, effects.room(drawn(3), far))
        assert (len(found), found.dtype.name) == (len(wave), "float32")
        assert lag(wave, found) == 0
        assert np.abs(found[:3_990]).max() < 1e-5  # nothing sounds before its cause

    def test_a_bare_impulse_changes_nothing(self) -> None:
        response = np.array([1, 0, 0], np.float32)
        assert effects.reverberated(noise(), response) == pytest.approx(noise(), abs=1e-6)


class TestEqualized:
    @given(st.integers(0, 10**6))
    @settings(max_examples=25)
    def test_nothing_moves(self, seed: int) -> None:
        found = effects.equalized(noise(), drawn(seed))
        assert (len(found), found.dtype.name) == (16_000, "float32")
        assert lag(noise(), found) == 0

    def test_the_spectrum_bends_by_some_db(self) -> None:
        bands = [(100, 200), (500, 1_250), (4_000, 7_000)]
        changes = []
        for seed in range(20):
            before, after = (np.abs(np.fft.rfft(w)) ** 2 for w in (noise(), effects.equalized(noise(), drawn(seed))))
            changes.append([10 * np.log10(after[low:high].sum() / before[low:high].sum()) for low, high in bands])
        spread = np.std(changes, axis=0)
        assert spread[0] > 2
        assert spread[2] > 2
        assert abs(np.mean(changes, axis=0)[1]) < 3  # the middle keeps its level


class TestFaster:
    @pytest.mark.parametrize("factor", [0.8, 1.0, 1.09, 1.25])
    def test_pitch_and_length(self, tone: Tone, factor: float) -> None:
        found = effects.faster(tone(1_000, 1, 16_000), factor)
        assert len(found) == pytest.approx(16_000 / factor, abs=2)
        spectrum = np.abs(np.fft.rfft(found * np.hanning(len(found))))
        assert spectrum.argmax() * 16_000 / len(found) == pytest.approx(1_000 * factor, abs=2)

    def test_a_click_comes_earlier_by_the_factor(self) -> None:
        wave = np.zeros(16_000, np.float32)
        wave[8_000] = 1
        assert np.abs(effects.faster(wave, 1.25)).argmax() == pytest.approx(6_400, abs=1)


class TestCodecs:
    @pytest.mark.parametrize("codec", effects.CODECS, ids=lambda codec: codec[1])
    def test_what_comes_back_is_in_its_place(
        self, codec: tuple[str, str, tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for rate in (min(codec[2]), max(codec[2])):
            monkeypatch.setattr(effects, "CODECS", ((codec[0], codec[1], (rate,)),))
            wave = like_speech()
            found = effects.coded(wave, drawn(0))
            assert (len(found), found.dtype.name) == (len(wave), "float32")
            assert lag(wave, found) == 0
            assert likeness(wave, found) > (0.9 if rate == min(codec[2]) else 0.95)
            assert gain_db(wave, found) == pytest.approx(0, abs=2)  # Opus takes noise away at 12 kbit/s

    @pytest.mark.parametrize("samples", [160, 16_001, 20_480])
    def test_any_length(self, samples: int) -> None:
        for seed in range(4):
            assert len(effects.coded(noise(2)[:samples], drawn(seed))) == samples

    def test_the_level_stays_however_loud(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(effects, "CODECS", (("matroska", "ac3", (96,)),))
        for gain in (0.1, 1, 4):
            wave = np.float32(gain) * like_speech()
            assert gain_db(wave, effects.coded(wave, drawn(0))) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize(
    "effect",
    [
        effects.telephone,
        effects.equalized,
        effects.coded,
        lambda wave, random: effects.reverberated(wave, effects.room(random, 0.5)),
    ],
    ids=["telephone", "equalized", "coded", "reverberated"],
)
def test_the_same_state_gives_the_same(effect: Callable[[Wave, np.random.Generator], Wave]) -> None:
    first, same, other = (effect(like_speech(0.5), drawn(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
