"""Where decoded frames lie on the title's timeline, by their time stamps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

T = TypeVar("T")

# Containers round their time stamps (Matroska: to 1 ms) and live recordings jitter; only a larger step is a real gap.
JITTER_S = 0.011
GAP_S = 0.05
# A lost packet leaves a gap of its own length, however short that is.
LOST_FRAME = 0.75
# A gap that no viewer would have waited through is a damaged time stamp.
LONGEST_GAP_S = 3600.0
# Packets overlap by less; where the stamps fall back further (joined MPEG-TS, DVD), new sound follows.
LONGEST_OVERLAP_S = 1.0
# A larger step of the stamps is believed when so much sound follows it, or so many frames and another step.
JUMP_S = 0.1
FOLLOWED_S = 0.5
FOLLOWERS = 3
# Less than this is not worth telling.
TOLD_S = 0.2


@dataclass(frozen=True)
class Stamped(Generic[T]):
    """A frame of sound, its time in the title (None where it has no stamp) and its length."""

    frame: T
    stamp_s: float | None
    length_s: float

    def end_s(self, expected_s: float) -> float:
        """Give where the next frame is expected, if this one was at ``expected_s``."""
        return (expected_s if self.stamp_s is None else self.stamp_s) + self.length_s


def steady(frames: Iterable[Stamped[T]]) -> Iterator[Stamped[T]]:
    """Take away time stamps that jump without being followed: a flipped bit in one of them is no gap of an hour.

    Frames after a jump are held back until as much sound has followed as shows that it is one, in stamps that agree.
    Where the stamps come back instead, or jump again at once, those between are damaged: they become None.
    """
    held: list[Stamped[T]] = []
    line_s, new_line_s = 0.0, 0.0  # where the next frame is expected, before the jump and after it
    for frame in frames:
        if held and not _near(frame, new_line_s):
            jumped_on = not _near(frame, line_s) and len(held) >= FOLLOWERS
            yield from held if jumped_on else map(_unstamped, held)
            line_s = new_line_s if jumped_on else line_s
            held = []
        if held or not _near(frame, line_s):
            new_line_s = frame.end_s(new_line_s)
            line_s += frame.length_s
            held.append(frame)
            if sum(each.length_s for each in held) < FOLLOWED_S:
                continue
            line_s = new_line_s
            yield from held
            held = []
        else:
            line_s = frame.end_s(line_s)
            yield frame
    yield from held if line_s <= FOLLOWED_S else map(_unstamped, held)


def _near(frame: Stamped[T], expected_s: float) -> bool:
    return frame.stamp_s is None or abs(frame.stamp_s - expected_s) <= JUMP_S


def _unstamped(frame: Stamped[T]) -> Stamped[T]:
    return replace(frame, stamp_s=None)


@dataclass
class Timeline:
    """Count samples from time 0 and compare them with the time stamps.

    in_frames: the sound is coded in frames, which can be lost whole. position: samples so far, at the rate of the last
    frame.
    """

    in_frames: bool = True
    position: int = 0
    _origin_s: float = 0.0
    _rate_hz: int = 0
    _missing_s: float = 0.0
    _jumps_s: list[float] = field(default_factory=list)

    def gap(self, stamp_s: float | None, samples: int, rate_hz: int) -> int:
        """Place the next frame: give the samples of silence before it, or, negative, those to cut from its start.

        stamp_s: its time stamp, None where it has none: it follows the one before. The cut is never longer than it.
        """
        if self._rate_hz and rate_hz != self._rate_hz:
            self.position = round(self.position * rate_hz / self._rate_hz)
        self._rate_hz = rate_hz
        gap = self._accepted(stamp_s, samples)
        if gap < 0:
            gap = -min(-gap, samples)
        self.position += gap + samples
        return gap

    def _accepted(self, stamp_s: float | None, samples: int) -> int:
        if stamp_s is None:
            return 0
        gap = round((stamp_s - self._origin_s) * self._rate_hz) - self.position
        gap_s = gap / self._rate_hz
        if gap_s > LONGEST_GAP_S or (self.position and gap_s < -LONGEST_OVERLAP_S):
            self._jumps_s.append(gap_s)
            self._origin_s += gap_s
            return 0
        if not self.position:
            return gap
        if abs(gap_s) <= self._tolerance_s(samples):
            return 0
        self._missing_s += max(0.0, gap_s)
        return gap

    def _tolerance_s(self, samples: int) -> float:
        return min(GAP_S, max(JITTER_S, LOST_FRAME * samples / self._rate_hz)) if self.in_frames else GAP_S

    def damage(self) -> list[str]:
        """Tell of gaps and of jumps of the time stamps."""
        told = []
        if self._missing_s > TOLD_S:
            told.append(f"{self._missing_s:.1f} s of it are missing and silent")
        if self._jumps_s:
            first = f"{len(self._jumps_s)} times, first by {self._jumps_s[0]:.0f} s"
            told.append(f"its time stamps jump {first}; the sound was joined there")
        return told
