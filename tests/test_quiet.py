"""Where nothing is heard: tones at known levels, and the edges of frames of 3,200 samples."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.frames import FRAME_SAMPLES
from transforms.records import Interval
from transforms.sound.quiet import quiet

Wave = NDArray[np.float32]


def spans(samples: NDArray[np.int16], level_dbfs: float = -70) -> list[tuple[float, float]]:
    found = quiet(samples, level_dbfs)
    assert {interval.kind for interval in found.intervals} <= {"quiet"}
    return [(round(i.start_s, 9), round(i.end_s, 9)) for i in found.intervals]


def pcm(wave: Wave) -> NDArray[np.int16]:
    return np.rint(wave * 32768).astype(np.int16)


@pytest.mark.parametrize(("level_dbfs", "expected"), [(-60, []), (-69, []), (-71.5, [(0, 2)]), (-80, [(0, 2)])])
def test_a_tone(tone: Callable[..., Wave], level_dbfs: float, expected: list[tuple[float, float]]) -> None:
    # A sine's mean square is half of its squared peak; rounding to 16 bit adds noise of -101 dBFS.
    wave = tone(1000, 2.0, 16_000, peak=np.sqrt(2) * 10 ** (level_dbfs / 20))
    assert spans(pcm(wave)) == expected


def test_the_level_is_that_of_the_rules(tone: Callable[..., Wave]) -> None:
    loud = pcm(tone(1000, 1.0, 16_000, peak=np.sqrt(2) * 0.001))  # -60 dBFS
    assert spans(loud, -59.9) == [(0, 1)]
    assert spans(loud, -60.1) == []


def test_digital_silence() -> None:
    assert spans(np.zeros(16_000, np.int16)) == [(0, 1)]
    assert spans(np.zeros(16_000, np.int16), -np.inf) == []  # switched off


def test_a_constant_is_not_quiet() -> None:
    assert spans(np.full(16_000, 100, np.int16)) == []


def test_a_click_is_heard_in_its_frame_only() -> None:
    samples = np.zeros(5 * FRAME_SAMPLES, np.int16)
    samples[2 * FRAME_SAMPLES - 1] = 3000
    assert spans(samples) == [(0, 0.2), (0.4, 1)]
    samples[2 * FRAME_SAMPLES - 1], samples[2 * FRAME_SAMPLES] = 0, 3000
    assert spans(samples) == [(0, 0.4), (0.6, 1)]


def test_the_loudest_negative_sample_does_not_overflow() -> None:
    assert spans(np.full(FRAME_SAMPLES, -32768, np.int16)) == []


@pytest.mark.parametrize(("extra", "expected"), [(0, [(0, 0.4)]), (1, [(0, 0.4)]), (FRAME_SAMPLES - 1, [(0, 0.4)])])
def test_of_a_last_frame_that_is_not_whole_nothing_is_said(extra: int, expected: list[tuple[float, float]]) -> None:
    assert spans(np.zeros(2 * FRAME_SAMPLES + extra, np.int16)) == expected


@pytest.mark.parametrize("length", [0, 1, FRAME_SAMPLES - 1])
def test_less_than_a_frame(length: int) -> None:
    assert spans(np.zeros(length, np.int16)) == []


def test_runs_go_on_over_the_blocks_that_it_is_worked_on_in() -> None:
    assert spans(np.zeros(1000 * FRAME_SAMPLES, np.int16)) == [(0, 200)]


@given(st.lists(st.booleans(), max_size=30))
def test_frames_are_quiet_or_not_by_themselves(heard: list[bool]) -> None:
    samples = np.repeat(np.array(heard, bool), FRAME_SAMPLES) * np.int16(1000)
    found = quiet(samples, -70).intervals
    told = [any(i.start_s <= 0.2 * k + 0.1 < i.end_s for i in found) for k in range(len(heard))]
    assert told == [not one for one in heard]
    assert all(isinstance(interval, Interval) for interval in found)
