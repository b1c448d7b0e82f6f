"""From a catalog to titles with all their sources but the sound, each title's read where it will be loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from transforms import storage
from transforms.cue_sheets.sheet import read_cue_sheet
from transforms.inputs import read_inputs
from transforms.labels.annotations import read_annotations
from transforms.ptransforms.guard import METRICS, guarded
from transforms.records import Failure, InputError, Reading, Title, TitleSources
from transforms.split import divide
from transforms.subtitles.timed_text import read_timed_text
from transforms.subtitles.vocabulary import Vocabulary

Read = Callable[[bytes, str], Reading]
# As in "film.fr.forced.srt".
_FORCED = re.compile(r"(?i)(?<![^\W_])forced(?![^\W_])[^/]*\Z")

# The columns that decide over a title's sound, and over its labels.
SOUND_COLUMNS = ("title_id", "audio", "audio_track", "audio_layout", "language")
LABEL_COLUMNS = (
    *("series", "split", "subtitles", "subtitle_kind", "cue_sheet", "cue_sheet_fps", "cue_sheet_start"),
    *("annotations", "annotated", "genre"),
)


@dataclass
class ReadCatalog(beam.PTransform):
    """Read catalog files, audio files, folders and globs as titles.

    shares: of the splits that the titles are divided among; None: they stay as the catalog has them.
    """

    inputs: Sequence[str]
    shares: Sequence[float] | None = None

    def expand(self, root: beam.Pipeline) -> Any:
        """Give titles and failures."""
        return root | beam.Create([tuple(self.inputs)]) | guarded("catalog", partial(_titles, shares=self.shares))


def _titles(inputs: Sequence[str], shares: Sequence[float] | None) -> Iterator[Title | Failure]:
    titles = read_inputs(inputs)
    return titles if shares is None else divide(titles, shares)


@dataclass
class SkipDone(beam.PTransform):
    """Pass on the titles whose inputs, or the job's ``settings``, are not those of the output's ledger.

    columns: of the catalog, those whose values and files the job uses. activity: the output of an earlier run of
    ``smad tag`` that it uses, or "".
    """

    output: str
    settings: str
    columns: Sequence[str]
    activity: str = ""

    def expand(self, titles: beam.PCollection) -> Any:
        """Give titles with their digest, and failures."""
        return titles | guarded(
            "ledger", lambda title: _not_done(title, self.output, self.settings, self.columns, self.activity)
        )


def _not_done(title: Title, output: str, settings: str, columns: Sequence[str], activity: str) -> Iterator[Title]:
    stated = {column: getattr(title, column) for column in columns}
    files = [stated[column] for column in ("cue_sheet", "annotations") if stated.get(column)]
    if activity:
        files.append(storage.table_path(activity, "activity", title.title_id))
    digest = storage.digest([stated, settings], [*stated.get("audio", ()), *files, *stated.get("subtitles", ())])
    ledger = storage.read_table(storage.table_path(output, "titles", title.title_id))
    if ledger and ledger[0]["input_digest"] == digest:
        Metrics.counter(METRICS, "skipped").inc()
        return
    storage.delete(storage.failures_folder(output, title.title_id))
    yield replace(title, input_digest=digest)


@dataclass
class ReadTimedText(beam.PTransform):
    """Add to TitleSources what the titles' subtitle files say; a refused file is a warning.

    words: further words of descriptions, by the name of their kind.
    """

    words: Mapping[str, Sequence[str]]

    def expand(self, sources: beam.PCollection) -> Any:
        """Take and give TitleSources, and failures."""
        vocabulary = Vocabulary.of(self.words)
        return sources | guarded("subtitles", partial(_with_timed_text, vocabulary=vocabulary), "warning")


def _with_timed_text(sources: TitleSources, vocabulary: Vocabulary) -> Iterator[TitleSources | Failure]:
    read = partial(read_timed_text, language=sources.title.language, vocabulary=vocabulary)
    readings, failures = _read_all(sources.title, "subtitles", _full_subtitles(sources.title), read)
    yield from failures
    yield replace(sources, text=readings)


def _full_subtitles(title: Title) -> list[str]:
    """Leave out forced narratives: they translate a few signs and lines, and their silence says nothing of speech."""
    kinds = title.subtitle_kind * (len(title.subtitles) if len(title.subtitle_kind) == 1 else 1)
    forced = [kind.lower() == "forced" for kind in kinds] or [bool(_FORCED.search(path)) for path in title.subtitles]
    return [path for path, left_out in zip(title.subtitles, forced, strict=True) if not left_out]


@dataclass
class ReadCueSheets(beam.PTransform):
    """Add to TitleSources what the titles' cue sheets say; a refused sheet is a warning."""

    def expand(self, sources: beam.PCollection) -> Any:
        """Take and give TitleSources, and failures."""
        return sources | guarded("cue_sheet", _with_cue_sheet, "warning")


def _with_cue_sheet(sources: TitleSources) -> Iterator[TitleSources | Failure]:
    title = sources.title
    read = partial(_cue_sheet, fps=title.cue_sheet_fps, start=title.cue_sheet_start)
    readings, failures = _read_all(title, "cue_sheet", [title.cue_sheet], read)
    yield from failures
    yield replace(sources, cues=next(iter(readings), None))


def _cue_sheet(data: bytes, _: str, fps: float | None, start: str) -> Reading:
    return read_cue_sheet(data, fps, start)


@dataclass
class ReadAnnotations(beam.PTransform):
    """Add to TitleSources the titles' manual annotations of ``classes``."""

    classes: tuple[str, ...]

    def expand(self, sources: beam.PCollection) -> Any:
        """Take and give TitleSources, and failures."""
        return sources | guarded("annotations", partial(_with_annotations, classes=self.classes), "warning")


def _with_annotations(sources: TitleSources, classes: tuple[str, ...]) -> Iterator[TitleSources | Failure]:
    title = sources.title
    readings, failures = _read_all(
        title, "annotations", [title.annotations], lambda data, _: read_annotations(data, classes, title.annotated)
    )
    yield from failures
    yield replace(sources, annotations=next(iter(readings), None))


def _read_all(
    title: Title, stage: str, paths: Iterable[str], read: Read
) -> tuple[tuple[Reading, ...], tuple[Failure, ...]]:
    readings, failures = list[Reading](), list[Failure]()
    for path in filter(None, paths):
        try:
            reading = read(storage.read_bytes(path), path)
        except InputError as error:
            failures.append(Failure(title.title_id, path, stage, "InputError", str(error), "warning"))
            continue
        readings.append(replace(reading, uri=path))
        failures += (Failure(title.title_id, path, stage, "Warning", text, "warning") for text in reading.warnings)
    return tuple(readings), tuple(failures)
