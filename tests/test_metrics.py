"""Counts of 10 ms segments: by hand, by properties, and against sed_eval."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.metrics import Counts, count
from transforms.records import Interval

TIMES = st.tuples(st.floats(0, 30), st.floats(0.001, 10)).map(lambda pair: (pair[0], pair[0] + pair[1]))
INTERVALS = st.lists(
    st.builds(lambda span, kind: Interval(span[0], span[1], kind), TIMES, st.sampled_from(["speech", "music"]))
)


def speech(*spans: tuple[float, float]) -> list[Interval]:
    return [Interval(start, end, "speech") for start, end in spans]


BY_HAND = [
    (speech((0, 1)), speech((0, 1)), Counts(100, 0, 0)),
    (speech((0, 1)), [], Counts(0, 0, 100)),
    ([], speech((0, 1)), Counts(0, 100, 0)),
    ([], [], Counts()),
    (speech((1, 2)), speech((1.5, 3)), Counts(50, 100, 50)),
    (speech((0, 1), (2, 3)), speech((0.5, 2.5)), Counts(100, 100, 100)),
    (speech((0, 2), (1, 3)), speech((0, 3)), Counts(300, 0, 0)),
    (speech((0, 0.001)), speech((0, 0.01)), Counts(1, 0, 0)),
    (speech((0, 1)), [Interval(0, 1, "music")], Counts(0, 0, 100)),
]


@pytest.mark.parametrize(("reference", "estimated", "expected"), BY_HAND)
def test_by_hand(reference: list[Interval], estimated: list[Interval], expected: Counts) -> None:
    assert count(reference, estimated, "speech") == expected


def test_scores_by_hand() -> None:
    scores = Counts(hits=60, insertions=20, deletions=40).scores()
    assert scores == pytest.approx(
        {
            "precision": 0.75,
            "recall": 0.6,
            "f_score": 2 * 0.75 * 0.6 / (0.75 + 0.6),
            "error_rate": 0.6,
            "deletions": 0.4,
            "insertions": 0.2,
            "reference_s": 1.0,
        }
    )


def test_what_is_undefined_is_none_and_not_zero() -> None:
    nothing = Counts().scores()
    assert [nothing[key] for key in ("precision", "recall", "f_score", "error_rate")] == [None] * 4
    missed = Counts(deletions=5).scores()
    assert (missed["precision"], missed["recall"], missed["f_score"], missed["error_rate"]) == (None, 0, 0, 1)
    invented = Counts(insertions=5).scores()
    assert (invented["precision"], invented["recall"], invented["f_score"], invented["error_rate"]) == (
        0,
        None,
        0,
        None,
    )


@given(INTERVALS, INTERVALS)
def test_exchanging_the_sides_exchanges_the_errors(one: list[Interval], other: list[Interval]) -> None:
    there, back = count(one, other, "music"), count(other, one, "music")
    assert (there.hits, there.insertions, there.deletions) == (back.hits, back.deletions, back.insertions)


@given(INTERVALS)
def test_nothing_is_better_than_the_truth(intervals: list[Interval]) -> None:
    counts = count(intervals, intervals, "speech")
    assert (counts.insertions, counts.deletions) == (0, 0)
    assert counts.scores()["error_rate"] in (0, None)


@given(INTERVALS, INTERVALS)
def test_reference_is_the_union_of_what_was_said(reference: list[Interval], estimated: list[Interval]) -> None:
    active = {
        index
        for interval in reference
        if interval.kind == "speech"
        for index in range(math.floor(interval.start_s / 0.01), math.ceil(interval.end_s / 0.01))
    }
    assert count(reference, estimated, "speech").reference == len(active)


@given(st.lists(st.builds(Counts, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))))
def test_counts_are_pooled_by_summing(counts: list[Counts]) -> None:
    pooled = sum(counts, Counts())
    assert pooled.hits == sum(one.hits for one in counts)
    assert pooled.reference == sum(one.reference for one in counts)


def _assert_as_sed_eval(files: list[tuple[list[Interval], list[Interval]]]) -> None:
    sed_eval = pytest.importorskip(
        "sed_eval", exc_type=ImportError, reason="the oracle is an extra: pip install sed_eval"
    )
    dcase_util = pytest.importorskip("dcase_util", exc_type=ImportError)
    oracle = sed_eval.sound_event.SegmentBasedMetrics(["speech", "music"], time_resolution=0.01)
    for sides in files:
        reference, estimated = (
            dcase_util.containers.MetaDataContainer(
                [{"event_label": i.kind, "event_onset": i.start_s, "event_offset": i.end_s} for i in side]
            )
            for side in sides
        )
        oracle.evaluate(reference_event_list=reference, estimated_event_list=estimated)
    for label in ("speech", "music"):
        ours = sum((count(*sides, label) for sides in files), Counts())
        assert oracle.class_wise[label]["Nref"] == ours.reference
        assert oracle.class_wise[label]["Nsys"] == ours.hits + ours.insertions
        theirs = oracle.results_class_wise_metrics()[label]
        scores = ours.scores()
        for name, value in (
            ("precision", theirs["f_measure"]["precision"]),
            ("recall", theirs["f_measure"]["recall"]),
            ("f_score", theirs["f_measure"]["f_measure"]),
            ("error_rate", theirs["error_rate"]["error_rate"]),
            ("deletions", theirs["error_rate"]["deletion_rate"]),
            ("insertions", theirs["error_rate"]["insertion_rate"]),
        ):
            if scores[name] is not None and np.isfinite(value):
                assert scores[name] == pytest.approx(value, abs=1e-12), (label, name)


def test_equals_sed_eval_on_times_that_do_not_divide_well() -> None:
    reference = [Interval(0.29, 0.57, "speech"), Interval(1.1, 4.35, "speech"), Interval(0.07, 9.99, "music")]
    estimated = [Interval(0.28, 0.58, "speech"), Interval(2.3, 6.13, "speech"), Interval(1.15, 7.0, "music")]
    _assert_as_sed_eval([(reference, estimated)])


def _full(side: list[Interval]) -> list[Interval]:
    # sed_eval refuses some empty lists; every file has something of each class.
    return [*side, Interval(0.5, 0.75, "speech"), Interval(0.25, 1.25, "music")]


@given(st.lists(st.tuples(INTERVALS.map(_full), INTERVALS.map(_full)), min_size=1, max_size=3))
@settings(max_examples=15)
def test_equals_sed_eval_pooled_over_files(files: list[tuple[list[Interval], list[Interval]]]) -> None:
    _assert_as_sed_eval(files)
