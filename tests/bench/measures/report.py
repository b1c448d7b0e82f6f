"""The figures as aligned tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .scores import CLAIMS, POOLED
from .speed import GOALS

SCORES = ("precision", "recall", "f_score", "error_rate")
SCENE = ("precision", "recall", "f_score", "false_alarms", "with_s", "without_s")
FLOAT_BYTES = 4
CLASSES = ("speech", "music")
CLAIMS_TITLE = """What is found of a class where somebody sings, in music alone, and where there is neither: shares of
the time (… inside: 0.3 s or more from where the truth changes; only the first two ought to be high)"""
Cells = Sequence[object]


def table(title: str, header: Cells, rows: Sequence[Cells]) -> str:
    """Lay rows out under a title, each column as wide as its widest cell, the first to the left."""
    texts = [[text(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in texts]
    return "\n".join(["", title, *lines])


def text(cell: object) -> str:
    """Write a cell: figures with three digits, – for what is not there."""
    if isinstance(cell, float):
        return f"{cell:.3f}" if abs(cell) < 10 else f"{cell:.1f}"
    return "–" if cell is None else str(cell)


def catalog_tables(figures: Mapping[str, Any]) -> Iterator[str]:
    """Give the tables of the catalog: scores, languages, claims."""
    scores = figures["scores"]
    header = ["", *(f"{label} {name}" for label in CLASSES for name in ("P", "R", "F", "ER"))]
    rows = [
        [row, *(by.get(label, {}).get(POOLED, {}).get(name) for label in CLASSES for name in SCORES)]
        for row, by in scores.items()
    ]
    yield table("The catalog, 10 ms, counts of all titles pooled", header, rows)
    yield languages_table(scores)
    header = ["", *(name for name, _, _ in CLAIMS)]
    seconds = ["(seconds of it)", *(f"{value:.0f}" for value in figures["place_s"])]
    rows = [seconds, *([row, *shares] for row, shares in figures["claims"].items())]
    yield table(CLAIMS_TITLE, header, rows)


def languages_table(scores: Mapping[str, Any]) -> str:
    """Give speech F by language, each row's weakest marked."""
    languages = sorted({language for by in scores.values() for language in by["speech"]} - {POOLED})
    rows = []
    for row, by in scores.items():
        values = [by["speech"][language]["f_score"] or 0.0 for language in languages]
        rows.append([row, *(f"{'*' if value == min(values) else ''}{value:.3f}" for value in values)])
    return table("Speech F by language (* the weakest)", ["", *languages], rows)


def gain_table(changes: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Give how F changes with the level."""
    gains = list(next(iter(changes.values()), {}))
    header = ["", *(f"{label} {gain}" for label in CLASSES for gain in gains)]
    rows = [
        [row, *(_signed(by[gain].get(label)) for label in CLASSES for gain in gains)] for row, by in changes.items()
    ]
    return table("F at other levels of the sound, against F at −27 LKFS", header, rows)


def scene_tables(figures: Mapping[str, Any]) -> Iterator[str]:
    """Give a table by kind of scene and one by language for each class."""
    for what, by_class in figures.items():
        for label in (label for label in CLASSES if label in by_class):
            rows = [
                [name, row, *(cell[column] for column in SCENE)]
                for name, by_row in by_class[label].items()
                for row, cell in by_row.items()
            ]
            header = [what, "", "P", "R", "F", "false alarms", f"s with {label}", "s without"]
            yield table(f"Mixed programmes, {label} by {what}, 200 ms", header, rows)


def speed_table(speed: Mapping[str, Mapping[str, Any]], sizes: Mapping[str, Any], models: Sequence[str]) -> str:
    """Give speeds, how many times as fast as each peer the models are, whether that is enough, and sizes."""
    peers = [name for name in speed if name not in models]
    ratios = [f"× {peer}" for peer in peers]
    header = ["", "× real time", "fastest", *ratios, "parameters", "MB of weights", "MB on disk", "goals"]
    rows = []
    for name, figures in speed.items():
        ratio, (parameters, size) = figures["ratio"], sizes[name]
        megabytes = [
            None if count is None else count / 1e6 for count in (parameters and parameters * FLOAT_BYTES, size)
        ]
        rows.append([name, figures["real_time"], figures["fastest"], *(ratio.get(peer) for peer in peers)])
        rows[-1] += [parameters, *megabytes, goals(ratio) if name in models else ""]
    return table("Speed: one CPU thread, waveform to frames, median of interleaved rounds", header, rows)


def goals(ratio: Mapping[str, float]) -> str:
    """Say which of the goals are reached."""
    return ", ".join(
        f"≥ {goal:g} × {peer} {'reached' if ratio[peer] >= goal else 'MISSED'}"
        for peer, goal in GOALS.items()
        if peer in ratio
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if place else cell.ljust(width)


def _signed(change: float | None) -> str | None:
    return None if change is None else f"{change:+.3f}"
