"""Scores on mixed programmes, whose every frame is known, by kind of scene and by language, on the frame grid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.frames import FRAME_S, frame_count
from transforms.labels.spans import coverage
from transforms.metrics import Counts
from transforms.records import Interval
from transforms.sound.level import FULL_SCALE
from transforms.storage import match, read_table, table_path
from transforms.tables import unflac

from .detectors import HALF, Detector, Wave

SPLIT = "test"
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Programme:
    """A mixed title. wave: [T] float32. truth, known: [F] by class. groups: masks [F] by (what, name)."""

    wave: Wave
    truth: Mapping[str, Mask]
    known: Mapping[str, Mask]
    groups: Mapping[tuple[str, str], Mask]


@dataclass(frozen=True)
class Cell:
    """Frames of a class: counts, and how many are without it."""

    counts: Counts = field(default_factory=Counts)
    without: int = 0

    def __add__(self, other: Cell) -> Cell:
        return Cell(self.counts + other.counts, self.without + other.without)

    def figures(self) -> dict[str, float | None]:
        """Give precision, recall, F-score, the share of false alarms, and the seconds with and without the class."""
        scores = self.counts.scores()
        return {
            **{name: scores[name] for name in ("precision", "recall", "f_score")},
            "false_alarms": self.counts.insertions / self.without if self.without else None,
            "with_s": self.counts.reference * FRAME_S,
            "without_s": self.without * FRAME_S,
        }


def scene_figures(shards: Sequence[str], detectors: Sequence[Detector]) -> dict[str, Any]:
    """Hear the test split of mixed shards: {"kind" or "language": {class: {name: {row: figures}}}}."""
    cells: dict[tuple[str, str, str, str], Cell] = defaultdict(Cell)
    for programme in (one for folder in shards for one in programmes(folder)):
        for detector in detectors:
            for row, found in detector.find(programme.wave).items():
                for label in set(detector.classes) & set(programme.truth):
                    for (what, name), cell in compared(programme, found, label):
                        cells[what, label, name, row] += cell
    figures: dict[str, Any] = {}
    for (what, label, name, row), cell in sorted(cells.items(), key=lambda item: item[0][:3]):
        figures.setdefault(what, {}).setdefault(label, {}).setdefault(name, {})[row] = cell.figures()
    return figures


def compared(programme: Programme, found: Sequence[Interval], label: str) -> Iterator[tuple[tuple[str, str], Cell]]:
    """Give the cell of each group: a frame is found where intervals cover half of it."""
    truth, known = programme.truth[label], programme.known[label]
    guess = coverage((i for i in found if i.kind == label), len(truth)) >= HALF
    for group, place in programme.groups.items():
        here = place & known
        hits, insertions, deletions = (int((here & m).sum()) for m in (truth & guess, ~truth & guess, truth & ~guess))
        yield group, Cell(Counts(hits, insertions, deletions), int((here & ~truth).sum()))


def programmes(folder: str) -> Iterator[Programme]:
    """Read the test split's programmes, one at a time."""
    for path in match(f"{folder.rstrip('/')}/{SPLIT}/*.parquet"):
        if rows := read_table(path):
            scenes = read_table(table_path(folder, "scenes", rows[0]["title_id"]))
            yield programme(sorted(rows, key=lambda row: float(row["start_s"])), scenes or [])


def programme(rows: Sequence[Mapping[str, Any]], scenes: Sequence[Mapping[str, Any]]) -> Programme:
    """Join a title's segments, and its scenes where they are known."""
    wave = np.concatenate([unflac(row["audio"]) for row in rows]).astype(np.float32) / np.float32(FULL_SCALE)
    frames = frame_count(len(wave))
    targets, weights = (np.concatenate([np.array(row[key]) for row in rows], 1) for key in ("targets", "weights"))
    everywhere = np.ones(frames, np.bool_)
    kinds = {("kind", kind): _covered(scenes, kind, frames) for kind in {scene["kind"] for scene in scenes}}
    language = rows[0]["language"] or "(none)"
    return Programme(
        wave,
        dict(zip(rows[0]["classes"], targets[:, :frames] >= HALF, strict=True)),
        dict(zip(rows[0]["classes"], weights[:, :frames] > 0, strict=True)),
        {("kind", "all"): everywhere, ("language", language): everywhere, **kinds},
    )


def _covered(scenes: Sequence[Mapping[str, Any]], kind: str, frames: int) -> Mask:
    spans = [Interval(scene["start_s"], scene["end_s"], kind) for scene in scenes if scene["kind"] == kind]
    return coverage(spans, frames) >= HALF
