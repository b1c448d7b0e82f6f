"""Where decoded frames lie on the title's timeline, by their time stamps."""

from __future__ import annotations

from dataclasses import dataclass, field

# Containers round their time stamps (Matroska: to 1 ms) and live recordings jitter; only a larger step is a real gap.
JITTER_S = 0.011
GAP_S = 0.05
# A lost packet leaves a gap of its own length, however short that is.
LOST_FRAME = 0.75
# A gap that no viewer would have waited through is a damaged time stamp.
LONGEST_GAP_S = 3600.0
# Packets overlap by less; where the stamps fall back further (joined MPEG-TS, DVD), new sound follows.
LONGEST_OVERLAP_S = 1.0
# Less than this is not worth telling.
TOLD_S = 0.2


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
