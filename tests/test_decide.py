"""Choosing how probabilities become intervals: where it is known what is best, that is found; where not, 0.5 stays."""

import numpy as np
import pytest
from numpy.typing import NDArray

from transforms.activity import RAW, Decision, active_intervals
from transforms.decide import Choice, choose, figures, judge
from transforms.frames import FRAME_S, SEGMENT_FRAMES
from transforms.labels.spans import covered
from transforms.metrics import Counts, count
from transforms.records import Interval

Frames = NDArray[np.float32]
SEGMENTS = 96
FRAMES = SEGMENTS * SEGMENT_FRAMES


def spans(seed: int = 0) -> NDArray[np.float64]:
    """Make intervals and gaps of 3 to 9 s."""
    edges = np.cumsum(np.random.default_rng(seed).uniform(3, 9, FRAMES)).reshape(-1, 2)
    return edges[edges[:, 1] < FRAMES * FRAME_S]


TARGETS = covered(spans(), FRAMES)
# It rises from 0 to 1 within 0.6 s, and passes 0.5 at the edges.
HEARD = np.convolve(TARGETS, np.ones(3) / 3, "same").astype(np.float32)
INSIDE = np.convolve(TARGETS, np.ones(9) / 9, "same") > 1 - 1e-6
OUTSIDE = np.convolve(TARGETS, np.ones(9) / 9, "same") < 1e-6
TENTH = np.arange(FRAMES) % 10 == 0
ONES = np.ones(FRAMES, np.float32)


def segments(*rows: Frames) -> Frames:
    return np.stack([row.reshape(SEGMENTS, SEGMENT_FRAMES) for row in rows], axis=1)


def chosen(probability: Frames, targets: Frames = TARGETS, weights: Frames = ONES) -> Choice:
    (choice,) = choose(segments(probability), segments(targets), segments(weights))
    return choice


def f_score(counts: Counts) -> float:
    return counts.scores()["f_score"] or 0


class TestJudge:
    def test_by_hand(self) -> None:
        # Intervals cover frames 1 and 2. 0.2 s are 20 segments of 10 ms.
        rows = [np.array(row, np.float32) for row in ((0, 1, 1, 0, 0), (0, 1, 0.5, 0, 1), (1, 1, 2, 1, 0.5))]
        assert judge(rows[0], rows[1], rows[2], RAW) == Counts(hits=20 + 20, insertions=20, deletions=10)

    def test_without_weights_it_is_what_evaluation_counts(self) -> None:
        probability = (HEARD + np.random.default_rng(1).normal(0, 0.2, FRAMES)).clip(0, 1).astype(np.float32)
        found = active_intervals(probability, RAW, FRAME_S, FRAMES * FRAME_S)
        sides = [[Interval(start, end, "x") for start, end in side.tolist()] for side in (spans(), found)]
        there, here = count(sides[0], sides[1], "x"), judge(probability, TARGETS, ONES, RAW)
        assert here.hits == pytest.approx(there.hits, rel=0.01)
        assert here.reference == pytest.approx(there.reference, rel=0.01)
        assert f_score(here) == pytest.approx(f_score(there), abs=0.005)

    def test_nothing_is_nothing(self) -> None:
        assert judge(ONES[:0], ONES[:0], ONES[:0], RAW) == Counts()


