"""Frame targets and what they are worth, by hand; a frame is 200 ms, so frame k is centred on 0.2 k + 0.1 s."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.labels.label import Labels, cut, label_frames, merge_readings, most_trusted
from transforms.labels.rules import LabelRules, Rule, read_rules
from transforms.records import CLASSES, Interval, Reading

DEFAULT = read_rules()
DESCRIBED = ("music", "music_end", "singing", "speech", "effects")
TEXT = ["dialogue", "lyrics", *(f"{name}_description" for name in DESCRIBED)]
CUES = ["cue", "vocal_cue"]
SPANS = st.tuples(st.integers(0, 6000), st.integers(1, 3000)).map(lambda ms: (ms[0] / 1000, (ms[0] + ms[1]) / 1000))
FRAMES = st.integers(0, 50)
Values = NDArray[np.float32]


def readings(kinds: Sequence[str], trusts: tuple[float, ...] = (1.0,)) -> st.SearchStrategy[Reading | None]:
    intervals = st.lists(
        st.builds(lambda span, kind: Interval(span[0], span[1], kind), SPANS, st.sampled_from(kinds)), max_size=6
    )
    made = st.builds(lambda found, trust: Reading(tuple(found), trust=trust), intervals, st.sampled_from(trusts))
    return st.none() | made


def reading(*intervals: tuple[float, float, str], trust: float = 1.0) -> Reading:
    return Reading(tuple(Interval(*interval) for interval in intervals), trust=trust)


def manual(*intervals: tuple[float, float, str], covers: tuple[str, ...] = CLASSES) -> Reading:
    return replace(reading(*intervals), covers=covers)


def label(  # noqa: PLR0917 - the sources, always in this order
    frames: int,
    text: Reading | None = None,
    cues: Reading | None = None,
    annotations: Reading | None = None,
    sound: Reading | None = None,
    rules: LabelRules = DEFAULT,
) -> Labels:
    sources = {"subtitles": text, "cue_sheet": cues, "annotations": annotations, "sound": sound}
    return label_frames(frames, sources, rules)


def speech(labels: Labels) -> tuple[Values, Values]:
    return labels.targets[0], labels.weights[0]


def music(labels: Labels) -> tuple[Values, Values]:
    return labels.targets[1], labels.weights[1]


def ruled(frames: int, *rules: Rule, **sources: Reading) -> tuple[Values, Values]:
    """Label one class by rules of its own."""
    mine = replace(DEFAULT, classes=("x",), rules={"x": rules})
    labels = label_frames(frames, sources, mine)
    return labels.targets[0], labels.weights[0]


class TestSpeech:
    def test_without_subtitles_is_unknown(self) -> None:
        targets, weights = speech(label(20, cues=reading((0, 2, "cue"))))
        assert not targets.any()
        assert not weights.any()

    def test_a_line_with_its_edges(self) -> None:
        targets, weights = speech(label(15, reading((1.0, 2.5, "dialogue"))))
        # Frame 4 (0.9 s) and 5 (1.1 s) … lie within 0.5 s of the edge at 1.0; 12 is half covered.
        assert targets == pytest.approx([0] * 5 + [1] * 7 + [0.5] + [0] * 2, abs=1e-6)
        assert weights[[0, 1]] == pytest.approx([0.5, 0.5])
        assert weights[3:7] == pytest.approx(0.2)
        assert weights[[8, 9]] == pytest.approx([1, 1])
        assert weights[10:15] == pytest.approx(0.2)

    def test_far_from_all_lines_there_may_be_some_that_are_left_out(self) -> None:
        targets, weights = speech(label(300, reading((30, 32, "dialogue"))))
        assert not targets[:150].any()
        assert weights[:49] == pytest.approx(0.3)  # frame 49 is at 9.9 s, more than 20 s before the line
        assert weights[50:147] == pytest.approx(0.5)
        assert weights[163:259] == pytest.approx(0.5)
        assert weights[261:] == pytest.approx(0.3)

    def test_a_file_without_a_line_says_nothing(self) -> None:
        targets, weights = speech(label(3, reading()))
        assert not targets.any()
        assert not weights.any()

    def test_the_longer_the_gap_the_less_it_says(self) -> None:
        # A line from 0 to 2 s, and none for the rest of ten minutes: the end of the file may be missing.
        _, weights = speech(label(3000, reading((0, 2, "dialogue"))))
        assert weights[5 * 12 : 5 * 22] == pytest.approx(0.5)
        assert weights[5 * 22 : 5 * 242] == pytest.approx(0.3)
        assert not weights[5 * 242 :].any()

    def test_a_gap_of_under_a_second_says_little(self) -> None:
        _, weights = speech(label(40, reading((0, 3, "dialogue"), (3.9, 8, "dialogue"))))
        assert weights[15:19] == pytest.approx(0.2)

    def test_a_long_gap_says_more_in_its_middle(self) -> None:
        _, weights = speech(label(40, reading((0, 2, "dialogue"), (5, 8, "dialogue"))))
        assert weights[13:22] == pytest.approx(0.5)

    def test_lines_that_touch_have_no_edge_between_them(self) -> None:
        _, weights = speech(label(40, reading((0, 4, "dialogue"), (4, 8, "dialogue"))))
        assert weights[4:36] == pytest.approx(1)

    def test_lyrics_are_speech_descriptions_are_not(self) -> None:
        targets, _ = speech(label(10, reading((0, 1, "lyrics"), (1, 2, "music_description"))))
        assert targets == pytest.approx([1] * 5 + [0] * 5)

    def test_a_sung_cue_without_a_line_leaves_speech_unknown(self) -> None:
        text = reading((0, 2, "lyrics"))
        _, weights = speech(label(30, text, reading((0, 4, "vocal_cue"), (4, 5, "cue"))))
        assert weights[3:7] == pytest.approx(1)
        assert not weights[10:20].any()
        assert weights[20:] == pytest.approx(0.5)

    def test_a_description_of_singing_leaves_it_unknown_and_one_of_speech_hints_at_it(self) -> None:
        text = reading((0, 2, "singing_description"), (4, 6, "speech_description"))
        targets, weights = speech(label(40, text))
        assert not weights[:10].any()
        assert weights[10:17] == pytest.approx(0.5)
        assert targets[20:30] == pytest.approx(1)
        assert weights[23:27] == pytest.approx(0.3)
        assert weights[[18, 21, 28, 31]] == pytest.approx(0.1)  # within 0.5 s of 4 and 6
        assert weights[33:] == pytest.approx(0.5)

    def test_what_is_transcribed_counts_more_than_its_description(self) -> None:
        _, weights = speech(label(20, reading((0, 4, "dialogue"), (1, 3, "speech_description"))))
        assert weights[3:17] == pytest.approx(1)


class TestMusic:
    def test_without_a_cue_sheet_and_a_word_is_unknown(self) -> None:
        targets, weights = music(label(20, reading((0, 2, "dialogue"))))
        assert not targets.any()
        assert not weights.any()

    def test_an_empty_cue_sheet_says_that_there_is_none(self) -> None:
        targets, weights = music(label(5, cues=reading()))
        assert not targets.any()
        assert weights == pytest.approx(1)

    @pytest.mark.parametrize("kind", CUES)
    def test_a_cue_with_its_edges(self, kind: str) -> None:
        targets, weights = music(label(20, cues=reading((1, 3, kind))))
        assert targets == pytest.approx([0] * 5 + [1] * 10 + [0] * 5)
        assert weights[[0, 1]] == pytest.approx(1)
        assert weights[3:7] == pytest.approx(0.2)
        assert weights[8:12] == pytest.approx(1)
        assert weights[13:17] == pytest.approx(0.2)
        assert weights[18:] == pytest.approx(1)

    def test_words_count_where_there_is_no_cue_sheet(self) -> None:
        targets, weights = music(label(20, reading((0, 1, "lyrics"), (2, 3, "music_description"))))
        assert targets[[*range(5), *range(10, 15)]] == pytest.approx(1)
        assert weights == pytest.approx([1] * 5 + [0] * 5 + [0.5] * 5 + [0] * 5)

    def test_a_line_that_is_sung_and_described_counts_as_sung(self) -> None:
        _, weights = music(label(5, reading((0, 1, "lyrics"), (0, 1, "music_description"))))
        assert weights == pytest.approx(1)

    def test_words_count_less_where_the_cue_sheet_is_silent(self) -> None:
        text = reading((4, 5, "lyrics"), (6, 7, "music_description"))
        targets, weights = music(label(40, text, reading((0, 2, "cue"))))
        assert targets[[*range(10), *range(20, 25), *range(30, 35)]] == pytest.approx(1)
        assert weights[15:20] == pytest.approx(1)
        assert weights[20:25] == pytest.approx(0.6)
        assert weights[30:35] == pytest.approx(0.2)

    def test_inside_a_cue_a_description_takes_nothing_away(self) -> None:
        _, weights = music(label(10, reading((0.6, 1, "music_description")), reading((0, 2, "cue"))))
        assert weights[3:7] == pytest.approx(1)

    @pytest.mark.parametrize("kind", ["music_description", "singing_description"])
    def test_for_10_s_after_a_description_nobody_knows(self, kind: str) -> None:
        targets, weights = music(label(100, reading((2, 3, kind)), reading()))
        assert weights[:10] == pytest.approx(1)
        assert weights[10:15] == pytest.approx(0.2)
        assert not weights[15:65].any()  # frame 64 is at 12.9 s
        assert weights[65:] == pytest.approx(1)
        assert targets.tolist() == [0] * 10 + [1] * 5 + [0] * 85

    def test_a_cue_after_a_description_is_known(self) -> None:
        _, weights = music(label(60, reading((0, 1, "music_description")), reading((2, 6, "cue"))))
        assert not weights[5:7].any()
        assert weights[13:27] == pytest.approx(1)
        assert not weights[33:55].any()

    def test_where_it_is_said_to_end_nobody_knows(self) -> None:
        _, weights = music(label(20, reading((1, 2, "music_end_description")), reading()))
        assert weights == pytest.approx([1] * 5 + [0] * 5 + [1] * 10)

    def test_of_a_frame_that_words_hold_in_part_nothing_is_said_beyond_them(self) -> None:
        targets, weights = music(label(10, reading((0.5, 1.15, "lyrics"))))
        assert targets[2:6] == pytest.approx(1)
        assert weights == pytest.approx([0, 0, 0.5, 1, 1, 0.75, 0, 0, 0, 0], abs=1e-6)
        targets, weights = music(label(10, reading((0.5, 1.15, "lyrics")), reading()))
        assert targets == pytest.approx([0, 0, 0.5, 1, 1, 0.75, 0, 0, 0, 0], abs=1e-6)
        assert weights == pytest.approx([1, 1, 0.6, 0.6, 0.6, 0.6, 1, 1, 1, 1])


class TestQuiet:
    def test_where_nothing_is_heard_there_is_nothing(self) -> None:
        labels = label(10, sound=reading((0, 1, "quiet")))
        assert not labels.targets.any()
        assert (labels.weights == [[1] * 5 + [0] * 5] * 2).all()

    def test_it_overrides_words_with_half_the_weight(self) -> None:
        labels = label(20, reading((0, 4, "lyrics")), sound=reading((1, 2, "quiet")))
        assert labels.targets == pytest.approx(np.array([[1] * 5 + [0] * 5 + [1] * 10] * 2))
        assert labels.weights[:, 5:10] == pytest.approx(0.5)
        assert labels.weights[:, 10:17] == pytest.approx(1)


class TestRules:
    def test_the_last_word_counts(self) -> None:
        yes, no = Rule(("lyrics",), 0.75), Rule(("dialogue",), 0.25, target=0)
        text = reading((0, 1, "lyrics"), (0, 1, "dialogue"))
        for rules, expected in (((yes, no), (0, 0.25)), ((no, yes), (1, 0.75))):
            targets, weights = ruled(5, *rules, subtitles=text)
            assert (targets.tolist(), weights.tolist()) == ([expected[0]] * 5, [expected[1]] * 5)

    def test_disputed_is_what_an_earlier_rule_denies(self) -> None:
        no, yes = Rule(("cue",), 1, target=0), Rule(("lyrics",), 1, disputed=0.25)
        _, weights = ruled(15, no, yes, cue_sheet=reading((0, 1, "cue")), subtitles=reading((0, 2, "lyrics")))
        assert weights.tolist() == [0.25] * 5 + [1] * 5 + [0] * 5
        yes_too = Rule(("cue",), 1)
        _, weights = ruled(15, yes_too, yes, cue_sheet=reading((0, 1, "cue")), subtitles=reading((0, 2, "lyrics")))
        assert weights.tolist() == [1] * 10 + [0] * 5

    def test_what_is_called_unknown_is_told_anew(self) -> None:
        rules = Rule(("lyrics",), 1, target=0), Rule(("cue",), 0), Rule(("dialogue",), 1, disputed=0.5)
        text = reading((0, 2, "lyrics"), (0.1, 1, "dialogue"))
        targets, weights = ruled(10, *rules, subtitles=text, cue_sheet=reading((0, 0.6, "cue")))
        assert targets.tolist() == [1] * 5 + [0] * 5
        assert weights == pytest.approx([0.5, 1, 1, 0.5, 0.5] + [1] * 5)

    def test_a_source_that_is_there_without_a_word_leaves_all_unknown(self) -> None:
        rules = Rule(("subtitles",), 0), Rule(("lyrics",), 1)
        targets, weights = ruled(5, *rules, subtitles=reading((0.1, 0.6, "lyrics")))
        assert targets[:3].tolist() == [1] * 3
        assert weights == pytest.approx([0.5, 1, 1, 0, 0])

    def test_a_source_may_be_disputed_too(self) -> None:
        rules = Rule(("lyrics",), 1), Rule(("cue_sheet",), 1, target=0, disputed=0.25)
        targets, weights = ruled(10, *rules, subtitles=reading((0, 1, "lyrics")), cue_sheet=reading())
        assert not targets.any()
        assert weights.tolist() == [0.25] * 5 + [1] * 5

    def test_kinds_of_one_rule_are_taken_together(self) -> None:
        rule = Rule(("lyrics", "cue"), 1, edge_s=0.5, edge_weight=0.25)
        _, weights = ruled(20, rule, subtitles=reading((0, 2, "lyrics")), cue_sheet=reading((2, 4, "cue")))
        assert weights[3:17] == pytest.approx(1)
        rule = Rule(("subtitles", "cue_sheet"), 1, target=0, far_s=0.45)
        _, weights = ruled(12, rule, subtitles=reading((0, 1, "lyrics")), cue_sheet=reading((1.8, 2, "cue")))
        assert weights.tolist() == [1] * 12
        _, weights = ruled(12, rule, subtitles=reading((0, 1, "lyrics")))
        assert weights.tolist() == [1] * 7 + [0] * 5

    def test_edges_cap_what_others_said_outside_and_raise_nothing(self) -> None:
        rules = Rule(("cue_sheet",), 0.5, target=0), Rule(("lyrics",), 0.125, edge_s=0.5, edge_weight=0.25)
        _, weights = ruled(15, *rules, cue_sheet=reading(), subtitles=reading((1, 2, "lyrics")))
        assert weights.tolist() == [0.5] * 3 + [0.25] * 2 + [0.125] * 5 + [0.25] * 2 + [0.5] * 3

    def test_after_what_is_open_an_earlier_yes_stays(self) -> None:
        rules = Rule(("cue_sheet",), 1, target=0), Rule(("cue",), 1), Rule(("music_description",), 1, open_s=1)
        text, cues = reading((0, 1, "music_description")), reading((1.4, 1.6, "cue"))
        targets, weights = ruled(12, *rules, cue_sheet=cues, subtitles=text)
        assert targets.tolist() == [1] * 5 + [0, 0, 1, 0, 0, 0, 0]
        assert weights.tolist() == [1] * 5 + [0, 0, 1, 0, 0, 1, 1]

    def test_a_third_class_has_rules_of_its_own(self) -> None:
        rules = replace(
            DEFAULT,
            classes=(*CLASSES, "effects"),
            rules={**DEFAULT.rules, "effects": (Rule(("effects_description",), 0.25),)},
        )
        labels = label(10, reading((0, 1, "effects_description")), rules=rules)
        assert labels.targets[2, :5].tolist() == [1] * 5
        assert labels.weights[2].tolist() == [0.25] * 5 + [0] * 5
        assert np.array_equal(labels.weights[:2], label(10, reading((0, 1, "effects_description"))).weights)


class TestAnnotations:
    def test_override_all_else_at_full_weight(self) -> None:
        listened = manual((0, 1, "speech"), (0.5, 1.5, "music"))
        text, cues, sound = reading((1, 2, "dialogue")), reading((1, 2, "vocal_cue")), reading((0, 1, "quiet"))
        labels = label(10, text, cues, listened, sound)
        assert labels.targets[0] == pytest.approx([1] * 5 + [0] * 5)
        assert labels.targets[1] == pytest.approx([0] * 2 + [0.5] + [1] * 4 + [0.5] + [0] * 2, abs=1e-6)
        assert (labels.weights == 1).all()

    def test_that_hold_nothing_say_that_nothing_is_heard(self) -> None:
        labels = label(10, annotations=manual())
        assert not labels.targets.any()
        assert (labels.weights == 1).all()

    def test_leave_to_the_others_what_they_do_not_cover(self) -> None:
        text, cues = reading((1, 2, "dialogue")), reading((1, 2, "cue"))
        labels = label(10, text, cues, manual((0, 1, "music"), (0, 1, "speech"), covers=("music",)))
        others = label(10, text, cues)
        assert labels.targets[1].tolist() == [1] * 5 + [0] * 5
        assert (labels.weights[1] == 1).all()
        assert np.array_equal(labels.targets[0], others.targets[0])
        assert np.array_equal(labels.weights[0], others.weights[0])


@pytest.mark.parametrize(
    ("sources", "name"),
    [
        ({}, "none"),
        ({"text": reading()}, "subtitles"),
        ({"cues": reading()}, "cue_sheet"),
        ({"text": reading(), "cues": reading()}, "subtitles+cue_sheet"),
        ({"annotations": manual()}, "annotations"),
        ({"annotations": manual(), "text": reading()}, "annotations+subtitles"),
        ({"text": reading(trust=0)}, "none"),
        ({"sound": reading()}, "none"),
    ],
)
def test_the_source_is_named(sources: dict[str, Reading], name: str) -> None:
    text, cues, annotations, sound = map(sources.get, ("text", "cues", "annotations", "sound"))
    assert label(3, text, cues, annotations, sound).source == name


@pytest.mark.parametrize("frames", [0, 1, 7])
def test_nothing_known_weighs_nothing(frames: int) -> None:
    labels = label(frames)
    assert labels.targets.shape == labels.weights.shape == (2, frames)
    assert not labels.weights.any()


class TestMergeReadings:
    def test_of_nothing(self) -> None:
        assert merge_readings([]) is None
        assert merge_readings([reading((0, 1, "cue"), trust=0)]) is None

    def test_the_least_trust_of_those_that_have_any(self) -> None:
        one, two, refused = reading((0, 1, "x"), trust=0.5), reading((2, 3, "y")), reading((4, 5, "z"), trust=0)
        assert merge_readings([one, two, refused]) == reading((0, 1, "x"), (2, 3, "y"), trust=0.5)

    def test_of_subtitle_files_the_most_trusted_speak(self) -> None:
        one, two, refused = reading((0, 1, "x"), trust=0.5), reading((2, 3, "y")), reading((4, 5, "z"), trust=0)
        assert most_trusted([one, two, refused]) == [two]
        assert most_trusted([]) == []


MANUAL = readings(CLASSES).flatmap(
    lambda found: st.sampled_from([(), ("speech",), ("music",), CLASSES]).map(
        lambda covers: None if found is None else replace(found, covers=covers)
    )
)
TEXTS, SHEETS, SOUNDS = readings(TEXT, (1.0, 0.5, 0.0)), readings(CUES, (1.0, 0.5, 0.0)), readings(["quiet"])


@given(FRAMES, TEXTS, SHEETS, MANUAL, SOUNDS)
def test_targets_and_weights_are_shares(
    frames: int, text: Reading | None, cues: Reading | None, annotations: Reading | None, sound: Reading | None
) -> None:
    labels = label(frames, text, cues, annotations, sound)
    for values in (labels.targets, labels.weights):
        assert values.shape == (2, frames)
        assert values.dtype == np.float32
        assert ((values >= 0) & (values <= 1)).all()


@given(FRAMES, TEXTS, SHEETS, SOUNDS)
def test_the_order_of_events_does_not_matter(
    frames: int, text: Reading | None, cues: Reading | None, sound: Reading | None
) -> None:
    def turned(one: Reading | None) -> Reading | None:
        return one and replace(one, intervals=one.intervals[::-1])

    one, other = label(frames, text, cues, None, sound), label(frames, turned(text), turned(cues), None, turned(sound))
    assert np.array_equal(one.targets, other.targets)
    assert np.array_equal(one.weights, other.weights)


def said(values: Labels, index: int, frames: int, sound: Reading | None) -> NDArray[np.bool_]:
    """Tell the frames of which it is said that the class is not, or not all through, where the sound is not quiet."""
    quiet = label(frames, sound=sound).weights[index] > 0
    no: NDArray[np.bool_] = (values.weights[index] > 0) & (values.targets[index] < 1) & ~quiet
    return no


@given(FRAMES, TEXTS, SOUNDS)
def test_without_a_cue_sheet_nobody_says_that_there_is_no_music(
    frames: int, text: Reading | None, sound: Reading | None
) -> None:
    assert not said(label(frames, text, None, None, sound), 1, frames, sound).any()


@given(FRAMES, SHEETS, SOUNDS)
def test_without_subtitles_nobody_says_that_there_is_no_speech(
    frames: int, cues: Reading | None, sound: Reading | None
) -> None:
    assert not said(label(frames, None, cues, None, sound), 0, frames, sound).any()


@given(FRAMES, readings(TEXT), readings(CUES), st.sampled_from([0.125, 0.5, 1.0]))
def test_trust_scales_the_weights(frames: int, text: Reading | None, cues: Reading | None, trust: float) -> None:
    def trusted(one: Reading | None) -> Reading | None:
        return one and replace(one, trust=trust)

    whole, less = label(frames, text, cues), label(frames, trusted(text), trusted(cues))
    assert np.array_equal(whole.targets, less.targets)
    assert less.weights == pytest.approx(trust * whole.weights, rel=1e-6)


@given(FRAMES, TEXTS, SHEETS)
def test_a_source_without_trust_is_as_good_as_none(frames: int, text: Reading | None, cues: Reading | None) -> None:
    refused = cues and replace(cues, trust=0.0)
    one, other = label(frames, text, refused), label(frames, text)
    assert np.array_equal(one.targets, other.targets)
    assert np.array_equal(one.weights, other.weights)


@given(FRAMES, TEXTS, SHEETS, MANUAL.filter(bool), SOUNDS)
def test_annotations_override_exactly_what_they_cover(
    frames: int, text: Reading | None, cues: Reading | None, annotations: Reading, sound: Reading | None
) -> None:
    labels, others = label(frames, text, cues, annotations, sound), label(frames, text, cues, None, sound)
    for index, name in enumerate(CLASSES):
        if name in annotations.covers:
            assert (labels.weights[index] == 1).all()
        else:
            assert np.array_equal(labels.targets[index], others.targets[index])
            assert np.array_equal(labels.weights[index], others.weights[index])


@given(FRAMES, readings(["dialogue"]).filter(bool))
def test_frames_near_an_edge_and_no_others_are_capped(frames: int, spoken: Reading) -> None:
    rules = (
        Rule(("subtitles",), 0.75, target=0),
        Rule(("dialogue",), 1, edge_s=0.5, edge_weight=0.25),
    )
    targets, weights = ruled(frames, *rules, subtitles=spoken)
    milliseconds = np.zeros(20_000, bool)
    for line in spoken.intervals:
        milliseconds[round(line.start_s * 1000) : round(line.end_s * 1000)] = True
    edges = np.flatnonzero(np.diff(milliseconds.astype(int), prepend=0))
    for index in range(frames):
        distance = np.abs(edges - (200 * index + 100)).min(initial=10**9)
        if distance != 500:  # on the border either will do
            expected = 0.25 if distance < 500 else 1 if targets[index] > 0 else 0.75
            assert weights[index] == expected


def test_a_rule_without_far_s_is_never_far() -> None:
    assert Rule(("subtitles",), 1).far_s == inf
    _, weights = ruled(5, Rule(("subtitles",), 0.5, target=0), subtitles=reading())
    assert weights.tolist() == [0.5] * 5


def test_cut() -> None:
    labels = label(130, annotations=manual((0, 26, "speech")))
    for index, known in ((0, 100), (1, 30)):
        targets, weights = cut(labels, index)
        assert targets.shape == weights.shape == (2, 100)
        assert targets[0] == pytest.approx([1] * known + [0] * (100 - known))
        assert weights[1] == pytest.approx([1] * known + [0] * (100 - known))
