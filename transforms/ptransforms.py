"""The Beam transforms: each a thin shell around the pure function of the same verb.

A step that can fail gives two outputs, its results and its ``failures``; nothing is lost in a log line.
"""

from __future__ import annotations

import hashlib
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics
from numpy.typing import NDArray

from transforms import storage, tables
from transforms.activity import Activity
from transforms.annotations import read_annotations
from transforms.cue_sheets import read_cue_sheet
from transforms.frames import seconds
from transforms.inputs import read_inputs
from transforms.labels import cut, label_frames
from transforms.load import load
from transforms.metrics import Counts, count
from transforms.records import (
    CLASSES,
    SPLITS,
    Failure,
    InputError,
    Interval,
    LoadedTitle,
    Reading,
    Segment,
    SegmentedTitle,
    Severity,
    Title,
    TitleFacts,
    TitleSources,
)
from transforms.segment import segment
from transforms.split import split_of
from transforms.stitch import stitch, windows
from transforms.timed_text import read_timed_text

FAILURES = "failures"
METRICS = "smad"

Group = tuple[str, str, str]


class _Guarded(beam.DoFn):
    """Yield what ``function`` yields; its failures, returned or raised, go to the output ``failures``."""

    def __init__(self, stage: str, function: Callable[[Any], Iterable[Any]], severity: Severity) -> None:
        self._stage, self._function, self._severity = stage, function, severity

    def process(self, element: Any) -> Iterator[Any]:
        try:
            for output in self._function(element):
                yield beam.pvalue.TaggedOutput(FAILURES, output) if isinstance(output, Failure) else output
        # Whatever a title does to a step must not stop the others: the local runner never retries.
        except Exception as error:
            yield beam.pvalue.TaggedOutput(FAILURES, failure(element, self._stage, error, self._severity))


def guarded(stage: str, function: Callable[[Any], Iterable[Any]], severity: Severity = "error") -> beam.PTransform:
    """Make a step of two outputs, results and ``failures``, from a function that yields either."""
    return beam.ParDo(_Guarded(stage, function, severity)).with_outputs(FAILURES, main="results")


def failure(element: Any, stage: str, error: Exception, severity: Severity = "error") -> Failure:
    """Describe what ``error`` did to an element: a title, a record that has one, or a pair keyed by such a record."""
    record = element[0] if isinstance(element, tuple) else element
    title = getattr(record, "title", record)
    name, uri = (title.title_id, title.audio) if isinstance(title, Title) else ("", str(element))
    return Failure(name, uri, stage, type(error).__name__, str(error) or repr(error), severity)


@dataclass
class ReadCatalog(beam.PTransform):
    """Read catalog files, audio files, folders and globs as titles."""

    inputs: Sequence[str]

    def expand(self, root: beam.Pipeline) -> Any:
        """Give titles and failures."""
        return root | beam.Create([tuple(self.inputs)]) | guarded("catalog", read_inputs)


@dataclass
class SkipDone(beam.PTransform):
    """Pass on the titles whose inputs, or the job's ``settings``, are not those of the output's ledger."""

    output: str
    settings: str

    def expand(self, titles: beam.PCollection) -> Any:
        """Give titles with their digest, and failures."""
        return titles | guarded("ledger", lambda title: _not_done(title, self.output, self.settings))


def _not_done(title: Title, output: str, settings: str) -> Iterator[Title]:
    files = [title.audio, *title.subtitles, title.cue_sheet, title.annotations]
    stated = asdict(replace(title, input_digest=""))
    digest = storage.digest([stated, settings], filter(None, files))
    ledger = storage.read_table(storage.table_path(output, "titles", title.title_id))
    if ledger and ledger[0]["input_digest"] == digest:
        Metrics.counter(METRICS, "skipped").inc()
        return
    storage.delete_folder(storage.failures_folder(output, title.title_id))
    yield replace(title, input_digest=digest)


@dataclass
class ReadTimedText(beam.PTransform):
    """Read the titles' subtitle files: (title_id, Reading), a refused file being a warning."""

    def expand(self, titles: beam.PCollection) -> Any:
        """Give readings and failures."""
        return titles | guarded("subtitles", _timed_text_of, "warning")


def _timed_text_of(title: Title) -> Iterator[tuple[str, Reading] | Failure]:
    # Forced narratives translate a few signs and lines; their silence says nothing of speech.
    paths = () if title.subtitle_kind == "forced" else title.subtitles
    return _read_each(title, "subtitles", paths, read_timed_text)


