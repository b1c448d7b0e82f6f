"""Times as cue sheets write them: SMPTE timecode (drop-frame too), clock times, and times with units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from ttconv.time_code import SmpteTimeCode

from transforms.records import InputError

_FRAMES = re.compile(r"(\d{1,3})[:;](\d{1,2})[:;](\d{1,2})([:;.])(\d{1,3})")
_COUNT = re.compile(r"(\d+) ?(?:f|fr|frames?)", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)|(\d+(?:[.,]\d+)?)")
_DOTTED = re.compile(r"\d{1,3}(?:\.\d\d){2,3}")
_MS = re.compile(r"(\d+(?:[.,]\d+)?) ?(?:ms|msec|millis|milliseconds?)", re.IGNORECASE)
_UNITS = re.compile(
    r"(?:(\d{1,3}) ?(?:h|hrs?|hours?|std)\.? ?)?"
    r"(?:(\d{1,4}) ?(?:m|mn|mins?|minutes?|[′'’])\.? ?)?"
    r"(?:(\d{1,5}(?:[.,]\d+)?) ?(?:s|secs?|sek|seconds?|[″\"”]|[′'’]{2})?\.?)?",
    re.IGNORECASE,
)


def has_frames(text: str) -> bool:
    """Tell whether a time counts frames (``00:00:16:02``, ``00:00:16;02``, ``386 f``)."""
    text = _plain(text)
    match = _FRAMES.fullmatch(text)
    return bool(_COUNT.fullmatch(text) or (match and match[4] != "."))


def _plain(text: str) -> str:
    """Give a time in plain characters (Japanese sheets are typed in wide ones), its parts divided by colons."""
    text = unicodedata.normalize("NFKC", text).strip()
    return text.replace(".", ":") if _DOTTED.fullmatch(text) else text


def frame_rate(fps: float) -> Fraction:
    """Give the exact rate behind a rounded one: 23.976, 23.98 → 24000/1001.

    Raises:
        InputError: it is neither a whole number nor 1000/1001 of one.
    """
    nominal = Fraction(round(fps) if 0 < fps < 1000 else 0)
    for rate in (nominal, nominal * Fraction(1000, 1001)):
        if rate and abs(fps - rate) < 0.006:
            return rate
    raise InputError(f"{fps:g} is not a frame rate: give one such as 23.976, 24, 25, 29.97 or 30")


@dataclass(frozen=True)
class Clock:
    """How a document counts time: real time, or frames of a rate, with labels dropped or not.

    Timecode at 1000/1001 of a whole rate counts whole frames to a second, and so runs 0.1 % slow (SMPTE 12M);
    drop-frame timecode skips labels to make up for it.
    """

    rate: Fraction | None = None
    drop: bool = False

    @classmethod
    def of(cls, times: Iterable[str], fps: float | None, drop: bool = False) -> Clock:
        """Find how the times of a document count: in frames once one of them does, dropping labels once one has ``;``.

        Args:
            times: all of its times.
            fps: the frame rate, needed where they count frames.
            drop: whether the document says that its labels are dropped.

        Raises:
            InputError: they count frames, and ``fps`` is not given, or no frame rate.
        """
        counted = [time for time in times if has_frames(time)]
        if not counted:
            return cls()
        if fps is None:
            raise InputError(f"its times count frames ({counted[0]}), but no frame rate is given: set cue_sheet_fps")
        rate = frame_rate(fps)
        # Some tools write the semicolon at every rate; labels are dropped at 29.97 and 59.94 alone.
        dropping = rate.denominator != 1 and round(rate) % 30 == 0
        return cls(rate, dropping and (drop or any(";" in time for time in counted)))

    def seconds(self, text: str) -> Fraction:
        """Convert a time to seconds of real time, exactly.

        Raises:
            ValueError: it is not a time, or no time of this clock.
        """
        return self._timecode(_plain(text)) if self.rate else _clock_time(_plain(text))

    def _timecode(self, text: str) -> Fraction:
        assert self.rate is not None
        if count := _COUNT.fullmatch(text):
            return int(count[1]) / self.rate
        match = _FRAMES.fullmatch(text)
        if match and match[4] != ".":
            hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
            return self._label(hours, minutes, seconds, frames)
        whole, part = divmod(_clock_time(text), 1)
        minutes, seconds = divmod(int(whole), 60)
        return self._label(*divmod(minutes, 60), seconds, 0) + part

    def _label(self, hours: int, minutes: int, seconds: int, frames: int) -> Fraction:
        assert self.rate is not None
        if minutes > 59 or seconds > 59:
            raise ValueError("minutes or seconds above 59")
        if frames >= round(self.rate):
            raise ValueError("a frame number beyond the frame rate")
        return Fraction(SmpteTimeCode(hours, minutes, seconds, frames, self.rate, self.drop).to_temporal_offset())


def _clock_time(text: str) -> Fraction:
    match = _CLOCK.fullmatch(text)
    if not match:
        return _with_units(text)
    if match[4]:
        return _number(match[4])
    seconds = _number(match[3])
    if seconds >= 60 or (match[1] and int(match[2]) > 59):
        raise ValueError("minutes or seconds above 59")
    return (int(match[1] or 0) * 60 + int(match[2])) * 60 + seconds


def _with_units(text: str) -> Fraction:
    """Read ``1h02m03s``, ``2'35"``, ``02m 35s``, ``155 sec``, ``1500 ms``."""
    if milliseconds := _MS.fullmatch(text):
        return _number(milliseconds[1]) / 1000
    match = _UNITS.fullmatch(text)
    if not match or not any(match.groups()):
        raise ValueError("a time that cannot be read")
    hours, minutes, seconds = (_number(part or "0") for part in match.groups())
    if (match[2] and seconds >= 60) or (match[1] and minutes >= 60):
        raise ValueError("minutes or seconds above 59")
    return (hours * 60 + minutes) * 60 + seconds


def _number(text: str) -> Fraction:
    return Fraction(text.replace(",", "."))
