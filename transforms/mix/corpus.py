"""A corpus of clean clips: its table, which side of an experiment a clip is on, and its sound."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SAMPLE_RATE_HZ
from transforms.mix.heard import STEP_SAMPLES, filled, heard, steps_of
from transforms.records import SPLITS, InputError, Interval
from transforms.sound.level import FULL_SCALE
from transforms.sound.load import load

KINDS = ("speech", "singing", "music", "noise")
Opener = Callable[[str], AbstractContextManager[BinaryIO]]
NEEDED = ("path", "class", "speaker_or_artist", "duration_s")
ACTIVE = ("path", "start_s", "end_s")


@dataclass(frozen=True)
class Clip:
    """A row of the table. maker: speaker or artist. active: where its voice is, if that is known better than by level.

    accompanied: a singer with a band, in one sound.
    """

    path: str
    kind: str
    maker: str
    duration_s: float
    language: str = ""
    accompanied: bool = False
    active: tuple[tuple[float, float], ...] = ()
    split: str = ""


@dataclass(frozen=True)
class Sound:
    """A part of a clip: wave [T] float32, active [ceil(T / STEP_SAMPLES)] where its class is heard."""

    wave: NDArray[np.float32]
    active: NDArray[np.bool_]


@dataclass(frozen=True)
class Recording:
    """A whole clip as it is kept: samples [T] int16 at −27 LKFS, active as in Sound."""

    samples: NDArray[np.int16]
    active: NDArray[np.bool_]

    def part(self, first: int, steps: int) -> Sound:
        """Take some steps of 10 ms, at most what is there."""
        chosen = self.samples[first * STEP_SAMPLES : (first + steps) * STEP_SAMPLES]
        return Sound(floats(chosen), self.active[first : first + steps])


def floats(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Give int16 samples as float32, full scale 1.0."""
    return np.asarray(samples / np.float32(FULL_SCALE), np.float32)


class ClipError(InputError):
    """A clip that cannot be used."""

    def __init__(self, clip: Clip, why: object) -> None:
        super().__init__(f"{clip.path}: {why}")
        self.clip = clip


def read_corpus(table: bytes, activity: bytes | None, root: str, excluded: Collection[str] = ()) -> list[Clip]:
    """Read the clips of a corpus whose ``class`` is one of KINDS, with the sides that they are on.

    table: CSV with path (relative to ``root``), class, speaker_or_artist, duration_s, and optionally language,
    accompanied, note, split. activity: CSV path, start_s, end_s, label, of voices. excluded: parts of notes, by which
    clips are left out.

    Raises:
        InputError: a column is missing, a time is no number, a split is unknown, or no clip is left.
    """
    rows = _rows(table, "a corpus", NEEDED)
    spans = _spans(activity)
    kept = [row for row in rows if not any(text in row.get("note", "") for text in excluded)]
    clips = [_clip(row, root, spans[row["path"]]) for row in kept if row["class"] in KINDS]
    if not clips:
        raise InputError(f"holds no clip whose class is {', '.join(KINDS)}")
    return divided(clips)


def _rows(table: bytes, what: str, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig")), restval=""))
    except UnicodeDecodeError as error:
        raise InputError(f"{what} must be UTF-8 ({error}); save it as such") from error
    if rows and (missing := [name for name in needed if name not in rows[0]]):
        raise InputError(f"has no column {', '.join(missing)}; {what} needs {', '.join(needed)}")
    return rows


def _spans(activity: bytes | None) -> defaultdict[str, list[tuple[float, float]]]:
    spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in _rows(activity, "activity", ACTIVE) if activity else []:
        spans[row["path"]].append((_seconds(row, "start_s"), _seconds(row, "end_s")))
    return spans


def _seconds(row: dict[str, str], column: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise InputError(f"{row['path']}: its {column}, {row[column]!r}, is no number of seconds")
    return value


def _clip(row: dict[str, str], root: str, active: Sequence[tuple[float, float]]) -> Clip:
    if (split := row.get("split", "")) not in ("", *SPLITS):
        raise InputError(f"{row['path']}: its split, {split!r}, is none of {', '.join(SPLITS)}")
    return Clip(
        f"{root.rstrip('/')}/{row['path']}",
        row["class"],
        row["speaker_or_artist"] or row["path"],
        _seconds(row, "duration_s"),
        row.get("language", ""),
        row.get("accompanied", "").lower() == "true",
        tuple(active),
        split,
    )


def divided(clips: Sequence[Clip], share: float = 0.1) -> list[Clip]:
    """Give each clip a split; one maker's clips stay together, whatever their kinds.

    Of every kind about ``share`` of the time, and of the makers, goes to ``valid`` and to ``test`` each, in the order
    of their digests; who alone has more than twice that share stays in ``train``. A stated split is obeyed.
    """
    sides = {clip.maker: clip.split for clip in clips if clip.split}
    for kind in KINDS:
        time_s: defaultdict[str, float] = defaultdict(float)
        for clip in (clip for clip in clips if clip.kind == kind):
            time_s[clip.maker] += clip.duration_s
        wanted_s, wanted = share * sum(time_s.values()), max(1, round(1.5 * share * len(time_s)))
        held = {split: [maker for maker in time_s if sides.get(maker) == split] for split in SPLITS[1:]}
        for maker in sorted(time_s.keys() - sides.keys(), key=_digest):
            side = min(held, key=lambda split: sum(time_s[other] for other in held[split]))
            time_held_s = sum(time_s[other] for other in held[side])
            full = time_held_s + time_s[maker] / 2 > wanted_s or len(held[side]) >= wanted
            sides[maker] = SPLITS[0] if full or time_s[maker] > 2 * wanted_s else side
            if sides[maker] == side:
                held[side].append(maker)
    return [replace(clip, split=sides[clip.maker]) for clip in clips]


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def record(clip: Clip, opened: Opener | None = None) -> Recording:
    """Decode a clip, and tell where its voice, its music or its noise is heard.

    opened: opens what is not a local file.

    Raises:
        ClipError: it cannot be decoded.
    """
    try:
        with opened(clip.path) if opened else nullcontext(clip.path) as source:
            audio, _ = load(source, exact=True)
    except InputError as error:
        raise ClipError(clip, error) from error
    return Recording(audio.samples, _active(clip, floats(audio.samples)))


def _active(clip: Clip, wave: NDArray[np.float32]) -> NDArray[np.bool_]:
    by_level = heard(wave, voice=clip.kind in ("speech", "singing"))
    if not clip.active:
        return by_level
    said = steps_of([Interval(start, end, "") for start, end in clip.active], len(by_level))
    if clip.accompanied:
        return filled(said)
    # A detector's or an editor's edges are coarse: near them the level decides, far from them what they say.
    return filled(by_level & _widened(said))


def _widened(steps: NDArray[np.bool_], by_s: float = 0.3) -> NDArray[np.bool_]:
    reach = round(by_s * SAMPLE_RATE_HZ / STEP_SAMPLES)
    return np.convolve(steps, np.ones(2 * reach + 1), "same") > 0.5


def by_language(clips: Iterable[Clip]) -> dict[str, list[Clip]]:
    """Group clips by language."""
    groups: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.language].append(clip)
    return dict(groups)