class TestChoose:
    def test_what_is_well_as_it_is_stays(self) -> None:
        assert chosen(HEARD).decision == RAW

    @pytest.mark.parametrize(("scale", "shift", "level"), [(0.6, 0, 0.3), (0.6, 0.4, 0.7), (0.4, 0, 0.2)])
    def test_the_level_of_shifted_probabilities_is_found(self, scale: float, shift: float, level: float) -> None:
        choice = chosen(scale * HEARD + np.float32(shift))
        assert choice.decision.edge == level
        assert f_score(choice.decided) > 0.99 > f_score(choice.raw)

    def test_blips_are_dropped(self) -> None:
        choice = chosen(np.where(OUTSIDE & TENTH, np.float32(1), HEARD))
        assert choice.decision == Decision(0.5, 0.5, 0.4, 0)
        assert choice.decided.insertions < 0.1 * choice.raw.insertions

    def test_dropouts_are_filled(self) -> None:
        choice = chosen(np.where(INSIDE & TENTH, np.float32(0), HEARD))
        assert choice.decision == Decision(0.5, 0.5, 0, 0.4)
        assert choice.decided.deletions < 0.1 * choice.raw.deletions

    def test_what_is_never_sure_is_not_believed(self) -> None:
        # Heard at 0.65 for most of the time, true stretches reach 1 and false ones of 1 s do not.
        doubtful = np.where(np.arange(FRAMES) % 25 < 5, np.float32(0.65), np.float32(0))
        choice = chosen(np.where(OUTSIDE, doubtful, np.where(INSIDE & ~TENTH, np.float32(0.65), HEARD)))
        assert choice.decision.on in (0.7, 0.8)
        assert choice.decision.edge <= 0.6
        assert choice.decided.insertions < 0.1 * choice.raw.insertions

    def test_each_class_has_its_own(self) -> None:
        rows = [HEARD, np.float32(0.6) * HEARD]
        choices = choose(segments(*rows), segments(TARGETS, TARGETS), segments(ONES, ONES))
        assert [choice.decision.edge for choice in choices] == [0.5, 0.3]

    def test_what_is_not_known_has_no_say(self) -> None:
        known = np.where(np.arange(FRAMES) < FRAMES - 500, ONES, np.float32(0))
        reverse = np.where(known > 0, HEARD, 1 - HEARD)
        assert chosen(reverse, weights=known).decided == chosen(HEARD, weights=known).decided

    def test_where_a_segment_ends_does_not_matter(self) -> None:
        probability = np.where(OUTSIDE & TENTH, np.float32(1), np.float32(0.6) * HEARD)
        heard, targets, weights = (row.reshape(1, 1, -1) for row in (probability, TARGETS, ONES))
        (whole,) = choose(heard, targets, weights)
        assert chosen(probability) == whole

    @pytest.mark.parametrize("seed", range(3))
    def test_neither_figure_is_worse_than_raw(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        noise = random.normal(random.uniform(-0.3, 0.3), 0.3, FRAMES)
        choice = chosen((HEARD + noise).clip(0, 1).astype(np.float32))
        decided, raw = choice.decided, choice.raw
        assert decided.insertions + decided.deletions <= raw.insertions + raw.deletions
        assert f_score(decided) >= f_score(raw) + 0.005 or choice.decision == RAW

    def test_a_small_gain_is_none(self) -> None:
        rare = OUTSIDE & (np.arange(FRAMES) % 200 == 0)
        choice = chosen(np.where(rare, np.float32(1), HEARD))
        assert choice.decision == RAW
        assert choice.decided == choice.raw

    @pytest.mark.parametrize(
        ("targets", "known_s"), [(TARGETS, 1799), (0 * TARGETS, 1900), (0 * TARGETS + 1, 1900), (TARGETS, 0)]
    )
    def test_little_data_tells_nothing(self, targets: Frames, known_s: float) -> None:
        known = (np.arange(FRAMES) * FRAME_S < known_s).astype(np.float32)
        assert chosen(np.float32(0.6) * HEARD, targets, known).decision == RAW

    def test_little_data_leaves_what_was_decided_before(self) -> None:
        before = Decision(0.4, 0.2, 0.2, 0.4)
        few = (np.arange(FRAMES) * FRAME_S < 1799).astype(np.float32)
        heard = segments(np.float32(0.6) * HEARD)
        (choice,) = choose(heard, segments(TARGETS), segments(few), [before])
        assert choice == Choice(before, judge(np.float32(0.6) * HEARD, TARGETS, few, before), choice.raw)
        assert choice.decided != choice.raw
        (choice,) = choose(heard, segments(TARGETS), segments(ONES), [before])
        assert choice.decision.edge == 0.3

    def test_nothing_is_no_data(self) -> None:
        nothing = np.zeros((0, 2, SEGMENT_FRAMES), np.float32)
        assert choose(nothing, nothing, nothing) == (Choice(RAW, Counts(), Counts()),) * 2


def test_figures_by_hand() -> None:
    choices = [Choice(RAW, Counts(6, 2, 2), Counts(4, 4, 4)), Choice(RAW, Counts(), Counts(0, 1, 0))]
    assert figures(("speech", "music"), choices) == pytest.approx(
        {
            "speech_f_score": 0.75,
            "speech_error_rate": 0.5,
            "speech_f_score_raw": 0.5,
            "speech_error_rate_raw": 1,
            "music_f_score_raw": 0,
        }
    )
