"""Sounds with pitch: noises that are no music, and speech that is made to sing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.mix import tones
from transforms.mix.sung import FRAME, HOP, LOWEST_HZ, pitch_track, sung
from transforms.mix.tones import KINDS, tonal_noise

Wave = NDArray[np.float32]


def drawn(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def harmonic(pitch_hz: float, seconds: float = 2.0) -> Wave:
    time_s = np.arange(round(16_000 * seconds)) / 16_000
    return np.asarray(sum(0.1 / k * np.sin(2 * np.pi * k * pitch_hz * time_s) for k in range(1, 9)), np.float32)


def pulses(pitch_hz: float, seconds: float = 2.0) -> Wave:
    """Make a voice of one vowel: a pulse a period, each ringing for some milliseconds."""
    excited = np.diff(np.floor(np.arange(round(16_000 * seconds) + 1) * pitch_hz / 16_000))
    time_s = np.arange(160) / 16_000
    ring = np.exp(-400 * time_s) * np.sin(2 * np.pi * 700 * time_s)
    return (0.3 * np.convolve(excited, ring)[: len(excited)]).astype(np.float32)


class TestTonalNoise:
    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
    def test_every_kind_sounds_at_its_level(self, kind: tones.Maker, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tones, "KINDS", (kind,))
        for seed in range(3):
            wave = tonal_noise(drawn(seed), 3 * 16_000 + 7)
            assert (len(wave), wave.dtype.name) == (3 * 16_000 + 7, "float32")
            assert np.isfinite(wave).all()
            # 0.05, and hiss that is at most as loud as 15 dB below that.
            assert float(np.sqrt(np.square(wave).mean())) == pytest.approx(0.0505, abs=0.0015)

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
    def test_a_scene_of_a_moment(self, kind: tones.Maker) -> None:
        assert np.isfinite(kind(drawn(1), np.arange(160) / 16_000)).all()

    def test_the_same_state_gives_the_same(self) -> None:
        assert np.array_equal(tonal_noise(drawn(3), 8_000), tonal_noise(drawn(3), 8_000))
        assert not np.array_equal(tonal_noise(drawn(3), 8_000), tonal_noise(drawn(4), 8_000))

    def test_pitch_is_what_they_have(self, monkeypatch: pytest.MonkeyPatch) -> None:
        [hum] = [kind for kind in KINDS if kind.__name__ == "_hum"]
        monkeypatch.setattr(tones, "KINDS", (hum,))
        power = np.abs(np.fft.rfft(tonal_noise(drawn(0), 16_000))) ** 2
        assert np.sort(power)[-40:].sum() > 0.8 * power.sum()


class TestPitch:
    @given(st.floats(90, 350))
    @settings(max_examples=15)
    def test_of_a_harmonic_tone(self, pitch_hz: float) -> None:
        found, voiced = pitch_track(harmonic(pitch_hz, 0.3))
        assert len(found) == 30
        assert voiced[4:-4].all()
        # Two or more periods that are still longer than LOWEST_HZ's repeat as well as one does.
        parts = np.rint(pitch_hz / found[4:-4])
        assert found[4:-4] * parts == pytest.approx(pitch_hz, rel=0.03)
        assert np.all(parts == 1) or pitch_hz > 2 * LOWEST_HZ * 0.99

    def test_noise_and_silence_have_none(self) -> None:
        hiss = drawn(0).standard_normal(16_000).astype(np.float32)
        assert pitch_track(hiss)[1].mean() < 0.05
        assert not pitch_track(np.zeros(16_000, np.float32))[1].any()

    def test_it_is_carried_on_where_there_is_none(self) -> None:
        wave = np.concatenate([harmonic(120, 1), np.zeros(16_000, np.float32), harmonic(138, 1)])
        found, voiced = pitch_track(wave)
        assert not voiced[110:190].any()
        assert np.all((found > 110) & (found < 140))
        assert (np.diff(found[105:195]) >= 0).all()

    @given(st.integers(1, 3 * FRAME))
    @settings(max_examples=25)
    def test_any_length(self, samples: int) -> None:
        found, voiced = pitch_track(np.ones(samples, np.float32))
        assert len(found) == len(voiced) == -(-samples // HOP)


class TestSung:
    @pytest.mark.parametrize("seed", range(4))
    def test_a_voice_lies_on_notes(self, seed: int) -> None:
        spoken = pulses(110 + 9 * seed)
        wave = sung(spoken, drawn(seed))
        assert 1.19 < len(wave) / len(spoken) < 2.21
        pitch_hz, voiced = pitch_track(wave)
        assert voiced.mean() > 0.8
        steps = 12 * np.log2(pitch_hz[voiced] / 440)
        # Notes with a vibrato of up to half a semitone about one common tuning: what is held is near a note.
        tuning = np.angle(np.exp(2j * np.pi * steps).mean()) / (2 * np.pi)
        off = np.abs((steps - tuning + 0.5) % 1 - 0.5)
        assert np.median(off) < 0.2  # by chance 0.25
        assert len(np.unique(np.rint(steps - tuning))) > 1

    @pytest.mark.parametrize("seed", range(3))
    def test_it_is_as_loud_as_it_was(self, seed: int) -> None:
        wave = sung(pulses(120), drawn(seed))
        level_db = [20 * np.log10(np.sqrt(np.square(part).mean())) for part in (pulses(120), wave)]
        assert np.isfinite(wave).all()
        assert level_db[1] == pytest.approx(level_db[0], abs=6)

    def test_pauses_stay_where_the_words_are(self) -> None:
        spoken = np.concatenate([pulses(120, 1), np.zeros(16_000, np.float32), pulses(120, 1)])
        wave = sung(spoken, drawn(2))
        ratio = len(wave) / len(spoken)
        loud = np.abs(wave) > 0.02
        assert not loud[round(1.03 * 16_000 * ratio) : round(1.97 * 16_000 * ratio)].any()
        assert loud[: round(16_000 * ratio)].mean() > 0.05

    def test_what_has_no_pitch_comes_back_as_it_is(self) -> None:
        for wave in (0.1 * drawn(0).standard_normal(8_000), np.zeros(8_000)):
            assert np.array_equal(sung(wave.astype(np.float32), drawn(0)), wave.astype(np.float32))

    def test_the_same_state_gives_the_same(self) -> None:
        assert np.array_equal(sung(pulses(120, 1), drawn(1)), sung(pulses(120, 1), drawn(1)))
