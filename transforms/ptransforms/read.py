"""From a catalog to its titles, but for those that are done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from transforms import storage
from transforms.inputs import read_inputs
from transforms.ptransforms.guard import METRICS, guarded
from transforms.records import Failure, Title
from transforms.split import divide

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
