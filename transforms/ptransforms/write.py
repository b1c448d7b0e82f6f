"""Each title's rows into files of its own; the ledger's row comes last and means *done*."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.metrics import Metrics

from transforms import storage, tables
from transforms.activity import Activity
from transforms.frames import seconds
from transforms.ptransforms.guard import METRICS, guarded
from transforms.ptransforms.title import facts_of
from transforms.records import SPLITS, Failure, SegmentedTitle, TitleFacts
from transforms.sound.apart import peak_rss_mb


@dataclass
class WriteShards(beam.PTransform):
    """Write a title's segments as one file, ``output/<split>/<title_id>.parquet``, then its row of the ledger."""

    output: str

    def expand(self, segmented: beam.PCollection) -> Any:
        """Take SegmentedTitle; give the ids of what was written, and failures."""
        return segmented | guarded("write", lambda title: _write_shard(title, self.output))


def _write_shard(segmented: SegmentedTitle, output: str) -> Iterator[str]:
    title, facts = segmented.title, facts_of(segmented.loaded)
    for other in set(SPLITS) - {title.split}:
        storage.delete(storage.table_path(output, other, title.title_id))
    path = storage.table_path(output, title.split, title.title_id)
    storage.write_table(path, tables.SHARDS, tables.shard_rows(segmented, title.split))
    yield _write_ledger(output, facts, tables.PREPARED, tables.prepared_row(segmented, facts, _peak_mb(facts)))


@dataclass
class WriteActivity(beam.PTransform):
    """Write a title's rows of ``activity`` and ``segments``, then its row of the ledger ``titles``."""

    output: str
    model: str

    def expand(self, stitched_titles: beam.PCollection) -> Any:
        """Take (TitleFacts, Activity); give the ids of what was written, and failures."""
        return stitched_titles | guarded("write", lambda item: _write_activity(item, self.output, self.model))


def _write_activity(item: tuple[TitleFacts, Activity], output: str, model: str) -> Iterator[str]:
    facts, activity = item
    title = facts.title
    activity_path = storage.table_path(output, "activity", title.title_id)
    storage.write_table(activity_path, tables.ACTIVITY, [tables.activity_row(title, activity, model)])
    segments_path = storage.table_path(output, "segments", title.title_id)
    storage.write_table(segments_path, tables.SEGMENTS, tables.segment_rows(title, activity))
    yield _write_ledger(output, facts, tables.TITLES, tables.title_row(facts, "done", model, _peak_mb(facts)))


def _peak_mb(facts: TitleFacts) -> float:
    return max(peak_rss_mb(), facts.loading_mb)


def _write_ledger(output: str, facts: TitleFacts, schema: pa.Schema, row: dict[str, Any]) -> str:
    storage.write_table(storage.table_path(output, "titles", facts.title.title_id), schema, [row])
    Metrics.counter(METRICS, "done").inc()
    Metrics.counter(METRICS, "audio_s").inc(round(seconds(facts.samples)))
    return facts.title.title_id


@dataclass
class WriteFailures(beam.PTransform):
    """Write each failure as a row of ``failures`` at once, beside what failed: a killed run keeps them."""

    output: str

    def expand(self, failures: beam.PCollection) -> beam.PCollection:
        """Take Failure; give it on."""
        return failures | beam.Map(_write_failure, self.output)


def write_failures(output: str, failures: Mapping[str, beam.PCollection]) -> None:
    """Write the failures of each named step, apart from those of the others: one does not wait for another."""
    for name, failed in failures.items():
        failed | f"WriteFailures/{name}" >> WriteFailures(output)


def _write_failure(lost: Failure, output: str) -> Failure:
    folder = storage.failures_folder(output, "" if lost.stage == "catalog" else lost.title_id)
    name = hashlib.sha256(repr(astuple(lost)).encode()).hexdigest()[:16]
    storage.write_table(f"{folder}/{name}.parquet", tables.FAILURES, [tables.failure_row(lost)])
    Metrics.counter(METRICS, "failed" if lost.severity == "error" else "warnings").inc()
    return lost
