"""Where a clip is heard: bursts whose edges are known, over silence and over noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.mix.heard import PAUSE_S, STEP_S, STEP_SAMPLES, Steps, filled, heard, intervals_of, levels_db, steps_of

STEPS = st.lists(st.booleans(), max_size=200).map(lambda values: np.array(values, np.bool_))


def bursts(*spans: tuple[float, float], length_s: float = 4.0, noise_db: float = -120.0) -> NDArray[np.float32]:
    """Make noise of −20 dBFS in each span, over noise of ``noise_db``."""
    random, time_s = np.random.default_rng(1), np.arange(round(length_s * 16_000)) / 16_000
    on = np.any([(time_s >= start) & (time_s < end) for start, end in spans], axis=0)
    floor = 10 ** (noise_db / 20) * random.standard_normal(len(time_s))
    return np.asarray(0.1 * on * random.standard_normal(len(time_s)) + floor, np.float32)


def edges(steps: Steps) -> list[float]:
    return [edge for interval in intervals_of(steps, "") for edge in (interval.start_s, interval.end_s)]


def gaps(steps: Steps) -> list[int]:
    """Give the lengths of the gaps between what is heard."""
    places = np.flatnonzero(steps)
    return [int(gap) - 1 for gap in np.diff(places) if gap > 1]


class TestAVoice:
    def test_its_edges(self) -> None:
        found = edges(heard(bursts((0.5, 1.234), (2, 3.5)), voice=True))
        assert found == pytest.approx([0.5, 1.234, 2, 3.5], abs=0.02)

    @pytest.mark.parametrize(("pause_s", "parts"), [(0.1, 1), (0.27, 1), (0.35, 2), (0.6, 2)])
    def test_a_short_pause_belongs_to_it(self, pause_s: float, parts: int) -> None:
        found = heard(bursts((0.5, 1.5), (1.5 + pause_s, 3)), voice=True)
        assert len(edges(found)) == 2 * parts

    @pytest.mark.parametrize("noise_db", [-70, -50, -42])
    def test_its_own_noise_is_not_heard(self, noise_db: float) -> None:
        found = edges(heard(bursts((0.5, 1.5), (2.2, 3.5), noise_db=noise_db), voice=True))
        assert found == pytest.approx([0.5, 1.5, 2.2, 3.5], abs=0.02)

    def test_a_soft_consonant_is_heard_and_a_much_softer_breath_is_not(self) -> None:
        wave = bursts((0.5, 1.5), (1.9, 2.2), (2.6, 2.9))
        wave[round(1.9 * 16_000) : round(2.5 * 16_000)] *= 10 ** (-28 / 20)
        wave[round(2.5 * 16_000) :] *= 10 ** (-45 / 20)
        assert edges(heard(wave, voice=True)) == pytest.approx([0.5, 1.5, 1.9, 2.2], abs=0.02)


class TestMusic:
    def test_rests_belong_to_it(self) -> None:
        assert len(edges(heard(bursts((0.5, 1.2), (2.0, 3.5)), voice=False))) == 2
        assert len(edges(heard(bursts((0.5, 1.2), (2.8, 3.5)), voice=False))) == 4

    def test_its_decay_belongs_to_it(self) -> None:
        time_s = np.arange(4 * 16_000) / 16_000
        # A tone that has fallen by MUSIC_RANGE_DB below its loudest parts after about two seconds.
        wave = (0.3 * np.sin(2 * np.pi * 440 * time_s) * 10 ** (-20 * time_s / 20)).astype(np.float32)
        [start, end] = edges(heard(wave, voice=False))
        assert start == 0
        assert end == pytest.approx(2, abs=0.3)


@pytest.mark.parametrize("voice", [True, False])
def test_silence_is_not_heard(voice: bool) -> None:
    assert not heard(np.zeros(16_000, np.float32), voice).any()
    assert not heard(np.full(16_000, 1e-5, np.float32), voice).any()


@given(st.integers(1, 5 * STEP_SAMPLES))
def test_steps_cover_all_samples(samples: int) -> None:
    levels = levels_db(np.ones(samples, np.float32), 0)
    assert len(levels) == -(-samples // STEP_SAMPLES)
    assert levels[:-1] == pytest.approx(0)


def test_the_level_of_a_sine(tone: Callable[..., NDArray[np.float32]]) -> None:
    # 100 Hz: a whole period a step; the mean square of a sine is half of its squared peak.
    assert levels_db(tone(100, 1, 16_000, peak=0.1), 0) == pytest.approx(-23.01, abs=0.01)


class TestFilled:
    @given(STEPS, st.floats(0.01, 1))
    def test_only_short_gaps_are_filled_and_all_of_them(self, steps: Steps, pause_s: float) -> None:
        found = filled(steps, pause_s)
        assert np.all(found >= steps)
        assert gaps(found) == [gap for gap in gaps(steps) if gap * STEP_S >= pause_s]
        assert edges(found)[:1] == edges(steps)[:1]
        assert edges(found)[-1:] == edges(steps)[-1:]

    @given(STEPS)
    def test_twice_is_once(self, steps: Steps) -> None:
        assert np.array_equal(filled(filled(steps)), filled(steps))

    def test_its_argument_stays(self) -> None:
        steps = np.array([True, False, True])
        assert filled(steps).all()
        assert steps.tolist() == [True, False, True]

    def test_the_shortest_pause(self) -> None:
        for steps in (round(PAUSE_S / STEP_S) - 1, round(PAUSE_S / STEP_S)):
            found = filled(np.array([True, *[False] * steps, True]))
            assert found.all() == (steps * STEP_S < PAUSE_S)


class TestIntervals:
    @given(STEPS)
    def test_there_and_back(self, steps: Steps) -> None:
        intervals = intervals_of(steps, "speech")
        assert np.array_equal(steps_of(intervals, len(steps)), steps)
        assert {interval.kind for interval in intervals} <= {"speech"}
        times = edges(steps)
        assert times == sorted(set(times))

    def test_what_lies_outside_is_cut(self) -> None:
        intervals = intervals_of(np.ones(9, np.bool_), "")
        assert steps_of(intervals, 4).tolist() == [True] * 4
        assert steps_of([], 3).tolist() == [False] * 3