@dataclass
class ReadCueSheets(beam.PTransform):
    """Read the titles' cue sheets: (title_id, Reading), a refused sheet being a warning."""

    def expand(self, titles: beam.PCollection) -> Any:
        """Give readings and failures."""
        return titles | guarded("cue_sheet", _cue_sheet_of, "warning")


def _cue_sheet_of(title: Title) -> Iterator[tuple[str, Reading] | Failure]:
    fps, start = title.cue_sheet_fps, title.cue_sheet_start
    return _read_each(title, "cue_sheet", [title.cue_sheet], lambda data, path: read_cue_sheet(data, path, fps, start))


@dataclass
class ReadAnnotations(beam.PTransform):
    """Read the titles' manual annotations: (title_id, Reading)."""

    def expand(self, titles: beam.PCollection) -> Any:
        """Give readings and failures."""
        return titles | guarded("annotations", _annotations_of, "warning")


def _annotations_of(title: Title) -> Iterator[tuple[str, Reading] | Failure]:
    return _read_each(
        title, "annotations", [title.annotations], lambda data, path: read_annotations(data, path, CLASSES)
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
        yield title.title_id, reading


@dataclass
class JoinCues(beam.PTransform):
    """Join titles with what was read for them, by title_id: only small records cross this shuffle."""

    def expand(self, sources: Mapping[str, beam.PCollection]) -> beam.PCollection:
        """Take ``titles`` and (title_id, Reading) as ``text``, ``cues``, ``annotations``; give TitleSources."""
        keyed = sources["titles"] | beam.Map(lambda title: (title.title_id, title))
        return {**sources, "titles": keyed} | beam.CoGroupByKey() | beam.FlatMap(_joined)


def _joined(element: tuple[str, Mapping[str, Iterable[Any]]]) -> Iterator[TitleSources]:
    groups = element[1]
    for title in groups["titles"]:
        yield TitleSources(title, *(merge_readings(groups[name]) for name in ("text", "cues", "annotations")))


def merge_readings(readings: Iterable[Reading]) -> Reading | None:
    """Unite what several files of one kind say; None where there is none."""
    found = list(readings)
    return Reading(tuple(interval for reading in found for interval in reading.intervals)) if found else None


@dataclass
class LoadTitle(beam.PTransform):
    """Decode, downmix, resample and level a title's audio: TitleSources to LoadedTitle."""

    def expand(self, sources: beam.PCollection) -> Any:
        """Give loaded titles and failures; what is damaged but usable is both."""
        return sources | guarded("load", _loaded)


def _loaded(sources: TitleSources) -> Iterator[LoadedTitle | Failure]:
    title, started = sources.title, time.thread_time()
    if storage.is_remote(title.audio):
        with storage.open_input(title.audio) as file:
            audio, damage = load(file, title.audio_track)
    else:
        audio, damage = load(title.audio, title.audio_track)
    for message in damage:
        yield Failure(title.title_id, title.audio, "load", "Damaged", message, "warning")
    yield LoadedTitle(sources, audio, time.thread_time() - started)


@dataclass
class CutSegments(beam.PTransform):
    """Cut loaded titles into 20 s segments."""

    def expand(self, loaded: beam.PCollection) -> beam.PCollection:
        """Take LoadedTitle; give SegmentedTitle."""
        return loaded | beam.Map(
            lambda title: SegmentedTitle(
                title, tuple(Segment(index, part) for index, part in enumerate(segment(title.audio.samples)))
            )
        )


@dataclass
class LabelFrames(beam.PTransform):
    """Give every segment its frame targets and weights, from the title's sources."""

    def expand(self, segmented: beam.PCollection) -> Any:
        """Take and give SegmentedTitle, and failures."""
        return segmented | guarded("label", _labelled)


def _labelled(segmented: SegmentedTitle) -> Iterator[SegmentedTitle]:
    sources = segmented.loaded.sources
    labels = label_frames(segmented.frames, sources.text, sources.cues, sources.annotations)
    parts = ((part, *cut(labels, part.index)) for part in segmented.segments)
    labelled = tuple(replace(part, targets=targets, weights=weights) for part, targets, weights in parts)
    yield replace(segmented, segments=labelled, label_source=labels.source)


@dataclass
class WriteShards(beam.PTransform):
    """Write a title's segments as one file, ``output/<split>/<title_id>.parquet``, then its row of the ledger."""

    output: str
    shares: Sequence[float]

    def expand(self, segmented: beam.PCollection) -> Any:
        """Take SegmentedTitle; give the ids of what was written, and failures."""
        return segmented | guarded("write", lambda title: _write_shard(title, self.output, self.shares))


def _write_shard(segmented: SegmentedTitle, output: str, shares: Sequence[float]) -> Iterator[str]:
    loaded, title = segmented.loaded, segmented.title
    split = split_of(title, shares)
    for other in set(SPLITS) - {split}:
        storage.delete(storage.table_path(output, other, title.title_id))
    path = storage.table_path(output, split, title.title_id)
    storage.write_table(path, tables.SHARDS, tables.shard_rows(segmented, split))
    yield _write_ledger(output, facts_of(loaded), model="")


@dataclass
class Windows(beam.PTransform):
    """Cut loaded titles into overlapping windows: (TitleFacts, windows), all of a title in one element."""

    def expand(self, loaded: beam.PCollection) -> beam.PCollection:
        """Take LoadedTitle; the samples travel on as views, within one fused stage."""
        return loaded | beam.Map(lambda title: (facts_of(title), windows(title.audio.samples)))


def facts_of(loaded: LoadedTitle) -> TitleFacts:
    """Give what stays of a loaded title without its samples."""
    audio = loaded.audio
    return TitleFacts(
        loaded.title,
        len(audio.samples),
        audio.loudness_lkfs,
        audio.gain_db,
        audio.channels,
        audio.layout,
        loaded.cpu_s,
    )


@dataclass
class Stitch(beam.PTransform):
    """Join the windows' scores to one probability a frame: (TitleFacts, PredictionResult) to (…, Activity)."""

    classes: tuple[str, ...]
    thresholds: tuple[float, ...]

    def expand(self, predicted: beam.PCollection) -> Any:
        """Take (TitleFacts, result) whose ``inference`` is (scores, cpu_s); give (TitleFacts, Activity)."""
        return predicted | beam.MapTuple(
            lambda facts, result: _stitched(facts, result.inference, self.classes, self.thresholds)
        )


def _stitched(
    facts: TitleFacts,
    inference: tuple[NDArray[np.float32], float],
    classes: tuple[str, ...],
    thresholds: tuple[float, ...],
) -> tuple[TitleFacts, Activity]:
    scores, cpu_s = inference
    activity = Activity(stitch(scores, facts.samples), classes, seconds(facts.samples), thresholds)
    return replace(facts, cpu_s=facts.cpu_s + cpu_s), activity


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
    yield _write_ledger(output, facts, model)


def _write_ledger(output: str, facts: TitleFacts, model: str) -> str:
    row = tables.title_row(facts, "done", model, _peak_rss_mb())
    storage.write_table(storage.table_path(output, "titles", facts.title.title_id), tables.TITLES, [row])
    Metrics.counter(METRICS, "done").inc()
    Metrics.counter(METRICS, "audio_s").inc(round(seconds(facts.samples)))
    return facts.title.title_id


def _peak_rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


@dataclass
class WriteFailures(beam.PTransform):
    """Write each failure as a row of ``failures`` at once, beside what failed: a killed run keeps them."""

    output: str

    def expand(self, failures: beam.PCollection) -> beam.PCollection:
        """Take Failure; give it on."""
        return failures | beam.Map(_write_failure, self.output)


def _write_failure(lost: Failure, output: str) -> Failure:
    folder = storage.failures_folder(output, "" if lost.stage == "catalog" else lost.title_id)
    name = hashlib.sha256(repr(astuple(lost)).encode()).hexdigest()[:16]
    storage.write_table(f"{folder}/{name}.parquet", tables.FAILURES, [tables.failure_row(lost)])
    Metrics.counter(METRICS, "failed" if lost.severity == "error" else "warnings").inc()
    return lost


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
    truth = read_annotations(storage.read_bytes(title.truth), title.truth, CLASSES).intervals
    rows = storage.read_table(storage.table_path(output, "segments", title.title_id))
    if rows is None:
        raise InputError(f"was not tagged: {output}/segments has no rows of it; run smad tag first")
    found = [Interval(row["start_s"], row["end_s"], row["class"]) for row in rows]
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
