"""Scores of what was tagged: counts of each title, summed, never averaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from transforms import storage
from transforms.labels.annotations import read_annotations
from transforms.metrics import Counts, count
from transforms.ptransforms.guard import METRICS, guarded
from transforms.records import CLASSES, Failure, InputError, Title
from transforms.tables import SCORES, segment_intervals

Group = tuple[str, str, str]


@dataclass
class CountSegments(beam.PTransform):
    """Compare what was tagged with the truth, 10 ms by 10 ms: Title to ((group, name, class), Counts)."""

    activity: str

    def expand(self, titles: beam.PCollection) -> Any:
        """Give counts of each title for itself, its language and all; and failures."""
        return titles | guarded("evaluate", lambda title: _counted(title, self.activity))


def _counted(title: Title, output: str) -> Iterator[tuple[Group, Counts] | Failure]:
    if not title.truth:
        raise InputError("has no truth in the catalog; name a CSV of start_s,end_s,class")
    tables_of_it = (storage.table_path(output, table, title.title_id) for table in ("activity", "segments"))
    activity, rows = map(storage.read_table, tables_of_it)
    if not activity or rows is None:
        raise InputError(f"was not tagged: {output}/segments has no rows of it; run smad tag first")
    classes = activity[0]["classes"]
    truth, found = read_annotations(storage.read_bytes(title.truth), classes, title.annotated), segment_intervals(rows)
    for warning in truth.warnings:
        yield Failure(title.title_id, title.truth, "evaluate", "Warning", warning, "warning")
    Metrics.counter(METRICS, "done").inc()
    # A file that names no effects may still be of a catalog whose effects were listened for: `_write_scores` tells.
    for label in truth.covers if title.annotated else classes:
        counts = count(truth.intervals, found, label)
        for group, name in (("all", ""), ("language", title.language), ("title", title.title_id)):
            yield (group, name, label), counts


@dataclass
class SumCounts(beam.PTransform):
    """Pool counts: a sum over titles, not a mean of ratios."""

    def expand(self, counts: beam.PCollection) -> beam.PCollection:
        """Take and give ((group, name, class), Counts)."""
        return counts | beam.CombinePerKey(lambda group: sum(group, Counts()))


@dataclass
class WriteScores(beam.PTransform):
    """Write all scores as one table, ``output/scores.parquet``: of speech, music and what else any truth file names."""

    output: str

    def expand(self, counts: beam.PCollection) -> beam.PCollection:
        """Take ((group, name, class), Counts)."""
        return counts | beam.combiners.ToList() | beam.Map(_write_scores, self.output)


def _write_scores(counts: list[tuple[Group, Counts]], output: str) -> None:
    named = {*CLASSES, *(label for (_, _, label), counted in counts if counted.reference)}
    rows = [
        {"group": group, "name": name, "class": label, **counted.scores()}
        for (group, name, label), counted in sorted(counts)
        if label in named
    ]
    storage.write_table(f"{output.rstrip('/')}/scores.parquet", SCORES, rows)
