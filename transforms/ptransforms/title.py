"""From a title's sound to labelled segments or to its activity: one fused chain, nothing is shuffled."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray

from transforms import storage
from transforms.activity import Activity
from transforms.frames import seconds
from transforms.labels.label import cut, label_frames, merge_readings, most_trusted
from transforms.labels.rules import LabelRules, SyncRules
from transforms.labels.synchronize import CUES, LINES, describe, synchronize_by
from transforms.ptransforms import coders  # noqa: F401 - registers them
from transforms.ptransforms.guard import guarded
from transforms.records import (
    Failure,
    LoadedTitle,
    Segment,
    SegmentedTitle,
    Title,
    TitleFacts,
    TitleSources,
    TitleWindows,
)
from transforms.segment import segment
from transforms.sound.apart import read_apart, rss_mb
from transforms.sound.load import keep
from transforms.sound.loudness import is_silent
from transforms.sound.quiet import quiet
from transforms.sound.speech_curve import curve_of, speech_curve
from transforms.stitch import stitch, windows


@dataclass
class LoadTitle(beam.PTransform):
    """Decode, downmix, resample and level a title's audio: TitleSources to LoadedTitle.

    exact_level: bring to −27 LKFS also what lies within ±2 LU of it.
    """

    exact_level: bool = False

    def expand(self, sources: beam.PCollection) -> Any:
        """Give loaded titles and failures; what is damaged but usable is both."""
        exact = self.exact_level  # the step takes this along, not the transform
        return sources | guarded("load", lambda title: _loaded(title, exact), gives=LoadedTitle)


def _loaded(sources: TitleSources, exact_level: bool) -> Iterator[LoadedTitle | Failure]:
    title, started, stamps = sources.title, time.thread_time(), _stamps(sources.title)
    remote = {uri: partial(storage.open_input, uri) for uri in title.audio if storage.is_remote(uri)}
    sound = read_apart(title.audio, title.audio_track, title.audio_layout, remote)
    audio, damage = keep(sound, exact_level)
    if _stamps(title) != stamps:
        damage.append("changed while it was read; the next run reads it again")
    if damage:
        lost = Failure(title.title_id, title.uri, "load", "Damaged", "; ".join(damage), "warning")
        yield replace(lost, kept_s=seconds(len(audio.samples)), expected_s=audio.expected_s)
    for guess in audio.guesses:
        yield Failure(title.title_id, title.uri, "load", "Guessed", guess, "warning")
    if is_silent(audio.loudness_lkfs):
        text = f"is silent, or nearly ({audio.loudness_lkfs:.1f} LKFS); its level is left as it is"
        yield Failure(title.title_id, title.uri, "load", "Silent", text, "warning")
    yield LoadedTitle(sources, audio, time.thread_time() - started + audio.cpu_s, rss_mb() + audio.decoder_mb)


def _stamps(title: Title) -> list[tuple[Any, ...]]:
    return [storage.stamp(uri) for uri in title.audio]


@dataclass
class CutSegments(beam.PTransform):
    """Cut loaded titles into 20 s segments."""

    def expand(self, loaded: beam.PCollection) -> beam.PCollection:
        """Take LoadedTitle; give SegmentedTitle."""
        return loaded | beam.Map(_segmented).with_output_types(SegmentedTitle)


def _segmented(loaded: LoadedTitle) -> SegmentedTitle:
    return SegmentedTitle(loaded, tuple(map(Segment, itertools.count(), segment(loaded.audio.samples))))


@dataclass
class Synchronize(beam.PTransform):
    """Bring the titles' subtitles and cue sheets to their sound.

    activity: the output of an earlier ``smad tag``, whose activity serves beside a rough curve of the sound; or "".
    """

    rules: SyncRules
    activity: str = ""

    def expand(self, loaded: beam.PCollection) -> Any:
        """Take and give LoadedTitle, and failures: a file that was moved or does not fit."""
        rules, activity = self.rules, self.activity
        return loaded | guarded("sync", lambda title: _synchronized(title, rules, activity), gives=LoadedTitle)


def _synchronized(loaded: LoadedTitle, rules: SyncRules, activity: str) -> Iterator[LoadedTitle | Failure]:
    text, cues = loaded.sources.text, loaded.sources.cues
    samples, duration_s = loaded.audio.samples, seconds(len(loaded.audio.samples))
    if text:
        curves = [speech_curve(samples), *_heard(loaded.title, activity, "speech")]
        text = tuple(synchronize_by(one, LINES, curves, duration_s, rules) for one in text)
    if cues:
        # A handful of cues fits anywhere; and of music the sound alone gives no curve to go by.
        curves = list(_heard(loaded.title, activity, "music")) if len(cues.intervals) >= rules.few_spans else []
        cues = synchronize_by(cues, CUES, curves, duration_s, rules)
    for reading in (*text, *([cues] if cues else [])):
        if reading.sync and (message := describe(reading.sync)):
            yield Failure(loaded.title.title_id, reading.uri, "sync", "Warning", message, "warning")
    yield replace(loaded, sources=replace(loaded.sources, text=text, cues=cues))


def _heard(title: Title, tags: str, label: str) -> Iterator[NDArray[np.float32]]:
    """Read what an earlier run of ``smad tag`` heard, as a curve; none where it did not hear this title."""
    rows = storage.read_table(storage.table_path(tags, "activity", title.title_id)) if tags else None
    if rows and label in rows[0]["classes"]:
        yield curve_of(np.array(rows[0]["probability"][rows[0]["classes"].index(label)], np.float32))


@dataclass
class LabelFrames(beam.PTransform):
    """Give every segment its frame targets and weights, from the title's sources."""

    rules: LabelRules

    def expand(self, segmented: beam.PCollection) -> Any:
        """Take and give SegmentedTitle, and failures."""
        rules = self.rules
        return segmented | guarded("label", lambda title: _labelled(title, rules), gives=SegmentedTitle)


