"""What a catalog would hold of a programme whose every frame is known: subtitles and a cue sheet, with their faults.

The faults are those of the timing rules that subtitles are made by, and of sheets that are written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from transforms.frames import FRAME_S
from transforms.labels.spans import Span, merged
from transforms.records import Interval, Reading

Random = np.random.Generator
Values = NDArray[np.float32]
SHORTEST_S, LONGEST_S = 5 / 6, 7.0
TWO_FRAMES_S = 2 / 24


@dataclass(frozen=True)
class Noise:
    """How a catalog errs.

    pause_s: pauses within an event that are swallowed. start_s: how far its start is off, either way. late_s,
    late_spread_s: how late its end is. missing: share of lines that are left out. unwritten: share of songs without
    lyrics. cue_s: how far cues are off. short_cue_s, missing_cues: the share of cues shorter than that which nobody
    wrote down. rest_s: pauses within a cue. no_sheet: share of titles without a cue sheet.
    """

    pause_s: float = 1.0
    start_s: tuple[float, float] = (0.1, 0.5)
    late_s: float = 0.5
    late_spread_s: float = 0.2
    missing: float = 0.15
    unwritten: float = 0.7
    cue_s: float = 1.0
    short_cue_s: float = 20.0
    missing_cues: float = 0.15
    rest_s: float = 3.0
    no_sheet: float = 0.2


def spans(active: Values) -> list[Span]:
    """Give the runs of frames [F] whose share is at least half."""
    edges = np.flatnonzero(np.diff(active >= 0.5, prepend=False, append=False)).reshape(-1, 2) * FRAME_S
    return [(float(start), float(end)) for start, end in edges]


def subtitles(speech: Values, songs: Sequence[Span], noise: Noise, random: Random) -> Reading:
    """Write subtitles for a programme that speaks, or sings in its ``songs``, where ``speech`` [F] is."""
    silent = [song for song in songs if random.random() < noise.unwritten]
    found: list[Interval] = []
    for line in lines(spans(speech), noise, random):
        middle = sum(line) / 2
        if random.random() >= noise.missing and not _within(middle, silent):
            found.append(Interval(*line, "lyrics" if _within(middle, songs) else "dialogue"))
    return Reading(tuple(timed(found, noise, random)))


def lines(speech: Sequence[Span], noise: Noise, random: Random) -> list[Span]:
    """Cut speech into what stands in one event each: pauses are swallowed, and nothing is longer than LONGEST_S."""
    found = []
    for start, end in _closed(speech, noise.pause_s):
        at = start
        while at < end:
            until = min(end, at + random.uniform(2, LONGEST_S))
            until = end if end - until < SHORTEST_S else until
            found.append((at, until))
            at = until
    return found


def timed(events: Sequence[Interval], noise: Noise, random: Random) -> list[Interval]:
    """Move starts and ends as a catalog has them: two frames apart, and SHORTEST_S long where there is room."""
    moved = []
    for event in events:
        off = random.uniform(*noise.start_s) * random.choice((-1, 1))
        late = max(0.0, random.normal(noise.late_s, noise.late_spread_s))
        start = max(0.0, event.start_s + off)
        moved.append(Interval(start, max(event.end_s + late, start + SHORTEST_S), event.kind))
    nexts = [*(event.start_s for event in moved[1:]), np.inf]
    cut = (
        Interval(e.start_s, min(e.end_s, after - TWO_FRAMES_S), e.kind) for e, after in zip(moved, nexts, strict=True)
    )
    return [event for event in cut if event.end_s > event.start_s]


def cue_sheet(music: Values, songs: Sequence[Span], noise: Noise, random: Random) -> Reading | None:
    """Write the cue sheet of a programme with music where ``music`` [F] is; None where it got lost."""
    if random.random() < noise.no_sheet:
        return None
    cues = []
    for start, end in _closed(spans(music), noise.rest_s):
        if end - start < noise.short_cue_s and random.random() < noise.missing_cues:
            continue
        begin, stop = np.sort(np.array((start, end)) + random.uniform(-noise.cue_s, noise.cue_s, 2)).clip(0)
        cues.append(Interval(float(begin), float(stop), "vocal_cue" if _within((start + end) / 2, songs) else "cue"))
    return Reading(tuple(cues))


def _closed(found: Sequence[Span], gap_s: float) -> list[Span]:
    """Fill the gaps shorter than ``gap_s``."""
    gaps = ((a[1], b[0]) for a, b in pairwise(found) if b[0] - a[1] < gap_s)
    return merged(Interval(start, end, "") for start, end in (*found, *gaps))


def _within(time_s: float, places: Iterable[Span]) -> bool:
    return any(start <= time_s < end for start, end in places)
