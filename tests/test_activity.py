"""Where a class is active, finer than the frame grid."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.activity import Activity, active_intervals

PROBABILITIES = st.lists(st.floats(0, 1, width=32), max_size=60)


def intervals(
    *probability: float, threshold: float = 0.5, duration_s: float | None = None
) -> list[tuple[float, float]]:
    length = 0.2 * len(probability) if duration_s is None else duration_s
    return active_intervals(np.array(probability, np.float32), threshold, 0.2, length)


BY_HAND = [  # the centres of the frames lie at 0.1, 0.3, 0.5, 0.7 … s
    ((0, 1, 0), [(0.2, 0.4)]),
    ((0, 1, 1, 0), [(0.2, 0.6)]),
    ((1, 1, 0, 0), [(0, 0.4)]),
    ((0, 0, 1, 1), [(0.4, 0.8)]),
    ((1, 0, 1), [(0, 0.2), (0.4, 0.6)]),
    ((0.25, 0.75, 0.25), [(0.2, 0.4)]),
    ((0, 0.75, 0.25, 0), [(0.1 + 0.2 * 2 / 3, 0.4)]),
    ((0.4, 0.6, 0.9, 0.1), [(0.2, 0.6)]),
    ((0.9, 0.4), [(0, 0.1 + 0.2 * 0.8)]),
    ((0, 0.5, 1), [(0.3, 0.6)]),
    ((1, 1, 1), [(0, 0.6)]),
    ((0, 0, 0), []),
    ((), []),
    ((1,), [(0, 0.2)]),
    ((0.49,), []),
]


@pytest.mark.parametrize(("probability", "expected"), BY_HAND)
def test_by_hand(probability: tuple[float, ...], expected: list[tuple[float, float]]) -> None:
    assert np.ravel(intervals(*probability)) == pytest.approx(np.ravel(expected), abs=1e-6)


def test_another_threshold() -> None:
    assert np.ravel(intervals(0, 1, 0, threshold=0.25)) == pytest.approx([0.15, 0.45])
    assert np.ravel(intervals(0, 1, 0, threshold=0.75)) == pytest.approx([0.25, 0.35])


def test_nothing_lies_behind_the_end() -> None:
    assert intervals(1, 1, 1, duration_s=0.45) == [(0, 0.45)]
    assert np.ravel(intervals(0, 1, 1, duration_s=0.45)) == pytest.approx([0.2, 0.45])
    assert np.ravel(intervals(0, 0, 1, duration_s=0.401)) == pytest.approx([0.4, 0.401])
    assert intervals(0, 0, 0, 1, duration_s=0.6) == []


@given(PROBABILITIES, st.floats(0.01, 0.99), st.floats(0.001, 1))
def test_intervals_are_sorted_disjoint_and_inside(probability: list[float], threshold: float, last: float) -> None:
    duration_s = 0.2 * max(0, len(probability) - 1 + last)
    found = intervals(*probability, threshold=threshold, duration_s=duration_s)
    times = [time for interval in found for time in interval]
    assert times == sorted(times)
    assert all(start < end for start, end in found)
    assert all(0 <= time <= duration_s for time in times)


@given(PROBABILITIES, st.floats(0.01, 0.99))
def test_centres_of_active_frames_lie_inside_and_of_the_others_outside(
    probability: list[float], threshold: float
) -> None:
    found = intervals(*probability, threshold=threshold)
    for index, value in enumerate(probability):
        centre = 0.2 * (index + 0.5)
        if value > threshold + 1e-3:
            assert any(start <= centre <= end for start, end in found)
        if value < threshold - 1e-3:
            assert not any(start < centre < end for start, end in found)


@given(PROBABILITIES.filter(len), st.floats(0.05, 0.95))
def test_the_total_is_that_of_the_interpolated_curve(probability: list[float], threshold: float) -> None:
    assume(all(abs(value - threshold) > 1e-3 for value in probability))
    total = sum(end - start for start, end in intervals(*probability, threshold=threshold))
    # 200 points a frame; each crossing may fall between two of them.
    points = np.arange(200 * len(probability)) / 200 + 1 / 400
    curve = np.interp(points, np.arange(len(probability)) + 0.5, probability)
    assert total == pytest.approx(0.2 * (curve >= threshold).sum() / 200, abs=0.001 * (len(probability) + 1) + 1e-6)


@given(PROBABILITIES, st.floats(0.1, 0.5), st.floats(0, 0.4))
def test_a_higher_threshold_never_adds_time(probability: list[float], threshold: float, more: float) -> None:
    low, high = (
        sum(end - start for start, end in intervals(*probability, threshold=level))
        for level in (threshold, threshold + more)
    )
    assert high <= low + 1e-6


def activity(*rows: list[float], thresholds: tuple[float, ...] = (0.5, 0.5)) -> Activity:
    probability: NDArray[np.float32] = np.array(rows, np.float32)
    return Activity(probability, ("speech", "music"), 0.2 * probability.shape[1], thresholds)


def test_segments_are_by_class_and_start_with_their_mean() -> None:
    found = activity([1, 0, 0, 0, 1], [0, 0.8, 0.6, 0, 0]).segments()
    assert [segment.label for segment in found] == ["speech", "speech", "music"]
    assert [segment.start_s for segment in found[:2]] == pytest.approx([0, 0.8])
    assert found[2].mean_probability == pytest.approx(0.7)
    assert [segment.mean_probability for segment in found[:2]] == [1, 1]


def test_thresholds_are_those_of_the_model_unless_given() -> None:
    both = activity([0.6, 0.6], [0.6, 0.6], thresholds=(0.5, 0.7))
    assert [segment.label for segment in both.segments()] == ["speech"]
    assert [segment.label for segment in both.segments((0.7, 0.5))] == ["music"]


def test_each_class_needs_a_threshold() -> None:
    with pytest.raises(ValueError, match="zip"):
        activity([1], [1]).segments((0.5,))


@given(PROBABILITIES.filter(len), st.floats(0.001, 1))
def test_every_segment_has_a_mean(probability: list[float], last: float) -> None:
    row = np.array([probability], np.float32)
    whole = Activity(row, ("speech",), 0.2 * (len(probability) - 1 + last), (0.5,))
    for segment in whole.segments():
        assert 0 <= segment.mean_probability <= 1
