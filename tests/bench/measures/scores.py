"""Scores on the real catalog at 10 ms, counts pooled over its titles; what is claimed where it is not; other levels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.frames import seconds
from transforms.metrics import RESOLUTION_S, Counts, count
from transforms.records import Interval

from .detectors import Detector, rows_of
from .films import Film

EDGE_S = 0.3
GAINS_DB = (-20.0, 6.0)
POOLED = "all"
Mask = NDArray[np.bool_]
# By (row, class, language), all languages together being POOLED.
Tally = dict[tuple[str, str, str], Counts]
# What is found of a class in a place: its name in the tables, the class, the place.
CLAIMS = (
    ("sung as speech", "speech", "sung"),
    ("sung as music", "music", "sung"),
    ("music as speech", "speech", "music"),
    ("… inside", "speech", "music inside"),
    ("ambience as music", "music", "ambience"),
    ("… inside", "music", "ambience inside"),
    ("ambience as speech", "speech", "ambience"),
    ("… inside", "speech", "ambience inside"),
)


@dataclass(frozen=True)
class Share:
    """A part of a whole, in 10 ms segments; shares are summed as counts are."""

    part: int = 0
    whole: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.part + other.part, self.whole + other.whole)

    @property
    def value(self) -> float | None:
        """The ratio, None of nothing."""
        return self.part / self.whole if self.whole else None


def catalog_figures(films: Sequence[Film], detectors: Sequence[Detector]) -> dict[str, Any]:
    """Hear every film once, and give scores by row, class and language, claims by row and place, and seconds of each.

    The figures: {"scores": {row: {class: {language: scores}}}, "claims": {row: [share of each of CLAIMS]},
    "place_s": [seconds of each of CLAIMS]}.
    """
    tally: Tally = defaultdict(Counts)
    classes = rows_of(detectors)
    claims = {row: [Share()] * len(CLAIMS) for row in classes}
    for film in films:
        for row, found in (item for detector in detectors for item in detector.find(film.wave).items()):
            add_counts(tally, row, film, found, classes[row])
            claims[row] = [a + b for a, b in zip(claims[row], claimed(film, found), strict=True)]
    return {
        "scores": scores_of(tally),
        "claims": {
            row: [s.value if label in classes[row] else None for s, (_, label, _) in zip(shares, CLAIMS, strict=True)]
            for row, shares in claims.items()
        },
        "place_s": [share.whole * RESOLUTION_S for share in next(iter(claims.values()), [])],
    }


def gain_figures(
    films: Sequence[Film], detectors: Sequence[Detector], scores: dict[str, Any]
) -> dict[str, dict[str, dict[str, float]]]:
    """Hear the films at other levels, as if nothing had levelled them: {row: {gain: {class: F minus F at 0 dB}}}."""
    changes: dict[str, dict[str, dict[str, float]]] = {row: {} for row in rows_of(detectors)}
    for gain_db in GAINS_DB:
        tally: Tally = defaultdict(Counts)
        for film in films:
            wave = film.wave * np.float32(10 ** (gain_db / 20))
            for detector in detectors:
                for row, found in detector.find(wave).items():
                    add_counts(tally, row, film, found, detector.classes)
        for row, by_class in scores_of(tally).items():
            changes[row][f"{gain_db:+g} dB"] = {
                label: (figures[POOLED]["f_score"] or 0) - (scores[row][label][POOLED]["f_score"] or 0)
                for label, figures in by_class.items()
            }
    return changes


def add_counts(tally: Tally, row: str, film: Film, found: Sequence[Interval], classes: Iterable[str]) -> None:
    """Add what was found in a film to its language's counts and to all."""
    for label in classes:
        counts = count(film.truth, found, label)
        for language in (POOLED, film.language):
            tally[row, label, language] += counts


def scores_of(tally: Tally) -> dict[str, dict[str, dict[str, dict[str, float | None]]]]:
    """Give {row: {class: {language: scores}}}."""
    scores: dict[str, dict[str, dict[str, dict[str, float | None]]]] = {}
    for (row, label, language), counts in tally.items():
        scores.setdefault(row, {}).setdefault(label, {})[language] = counts.scores()
    return scores


def claimed(film: Film, found: Sequence[Interval]) -> list[Share]:
    """Give for each of CLAIMS how much of its place is found as its class."""
    length = round(seconds(len(film.wave)) / RESOLUTION_S)
    where = places(film, length)
    heard = {label: mask(found, label, length) for label in ("speech", "music")}
    return [Share(int((heard[label] & where[place]).sum()), int(where[place].sum())) for _, label, place in CLAIMS]


def places(film: Film, length: int) -> dict[str, Mask]:
    """Give masks [length] of 10 ms: sung, music alone, neither; ``inside`` at least EDGE_S from where truth changes."""
    speech, music = (mask(film.truth, label, length) for label in ("speech", "music"))
    sung = np.any([mask(film.sung, kind, length) for kind in ("lyrics", "vocal_cue")], axis=0)
    inside = ~near_edges(film.truth, length)
    plain = {"sung": speech & music & sung, "music": music & ~speech, "ambience": ~music & ~speech}
    return plain | {f"{name} inside": place & inside for name, place in plain.items()}


def mask(intervals: Iterable[Interval], kind: str, length: int) -> Mask:
    """Give the segments that intervals of a kind touch, as the scores have it."""
    return _touched(((i.start_s, i.end_s) for i in intervals if i.kind == kind), length)


def near_edges(intervals: Iterable[Interval], length: int) -> Mask:
    """Give the segments less than EDGE_S from where an interval begins or ends."""
    edges = (edge for i in intervals for edge in (i.start_s, i.end_s))
    return _touched(((max(0.0, edge - EDGE_S), edge + EDGE_S) for edge in edges), length)


def _touched(spans: Iterable[tuple[float, float]], length: int) -> Mask:
    found = np.zeros(length, np.bool_)
    for start, end in spans:
        found[math.floor(start / RESOLUTION_S) : math.ceil(end / RESOLUTION_S)] = True
    return found
