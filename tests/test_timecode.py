"""Times of cue sheets."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.text.timecode import Clock, frame_rate

RATES = {
    23.976: Fraction(24000, 1001),
    24: Fraction(24),
    25: Fraction(25),
    29.97: Fraction(30000, 1001),
    30: Fraction(30),
    59.94: Fraction(60000, 1001),
}


def label(frame: int, fps: float, drop: bool) -> str:
    """Count up to a frame by SMPTE 12M: each minute but every tenth skips its first labels where labels are dropped."""
    base = round(fps)
    skip = base // 15 if drop else 0
    tens, rest = divmod(frame, 600 * base - 9 * skip)
    minutes = 0
    while rest >= 60 * base - (skip if minutes else 0):
        rest -= 60 * base - (skip if minutes else 0)
        minutes += 1
    number = rest + (skip if minutes else 0)
    whole = tens * 10 + minutes
    mark = ";" if drop else ":"
    return f"{whole // 60:02}:{whole % 60:02}:{number // base:02}{mark}{number % base:02}"


@given(st.integers(0, 24 * 3600 * 24), st.sampled_from(sorted(RATES)))
def test_a_timecode_gives_back_its_frame(frame: int, fps: float) -> None:
    text = label(frame, fps, drop=False)
    assert Clock.of([text], fps).seconds(text) == frame / RATES[fps]


@given(st.integers(0, 24 * 3600 * 29), st.sampled_from([29.97, 59.94]))
def test_a_drop_frame_timecode_gives_back_its_frame(frame: int, fps: float) -> None:
    text = label(frame, fps, drop=True)
    assert Clock.of([text], fps).seconds(text) == frame / RATES[fps]


def test_drop_frame_keeps_to_the_clock_and_the_others_run_slow() -> None:
    assert abs(Clock.of(["01:00:00;00"], 29.97).seconds("01:00:00;00") - 3600) < 0.01
    assert Clock.of(["01:00:00:00"], 29.97).seconds("01:00:00:00") == Fraction("3603.6")
    assert Clock.of(["01:00:00:00"], 23.976).seconds("01:00:00:00") == Fraction("3603.6")


def test_a_semicolon_at_other_rates_drops_nothing() -> None:
    assert Clock.of(["00:10:00;12"], 25).seconds("00:10:00;12") == Fraction("600.48")


def test_a_time_without_frames_counts_as_timecode_beside_those_with_frames() -> None:
    clock = Clock.of(["01:00:10:00"], 23.976)
    assert clock.seconds("01:00:10:00") - clock.seconds("01:00:00") == Fraction("10.01")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:25", "25"),
        ("1:02:03.250", "3723.25"),
        ("0:28", "28"),
        ("95:00", "5700"),
        ("12,5", "12.5"),
        (" 7 ", "7"),
        ("1h02m03s", "3723"),
        ("2'35\"", "155"),
        ("2′35″", "155"),
        ("2'35''", "155"),
        ("02m 35s", "155"),
        ("2'35", "155"),
        ("155 sec", "155"),
        ("2 min", "120"),
        ("1 Std. 2 Min.", "3720"),
        ("1500 ms", "1.5"),
        ("2 min. 3,5 s", "123.5"),
        ("00.02.35", "155"),
        ("００：０２：３５", "155"),
        ("1h", "3600"),
        ("35''", "35"),
    ],
)
def test_clock_times(text: str, seconds: str) -> None:
    assert Clock.of([text], None).seconds(text) == Fraction(seconds)


@pytest.mark.parametrize("text", ["1m75s", "1h75m", "h", "'", "ms", "1s2m", "0:28 s:", "1e5"])
def test_what_is_no_clock_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|minutes"):
        Clock.of([text], None).seconds(text)


def test_counts_of_frames() -> None:
    clock = Clock.of(["386 f"], 24)
    assert clock.seconds("386 f") == Fraction(386, 24)
    assert clock.seconds("386 frames") == Fraction(386, 24)
    assert Clock.of(["30 f"], 29.97, drop=True).seconds("30 f") == Fraction(1001, 1000)


def test_labels_that_a_document_says_are_dropped() -> None:
    assert Clock.of(["00:10:00:00"], 29.97, drop=True).seconds("00:10:00:00") == Fraction(18000 - 18, 30000) * 1001
    assert Clock.of(["00:10:00:00"], 25, drop=True).seconds("00:10:00:00") == 600


@pytest.mark.parametrize("text", ["00:00:01:24", "00:61:00:00", "00:00:61:00", "00:00", "tbd", "-1", "00:00:75", ""])
def test_what_is_no_time_of_a_clock_is_refused(text: str) -> None:
    clock = Clock.of(["00:00:00:00"], 24)
    if text == "00:00":
        assert clock.seconds(text) == 0
    else:
        with pytest.raises(ValueError, match=r"time|minutes|frame"):
            clock.seconds(text)


@pytest.mark.parametrize(("fps", "rate"), [*RATES.items(), (23.98, RATES[23.976]), (47.952, Fraction(48000, 1001))])
def test_a_rounded_rate_stands_for_the_exact_one(fps: float, rate: Fraction) -> None:
    assert frame_rate(fps) == rate


@pytest.mark.parametrize("fps", [0, -25, 12.5, 1e9, float("nan"), float("inf")])
def test_what_is_no_rate_is_refused(fps: float) -> None:
    with pytest.raises(InputError, match="frame rate"):
        frame_rate(fps)
