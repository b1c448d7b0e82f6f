"""The sums of a data set that its card shows, over the rows of its ledger and of its failures."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]

# How subtitles fit the sound, from the best to the worst; "" where none were held against it.
VERDICTS = ("kept", "moved", "doubtful", "refused", "torn", "untested")
# Of real time, and of timecode at 1000/1001 of a whole rate that drops no labels.
_HOURS_S = (3600.0, 3603.6)
_EXAMPLES = 3
_LONGEST_PATTERN = 160


@dataclass(frozen=True)
class Coverage:
    """What is known of a class. weight_s: the integral of the weights over time; active_s: heard, of what is known."""

    length_s: float = 0.0
    known_s: float = 0.0
    active_s: float = 0.0
    weight_s: float = 0.0

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def known(self) -> float:
        """The share of the time in which it is known."""
        return _share(self.known_s, self.length_s)

    @property
    def heard(self) -> float:
        """The share of what is known in which it is heard."""
        return _share(self.active_s, self.known_s)

    @property
    def weight(self) -> float:
        """The mean weight of what is known."""
        return _share(self.weight_s, self.known_s)


@dataclass(frozen=True)
class Trouble:
    """Failures of one kind: how many, of how many titles, and the first of these by name."""

    severity: str
    stage: str
    error: str
    pattern: str
    count: int
    titles: int
    examples: tuple[str, ...]


def lengths_s(rows: Iterable[Row], *columns: str) -> dict[tuple[str, ...], float]:
    """Sum the titles' lengths by the values of some columns."""
    sums: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for row in rows:
        sums[_values(row, columns)] += row["duration_s"]
    return dict(sums)


def coverages(rows: Iterable[Row], *columns: str) -> dict[tuple[str, ...], Coverage]:
    """Sum what is known, by class and the values of some columns; the class comes first in the keys."""
    sums: defaultdict[tuple[str, ...], Coverage] = defaultdict(Coverage)
    for row in rows:
        lists = (row.get(name) or () for name in ("classes", "known_s", "active_s", "weight_s"))
        for label, *figures in zip(*lists, strict=True):
            sums[(label, *_values(row, columns))] += Coverage(row["duration_s"], *figures)
    return dict(sums)


def by_size(sums: Mapping[tuple[str, ...], float]) -> list[str]:
    """Give the first part of the keys, that with the largest sum first."""
    totals: defaultdict[str, float] = defaultdict(float)
    for key, value in sums.items():
        totals[key[0]] += value
    return sorted(totals, key=lambda name: (-totals[name], name))


def troubles(failures: Iterable[Row]) -> list[Trouble]:
    """Group failures whose messages are alike but for numbers, names and files: errors first, then by count."""
    groups: defaultdict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for row in failures:
        groups[row["severity"], row["stage"], row["error"], _pattern(row)].append(row["title_id"])
    found = [Trouble(*kind, count=len(ids), titles=len(set(ids)), examples=_first(ids)) for kind, ids in groups.items()]
    return sorted(found, key=lambda one: (one.severity, -one.count, one.stage, one.pattern))


def verdicts(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Group the titles whose subtitles were held against the sound by what was found."""
    return {verdict: [row for row in rows if row.get("sync") == verdict] for verdict in VERDICTS}


def lag_s(offset_s: float) -> float:
    """Give an offset but for whole hours, be they of real time or of timecode that runs 0.1 % slow."""
    return min((math.remainder(offset_s, hour_s) for hour_s in _HOURS_S), key=abs)


def severities(failures: Iterable[Row]) -> Counter[str]:
    """Count errors and warnings."""
    return Counter(row["severity"] for row in failures)


def _pattern(row: Row) -> str:
    text = row["message"].replace(row["uri"], "FILE") if row["uri"] else row["message"]
    text = re.sub(r"(['\"])(?:(?!\1).)+\1", r"\1…\1", " ".join(text.split()))
    text = re.sub(r"(?<!\w)[-+−]?\d+(?:[.,:]\d+)*", "#", text)
    return text if len(text) <= _LONGEST_PATTERN else f"{text[: _LONGEST_PATTERN - 1]}…"


def _first(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(ids))[:_EXAMPLES])


def _values(row: Row, columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(row.get(column) or "" for column in columns)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
