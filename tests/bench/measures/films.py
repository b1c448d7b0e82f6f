"""The real catalog in memory: each title's sound, its truth, and where somebody sings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from transforms.cue_sheets.sheet import read_cue_sheet
from transforms.inputs import read_inputs
from transforms.labels.annotations import read_annotations
from transforms.records import CLASSES, InputError, Interval, Title
from transforms.sound.level import FULL_SCALE
from transforms.sound.load import load
from transforms.storage import read_bytes
from transforms.subtitles.timed_text import read_timed_text

from .detectors import Wave

SUNG = ("lyrics", "vocal_cue")


@dataclass(frozen=True)
class Film:
    """A title with its truth. wave: [T] float32, mono, 16 kHz, at −27 LKFS. sung: lyrics and cues of vocal music."""

    title_id: str
    language: str
    wave: Wave
    truth: tuple[Interval, ...]
    sung: tuple[Interval, ...]


def read_films(catalog: Path) -> list[Film]:
    """Load all titles of a catalog that have a truth, each brought to −27 LKFS exactly."""
    titles = [item for item in read_inputs([str(catalog)]) if isinstance(item, Title) and item.truth]
    return [_film(title) for title in titles]


def _film(title: Title) -> Film:
    audio, _ = load(list(title.audio), title.audio_track, title.audio_layout, exact=True)
    truth = read_annotations(read_bytes(title.truth), CLASSES).intervals
    sung = tuple(interval for interval in _said(title) if interval.kind in SUNG)
    return Film(title.title_id, title.language, audio.samples.astype(np.float32) / np.float32(FULL_SCALE), truth, sung)


def _said(title: Title) -> Iterable[Interval]:
    for path in title.subtitles:
        yield from read_timed_text(read_bytes(path), path, title.language).intervals
    yield from _cues(title)


def _cues(title: Title) -> Iterator[Interval]:
    if not title.cue_sheet:
        return
    try:
        yield from read_cue_sheet(read_bytes(title.cue_sheet), title.cue_sheet_fps, title.cue_sheet_start).intervals
    except InputError as error:
        print(f"{title.title_id}: its cue sheet does not tell who sings: {error}")
