"""The picture of a data set's card: hours, labels, the fit of subtitles, loudness."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from statistics import median

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from pipelines.card_figures import VERDICTS, Row, by_size, coverages, lag_s, lengths_s, verdicts
from transforms.records import SPLITS

SPLIT_COLOURS = dict(zip(SPLITS, ("#3465a4", "#e9a13b", "#8f5a9c"), strict=True))
VERDICT_COLOURS = dict(zip(VERDICTS, ("#4e9a06", "#3465a4", "#e9a13b", "#b3261e", "#7b1fa2", "#9a9a9a"), strict=True))
LABEL_COLOURS = {"heard": "#2e7d6b", "not heard": "#a9cfc4", "unknown": "#e4e4e0"}
PLAIN, GREY = "#5c7a99", "#666666"
STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8e8e8",
    "legend.frameon": False,
    "legend.fontsize": 8,
}
# More bars than that cannot be read; what is left over is one more.
MOST_BARS = 32
OFFSET_REACH_S = 60.0

Bars = Mapping[str, Mapping[str, float]]


def draw(rows: Sequence[Row], heading: str) -> bytes:
    """Draw the panels; give the picture as PNG."""
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(13, 8.5), layout=ConstrainedLayoutEngine(hspace=0.04))
        panels = figure.subplot_mosaic("LCC;LSO;LUD", width_ratios=(1.15, 1, 1), height_ratios=(0.6, 1, 1))
        figure.suptitle(_plain(heading), x=0.01, ha="left", fontsize=12, fontweight="bold")
        parts: dict[str, Callable[[Axes, Sequence[Row]], None]] = {
            "L": _languages,
            "C": _labels,
            "U": _sources,
            "S": _scores,
            "O": _offsets,
            "D": _loudness,
        }
        for place, part in parts.items():
            part(panels[place], rows)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _languages(axes: Axes, rows: Sequence[Row]) -> None:
    sums = lengths_s(rows, "language", "split")
    bars: dict[str, dict[str, float]] = {}
    for place, name in enumerate(by_size(sums)):
        bar = bars.setdefault(name or "(none)" if place < MOST_BARS else "others", dict.fromkeys(SPLITS, 0.0))
        for split in SPLITS:
            bar[split] += sums.get((name, split), 0.0) / 3600
    _bars(axes, bars, SPLIT_COLOURS, f"Hours by language ({len(by_size(sums))})", room=14)


def _labels(axes: Axes, rows: Sequence[Row]) -> None:
    found = {label: known for (label,), known in coverages(rows).items()}
    bars = {
        label: {
            "heard": 100 * one.known * one.heard,
            "not heard": 100 * one.known * (1 - one.heard),
            "unknown": 100 * (1 - one.known),
        }
        for label, one in found.items()
        if one.length_s
    }
    _bars(axes, bars, LABEL_COLOURS, "What the labels say, % of the time", room=2)
    axes.set_xlim(0, 100)


def _sources(axes: Axes, rows: Sequence[Row]) -> None:
    sums = lengths_s(rows, "label_source")
    bars = {name or "(unknown)": {"": sums[name,] / 3600} for name in by_size(sums)}
    _bars(axes, bars, {"": PLAIN}, "Hours by source of the labels", room=5)


def _scores(axes: Axes, rows: Sequence[Row]) -> None:
    scores = {v: [row["sync_score"] for row in found if row["sync_score"] is not None] for v, found in _tested(rows)}
    _histogram(axes, scores, VERDICT_COLOURS, "Fit of subtitles to the sound")
    axes.set_xlabel("score, standard deviations")


def _offsets(axes: Axes, rows: Sequence[Row]) -> None:
    """Show how far files were moved, but for the whole hours that their count begins with."""
    offsets = {
        v: [float(np.clip(lag_s(row["offset_s"]), -OFFSET_REACH_S, OFFSET_REACH_S)) for row in found]
        for v, found in _tested(rows)
        if v not in ("refused", "torn")
    }
    _histogram(axes, offsets, VERDICT_COLOURS, "Offset of subtitles that were used", zero=True)
    axes.set_xlabel("s, without whole hours")


def _loudness(axes: Axes, rows: Sequence[Row]) -> None:
    levels = [row["loudness_lkfs"] for row in rows if np.isfinite(row["loudness_lkfs"])]
    title = f"Loudness (median {median(levels):.1f} LKFS)" if levels else "Loudness"
    _histogram(axes, {"": levels}, {"": PLAIN}, title)
    axes.set_xlabel("LKFS of the mono mix as delivered; grey: left so")
    if levels:
        axes.axvspan(-29, -25, color="#d8d8d8", zorder=0.5)


def _tested(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    return [(verdict, found) for verdict, found in verdicts(rows).items() if verdict != "untested"]


def _bars(axes: Axes, bars: Bars, colours: Mapping[str, str], title: str, room: int) -> None:
    """Draw horizontal bars from the top down, each a stack of parts, and as thin as if they were ``room`` bars."""
    axes.set_title(title)
    if not bars:
        _nothing(axes)
        return
    left, places = np.zeros(len(bars)), np.arange(len(bars))
    for part, colour in colours.items():
        widths = np.array([bar[part] for bar in bars.values()])
        axes.barh(places, widths, left=left, color=colour, height=0.72, label=part)
        left += widths
    shares = bool(np.allclose(left, 100))
    for place, whole in zip(places, left, strict=True) if not shares else ():
        text = f"{whole:,.{2 if whole < 10 else 1 if whole < 100 else 0}f}"
        axes.annotate(text, (whole, place), (3, 0), textcoords="offset points", va="center", fontsize=8, color=GREY)
    axes.set_yticks(places, [_plain(name) for name in bars])
    axes.set_ylim(max(len(bars), room) - 0.4, -0.6)
    axes.set_xlim(0, max(left.max(), 1e-9) * 1.12)
    axes.grid(visible=False, axis="y")
    if len(colours) > 1:
        axes.legend(loc="lower right", ncols=len(colours) if shares else 1, bbox_to_anchor=(1, 0.98 if shares else 0))


def _histogram(
    axes: Axes, values: Mapping[str, list[float]], colours: Mapping[str, str], title: str, zero: bool = False
) -> None:
    """Draw a histogram, stacked by part. zero: symmetric about 0, where nearly all lie, so counts are on a log."""
    axes.set_title(title)
    every = [value for part in values.values() for value in part]
    if not every:
        _nothing(axes)
        return
    edges = np.histogram_bin_edges(every, bins=41 if len(every) > 40 else 21, range=_reach(every, zero)).tolist()
    parts, names = list(values.values()), [f"{part} {len(found):,}" for part, found in values.items()]
    axes.hist(parts, edges, stacked=True, color=[colours[part] for part in values], label=names, log=zero)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    if zero:
        axes.set_ylim(0.7, 2 * len(every))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("titles")
    axes.grid(visible=False, axis="x")
    if len(values) > 1:
        axes.legend()


def _reach(values: Sequence[float], zero: bool) -> tuple[float, float]:
    if zero:
        values = [*values, *(-value for value in values)]
    low, high = min(values), max(values)
    return (low, high) if high - low > 2 else ((low + high) / 2 - 1, (low + high) / 2 + 1)


def _nothing(axes: Axes) -> None:
    axes.text(0.5, 0.5, "nothing to show", ha="center", va="center", color=GREY, transform=axes.transAxes)
    axes.set_axis_off()


def _plain(text: str) -> str:
    """Keep matplotlib from reading a catalog's words as mathematics."""
    return text.replace("$", r"\$")
