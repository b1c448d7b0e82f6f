"""Stretches of time on the frame grid, against brute force in milliseconds; frame k is centred on 0.2 k + 0.1 s."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.labels.spans import coverage, merged, since_end_s, to_edge_s, to_span_s
from transforms.records import Interval

FRAMES = st.integers(0, 40)
INTERVALS = st.lists(
    st.tuples(st.integers(0, 6000), st.integers(1, 3000)).map(
        lambda ms: Interval(ms[0] / 1000, (ms[0] + ms[1]) / 1000, "x")
    ),
    max_size=6,
)


def centres_ms(frames: int) -> list[int]:
    return [200 * frame + 100 for frame in range(frames)]


def spans_ms(intervals: list[Interval]) -> list[tuple[int, int]]:
    return [(round(start * 1000), round(end * 1000)) for start, end in merged(intervals)]


class TestMerged:
    @pytest.mark.parametrize(
        ("spans", "expected"),
        [
            ([], []),
            ([(1, 2)], [(1, 2)]),
            ([(3, 4), (1, 2)], [(1, 2), (3, 4)]),
            ([(1, 2), (2, 3)], [(1, 3)]),  # they touch
            ([(1, 3), (2, 4)], [(1, 4)]),
            ([(1, 5), (2, 3), (4, 4.5)], [(1, 5)]),
            ([(1, 2), (1, 2)], [(1, 2)]),
            ([(2, 2), (3, 1)], []),  # no time at all
        ],
    )
    def test_by_hand(self, spans: list[tuple[float, float]], expected: list[tuple[float, float]]) -> None:
        assert merged(Interval(*span, "x") for span in spans) == expected

    @given(INTERVALS)
    def test_spans_are_in_order_and_apart_and_hold_the_same_time(self, intervals: list[Interval]) -> None:
        spans = merged(intervals)
        assert all(start < end for start, end in spans)
        assert all(one[1] < other[0] for one, other in pairwise(spans))
        heard = {ms for i in intervals for ms in range(round(i.start_s * 1000), round(i.end_s * 1000))}
        assert heard == {ms for start, end in spans_ms(intervals) for ms in range(start, end)}


class TestCoverage:
    @pytest.mark.parametrize(
        ("spans", "expected"),
        [
            ([], [0, 0, 0, 0]),
            ([(0, 0.8)], [1, 1, 1, 1]),
            ([(0.2, 0.4)], [0, 1, 0, 0]),
            ([(0.1, 0.5)], [0.5, 1, 0.5, 0]),
            ([(0.25, 0.3)], [0, 0.25, 0, 0]),
            ([(0.0, 0.1), (0.15, 0.2)], [0.75, 0, 0, 0]),
            ([(0.0, 0.3), (0.2, 0.6)], [1, 1, 1, 0]),  # an overlap counts once
            ([(0.0, 0.6), (0.1, 0.2)], [1, 1, 1, 0]),
            ([(0.6, 99)], [0, 0, 0, 1]),
            ([(5, 9)], [0, 0, 0, 0]),
            ([(0.3, 0.3), (0.5, 0.4)], [0, 0, 0, 0]),
            ([(-1, 0.1)], [0.5, 0, 0, 0]),
        ],
    )
    def test_by_hand(self, spans: list[tuple[float, float]], expected: list[float]) -> None:
        assert coverage([Interval(*span, "x") for span in spans], 4) == pytest.approx(expected, abs=1e-6)

    @given(INTERVALS, FRAMES)
    def test_equals_counting_milliseconds(self, intervals: list[Interval], frames: int) -> None:
        heard = np.zeros(frames * 200 + 20_000, bool)
        for start, end in spans_ms(intervals):
            heard[start:end] = True
        counted = heard[: frames * 200].reshape(frames, 200).mean(axis=1)
        assert coverage(intervals, frames) == pytest.approx(counted, abs=1e-6)

    @given(st.integers(0, 50_000), st.integers(1, 50))
    def test_what_lies_on_the_grid_touches_no_other_frame(self, first: int, length: int) -> None:
        share = coverage([Interval(first / 5, (first + length) / 5, "x")], first + length + 2)
        assert np.flatnonzero(share).tolist() == list(range(first, first + length))
        assert (share[first : first + length] == 1).all()


class TestDistances:
    def test_by_hand(self) -> None:
        spans = [(0.3, 0.5), (0.9, 1.0)]
        assert to_edge_s(spans, 6) == pytest.approx([0.2, 0, 0, 0.2, 0, 0.1])
        assert to_span_s(spans, 6) == pytest.approx([0.2, 0, 0, 0.2, 0, 0.1], abs=1e-9)
        assert since_end_s(spans, 6) == pytest.approx([np.inf, np.inf, 0, 0.2, 0.4, 0.1])
        assert to_span_s([(0, 1)], 6) == pytest.approx([0] * 5 + [0.1])
        assert to_edge_s([(0, 1)], 6) == pytest.approx([0.1, 0.3, 0.5, 0.3, 0.1, 0.1])

    @pytest.mark.parametrize("frames", [0, 3])
    def test_from_nothing_they_are_infinite(self, frames: int) -> None:
        for distance in (to_edge_s, to_span_s, since_end_s):
            assert distance([], frames).tolist() == [np.inf] * frames

    @given(INTERVALS, FRAMES)
    def test_equal_brute_force(self, intervals: list[Interval], frames: int) -> None:
        spans = spans_ms(intervals)
        edges = [edge for span in spans for edge in span]
        far = 10**9

        def check(found: NDArray[np.float64], expected: list[int]) -> None:
            assert np.where(np.isinf(found), far / 1000, found) == pytest.approx(np.array(expected) / 1000, abs=1e-9)

        centres = centres_ms(frames)
        check(to_edge_s(merged(intervals), frames), [min((abs(c - e) for e in edges), default=far) for c in centres])
        check(
            to_span_s(merged(intervals), frames),
            [min((max(start - c, c - end, 0) for start, end in spans), default=far) for c in centres],
        )

    @given(INTERVALS, FRAMES)
    def test_since_the_end_equals_brute_force(self, intervals: list[Interval], frames: int) -> None:
        found = since_end_s(merged(intervals), frames)
        ends = [end for _, end in spans_ms(intervals)]
        for centre, since in zip(centres_ms(frames), found, strict=True):
            if centre not in ends:  # on the very end either will do
                latest = min((centre - end for end in ends if end < centre), default=np.inf)
                assert since * 1000 == pytest.approx(latest)
