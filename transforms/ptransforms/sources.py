"""What a title's subtitles, cue sheet and annotations say, read where the title will be loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam

from transforms import storage
from transforms.cue_sheets.sheet import read_cue_sheet
from transforms.labels.annotations import read_annotations
from transforms.ptransforms.guard import guarded
from transforms.records import Failure, InputError, Reading, Title, TitleSources
from transforms.subtitles.timed_text import read_timed_text
from transforms.subtitles.vocabulary import Vocabulary

Read = Callable[[bytes, str], Reading]
# As in "film.fr.forced.srt".
_FORCED = re.compile(r"(?i)(?<![^\W_])forced(?![^\W_])[^/]*\Z")


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
    fps, start = title.cue_sheet_fps, title.cue_sheet_start
    readings, failures = _read_all(
        title, "cue_sheet", [title.cue_sheet], lambda data, _: read_cue_sheet(data, fps, start)
    )
    yield from failures
    yield replace(sources, cues=next(iter(readings), None))


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
