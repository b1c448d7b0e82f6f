"""What the noisy labels of a real catalog are worth, and what bringing subtitles to the sound makes of damaged files.

First the labels against the truth, 200 ms frame by frame, as delivered and with every file shifted and stretched; then
the shares of moved files that are put right within 0.2 s, and of exchanged files that are refused: of the titles as
they are (80 s, a dozen lines) and of programmes of several minutes joined from them.

Run: SMAD_DATA=… python tests/bench/labels.py
"""

from __future__ import annotations

import itertools
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from transforms.catalog import read_catalog
from transforms.cue_sheets.sheet import read_cue_sheet
from transforms.frames import frame_count, seconds
from transforms.labels.annotations import read_annotations
from transforms.labels.label import Labels, label_frames
from transforms.labels.rules import read_rules
from transforms.labels.spans import coverage
from transforms.labels.synchronize import LINES, synchronize
from transforms.records import InputError, Interval, Reading, Sync, Title
from transforms.sound.load import load
from transforms.sound.quiet import quiet
from transforms.sound.speech_curve import speech_curve
from transforms.subtitles.timed_text import read_timed_text

RULES = read_rules()
RIGHT_S = 0.2
SHIFTS_S = tuple(float(shift) for shift in range(-30, 31, 5))
SMALL, LARGE = (1.001, 1 / 1.001), (25 / 24, 24 / 25)


