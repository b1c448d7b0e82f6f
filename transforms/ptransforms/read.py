"""From a catalog to titles with all their sources but the sound: small records, which may be shuffled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from transforms import storage
from transforms.annotations import read_annotations
from transforms.cue_sheets import read_cue_sheet
from transforms.inputs import read_inputs
from transforms.ptransforms.guard import METRICS, guarded
from transforms.records import Failure, InputError, Reading, Title, TitleSources
from transforms.timed_text import read_timed_text

# The columns that decide over a title's sound, and over its labels.
SOUND_COLUMNS = ("title_id", "audio", "audio_track", "audio_layout", "language")
LABEL_COLUMNS = (
    *("series", "split", "subtitles", "subtitle_kind", "cue_sheet", "cue_sheet_fps", "cue_sheet_start"),
    *("annotations", "annotated"),
)


@dataclass
class ReadCatalog(beam.PTransform):
    """Read catalog files, audio files, folders and globs as titles."""

    inputs: Sequence[str]

    def expand(self, root: beam.Pipeline) -> Any:
        """Give titles and failures."""
        return root | beam.Create([tuple(self.inputs)]) | guarded("catalog", read_inputs)


@dataclass
class SkipDone(beam.PTransform):
    """Pass on the titles whose inputs, or the job's ``settings``, are not those of the output's ledger.

    columns: of the catalog, those whose values and files the job uses.
    """

    output: str
    settings: str
    columns: Sequence[str]

    def expand(self, titles: beam.PCollection) -> Any:
        """Give titles with their digest, and failures."""
        return titles | guarded("ledger", lambda title: _not_done(title, self.output, self.settings, self.columns))


def _not_done(title: Title, output: str, settings: str, columns: Sequence[str]) -> Iterator[Title]:
    stated = {column: getattr(title, column) for column in columns}
    files = [stated[column] for column in ("cue_sheet", "annotations") if stated.get(column)]
    digest = storage.digest([stated, settings], [*stated.get("audio", ()), *files, *stated.get("subtitles", ())])
    ledger = storage.read_table(storage.table_path(output, "titles", title.title_id))
    if ledger and ledger[0]["input_digest"] == digest:
        Metrics.counter(METRICS, "skipped").inc()
        return
    storage.delete(storage.failures_folder(output, title.title_id))
    yield replace(title, input_digest=digest)


@dataclass
class ReadTimedText(beam.PTransform):
    """Read the titles' subtitle files: (title_id, Reading), a refused file being a warning.

    words: further words of descriptions, by the name of their kind.
    """

    words: Mapping[str, Sequence[str]]

    def expand(self, titles: beam.PCollection) -> Any:
        """Give readings and failures."""
        read = partial(read_timed_text)
        return titles | guarded("subtitles", lambda title: _timed_text_of(title, read), "warning")


def _timed_text_of(title: Title, read: Callable[[bytes, str], Reading]) -> Iterator[tuple[str, Reading] | Failure]:
    # Forced narratives translate a few signs and lines; their silence says nothing of speech.
    paths = () if title.subtitle_kind == "forced" else title.subtitles
    return _read_each(title, "subtitles", paths, read)


@dataclass
class ReadCueSheets(beam.PTransform):
    """Read the titles' cue sheets: (title_id, Reading), a refused sheet being a warning."""

    def expand(self, titles: beam.PCollection) -> Any:
        """Give readings and failures."""
        return titles | guarded("cue_sheet", _cue_sheet_of, "warning")


def _cue_sheet_of(title: Title) -> Iterator[tuple[str, Reading] | Failure]:
    fps, start = title.cue_sheet_fps, title.cue_sheet_start
    return _read_each(title, "cue_sheet", [title.cue_sheet], lambda data, _: read_cue_sheet(data, fps, start))


@dataclass
class ReadAnnotations(beam.PTransform):
    """Read the titles' manual annotations of ``classes``: (title_id, Reading)."""

    classes: tuple[str, ...]

    def expand(self, titles: beam.PCollection) -> Any:
        """Give readings and failures."""
        classes = self.classes  # the step takes this along, not the transform
        return titles | guarded("annotations", lambda title: _annotations_of(title, classes), "warning")


def _annotations_of(title: Title, classes: tuple[str, ...]) -> Iterator[tuple[str, Reading] | Failure]:
    covers = title.annotated
    return _read_each(
        title, "annotations", [title.annotations], lambda data, _: read_annotations(data, classes, covers)
    )


def _read_each(
    title: Title, stage: str, paths: Iterable[str], read: Callable[[bytes, str], Reading]
) -> Iterator[tuple[str, Reading] | Failure]:
    for path in filter(None, paths):
        try:
            reading = read(storage.read_bytes(path), path)
        except InputError as error:
            yield Failure(title.title_id, path, stage, "InputError", str(error), "warning")
            continue
        for warning in reading.warnings:
            yield Failure(title.title_id, path, stage, "Warning", warning, "warning")
        yield title.title_id, replace(reading, uri=path)


@dataclass
class JoinCues(beam.PTransform):
    """Join titles with what was read for them, by title_id: only small records cross this shuffle."""

    def expand(self, sources: Mapping[str, beam.PCollection]) -> beam.PCollection:
        """Take ``titles`` and (title_id, Reading) as ``text``, ``cues``, ``annotations``; give TitleSources."""
        keyed = sources["titles"] | beam.Map(lambda title: (title.title_id, title))
        return {**sources, "titles": keyed} | beam.CoGroupByKey() | beam.FlatMap(_joined)


def _joined(element: tuple[str, Mapping[str, Iterable[Any]]]) -> Iterator[TitleSources]:
    groups = element[1]
    text = tuple(sorted(groups["text"], key=lambda reading: reading.uri))
    cues, annotations = (next(iter(groups[name]), None) for name in ("cues", "annotations"))
    for title in groups["titles"]:
        yield TitleSources(title, text, cues, annotations)
