"""A picture of what was tagged: a timeline a title, with probabilities, decisions and truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from transforms import storage
from transforms.labels.annotations import read_annotations
from transforms.records import InputError, Interval, Title
from transforms.tables import segment_intervals

COLOURS = {"speech": "#3465a4", "music": "#ce5c00"}
# Of further classes, in turn.
OTHER_COLOURS = ("#4e9a06", "#75507b", "#a40000", "#8f5902", "#0f8a8a", "#c4a000")
LANE_HEIGHT = 1.6


def draw(titles: Sequence[Title], output: str, picture: Path) -> bool:
    """Draw the timelines of ``titles`` as tagged in ``output``; tell whether there was anything to draw."""
    found = [(title, activity) for title in titles if (activity := _activity(title, output)) is not None]
    if not found:
        return False
    mpl.rcParams["font.size"] = 9
    lanes = [len(activity["classes"]) for _, activity in found]
    figure = Figure(figsize=(13, 1.0 + 0.3 * len(found) + 0.8 * sum(lanes)), layout="constrained")
    grid = figure.subplots(len(found), squeeze=False, height_ratios=lanes)[:, 0]
    for axes, (title, activity) in zip(grid, found, strict=True):
        _timeline(axes, title, activity, output)
    grid[-1].set_xlabel("time, s")
    figure.suptitle("curve: probability    filled bar: decided    hatched bar: truth")
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110)
    return True


def _timeline(axes: Axes, title: Title, activity: dict[str, Any], output: str) -> None:
    rows = storage.read_table(storage.table_path(output, "segments", title.title_id)) or []
    decided = segment_intervals(rows)
    truth = _truth(title, activity["classes"])
    colours = colours_of(activity["classes"])
    for lane, label in enumerate(reversed(activity["classes"])):
        base, colour = lane * LANE_HEIGHT, colours[label]
        row = np.array(activity["probability"][activity["classes"].index(label)])
        centres = (np.arange(len(row)) + 0.5) * activity["frame_s"]
        axes.fill_between(centres, base, base + row, color=colour, alpha=0.3, linewidth=0)
        axes.plot(centres, base + row, color=colour, linewidth=0.8)
        axes.axhline(base + 0.5, color="#888888", linewidth=0.5, linestyle=":")
        axes.broken_barh(_bars(decided, label), (base - 0.22, 0.18), facecolors=colour)
        axes.broken_barh(
            _bars(truth, label), (base - 0.44, 0.18), facecolors="white", edgecolors=colour, hatch="////", linewidth=0.6
        )
    axes.set_yticks([lane * LANE_HEIGHT + 0.3 for lane in range(len(activity["classes"]))])
    axes.set_yticklabels(reversed(activity["classes"]))
    axes.set_xlim(0, activity["duration_s"])
    axes.set_ylim(-0.5, len(activity["classes"]) * LANE_HEIGHT - 0.5)
    axes.set_title(f"{title.title_id}   {title.language}   {title.split}", loc="left", fontweight="bold")


def colours_of(classes: Sequence[str]) -> dict[str, str]:
    """Give each class its colour: of speech and music always the same, of others by their order."""
    others = [label for label in classes if label not in COLOURS]
    return COLOURS | dict(zip(others, cycle(OTHER_COLOURS), strict=False))


def _bars(intervals: Iterable[Interval], label: str) -> list[tuple[float, float]]:
    return [(i.start_s, i.end_s - i.start_s) for i in intervals if i.kind == label]


def _activity(title: Title, output: str) -> dict[str, Any] | None:
    rows = storage.read_table(storage.table_path(output, "activity", title.title_id))
    return rows[0] if rows else None


def _truth(title: Title, classes: Sequence[str]) -> tuple[Interval, ...]:
    try:
        return read_annotations(storage.read_bytes(title.truth), classes).intervals if title.truth else ()
    except InputError:
        return ()
