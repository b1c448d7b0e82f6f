"""What is kept as 16 bit loses nothing that is heard, and what would clip is turned down, not cut off."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from transforms.sound.level import CEILING, FULL_SCALE, LOOK_AHEAD, Keeper, Limiter, quantize

Wave = NDArray[np.float32]
Tone = Callable[..., Wave]
RATE_HZ = 16_000


def kept(wave: Wave, gain_db: float = 0.0, piece: int = RATE_HZ) -> tuple[NDArray[np.int16], float]:
    keeper = Keeper()
    for at in range(0, len(wave), piece):
        keeper.push(quantize(wave[at : at + piece]))
    return keeper.levelled(gain_db), keeper.limited_s


def limited(waves: Iterable[Wave]) -> tuple[Wave, int]:
    limiter = Limiter()
    return np.concatenate(list(limiter.apply(waves))), limiter.limited


def distortion_db(wave: NDArray[np.float64], pitch_hz: float) -> float:
    """Give all that is not the tone, against the tone."""
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(len(wave)))) ** 2
    at = round(pitch_hz * len(wave) / RATE_HZ)
    tone = spectrum[at - 4 : at + 5].sum()
    return float(10 * np.log10((spectrum.sum() - tone) / tone))


@given(arrays(np.int16, st.integers(0, 200), elements=st.integers(-32768, 32767)))
def test_16_bit_sound_is_kept_as_it_is(samples: NDArray[np.int16]) -> None:
    wave = samples.astype(np.float32) * np.float32(1 / FULL_SCALE)
    assert np.array_equal(kept(wave)[0], samples)
    assert quantize(wave).exponent <= 0


@given(arrays(np.float32, st.integers(1, 50), elements=st.floats(-128, 128, width=32)))
def test_what_is_kept_is_right_to_16_bit_of_its_own_peak(wave: Wave) -> None:
    piece = quantize(wave)
    restored = piece.samples * 2.0**piece.exponent / FULL_SCALE
    assert np.abs(restored - wave).max() <= max(np.abs(wave).max(), 2**-24) / 2**15
    assert np.abs(piece.samples.astype(int)).max() <= FULL_SCALE


def test_a_quiet_film_is_as_fine_as_a_loud_one(tone: Tone) -> None:
    quiet = tone(1000, 2, RATE_HZ, peak=0.001)  # as 16 bit, its steps would be as loud as 36 dB below it
    samples, limited_s = kept(quiet, 40.0)
    assert distortion_db(samples / FULL_SCALE, 1000) < -70
    assert limited_s == 0


def test_beyond_full_scale_nothing_is_lost_before_the_gain(tone: Tone) -> None:
    loud = tone(1000, 2, RATE_HZ, peak=3.0)
    samples, limited_s = kept(loud, -20.0)
    assert np.abs(samples - loud * 0.1 * FULL_SCALE).max() <= 1
    assert limited_s == 0


@pytest.mark.parametrize("pitch_hz", [60, 200, 1000, 5000])
@pytest.mark.parametrize("over_db", [1, 6, 20])
def test_a_tone_that_is_too_loud_comes_out_lower_not_distorted(tone: Tone, pitch_hz: float, over_db: float) -> None:
    wave = tone(pitch_hz, 2, RATE_HZ, peak=10 ** (over_db / 20))
    samples, limited_s = kept(wave)
    assert distortion_db(samples[4000:-4000] / FULL_SCALE, pitch_hz) < -50
    assert np.abs(samples.astype(int)).max() == pytest.approx(FULL_SCALE, rel=0.01)
    assert limited_s == pytest.approx(2, abs=0.01)
    clipped = np.clip(wave, -1, 1)
    assert distortion_db(clipped[4000:-4000].astype(float), pitch_hz) > -30


def test_the_rest_is_what_it_was(tone: Tone) -> None:
    wave = tone(440, 10, RATE_HZ, peak=0.5)
    for at in (31_990, 100_000, 100_500):  # one lies beside the edge of two pieces
        wave[at] = 1.7
    plain, samples = kept(np.clip(wave, -1, 1))[0], kept(wave)[0]
    near = np.zeros(len(wave), bool)
    for at in (31_990, 100_000, 100_500):
        near[at - 2 * LOOK_AHEAD : at + 2 * LOOK_AHEAD + 1] = True
    assert np.array_equal(samples[~near], plain[~near])
    assert samples[[31_990, 100_000, 100_500]] == pytest.approx(32767, abs=1)
    assert kept(wave)[1] == pytest.approx(near.sum() / RATE_HZ, rel=0.01)


def test_the_gain_moves_smoothly(tone: Tone) -> None:
    wave = np.full(4_000, 0.5, np.float32)
    wave[2_000] = 4.0
    gain = limited([wave])[0] / wave
    assert gain.min() == pytest.approx(CEILING / 4)
    assert np.abs(np.diff(gain)).max() < 0.01


@given(
    arrays(np.float32, st.integers(1, 3_000), elements=st.floats(-4, 4, width=32), fill=st.just(np.float32(0.3))),
    st.lists(st.integers(0, 1_000), max_size=8),
)
def test_no_sample_passes_full_scale_wherever_the_pieces_end(wave: Wave, sizes: list[int]) -> None:
    out, count = limited(np.split(wave, np.clip(np.cumsum(sizes, dtype=int), 0, len(wave))))
    whole, whole_count = limited([wave])
    assert out == pytest.approx(whole, abs=1e-6)
    assert (len(out), count) == (len(wave), whole_count)
    assert out.max() <= CEILING + 1e-6
    assert out.min() >= -1 - 1e-6
    assert (out * wave >= 0).all()


def test_nothing_kept_is_nothing() -> None:
    assert kept(np.zeros(0, np.float32))[0].shape == (0,)
