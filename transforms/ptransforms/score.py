"""Scores of what was tagged: counts of each title, summed, never averaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from transforms import storage, tables
from transforms.annotations import read_annotations
from transforms.metrics import Counts, count
from transforms.ptransforms.guard import METRICS, guarded
from transforms.records import CLASSES, InputError, Title

Group = tuple[str, str, str]


@dataclass
class CountSegments(beam.PTransform):
    """Compare what was tagged with the truth, 10 ms by 10 ms: Title to ((group, name, class), Counts)."""

    activity: str

    def expand(self, titles: beam.PCollection) -> Any:
        """Give counts of each title for itself, its language and all; and failures."""
        return titles | guarded("evaluate", lambda title: _counted(title, self.activity))


def _counted(title: Title, output: str) -> Iterator[tuple[Group, Counts]]:
    if not title.truth:
        raise InputError("has no truth in the catalog; name a CSV of start_s,end_s,class")
    truth = read_annotations(storage.read_bytes(title.truth), CLASSES).intervals
    rows = storage.read_table(storage.table_path(output, "segments", title.title_id))
    if rows is None:
        raise InputError(f"was not tagged: {output}/segments has no rows of it; run smad tag first")
    found = tables.segment_intervals(rows)
    Metrics.counter(METRICS, "done").inc()
    for label in CLASSES:
        counts = count(truth, found, label)
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
    """Write all scores as one table, ``output/scores.parquet``."""

    output: str

    def expand(self, counts: beam.PCollection) -> beam.PCollection:
        """Take ((group, name, class), Counts)."""
        return counts | beam.combiners.ToList() | beam.Map(_write_scores, self.output)


def _write_scores(counts: list[tuple[Group, Counts]], output: str) -> None:
    rows = [
        {"group": group, "name": name, "class": label, **counted.scores()}
        for (group, name, label), counted in sorted(counts)
    ]
    storage.write_table(f"{output.rstrip('/')}/scores.parquet", tables.SCORES, rows)
