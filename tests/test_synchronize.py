"""Subtitles are brought to the sound: made-up programmes with known lines, and real ones that are moved on purpose."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.catalog import read_catalog
from transforms.frames import SAMPLE_RATE_HZ
from transforms.labels.rules import read_rules
from transforms.labels.synchronize import CUES, LINES, describe, synchronize, synchronize_by
from transforms.records import Interval, Reading, Sync, Title
from transforms.sound.load import load
from transforms.sound.speech_curve import CURVE_HZ, speech_curve
from transforms.subtitles.timed_text import read_timed_text

RULES = read_rules().sync
DURATION_S = 1200.0
Curve = NDArray[np.float32]


def lines(seed: int, duration_s: float = DURATION_S) -> list[tuple[float, float]]:
    """Lines of 1 to 6 s with pauses of 0.2 to 12 s between them."""
    random = np.random.default_rng(seed)
    count = int(duration_s / 5)
    ends = np.cumsum(random.uniform(1, 6, count) + (pauses := random.uniform(0.2, 12, count)))
    starts = np.concatenate([[0], ends[:-1]]) + pauses
    return [(float(a), float(b)) for a, b in zip(starts, ends, strict=True) if b < duration_s]


def heard(spoken: list[tuple[float, float]], duration_s: float = DURATION_S, noise: float = 2.0) -> Curve:
    """A curve that is 1 in the lines and 0 elsewhere, under noise twice as strong."""
    times = (np.arange(round(duration_s * CURVE_HZ)) + 0.5) / CURVE_HZ
    active = sum(((times >= start) & (times < end)).astype(float) for start, end in spoken)
    return (active + np.random.default_rng(1).normal(0, noise, len(times))).astype(np.float32)


def reading(spoken: list[tuple[float, float]], rate: float = 1.0, offset_s: float = 0.0) -> Reading:
    """A file that puts at t what is heard at rate · t + offset_s; its out-times run 0.3 s late, its start is cut."""
    moved = [((start - offset_s) / rate, (end + 0.3 - offset_s) / rate) for start, end in spoken]
    return Reading(tuple(Interval(max(start, 0), end, "dialogue") for start, end in moved if end > 0), uri="x.srt")


def sync_of(text: Reading, curve: Curve | None, duration_s: float = DURATION_S) -> Sync:
    sync = synchronize(text, LINES, curve, duration_s, RULES).sync
    assert sync is not None
    return sync


SPOKEN = lines(0)
CURVE = heard(SPOKEN)


def test_a_file_in_time_is_kept_to_the_digit() -> None:
    text = reading(SPOKEN)
    result = synchronize(text, LINES, CURVE, DURATION_S, RULES)
    assert result.intervals == text.intervals
    assert (result.trust, result.uri) == (1.0, "x.srt")
    assert result.sync is not None
    assert (result.sync.verdict, result.sync.offset_s, result.sync.rate) == ("kept", 0.0, 1.0)
    assert result.sync.score > 9
    assert describe(result.sync) == ""


@pytest.mark.parametrize("rate", [1, 1.001, 1 / 1.001, 25 / 24, 24 / 25, 25.025 / 24, 24 / 25.025])
@pytest.mark.parametrize("offset_s", [-30.0, 0.0, 1.7])
def test_shifts_and_stretches_are_found(rate: float, offset_s: float) -> None:
    text = reading(SPOKEN, rate, offset_s)
    result = synchronize(text, LINES, CURVE, DURATION_S, RULES)
    assert result.sync is not None
    assert result.sync.rate == pytest.approx(rate)
    assert result.sync.offset_s == pytest.approx(offset_s, abs=0.15)
    assert result.sync.verdict == ("kept" if (rate, offset_s) == (1, 0) else "moved")
    last = [max(interval.end_s for interval in found.intervals) for found in (result, reading(SPOKEN))]
    assert last[0] == pytest.approx(last[1], abs=0.2)


@pytest.mark.parametrize("hours", [1, 10])
def test_whole_hours_are_a_way_of_counting(hours: int) -> None:
    result = synchronize(reading(SPOKEN, offset_s=-3600.0 * hours), LINES, CURVE, DURATION_S, RULES)
    assert result.sync is not None
    assert (result.sync.verdict, result.sync.offset_s) == ("kept", -3600.0 * hours)
    assert [i.start_s for i in result.intervals] == pytest.approx([start for start, _ in SPOKEN])
    assert "moved by -" in describe(result.sync)


def test_whole_hours_and_a_lag_and_a_rate() -> None:
    sync = sync_of(reading(SPOKEN, 25 / 24, 7.0 - 3600 * 25 / 24), CURVE)
    assert sync.rate == pytest.approx(25 / 24)
    assert sync.offset_s == pytest.approx(7.0 - 3600 * 25 / 24, abs=0.15)


def test_whole_hours_are_taken_off_even_where_nothing_can_be_compared() -> None:
    cues = Reading((Interval(3610, 3630, "cue"), Interval(3700, 3720, "vocal_cue")))
    result = synchronize(cues, CUES, None, 300, RULES)
    assert [(i.start_s, i.end_s, i.kind) for i in result.intervals] == [(10, 30, "cue"), (100, 120, "vocal_cue")]
    assert result.sync is not None
    assert result.sync.verdict == "untested"
    assert result.trust == 1


def test_a_film_of_three_hours_that_counts_from_the_first() -> None:
    cues = Reading(tuple(Interval(at, at + 20, "cue") for at in range(3650, 3600 + 10_800, 600)))
    assert synchronize(cues, CUES, None, 10_800, RULES).intervals[0].start_s == 50


def test_an_hour_is_taken_off_a_film_longer_than_two() -> None:
    starts = (3610, 5000, 7000, 9500, 12000)
    cues = Reading(tuple(Interval(start, start + 30, "cue") for start in starts))
    result = synchronize(cues, CUES, None, 9000, RULES)
    assert [interval.start_s for interval in result.intervals] == [start - 3600 for start in starts]


def test_an_hour_of_timecode_that_runs_slow_is_longer() -> None:
    cues = Reading((Interval(3613.6, 3633.6, "cue"), Interval(3700, 3720, "cue")), hour_s=3603.6)
    result = synchronize(cues, CUES, None, 300, RULES)
    assert result.intervals[0].start_s == pytest.approx(10)


def test_a_long_film_keeps_its_third_hour() -> None:
    cues = Reading((Interval(7300, 7330, "cue"),))
    assert synchronize(cues, CUES, None, 9000, RULES).intervals == cues.intervals


@pytest.mark.parametrize("seed", range(1, 9))
def test_another_title_s_file_is_refused(seed: int) -> None:
    result = synchronize(reading(lines(seed)), LINES, CURVE, DURATION_S, RULES)
    assert result.sync is not None
    assert (result.sync.verdict, result.trust) == ("refused", 0.0)
    assert "does not fit the sound" in describe(result.sync)


def test_a_cue_sheet_is_moved_to_the_music_that_a_model_heard() -> None:
    cues = Reading(tuple(Interval(start + 7, end + 7, "cue") for start, end in SPOKEN))
    sync = synchronize(cues, CUES, CURVE, DURATION_S, RULES).sync
    assert sync is not None
    assert sync.verdict == "moved"
    assert sync.offset_s == pytest.approx(-7, abs=0.1)


@pytest.mark.parametrize("late_s", [3.0, 20.0])
def test_a_file_with_a_break_in_it_is_left_out(late_s: float) -> None:
    torn = [(start + late_s * (start > 700), end + late_s * (start > 700)) for start, end in SPOKEN]
    result = synchronize(reading(torn), LINES, CURVE, DURATION_S, RULES)
    assert result.sync is not None
    assert (result.sync.verdict, result.trust) == ("torn", 0.0)
    assert "in parts only" in describe(result.sync)


def test_a_few_lines_are_kept_with_less_weight() -> None:
    text = reading(SPOKEN[:3])
    result = synchronize(text, LINES, heard(lines(5, 60), 60), 60, RULES)
    assert result.intervals == text.intervals
    assert result.sync is not None
    assert (result.sync.verdict, result.trust) == ("doubtful", RULES.doubtful_trust)
    assert "less weight" in describe(result.sync)


def test_of_several_curves_the_one_that_hears_it_decides() -> None:
    deaf = np.random.default_rng(3).normal(size=len(CURVE)).astype(np.float32)
    text = reading(SPOKEN, offset_s=5)
    for curves in ([deaf, CURVE], [CURVE, deaf]):
        assert synchronize_by(text, LINES, curves, DURATION_S, RULES) == synchronize(
            text, LINES, CURVE, DURATION_S, RULES
        )
    assert synchronize_by(text, LINES, [deaf], DURATION_S, RULES).trust == 0
    assert synchronize_by(text, LINES, [], DURATION_S, RULES).trust == 1


def test_a_cue_sheet_that_does_not_fit_is_doubted_not_refused() -> None:
    cues = Reading(tuple(Interval(start, end, "cue") for start, end in lines(4)))
    result = synchronize(cues, CUES, CURVE, DURATION_S, RULES)
    assert result.sync is not None
    assert (result.sync.verdict, result.trust) == ("doubtful", RULES.doubtful_trust)


@pytest.mark.parametrize(
    ("text", "curve"),
    [
        (Reading(()), CURVE),
        (Reading((Interval(1, 2, "music_description"),)), CURVE),
        (reading(SPOKEN), None),
        (reading(SPOKEN), np.zeros(10, np.float32)),
    ],
    ids=["no events", "no lines", "no curve", "too short a curve"],
)
def test_what_cannot_be_compared_is_left_as_it_is(text: Reading, curve: Curve | None) -> None:
    result = synchronize(text, LINES, curve, DURATION_S, RULES)
    assert result.intervals == text.intervals
    assert result.sync is not None
    assert result.sync.verdict == "untested"
    assert describe(result.sync) == ""


def test_a_curve_that_says_nothing_finds_nothing() -> None:
    sync = sync_of(reading(SPOKEN), np.zeros(round(DURATION_S * CURVE_HZ), np.float32))
    assert (sync.verdict, sync.score) == ("refused", 0.0)


SPANS = st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)).map(sorted), max_size=8)


@given(SPANS, st.integers(0, 3000), st.integers(0, 2**32 - 1))
def test_whatever_is_given_comes_out_on_the_timeline(spans: list[list[float]], steps: int, seed: int) -> None:
    text = Reading(tuple(Interval(start, end, "dialogue") for start, end in spans if end > start))
    curve = np.random.default_rng(seed).normal(size=steps).astype(np.float32)
    result = synchronize(text, LINES, curve, steps / CURVE_HZ, RULES)
    assert all(interval.start_s >= 0 and interval.end_s > 0 for interval in result.intervals)
    assert 0 <= result.trust <= 1


Titles = dict[str, tuple[Reading, Curve, float]]


@pytest.fixture(scope="module")
def titles() -> Titles:
    if "SMAD_DATA" not in os.environ:
        pytest.skip("SMAD_DATA names no folder of recordings")
    path = Path(os.environ["SMAD_DATA"]) / "catalog" / "catalog.csv"
    found = read_catalog(path.read_bytes(), str(path))
    return {title.title_id: sources(title) for title in found if isinstance(title, Title)}


def sources(title: Title) -> tuple[Reading, Curve, float]:
    samples = load(title.audio, title.audio_track, title.audio_layout)[0].samples
    text = read_timed_text(Path(title.subtitles[0]).read_bytes(), title.subtitles[0])
    return text, speech_curve(samples), len(samples) / SAMPLE_RATE_HZ


def test_of_real_titles_as_delivered_none_is_moved_or_refused(titles: Titles) -> None:
    assert {name: sync_of(*found).verdict for name, found in titles.items()} == dict.fromkeys(titles, "kept")


def test_an_hour_of_broadcast_time_is_taken_off_real_titles(titles: Titles) -> None:
    for text, curve, duration_s in titles.values():
        later = tuple(Interval(i.start_s + 3600, i.end_s + 3600, i.kind) for i in text.intervals)
        assert sync_of(Reading(later), curve, duration_s).offset_s == -3600


def test_another_title_s_file_speaks_for_hardly_any_real_title(titles: Titles) -> None:
    found = list(titles.values())
    trusted = [
        synchronize(other[0], LINES, curve, duration_s, RULES).trust == 1
        for text, curve, duration_s in found
        for other in found
        if other[0] is not text
    ]
    # Of titles of 80 s with a dozen lines each; a longer one has more to tell by.
    assert np.mean(trusted) < 0.1
