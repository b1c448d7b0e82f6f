"""Bring subtitles and cue sheets to the sound: estimate their offset and rate, and tell how sure that is.

Their intervals are correlated with a curve of where speech (or music) is likely, at every offset within reach and at
the rates by which versions of a title differ, as ffsubsync and alass do. The score of a place is in standard deviations
of what the same intervals reach at all other places. Broadcast timecode counts from 01:00:00:00 or 10:00:00:00, so
whole hours are taken off where a file begins that late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from transforms.labels.rules import SyncRules
from transforms.labels.spans import merged
from transforms.records import Interval, Reading, Sync
from transforms.sound.speech_curve import CURVE_HZ

Curve = NDArray[np.float32]
Spans = NDArray[np.float64]

# What the curve does more slowly than this tells of scenes, not of lines; a scene fits many wrong places.
_SCENE_S = 5.0
# What is held against the sound: lines of subtitles, or cues of a cue sheet.
LINES, CUES = ("dialogue", "lyrics"), ("cue", "vocal_cue")
# The out-times of lines run late: the middle of one lies by so much after that of what is heard.
_LATE_S: dict[tuple[str, ...], float] = {LINES: 0.15}
# An interval's own neighbourhood is no rival to it; nor is a file that lies so near its place off it.
_NEAR_S = 2.0
_OWN_S = 0.5
# A file is looked at in so many parts at the most, of at least so many spans, that each of them can tell.
_PARTS, _PART_SPANS = 8, 40


@dataclass(frozen=True)
class _Place:
    """A file's time t, counted from its first whole hour, belongs at rate · t + offset_s."""

    offset_s: float
    rate: float
    score: float


def synchronize(
    reading: Reading, kinds: tuple[str, ...], curve: Curve | None, duration_s: float, rules: SyncRules
) -> Reading:
    """Move a file's intervals to where they fit the sound, and say in its ``sync`` and ``trust`` how well they do.

    kinds: of the intervals to go by, ``LINES`` or ``CUES``. curve: [N] at ``CURVE_HZ``, higher where they are likelier,
    or None.
    """
    spans = np.array(merged(i for i in reading.intervals if i.kind in kinds)).reshape(-1, 2)
    hours_s = _whole_hours_s(spans, duration_s, reading.hour_s)
    unmoved = _Place(0.0, 1.0, np.nan)
    if curve is None or not len(spans) or len(curve) < _SCENE_S * CURVE_HZ:
        return _put(reading, hours_s, unmoved, "untested", 1.0)
    late_s, sound = _LATE_S.get(kinds, 0.0), _Sound.of(curve, rules.reach_s)
    own, moved, *stretched = _places(spans - hours_s, late_s, sound, rules)
    best = own if own.score >= rules.own_score and own.score > moved.score - rules.rival_score else moved
    best = max([best, *stretched], key=lambda place: place.score - rules.rates.get(place.rate, 0))
    if best is not own and (len(spans) < rules.few_spans or best.score < rules.found_score):
        # That a model hears music badly is likelier than that a cue sheet is another title's.
        if len(spans) < rules.few_spans or kinds == CUES:
            return _put(reading, hours_s, own, "doubtful", rules.doubtful_trust)
        return _put(reading, hours_s, own, "refused", 0.0)
    if kinds == LINES and _is_torn((spans - hours_s) * best.rate + best.offset_s, late_s, sound, rules):
        return _put(reading, hours_s, best, "torn", 0.0)
    return _put(reading, hours_s, best, "kept" if best is own else "moved", 1.0)


def synchronize_by(
    reading: Reading, kinds: tuple[str, ...], curves: Sequence[Curve], duration_s: float, rules: SyncRules
) -> Reading:
    """Do this by several curves of the same sound, and take what fits best: each may be deaf where another hears."""
    given: Sequence[Curve | None] = curves or [None]
    tried = [synchronize(reading, kinds, curve, duration_s, rules) for curve in given]
    return max(tried, key=lambda one: (one.trust, one.sync.score if one.sync else 0.0))


def describe(sync: Sync) -> str:
    """Tell a user what was done to a file; "" where nothing was."""
    score = f"(score {sync.score:.1f})"
    if sync.verdict == "refused":
        return f"does not fit the sound {score} and was left out: is it of this title, in this cut and language?"
    if sync.verdict == "torn":
        return f"keeps time with the sound in parts only {score} and was left out: is it of this cut, without breaks?"
    if sync.verdict == "doubtful":
        return f"it cannot be told whether it fits the sound {score}: its labels have less weight"
    if (sync.offset_s, sync.rate) == (0.0, 1.0):
        return ""
    return f"does not keep time with the sound: moved by {sync.offset_s:+.2f} s at rate {sync.rate:.5f} {score}"


