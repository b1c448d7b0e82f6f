"""Where frames lie by their time stamps: gaps, lost packets, jitter, overlaps and jumps, in numbers."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sound.timeline import Stamped, Timeline, steady

RATE_HZ = 48_000
FRAME = 1024


def gaps(stamps_s: Sequence[float | None], samples: int = FRAME, in_frames: bool = True) -> tuple[list[int], Timeline]:
    timeline = Timeline(in_frames)
    return [timeline.gap(stamp_s, samples, RATE_HZ) for stamp_s in stamps_s], timeline


@given(st.integers(0, 10_000_000))
def test_frames_that_follow_each_other_leave_no_gap(first: int) -> None:
    found, timeline = gaps([(first + number * FRAME) / RATE_HZ for number in range(20)])
    assert found == [first] + [0] * 19
    assert timeline.position == first + 20 * FRAME
    assert timeline.damage() == []


@given(st.lists(st.floats(-0.005, 0.005), min_size=20, max_size=20))
def test_jitter_moves_nothing(jitter_s: list[float]) -> None:
    found, _ = gaps([0.0] + [number * FRAME / RATE_HZ + late for number, late in enumerate(jitter_s, start=1)])
    assert found == [0] * 21


def test_matroska_rounds_to_a_millisecond() -> None:
    found, timeline = gaps([round(number * FRAME / RATE_HZ, 3) for number in range(100_000)])
    assert set(found) == {0}
    assert timeline.position == 100_000 * FRAME


@pytest.mark.parametrize("samples", [960, 1024, 1152, 1536])
def test_a_lost_packet_is_as_long_as_it_was(samples: int) -> None:
    kept = [number for number in range(20) if number != 7]
    found, timeline = gaps([number * samples / RATE_HZ for number in kept], samples)
    assert found == [samples if number == 8 else 0 for number in kept]
    assert timeline.position == 20 * samples


def test_what_has_no_frames_cannot_lose_one() -> None:
    kept = [number for number in range(20) if number != 7]
    assert set(gaps([number * FRAME / RATE_HZ for number in kept], in_frames=False)[0]) == {0}


def test_a_file_without_stamps_is_one_run() -> None:
    assert gaps([None] * 5)[1].position == 5 * FRAME


@pytest.mark.parametrize(("early", "cut"), [(100, -100), (1023, -1023), (1024, -1024), (5000, -1024)])
def test_what_lies_before_time_0_is_cut(early: int, cut: int) -> None:
    found, timeline = gaps([-early / RATE_HZ])
    assert (found, timeline.position) == ([cut], FRAME + cut)


def test_an_overlap_is_cut() -> None:
    found, _ = gaps([0, 1024 / RATE_HZ, 1100 / RATE_HZ])
    assert found == [0, 0, 1100 - 2048]


def test_a_long_gap_is_missing_and_told() -> None:
    found, timeline = gaps([0, 10.0])
    assert found == [0, 480_000 - FRAME]
    assert timeline.damage() == ["10.0 s of it are missing and silent"]


@pytest.mark.parametrize("jump_s", [-90_000.0, -2.0, 4000.0])
def test_a_jump_is_joined_and_told(jump_s: float) -> None:
    found, timeline = gaps([0, FRAME / RATE_HZ, jump_s, jump_s + FRAME / RATE_HZ])
    assert found == [0] * 4
    assert timeline.position == 4 * FRAME
    assert len(timeline.damage()) == 1
    assert "jump 1 times" in timeline.damage()[0]


def test_a_change_of_rate_keeps_the_place() -> None:
    timeline = Timeline()
    timeline.gap(0.0, 48_000, 48_000)
    assert timeline.gap(1.0, 44_100, 44_100) == 0
    assert timeline.position == 2 * 44_100


def stamps_kept(stamps_s: Sequence[float | None], samples: int = FRAME) -> list[float | None]:
    frames = [Stamped(number, stamp_s, samples / RATE_HZ) for number, stamp_s in enumerate(stamps_s)]
    found = list(steady(frames))
    assert [stamped.frame for stamped in found] == list(range(len(frames)))
    return [stamped.stamp_s for stamped in found]


def run(start_s: float, count: int) -> list[float | None]:
    return [start_s + number * FRAME / RATE_HZ for number in range(count)]


class TestSteady:
    @given(st.floats(0, 5), st.integers(0, 200))
    def test_what_follows_is_left_alone(self, start_s: float, count: int) -> None:
        assert stamps_kept(run(start_s, count)) == run(start_s, count)

    @pytest.mark.parametrize("false_s", [-90.0, -3.0, 3.0, 66.0, 2476.0, 1e9])
    @pytest.mark.parametrize("length", [1, 3, 8])  # a packet of an MPEG transport stream holds several frames
    def test_a_damaged_stamp_is_none(self, false_s: float, length: int) -> None:
        good = run(0, 100)
        damaged = [*good[:40], *run(40 * FRAME / RATE_HZ + false_s, length), *good[40 + length :]]
        assert stamps_kept(damaged) == [*good[:40], *[None] * length, *good[40 + length :]]

    def test_so_is_the_first(self) -> None:
        assert stamps_kept([66.0, *run(FRAME / RATE_HZ, 50)]) == [None, *run(FRAME / RATE_HZ, 50)]

    def test_a_gap_is_a_gap(self) -> None:
        stamps = [*run(0, 50), *run(10, 50)]
        assert stamps_kept(stamps) == stamps

    def test_short_runs_between_gaps_are_believed(self) -> None:
        stamps = [stamp for start in range(20) for stamp in run(float(start), 5)]
        assert stamps_kept(stamps)[:-5] == stamps[:-5]

    def test_stamps_of_which_none_follows_another_are_none(self) -> None:
        stamps = [float(7 * number) for number in range(1, 100)]
        assert set(stamps_kept(stamps)) == {None}

    def test_a_jump_at_the_very_end_is_not_believed(self) -> None:
        assert stamps_kept([*run(0, 100), 500.0]) == [*run(0, 100), None]

    def test_a_short_sound_may_start_late(self) -> None:
        assert stamps_kept(run(30.0, 5)) == run(30.0, 5)

    @given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=60))
    def test_no_frame_is_lost_whatever_the_stamps(self, stamps: list[float | None]) -> None:
        assert len(stamps_kept(stamps)) == len(stamps)
