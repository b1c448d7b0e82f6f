"""The words and tables of a data set's card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from statistics import median

import numpy as np

from pipelines.card_figures import Row, Trouble, by_size, coverages, lag_s, lengths_s, severities, troubles, verdicts
from transforms.records import SPLITS

PICTURE = "card.png"
SHOWN_TROUBLES = 30
NAMED_LANGUAGES = 6
LEVELS = {"lowest": 0, "5 %": 5, "median": 50, "95 %": 95, "highest": 100}


def headlines(rows: Sequence[Row], failures: Sequence[Row]) -> list[str]:
    """Give the five most important lines of a card."""
    return [_extent(rows), _languages(rows), _labels(rows), _fit(rows), _losses(failures)]


def markdown(rows: Sequence[Row], failures: Sequence[Row], settings: Mapping[str, str]) -> str:
    """Write the card as Markdown."""
    made = datetime.now(timezone.utc)
    parts = [
        "# Data set card",
        f"Made {made:%Y-%m-%d %H:%M} UTC by `smad prepare`, of all that lies in this folder.",
        "\n".join(f"- {_cell(line)}" for line in headlines(rows, failures)),
        f"![hours, labels, fit of subtitles, loudness]({PICTURE})",
        "## Splits",
        _splits_table(rows),
        "## Languages, hours by split",
        _languages_table(rows),
        "## Languages, minutes by class: heard / known",
        _minutes_table(rows),
        "## Labels\n\nKnown: the share of the time in which the weight is above 0; weight: its mean there; heard: the "
        "share of what is known in which the class is heard.",
        _labels_table(rows),
        _sources_table(rows),
        "## Subtitles against the sound\n\nOf each title the file that is trusted most; scores are in standard "
        "deviations above chance, offsets without whole hours.",
        _fit_table(rows),
        "## Loudness of the mono mix as delivered, but for silence",
        _loudness_table(rows),
        "## What went wrong",
        _troubles_table(troubles(failures)),
        "## Settings",
        _table(["setting", "value"], settings.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _extent(rows: Sequence[Row]) -> str:
    sums = lengths_s(rows, "split")
    parts = [f"{split} {_hours(sums.get((split,), 0))} h" for split in SPLITS]
    return f"{len(rows):,} titles, {_hours(sum(sums.values()))} h: {', '.join(parts)}"


def _languages(rows: Sequence[Row]) -> str:
    sums = lengths_s(rows, "language")
    names = by_size(sums)
    parts = [f"{name or '(none)'} {_hours(sums[name,])} h" for name in names[:NAMED_LANGUAGES]]
    return f"{len(names)} languages: {', '.join([*parts, *['…'] * (len(names) > NAMED_LANGUAGES)])}"


def _labels(rows: Sequence[Row]) -> str:
    parts = [
        f"{label} known {one.known:.0%} of the time (weight {one.weight:.2f}), heard in {one.heard:.0%} of that"
        for (label,), one in coverages(rows).items()
    ]
    return f"labels: {'; '.join(parts) or 'none'}"


def _fit(rows: Sequence[Row]) -> str:
    counts = {verdict: len(found) for verdict, found in verdicts(rows).items()}
    parts = [f"{count:,} {verdict}" for verdict, count in counts.items() if count]
    return f"subtitles against the sound: {', '.join(parts) or 'none'} (of {len(rows):,} titles)"


def _losses(failures: Sequence[Row]) -> str:
    counts, found = severities(failures), troubles(failures)
    most = f"; most: {found[0].count:,} × [{found[0].stage}] {found[0].pattern}" if found else ""
    return f"failures: {counts['error']:,} errors, {counts['warning']:,} warnings{most}"


def _splits_table(rows: Sequence[Row]) -> str:
    sums, whole = lengths_s(rows, "split"), sum(row["duration_s"] for row in rows)
    return _table(
        ["split", "titles", "hours", "share"],
        (
            [split, f"{sum(row.get('split') == split for row in rows):,}", _hours(length), _percent(length, whole)]
            for split in SPLITS
            for length in [sums.get((split,), 0)]
        ),
    )


def _languages_table(rows: Sequence[Row]) -> str:
    sums = lengths_s(rows, "language", "split")
    found = ([sums.get((name, split), 0) for split in SPLITS] for name in by_size(sums))
    lines = (
        [name or "(none)", *map(_hours, parts), _hours(sum(parts))]
        for name, parts in zip(by_size(sums), found, strict=True)
    )
    return _table(["language", *SPLITS, "all"], lines)


def _minutes_table(rows: Sequence[Row]) -> str:
    found = coverages(rows, "language")
    labels = list(dict.fromkeys(label for label, _ in found))
    cells = {key: f"{_minutes(one.active_s)} / {_minutes(one.known_s)}" for key, one in found.items()}
    names = by_size(lengths_s(rows, "language"))
    lines = ([name or "(none)", *(cells.get((label, name), "–") for label in labels)] for name in names)
    return _table(["language", *labels], lines)


def _labels_table(rows: Sequence[Row]) -> str:
    found = coverages(rows, "split") | {(label, "all"): one for (label,), one in coverages(rows).items()}
    order = ["all", *SPLITS]
    labels = list(dict.fromkeys(label for label, _ in found))
    return _table(
        ["class", "split", "known", "weight", "heard"],
        (
            [label, split, f"{one.known:.1%}", f"{one.weight:.2f}", f"{one.heard:.1%}"]
            for label in labels
            for split in order
            if (one := found.get((label, split))) is not None
        ),
    )


def _sources_table(rows: Sequence[Row]) -> str:
    sums = lengths_s(rows, "label_source")
    titles = {name: sum((row.get("label_source") or "") == name for row in rows) for name in by_size(sums)}
    return _table(
        ["source", "titles", "hours"], ([name or "–", f"{titles[name]:,}", _hours(sums[name,])] for name in titles)
    )


def _fit_table(rows: Sequence[Row]) -> str:
    lines = []
    for verdict, found in verdicts(rows).items():
        scores = [row["sync_score"] for row in found if row["sync_score"] is not None]
        offsets = [abs(lag_s(row["offset_s"])) for row in found]
        stretched = sum(row["rate"] != 1 for row in found)
        middle = (f"{median(scores):.1f}" if scores else "–", f"{median(offsets):.2f} s" if offsets else "–")
        lines.append([verdict, f"{len(found):,}", *middle, f"{stretched:,}"])
    return _table(["verdict", "titles", "median score", "median offset", "other rate"], lines)


def _loudness_table(rows: Sequence[Row]) -> str:
    levels = [row["loudness_lkfs"] for row in rows if np.isfinite(row["loudness_lkfs"])]
    found = np.percentile(levels, list(LEVELS.values())) if levels else []
    return _table(list(LEVELS), [[f"{level:.1f} LKFS" for level in found]] if levels else [])


def _troubles_table(found: Sequence[Trouble]) -> str:
    lines: list[list[str]] = [
        [one.severity, one.stage, one.error, one.pattern, f"{one.count:,}", f"{one.titles:,}", ", ".join(one.examples)]
        for one in found[:SHOWN_TROUBLES]
    ]
    more = f"\n\nand {len(found) - SHOWN_TROUBLES} more kinds, in `failures/`" if len(found) > SHOWN_TROUBLES else ""
    return _table(["severity", "stage", "error", "message", "times", "titles", "as"], lines) + more


def _table(head: Sequence[str], lines: Iterable[Iterable[str]]) -> str:
    body = [f"| {' | '.join(map(_cell, line))} |" for line in lines]
    return "\n".join([f"| {' | '.join(map(_cell, head))} |", f"|{' --- |' * len(head)}", *body]) if body else "none"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _hours(length_s: float) -> str:
    return f"{length_s / 3600:,.2f}" if length_s < 360_000 else f"{length_s / 3600:,.0f}"


def _minutes(length_s: float) -> str:
    return f"{length_s / 60:,.1f}" if length_s < 6_000 else f"{length_s / 60:,.0f}"


def _percent(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "–"