def _put(reading: Reading, hours_s: float, place: _Place, verdict: str, trust: float) -> Reading:
    """Put every interval at its place; what ends before the programme begins is left out."""
    offset_s = place.offset_s - place.rate * hours_s
    moved = (
        Interval(max(place.rate * i.start_s + offset_s, 0.0), place.rate * i.end_s + offset_s, i.kind)
        for i in reading.intervals
    )
    sync = Sync(offset_s, place.rate, place.score, verdict)
    return replace(reading, intervals=tuple(i for i in moved if i.end_s > 0), trust=trust, sync=sync)


def _whole_hours_s(spans: Spans, duration_s: float, hour_s: float) -> float:
    """Give the whole hours that a file's count begins with: none, unless more of it then lies in the programme."""
    if not len(spans):
        return 0.0
    first = spans[0, 0] / hour_s
    hours_s = hour_s * np.array([0, np.floor(first), np.round(first)])
    inside = [np.mean((spans[:, 1] > h) & (spans[:, 0] < h + duration_s)) for h in hours_s]
    return float(hours_s[int(np.argmax(inside))])


def _places(spans: Spans, late_s: float, sound: _Sound, rules: SyncRules) -> list[_Place]:
    """Give the place that the file says is its own, the best at its own rate, and the best at each other rate."""
    scores = {rate: sound.scores(spans * rate - late_s) for rate in (1.0, *rules.rates)}
    own = _Place(0.0, 1.0, sound.own_score(scores[1.0]))
    at = {rate: int(np.argmax(found)) for rate, found in scores.items()}
    return [own, *(_Place((at[rate] - sound.reach) / CURVE_HZ, rate, float(scores[rate][at[rate]])) for rate in scores)]


def _is_torn(spans: Spans, late_s: float, sound: _Sound, rules: SyncRules) -> bool:
    """Tell whether a part of the spans, all at their place, fits much better at another, as before or after a break."""
    parts = np.array_split(spans, min(_PARTS, len(spans) // _PART_SPANS) or 1)
    for scores in (sound.scores(part - late_s) for part in parts if len(parts) > 1):
        if scores.max() >= max(rules.found_score, sound.own_score(scores) + 2 * rules.rival_score):
            return True
    return False


@dataclass(frozen=True)
class _Sound:
    """A curve made ready to hold spans against; length, reach: in its steps."""

    length: int
    reach: int
    size: int
    spectrum: NDArray[np.complex128]

    @classmethod
    def of(cls, curve: Curve, reach_s: float) -> _Sound:
        """Take the scenes out of a curve, and bring it to mean 0: outside the title nothing helps or harms."""
        lines = curve - ndimage.gaussian_filter1d(curve.astype(float), _SCENE_S * CURVE_HZ)
        reach = round(reach_s * CURVE_HZ)
        size = fft.next_fast_len(2 * (len(curve) + reach), real=True)
        return cls(len(curve), reach, size, fft.rfft(lines - lines.mean(), size))

    def scores(self, spans: Spans) -> NDArray[np.float64]:
        """Score spans moved by −reach … +reach steps: [2 · reach + 1], 0 on the median, deviation 1."""
        length = self.length + 2 * self.reach
        edges = np.clip(np.round(spans * CURVE_HZ).astype(int) + self.reach, 0, length)
        active = np.zeros(length + 1)
        np.add.at(active, edges[:, 0], 1)
        np.add.at(active, edges[:, 1], -1)
        product = self.spectrum * np.conj(fft.rfft(np.cumsum(active)[:length], self.size))
        # At lag −reach + k, the sum over t of curve[t] · active[t + reach − k + reach].
        return _deviations(np.roll(fft.irfft(product, self.size), 2 * self.reach)[: 2 * self.reach + 1])

    def own_score(self, scores: NDArray[np.float64]) -> float:
        """Give the best score at the spans' own place, give or take a little."""
        near = round(_OWN_S * CURVE_HZ)
        return float(scores[self.reach - near : self.reach + near + 1].max())


def _deviations(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Express what was found at each place by what is found far from the best."""
    steps = np.arange(len(found))
    far = found[np.abs(steps - np.argmax(found)) > _NEAR_S * CURVE_HZ]
    spread = far.std() if len(far) else 0.0
    return (found - np.median(far)) / spread if spread > 0 else np.zeros(len(found))
