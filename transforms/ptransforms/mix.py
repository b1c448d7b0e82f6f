"""From the number of a programme to the programme, mixed and labelled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import Any

import apache_beam as beam
import numpy as np

from transforms import storage
from transforms.frames import SAMPLE_RATE_HZ
from transforms.mix.corpus import Clip, ClipError, read_corpus
from transforms.mix.library import Library
from transforms.mix.programme import Programme, compose, mono_lkfs
from transforms.ptransforms import coders  # noqa: F401 - registers them
from transforms.ptransforms.guard import guarded
from transforms.records import CLASSES, Audio, Failure, InputError, LoadedTitle, Reading, Title, TitleSources
from transforms.sound.apart import rss_mb
from transforms.sound.level import FULL_SCALE
from transforms.tables import SCENES, scene_rows


@dataclass(frozen=True)
class Corpus:
    """Where clips are: the table, and a table of where voices are active, or "". excluded: parts of notes."""

    table: str
    activity: str = ""
    excluded: tuple[str, ...] = ()


@dataclass
class Compose(beam.PTransform):
    """Compose programmes: titles that have but an id and a split, to LoadedTitle with exact annotations.

    The id's last part is the programme's number; ``seed`` and it give all that is drawn. A table ``scenes`` tells what
    was composed.
    """

    corpus: Corpus
    seed: int
    length_s: float
    output: str

    def expand(self, titles: beam.PCollection) -> Any:
        """Give programmes and failures; a clip that cannot be read is left out, with a warning."""
        return titles | guarded(
            "mix",
            partial(_composed, corpus=self.corpus, seed=self.seed, length_s=self.length_s, output=self.output),
            gives=LoadedTitle,
        )


def title_of(number: int, seed: int) -> Title:
    """Give the title of a programme: one of 20 is for validation, one for tests, whatever their count."""
    split = {9: "valid", 19: "test"}.get(number % 20, "train")
    return Title(f"mix-{seed}-{number:05d}", (), split=split)


def _composed(title: Title, corpus: Corpus, seed: int, length_s: float, output: str) -> Iterator[LoadedTitle | Failure]:
    started, number = time.thread_time(), int(title.title_id.rsplit("-", 1)[1])
    library = _library(corpus, title.split)
    while True:
        try:
            made = compose(np.random.default_rng([seed, number]), library, round(length_s * SAMPLE_RATE_HZ))
            break
        except ClipError as error:
            text = f"{error}; it was left out"
            yield Failure(title.title_id, error.clip.path, "mix", "ClipError", text, "warning")
            library = library.without(error.clip)
    path = storage.table_path(output, "scenes", title.title_id)
    storage.write_table(path, SCENES, scene_rows(title.title_id, made.scenes))
    yield _loaded(replace(title, language=made.language), made, time.thread_time() - started)


def _loaded(title: Title, made: Programme, cpu_s: float) -> LoadedTitle:
    samples = np.rint(np.clip(made.wave * FULL_SCALE, -FULL_SCALE, FULL_SCALE - 1)).astype(np.int16)
    labels = Reading(made.activity, uri=title.title_id, covers=CLASSES)
    audio = Audio(samples, mono_lkfs(made.wave), 0.0, 1, "mono")
    return LoadedTitle(TitleSources(title, annotations=labels), audio, cpu_s, rss_mb())


@lru_cache(maxsize=3)
def _library(corpus: Corpus, split: str) -> Library:
    """Give the clips of a split: read once by a process."""
    opened = storage.open_input if storage.is_remote(corpus.table) else None
    clips = [clip for clip in clips_of(corpus) if clip.split == split]
    with _naming(corpus.table):
        return Library(clips, opened)


def clips_of(corpus: Corpus) -> list[Clip]:
    """Read the clips of a corpus.

    Raises:
        InputError: a table cannot be used; the message names it.
    """
    activity = None
    if corpus.activity:
        with _naming(corpus.activity):
            activity = storage.read_bytes(corpus.activity)
    root = corpus.table.rpartition("/")[0] or str(PurePosixPath())
    with _naming(corpus.table):
        return read_corpus(storage.read_bytes(corpus.table), activity, root, corpus.excluded)


@contextmanager
def _naming(file: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