def _labelled(segmented: SegmentedTitle, rules: LabelRules) -> Iterator[SegmentedTitle]:
    sources, samples = segmented.loaded.sources, segmented.loaded.audio.samples
    said = {
        "annotations": sources.annotations,
        "subtitles": merge_readings(most_trusted(sources.text)),
        "cue_sheet": sources.cues,
        "sound": quiet(samples, rules.quiet_dbfs),
    }
    labels = label_frames(segmented.frames, said, rules)
    parts = ((part, *cut(labels, part.index)) for part in segmented.segments)
    labelled = tuple(replace(part, targets=targets, weights=weights) for part, targets, weights in parts)
    yield replace(segmented, segments=labelled, label_source=labels.source, classes=rules.classes)


@dataclass
class Windows(beam.PTransform):
    """Cut loaded titles into overlapping windows; all of a title are one batch for the model."""

    def expand(self, loaded: beam.PCollection) -> beam.PCollection:
        """Take LoadedTitle, give [TitleWindows]; the samples travel on as views, within one fused stage."""
        return loaded | beam.FlatMap(_windowed).with_output_types(list[TitleWindows])


def _windowed(loaded: LoadedTitle) -> Iterator[list[TitleWindows]]:
    yield [TitleWindows(facts_of(loaded), tuple(windows(loaded.audio.samples)))]
    # Beam keeps the last argument of a step that has side inputs, as RunInference's has, until the next one comes:
    # without this empty batch a title's sound would stay in memory while the next title is loaded.
    yield []


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
        audio.programme_lkfs,
        audio.limited_s,
        loaded.loading_mb,
    )


@dataclass
class Stitch(beam.PTransform):
    """Join the windows' scores to one probability a frame: PredictionResult to (TitleFacts, Activity)."""

    classes: tuple[str, ...]
    thresholds: tuple[float, ...]

    def expand(self, predicted: beam.PCollection) -> Any:
        """Take results whose ``example`` is TitleFacts and ``inference`` (scores, cpu_s)."""
        return predicted | beam.Map(
            lambda result: _stitched(result.example, result.inference, self.classes, self.thresholds)
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
