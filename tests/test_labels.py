"""Frame targets and what they are worth, by hand; a frame is 200 ms, so frame k is centred on 0.2 k + 0.1 s."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.labels import LabelRules, Labels, coverage, cut, label_frames
from transforms.records import Interval, Reading

KINDS = ["dialogue", "lyrics", "music_description", "cue", "vocal_cue", "speech", "music"]
SPANS = st.tuples(st.integers(0, 6000), st.integers(1, 3000)).map(lambda ms: (ms[0] / 1000, (ms[0] + ms[1]) / 1000))
READINGS = st.lists(
    st.builds(lambda span, kind: Interval(span[0], span[1], kind), SPANS, st.sampled_from(KINDS)), max_size=6
)


def reading(*intervals: tuple[float, float, str]) -> Reading:
    return Reading(tuple(Interval(*interval) for interval in intervals))


def speech(labels: Labels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return labels.targets[0], labels.weights[0]


def music(labels: Labels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return labels.targets[1], labels.weights[1]


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

    @given(READINGS, st.integers(0, 40))
    def test_equals_counting_milliseconds(self, intervals: list[Interval], frames: int) -> None:
        heard = np.zeros(frames * 200 + 20_000, bool)
        for interval in intervals:
            heard[round(interval.start_s * 1000) : round(interval.end_s * 1000)] = True
        counted = heard[: frames * 200].reshape(frames, 200).mean(axis=1)
        assert coverage(intervals, frames) == pytest.approx(counted, abs=1e-6)


class TestSpeech:
    def test_without_subtitles_is_unknown(self) -> None:
        targets, weights = speech(label_frames(20, cues=reading((0, 2, "cue"))))
        assert not targets.any()
        assert not weights.any()

    def test_a_line_with_its_edges(self) -> None:
        targets, weights = speech(label_frames(15, text=reading((1.0, 2.5, "dialogue"))))
        # Frame 4 (0.9 s) and 5 (1.1 s) … lie within 0.5 s of the edge at 1.0; 12 is half covered.
        assert targets == pytest.approx([0] * 5 + [1] * 7 + [0.5] + [0] * 2, abs=1e-6)
        assert weights[[0, 1]] == pytest.approx([0.5, 0.5])
        assert weights[3:7] == pytest.approx(0.2)
        assert weights[[8, 9]] == pytest.approx([1, 1])
        assert weights[10:15] == pytest.approx(0.2)

    def test_a_silent_film_of_subtitles_is_probably_silent(self) -> None:
        targets, weights = speech(label_frames(3, text=reading()))
        assert not targets.any()
        assert weights == pytest.approx(0.5)

    def test_a_gap_of_under_a_second_says_little(self) -> None:
        _, weights = speech(label_frames(40, text=reading((0, 3, "dialogue"), (3.9, 8, "dialogue"))))
        assert weights[15:19] == pytest.approx(0.2)

    def test_a_long_gap_says_more_in_its_middle(self) -> None:
        _, weights = speech(label_frames(40, text=reading((0, 2, "dialogue"), (5, 8, "dialogue"))))
        assert weights[13:22] == pytest.approx(0.5)

    def test_lines_that_touch_have_no_edge_between_them(self) -> None:
        _, weights = speech(label_frames(40, text=reading((0, 4, "dialogue"), (4, 8, "dialogue"))))
        assert weights[4:36] == pytest.approx(1)

    def test_lyrics_are_speech_descriptions_are_not(self) -> None:
        targets, _ = speech(label_frames(10, text=reading((0, 1, "lyrics"), (1, 2, "music_description"))))
        assert targets == pytest.approx([1] * 5 + [0] * 5)

    def test_a_sung_cue_without_a_line_leaves_speech_unknown(self) -> None:
        text = reading((0, 2, "lyrics"))
        _, weights = speech(label_frames(30, text, reading((0, 4, "vocal_cue"), (4, 5, "cue"))))
        assert weights[3:7] == pytest.approx(1)
        assert not weights[10:20].any()
        assert weights[20:] == pytest.approx(0.5)


class TestMusic:
    def test_without_a_cue_sheet_and_a_word_is_unknown(self) -> None:
        targets, weights = music(label_frames(20, text=reading((0, 2, "dialogue"))))
        assert not targets.any()
        assert not weights.any()

    def test_an_empty_cue_sheet_says_that_there_is_none(self) -> None:
        targets, weights = music(label_frames(5, cues=reading()))
        assert not targets.any()
        assert weights == pytest.approx(1)

    @pytest.mark.parametrize("kind", ["cue", "vocal_cue"])
    def test_a_cue_with_its_edges(self, kind: str) -> None:
        targets, weights = music(label_frames(20, cues=reading((1, 3, kind))))
        assert targets == pytest.approx([0] * 5 + [1] * 10 + [0] * 5)
        assert weights[[0, 1]] == pytest.approx(1)
        assert weights[3:7] == pytest.approx(0.2)
        assert weights[8:12] == pytest.approx(1)
        assert weights[13:17] == pytest.approx(0.2)
        assert weights[18:] == pytest.approx(1)

    def test_words_count_where_there_is_no_cue_sheet(self) -> None:
        text = reading((0, 1, "lyrics"), (2, 3, "music_description"))
        targets, weights = music(label_frames(20, text))
        assert targets == pytest.approx([1] * 5 + [0] * 5 + [1] * 5 + [0] * 5)
        assert weights == pytest.approx([1] * 5 + [0] * 5 + [0.5] * 5 + [0] * 5)

    def test_a_line_that_is_sung_and_described_counts_as_sung(self) -> None:
        _, weights = music(label_frames(5, reading((0, 1, "lyrics"), (0, 1, "music_description"))))
        assert weights == pytest.approx(1)

    def test_words_count_where_the_cue_sheet_is_silent(self) -> None:
        text = reading((4, 5, "lyrics"), (6, 7, "music_description"), (0, 1, "music_description"))
        targets, weights = music(label_frames(40, text, reading((0, 2, "cue"))))
        assert targets[:10] == pytest.approx(1)
        assert weights[3:7] == pytest.approx(1)  # inside the cue a description takes nothing away
        assert targets[[20, 24, 30, 34]] == pytest.approx(1)
        assert weights[20:25] == pytest.approx(1)
        assert weights[30:35] == pytest.approx(0.5)
        assert weights[36:] == pytest.approx(1)


class TestAnnotations:
    def test_override_all_else_at_full_weight(self) -> None:
        manual = reading((0, 1, "speech"), (0.5, 1.5, "music"))
        labels = label_frames(10, reading((1, 2, "dialogue")), reading((1, 2, "vocal_cue")), manual)
        assert labels.targets[0] == pytest.approx([1] * 5 + [0] * 5)
        assert labels.targets[1] == pytest.approx([0] * 2 + [0.5] + [1] * 4 + [0.5] + [0] * 2, abs=1e-6)
        assert (labels.weights == 1).all()

    def test_that_hold_nothing_say_that_nothing_is_heard(self) -> None:
        labels = label_frames(10, annotations=reading())
        assert not labels.targets.any()
        assert (labels.weights == 1).all()


@pytest.mark.parametrize(
    ("sources", "name"),
    [
        ({}, "none"),
        ({"text": reading()}, "subtitles"),
        ({"cues": reading()}, "cue_sheet"),
        ({"text": reading(), "cues": reading()}, "subtitles+cue_sheet"),
        ({"annotations": reading()}, "annotations"),
    ],
)
def test_the_source_is_named(sources: dict[str, Any], name: str) -> None:
    assert label_frames(3, **sources).source == name


@pytest.mark.parametrize("frames", [0, 1, 7])
def test_nothing_known_weighs_nothing(frames: int) -> None:
    labels = label_frames(frames)
    assert labels.targets.shape == labels.weights.shape == (2, frames)
    assert not labels.weights.any()


MAYBE = st.one_of(st.none(), READINGS.map(lambda intervals: Reading(tuple(intervals))))


@given(st.integers(0, 50), MAYBE, MAYBE, MAYBE)
def test_targets_and_weights_are_shares(
    frames: int, text: Reading | None, cues: Reading | None, annotations: Reading | None
) -> None:
    labels = label_frames(frames, text, cues, annotations)
    for values in (labels.targets, labels.weights):
        assert values.shape == (2, frames)
        assert values.dtype == np.float32
        assert ((values >= 0) & (values <= 1)).all()


@given(st.integers(1, 50), MAYBE, MAYBE)
def test_the_order_of_events_does_not_matter(frames: int, text: Reading | None, cues: Reading | None) -> None:
    def turned(one: Reading | None) -> Reading | None:
        return None if one is None else Reading(one.intervals[::-1])

    one, other = label_frames(frames, text, cues), label_frames(frames, turned(text), turned(cues))
    assert np.array_equal(one.targets, other.targets)
    assert np.array_equal(one.weights, other.weights)


@given(st.integers(1, 50), READINGS)
def test_frames_near_an_edge_and_no_others_are_capped(frames: int, lines: list[Interval]) -> None:
    rules = LabelRules(edge_s=0.5, edge_weight=0.25, no_subtitle_weight=0.75)
    spoken = [Interval(line.start_s, line.end_s, "dialogue") for line in lines]
    targets, weights = speech(label_frames(frames, Reading(tuple(spoken)), rules=rules))
    milliseconds = np.zeros(20_000, bool)
    for line in spoken:
        milliseconds[round(line.start_s * 1000) : round(line.end_s * 1000)] = True
    edges = np.flatnonzero(np.diff(milliseconds.astype(int), prepend=0))
    for index in range(frames):
        distance = np.abs(edges - (200 * index + 100)).min(initial=10**9)
        if distance != 500:  # on the border either will do
            expected = 0.25 if distance < 500 else 1 if targets[index] > 0 else 0.75
            assert weights[index] == expected


def test_cut() -> None:
    labels = label_frames(130, annotations=reading((0, 26, "speech")))
    for index, known in ((0, 100), (1, 30)):
        targets, weights = cut(labels, index)
        assert targets.shape == weights.shape == (2, 100)
        assert targets[0] == pytest.approx([1] * known + [0] * (100 - known))
        assert weights[1] == pytest.approx([1] * known + [0] * (100 - known))
