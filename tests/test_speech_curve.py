"""A rough curve of where there is speech: modulated sound in the speech band stands out, nothing else does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.frames import SAMPLE_RATE_HZ
from transforms.sound import speech_curve as module
from transforms.sound.speech_curve import CURVE_HZ, curve_of, speech_curve


def wave(hz: float, duration_s: float, modulated_hz: float = 0.0, level: float = 0.1) -> NDArray[np.int16]:
    """A tone whose envelope, where it is modulated, goes down to zero; at the same power either way."""
    t = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    envelope = (1 - np.cos(2 * np.pi * modulated_hz * t)) * np.sqrt(2 / 3) if modulated_hz else 1.0
    return np.round(level * 32767 * envelope * np.sin(2 * np.pi * hz * t)).astype(np.int16)


def middle(samples: NDArray[np.int16]) -> float:
    curve = speech_curve(samples)
    return float(curve[len(curve) // 4 : -len(curve) // 4].mean())


def test_syllables_stand_out_from_a_steady_sound_of_the_same_power() -> None:
    steady = middle(wave(1000, 8))
    assert middle(wave(1000, 8, modulated_hz=4)) > steady + 40


@pytest.mark.parametrize("modulated_hz", [0.5, 16])
def test_slower_and_faster_changes_are_not_syllables(modulated_hz: float) -> None:
    assert middle(wave(1000, 8, modulated_hz=4)) > middle(wave(1000, 8, modulated_hz)) + 15


@pytest.mark.parametrize("hz", [100, 6000])
def test_what_lies_outside_of_the_speech_band_counts_little(hz: float) -> None:
    assert middle(wave(1000, 8, modulated_hz=4)) > middle(wave(hz, 8, modulated_hz=4)) + 40


def test_ten_decibels_more_are_thirty_on_the_curve() -> None:
    # Once for the level, twice for the modulation.
    quiet, loud = (middle(wave(1000, 8, 4, level)) for level in (0.05, 0.05 * 10**0.5))
    assert loud - quiet == pytest.approx(30, abs=0.5)


def test_it_rises_where_the_speech_begins() -> None:
    samples = np.concatenate([np.zeros(5 * SAMPLE_RATE_HZ, np.int16), wave(1000, 5, modulated_hz=4)])
    curve = speech_curve(samples)
    steepest = int(np.argmax(np.convolve(curve, np.repeat([1.0, -1.0], CURVE_HZ // 5), "valid"))) + CURVE_HZ // 5
    assert steepest / CURVE_HZ == pytest.approx(5, abs=0.2)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(0).integers(-9000, 9000, 7 * SAMPLE_RATE_HZ).astype(np.int16)
    whole = speech_curve(samples)
    monkeypatch.setattr(module, "_BLOCK", 37)
    np.testing.assert_allclose(speech_curve(samples), whole, rtol=1e-5)


@given(st.integers(0, 4 * SAMPLE_RATE_HZ))
def test_shape(count: int) -> None:
    curve = speech_curve(np.ones(count, np.int16))
    assert curve.shape == (count * CURVE_HZ // SAMPLE_RATE_HZ,)
    assert curve.dtype == np.float32
    assert np.isfinite(curve).all()


def test_a_model_s_probabilities_on_the_same_grid() -> None:
    curve = curve_of(np.array([0, 0, 1, 1], np.float32))
    # Four frames of 200 ms are twenty steps of 40 ms; the middle of the slope lies where frame 2 begins, at 0.4 s.
    assert curve.shape == (20,)
    assert curve[:8] == pytest.approx([0] * 8)
    assert curve[7:13] == pytest.approx([0, 0.1, 0.3, 0.5, 0.7, 0.9], abs=0.11)
    assert curve[13:] == pytest.approx([1] * 7)
