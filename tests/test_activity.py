"""Where a class is active, finer than the frame grid; what hysteresis and minimum times make of it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.activity import RAW, Activity, Decision, active_intervals

PROBABILITIES = st.lists(st.floats(0, 1, width=32), max_size=60)
LEVELS = st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2).map(sorted)
TIMES_S = st.floats(0, 2)
DECISIONS = st.builds(lambda levels, on_s, off_s: Decision(levels[1], levels[0], on_s, off_s), LEVELS, TIMES_S, TIMES_S)
Spans = list[tuple[float, float]]


def decided(*probability: float, decision: Decision, duration_s: float | None = None) -> Spans:
    length = 0.2 * len(probability) if duration_s is None else duration_s
    found = active_intervals(np.array(probability, np.float32), decision, 0.2, length)
    return [(start, end) for start, end in found.tolist()]


def intervals(*probability: float, threshold: float = 0.5, duration_s: float | None = None) -> Spans:
    return decided(*probability, decision=Decision(threshold, threshold, 0, 0), duration_s=duration_s)


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


@given(PROBABILITIES, DECISIONS, st.floats(0.001, 1))
def test_intervals_are_sorted_disjoint_inside_and_keep_the_times(
    probability: list[float], decision: Decision, last: float
) -> None:
    duration_s = 0.2 * max(0, len(probability) - 1 + last)
    found = decided(*probability, decision=decision, duration_s=duration_s)
    times = [time for interval in found for time in interval]
    assert times == sorted(times)
    assert all(0 <= time <= duration_s for time in times)
    assert all(end > start and end - start >= decision.min_on_s - 1e-6 for start, end in found)
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(found)]
    assert all(gap >= decision.min_off_s - 1e-6 for gap in gaps)


@given(PROBABILITIES, st.floats(0.01, 0.99), st.floats(0.001, 1))
def test_one_level_without_times_is_a_plain_threshold(probability: list[float], level: float, last: float) -> None:
    duration_s = 0.2 * max(0, len(probability) - 1 + last)
    found = intervals(*probability, threshold=level, duration_s=duration_s)
    assert found == plain_threshold(np.array(probability, np.float32), level, 0.2, duration_s)


def plain_threshold(row: NDArray[np.float32], level: float, frame_s: float, duration_s: float) -> Spans:
    """Walk from frame to frame."""
    if not len(row):
        return []
    edges = [0.0] if row[0] >= level else []
    for index, (one, two) in enumerate(pairwise(row)):
        if (one >= level) != (two >= level):
            edges.append((index + 0.5 + (level - float(one)) / (float(two) - float(one))) * frame_s)
    edges += [duration_s] if row[-1] >= level else []
    clipped = [min(edge, duration_s) for edge in edges]
    return [(a, b) for a, b in zip(clipped[::2], clipped[1::2], strict=True) if a < b]


HELD = Decision(0.8, 0.3, 0, 0)
DECIDED = [
    # Hysteresis: a stretch counts whole or not at all, and its edges lie at 0.5.
    (HELD, (0, 0.7, 0.7, 0), []),
    (HELD, (0, 1, 0, 0, 0.7, 0), [(0.2, 0.4)]),
    (HELD, (0, 1, 0.4, 0.7, 0), [(0.2, 0.7 + 0.2 * 2 / 7)]),
    (HELD, (0, 1, 0.2, 0.75, 0), [(0.2, 0.3 + 0.2 * 0.5 / 0.8)]),
    (HELD, (0.4, 0.4, 1, 0.4, 0.4), [(0.3 + 0.2 / 6, 0.5 + 0.2 * 5 / 6)]),
    (HELD, (0.4, 0.4), []),
    (HELD, (0.6, 0.9), [(0, 0.4)]),
    # Where 0.5 is not between the levels, the edges lie at the nearer one.
    (Decision(0.9, 0.75, 0, 0), (0, 1, 0.8, 1, 0), [(0.25, 0.75)]),
    (Decision(0.25, 0.1, 0, 0), (0, 1, 0.2, 1, 0), [(0.15, 0.85)]),
    # Gaps are filled first, inner ones only; what is then as long as it has to be stays.
    (Decision(0.5, 0.5, 0, 0.4), (0, 1, 0, 1, 0, 0, 1, 0), [(0.2, 0.8), (1.2, 1.4)]),
    (Decision(0.5, 0.5, 0, 0.41), (0, 1, 0, 1, 0, 0, 1, 0), [(0.2, 1.4)]),
    (Decision(0.5, 0.5, 0.4, 0), (1, 0, 1, 1, 0, 1), [(0.4, 0.8)]),
    (Decision(0.5, 0.5, 0.6, 0.3), (1, 0, 1, 0, 0, 1, 1, 0), [(0, 0.6)]),
    (Decision(0.5, 0.5, 9, 9), (1, 0, 1), []),
    (Decision(0.5, 0.5, 9, 9), (), []),
]


@pytest.mark.parametrize(("decision", "probability", "expected"), DECIDED)
def test_decided_by_hand(decision: Decision, probability: tuple[float, ...], expected: Spans) -> None:
    assert np.ravel(decided(*probability, decision=decision)) == pytest.approx(np.ravel(expected), abs=1e-6)


def test_the_end_of_the_title_ends_what_has_to_last() -> None:
    lasting = Decision(0.5, 0.5, 0.4, 0)
    assert decided(0, 0, 1, 1, decision=lasting, duration_s=0.79) == []
    assert np.ravel(decided(0, 0, 1, 1, decision=lasting, duration_s=0.8)) == pytest.approx([0.4, 0.8])


@given(PROBABILITIES, DECISIONS, st.floats(0, 1), st.sampled_from(["on", "off"]))
def test_a_higher_level_only_takes_away(probability: list[float], low: Decision, share: float, name: str) -> None:
    top = {"on": 0.99, "off": low.on}[name]
    level: float = getattr(low, name)
    high = replace(low, **{name: min(top, level + share * (top - level))})
    wider = decided(*probability, decision=low)
    for start, end in decided(*probability, decision=high):
        assert any(a - 1e-6 <= start and end <= b + 1e-6 for a, b in wider)


@given(PROBABILITIES, DECISIONS, TIMES_S)
def test_longer_times_off_only_add_and_longer_times_on_only_take_away(
    probability: list[float], decision: Decision, more_s: float
) -> None:
    usual = decided(*probability, decision=decision)
    lasting = decided(*probability, decision=replace(decision, min_on_s=decision.min_on_s + more_s))
    filled = decided(*probability, decision=replace(decision, min_off_s=decision.min_off_s + more_s))
    assert set(lasting) <= set(usual)
    for start, end in usual:
        assert any(a <= start and end <= b for a, b in filled)


@pytest.mark.parametrize(
    "values", [(0.3, 0.5, 0, 0), (1, 0.5, 0, 0), (0.5, 0, 0, 0), (0.5, 0.5, -1, 0), (0.5, 0.5, 0, -1)]
)
def test_what_is_no_decision_is_refused(values: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="0 < off <= on < 1"):
        Decision(*values)


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


def activity(*rows: list[float], decisions: tuple[Decision, ...] = (RAW, RAW)) -> Activity:
    probability: NDArray[np.float32] = np.array(rows, np.float32)
    return Activity(probability, ("speech", "music"), 0.2 * probability.shape[1], decisions)


def test_segments_are_by_class_and_start_with_their_mean() -> None:
    found = activity([1, 0, 0, 0, 1], [0, 0.8, 0.6, 0, 0]).segments()
    assert [segment.label for segment in found] == ["speech", "speech", "music"]
    assert [segment.start_s for segment in found[:2]] == pytest.approx([0, 0.8])
    assert found[2].mean_probability == pytest.approx(0.7)
    assert [segment.mean_probability for segment in found[:2]] == [1, 1]


def test_decisions_are_those_of_the_model_unless_given() -> None:
    strict = Decision(0.7, 0.7, 0, 0)
    both = activity([0.6, 0.6], [0.6, 0.6], decisions=(RAW, strict))
    assert [segment.label for segment in both.segments()] == ["speech"]
    assert [segment.label for segment in both.segments((strict, RAW))] == ["music"]
    assert [segment.label for segment in both.segments(RAW)] == ["speech", "music"]


def test_each_class_needs_a_decision() -> None:
    with pytest.raises(ValueError, match="zip"):
        activity([1], [1]).segments((RAW,))


@given(PROBABILITIES.filter(len), st.floats(0.001, 1))
def test_every_segment_has_a_mean(probability: list[float], last: float) -> None:
    row = np.array([probability], np.float32)
    whole = Activity(row, ("speech",), 0.2 * (len(probability) - 1 + last), (RAW,))
    for segment in whole.segments():
        assert 0 <= segment.mean_probability <= 1
