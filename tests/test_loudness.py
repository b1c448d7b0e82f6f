"""BS.1770-4 against its own known values, EBU Tech 3341's test signals, and pyloudnorm."""

from collections.abc import Sequence

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.loudness import LoudnessMeter, delivery_gain_db

Wave = NDArray[np.float32]
RATE_HZ = 16_000


def sine(level_dbfs: float, seconds: float, frequency_hz: float = 1000.0, rate_hz: int = RATE_HZ) -> Wave:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def steps(*parts: tuple[float, float]) -> Wave:
    return np.concatenate([sine(level, seconds) for level, seconds in parts])


def measured(samples: Wave, rate_hz: int = RATE_HZ, weights: Sequence[float] = ()) -> float:
    samples = np.atleast_2d(samples)
    meter = LoudnessMeter(rate_hz, weights or (1.0,) * len(samples))
    meter.push(samples)
    return meter.integrated_lkfs()


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("level", [0, -20])
def test_a_997_hz_sine_in_one_channel_reads_3_db_below_its_peak(rate_hz: int, level: float) -> None:
    assert measured(sine(level, 5, 997, rate_hz), rate_hz) == pytest.approx(level - 3.01, abs=0.1)


EBU_3341: dict[str, list[tuple[float, float]]] = {  # level in both channels, seconds
    "1": [(-23, 20)],
    "2": [(-33, 20)],
    "3": [(-36, 10), (-23, 60), (-36, 10)],
    "4": [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
    "5": [(-26, 20), (-20, 20.1), (-26, 20)],
}


@pytest.mark.parametrize("case", EBU_3341)
def test_ebu_tech_3341(case: str) -> None:
    expected = -33 if case == "2" else -23
    mono = steps(*EBU_3341[case])
    assert measured(np.stack([mono, mono])) == pytest.approx(expected, abs=0.1)


def test_ebu_tech_3341_case_6_surrounds_weigh_more() -> None:
    levels = (-28, -28, -24, -30, -30)
    samples = np.stack([sine(level, 20) for level in levels])
    assert measured(samples, weights=(1, 1, 1, 1.41, 1.41)) == pytest.approx(-23, abs=0.1)


def noise(seconds: float, seed: int = 0) -> Wave:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ)).astype(np.float32) * 0.05


PROGRAMMES = {
    "tone": sine(-20, 3),
    "low tone": sine(-20, 3, 60),
    "high tone": sine(-20, 3, 6000),
    "noise": noise(5),
    "loud and quiet in turn": steps(*[(-15, 1.3), (-45, 2.1)] * 4),
    "fading noise": noise(10) * np.linspace(1, 1e-4, 10 * RATE_HZ, dtype=np.float32),
    "mostly silence": np.concatenate([np.zeros(8 * RATE_HZ, np.float32), noise(1), np.zeros(RATE_HZ, np.float32)]),
    "an offset": noise(3) + np.float32(0.3),
    "beyond full scale": noise(3) * 60,
}


@pytest.mark.parametrize("name", PROGRAMMES)
def test_equals_pyloudnorm(name: str) -> None:
    oracle = pyloudnorm.Meter(RATE_HZ).integrated_loudness(PROGRAMMES[name].astype(float))
    assert measured(PROGRAMMES[name]) == pytest.approx(oracle, abs=0.01)


def test_equals_pyloudnorm_in_five_channels() -> None:
    samples = np.stack([noise(4, seed) * (seed + 1) for seed in range(5)])
    oracle = pyloudnorm.Meter(RATE_HZ).integrated_loudness(samples.T.astype(float))
    assert measured(samples, weights=(1, 1, 1, 1.41, 1.41)) == pytest.approx(oracle, abs=0.01)


@given(st.lists(st.integers(0, 20_000), max_size=12))
@settings(max_examples=30, deadline=None)
def test_the_size_of_the_pieces_changes_nothing(sizes: list[int]) -> None:
    samples = PROGRAMMES["loud and quiet in turn"][np.newaxis, : 5 * RATE_HZ]
    meter, at = LoudnessMeter(RATE_HZ), 0
    for size in [*sizes, samples.shape[1]]:
        meter.push(samples[:, at : at + size])
        at += size
    assert meter.integrated_lkfs() == pytest.approx(measured(samples), abs=1e-9)


@given(st.floats(-30, 20))
@settings(max_examples=20, deadline=None)
def test_a_gain_moves_the_loudness_by_itself(gain_db: float) -> None:
    samples = noise(2)
    assert measured(samples * 10 ** (gain_db / 20)) == pytest.approx(measured(samples) + gain_db, abs=1e-4)


@pytest.mark.parametrize(
    "samples", [np.zeros(0), np.zeros(5 * RATE_HZ), sine(-20, 0.39), sine(-68, 5)], ids=["none", "zero", "short", "low"]
)
def test_what_no_block_lifts_over_the_absolute_gate_has_no_loudness(samples: Wave) -> None:
    assert measured(samples.astype(np.float32)) == -np.inf  # −68 dBFS peak is −71 LKFS


def test_just_over_the_absolute_gate() -> None:
    assert measured(sine(-66, 5)) == pytest.approx(-69, abs=0.1)


def test_quiet_parts_beyond_the_relative_gate_do_not_pull_it_down() -> None:
    loud = sine(-20, 10)
    assert measured(np.concatenate([loud, sine(-40, 30)])) == pytest.approx(measured(loud), abs=0.1)


def test_an_incomplete_last_block_is_left_out() -> None:
    samples = sine(-20, 2)
    assert measured(np.concatenate([samples, sine(0, 0.099)])) == measured(samples)


@pytest.mark.parametrize(
    ("loudness", "gain"),
    [(-27, 0), (-25, 0), (-29, 0), (-24.9, -2.1), (-29.1, 2.1), (-10, -17), (-60, 33), (-np.inf, 0), (np.nan, 0)],
)
def test_delivery_gain(loudness: float, gain: float) -> None:
    assert delivery_gain_db(loudness) == pytest.approx(gain)