@dataclass(frozen=True)
class Programme:
    """A title, or several in a row: its sound's length, its curve, what its sources and the truth say."""

    samples: NDArray[np.int16]
    text: tuple[Interval, ...]
    cues: Reading | None = None
    truth: tuple[Interval, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return seconds(len(self.samples))


def main() -> int:
    """Print both tables."""
    if "SMAD_DATA" not in os.environ:
        print("skipped: SMAD_DATA names no folder of recordings")
        return 0
    path = Path(os.environ["SMAD_DATA"]) / "catalog" / "catalog.csv"
    titles = [programme(title) for title in read_catalog(path.read_bytes(), str(path)) if isinstance(title, Title)]
    quality(titles)
    random = np.random.default_rng(0)
    for count in (1, 3, 6, 12):
        orders = [random.permutation(len(titles)) for _ in range(1 if count == 1 else 4)]
        groups = [order[at : at + count] for order in orders for at in range(0, len(titles), count)]
        moving([joined([titles[index] for index in group]) for group in groups], len(titles) // count)
    return 0


def programme(title: Title) -> Programme:
    """Load a title with its sources and its truth."""
    text = read_timed_text(Path(title.subtitles[0]).read_bytes(), title.subtitles[0])
    truth = read_annotations(Path(title.truth).read_bytes(), RULES.classes)
    samples = load(title.audio, title.audio_track, title.audio_layout)[0].samples
    try:
        sheet = Path(title.cue_sheet).read_bytes() if title.cue_sheet else b""
        cues = read_cue_sheet(sheet, title.cue_sheet_fps, title.cue_sheet_start)
    except InputError:
        cues = None
    return Programme(samples, text.intervals, cues, truth.intervals)


def joined(parts: Sequence[Programme]) -> Programme:
    """Put programmes one after the other."""
    starts = np.cumsum([0, *(part.duration_s for part in parts)])
    text = [
        replace(line, start_s=line.start_s + start, end_s=line.end_s + start)
        for part, start in zip(parts, starts, strict=False)
        for line in part.text
    ]
    return Programme(np.concatenate([part.samples for part in parts]), tuple(text))


def damaged(text: Iterable[Interval], rate: float, offset_s: float) -> Reading:
    """Give a file that says t where it should say rate · t + offset_s; what would begin before 0 is lost."""
    moved = [replace(i, start_s=(i.start_s - offset_s) / rate, end_s=(i.end_s - offset_s) / rate) for i in text]
    return Reading(tuple(replace(i, start_s=max(i.start_s, 0.0)) for i in moved if i.end_s > 0))


def quality(titles: Sequence[Programme]) -> None:
    """Print precision, recall and F of the labels, with and without weights and synchronization."""
    print(
        f"{'labels against the truth':44}{'class':8}{'known':>7}{'P':>7}{'R':>7}{'F':>7}"
        f"   weighted{'P':>6}{'R':>7}{'F':>7}"
    )
    rng = np.random.default_rng(0)
    moves = [(float(rng.choice([1, *SMALL, *LARGE])), float(rng.uniform(-30, 30))) for _ in titles]
    _table("as delivered, not synchronized", titles, [Reading(title.text) for title in titles])
    _table("as delivered, synchronized", titles, [_synchronized(title, Reading(title.text)) for title in titles])
    broken = [damaged(title.text, *move) for title, move in zip(titles, moves, strict=True)]
    _table("shifted and stretched, not synchronized", titles, broken)
    _table("shifted and stretched, synchronized", titles, list(map(_synchronized, titles, broken)))
    exchanged = [Reading(title.text) for title in (*titles[1:], titles[0])]
    _table("exchanged, not synchronized", titles, exchanged)
    _table("exchanged, synchronized", titles, list(map(_synchronized, titles, exchanged)))


def _synchronized(title: Programme, text: Reading) -> Reading:
    return synchronize(text, LINES, speech_curve(title.samples), title.duration_s, RULES.sync)


def _table(name: str, titles: Sequence[Programme], texts: Sequence[Reading]) -> None:
    labels = [_labels(title, text) for title, text in zip(titles, texts, strict=True)]
    for index, label in enumerate(RULES.classes):
        truth = np.concatenate([_truth(title, label) for title in titles])
        said = np.concatenate([one.targets[index] >= 0.5 for one in labels])
        weights = np.concatenate([one.weights[index] for one in labels])
        plain, weighted = (_scores(said, truth, worth) for worth in ((weights > 0).astype(float), weights))
        known = f"{name:44}{label:8}{(weights > 0).mean():7.3f}"
        print(known + "".join(f"{x:7.3f}" for x in plain) + " " * 8 + "".join(f"{x:7.3f}" for x in weighted))


def _labels(title: Programme, text: Reading) -> Labels:
    sound = quiet(title.samples, RULES.quiet_dbfs)
    said = {"subtitles": text, "cue_sheet": title.cues, "sound": sound}
    return label_frames(frame_count(len(title.samples)), said, RULES)


def _truth(title: Programme, label: str) -> NDArray[np.bool_]:
    heard = coverage([i for i in title.truth if i.kind == label], frame_count(len(title.samples)))
    return np.asarray(heard >= 0.5)


def _scores(said: NDArray[np.bool_], truth: NDArray[np.bool_], worth: NDArray[Any]) -> tuple[float, float, float]:
    hits, estimated, reference = (float(worth[mask].sum()) for mask in (said & truth, said, truth))
    pairs = ((hits, estimated), (hits, reference), (2 * hits, estimated + reference))
    precision, recall, f_score = (part / whole if whole else float("nan") for part, whole in pairs)
    return precision, recall, f_score


def moving(programmes: Sequence[Programme], apart: int) -> None:
    """Print what becomes of moved and exchanged files; so many programmes in a row have no title in common."""
    curves = [speech_curve(one.samples) for one in programmes]
    print(f"\n{len(programmes)} programmes of {np.mean([one.duration_s for one in programmes]):.0f} s")
    cases = {
        "shifted by -30 … +30 s": [(1.0, shift) for shift in SHIFTS_S if shift],
        "left as they are": [(1.0, 0.0)],
        "stretched by 0.1 %": [(rate, 0.0) for rate in SMALL],
        "stretched by 4 %": [(rate, 0.0) for rate in LARGE],
        "shifted, and stretched by 0.1 %": list(itertools.product(SMALL, SHIFTS_S[::3])),
        "shifted, and stretched by 4 %": list(itertools.product(LARGE, SHIFTS_S[::3])),
    }
    for name, moves in cases.items():
        jobs = [(one, curve, move) for one, curve in zip(programmes, curves, strict=True) for move in moves]
        print_shares(name, Counter(_outcome(*job) for job in tqdm(jobs, desc=name, leave=False)))
    pairs = [(a, b) for a, b in itertools.permutations(range(len(programmes)), 2) if a // apart == b // apart]
    found = Counter(_sync(Reading(programmes[b].text), programmes[a], curves[a]).verdict for a, b in pairs)
    if found:
        print_shares("exchanged", found)


def _sync(text: Reading, programme: Programme, curve: NDArray[np.float32]) -> Sync:
    sync = synchronize(text, LINES, curve, programme.duration_s, RULES.sync).sync
    assert sync is not None
    return sync


def _outcome(one: Programme, curve: NDArray[np.float32], move: tuple[float, float]) -> str:
    text = damaged(one.text, *move)
    sync = _sync(text, one, curve)
    if sync.verdict not in ("kept", "moved"):
        return sync.verdict
    ends = (0.0, max(line.end_s for line in text.intervals))
    error_s = max(abs((sync.rate - move[0]) * t + sync.offset_s - move[1]) for t in ends)
    return f"right within {RIGHT_S} s" if error_s <= RIGHT_S else "within 0.5 s" if error_s <= 0.5 else "wrong"


def print_shares(name: str, outcomes: Counter[str]) -> None:
    """Print a line of shares, the commonest first."""
    total = sum(outcomes.values())
    print(f"  {name:34}{total:5} files: " + ", ".join(f"{n / total:.3f} {what}" for what, n in outcomes.most_common()))


if __name__ == "__main__":
    sys.exit(main())
