"""From a title's sound and sources to labelled segments: one fused chain, nothing is shuffled."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray

from transforms import storage
from transforms.frames import seconds
from transforms.labels.label import cut, label_frames, merge_readings, most_trusted
from transforms.labels.rules import LabelRules, SyncRules
from transforms.labels.synchronize import CUES, LINES, describe, synchronize_by
from transforms.ptransforms.guard import guarded
from transforms.records import Failure, LoadedTitle, Segment, SegmentedTitle, Title
from transforms.segment import segment
from transforms.sound.quiet import quiet
from transforms.sound.speech_curve import curve_of, speech_curve


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
    heard = _heard(loaded.title, activity)
    if text:
        curves = [speech_curve(samples), *heard.get("speech", ())]
        text = tuple(synchronize_by(one, LINES, curves, duration_s, rules) for one in text)
    if cues:
        # A handful of cues fits anywhere; and of music the sound alone gives no curve to go by.
        curves = heard.get("music", []) if len(cues.intervals) >= rules.few_spans else []
        cues = synchronize_by(cues, CUES, curves, duration_s, rules)
    for reading in (*text, *([cues] if cues else [])):
        if reading.sync and (message := describe(reading.sync)):
            yield Failure(loaded.title.title_id, reading.uri, "sync", "Warning", message, "warning")
    yield replace(loaded, sources=replace(loaded.sources, text=text, cues=cues))


def _heard(title: Title, tags: str) -> dict[str, list[NDArray[np.float32]]]:
    """Read what an earlier run of ``smad tag`` heard, a curve a class; nothing where it did not hear this title."""
    rows = storage.read_table(storage.table_path(tags, "activity", title.title_id)) if tags else None
    found = zip(rows[0]["classes"], rows[0]["probability"], strict=True) if rows else ()
    return {label: [curve_of(np.array(probability, np.float32))] for label, probability in found}


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
