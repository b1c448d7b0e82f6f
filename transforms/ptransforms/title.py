"""From a title to its sound, and from that to its activity: one fused chain, nothing is shuffled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray

from transforms import storage
from transforms.activity import Activity, Decision
from transforms.frames import seconds
from transforms.ptransforms import coders  # noqa: F401 - registers them
from transforms.ptransforms.guard import guarded
from transforms.records import (
    Failure,
    LoadedTitle,
    Title,
    TitleFacts,
    TitleSources,
    TitleWindows,
)
from transforms.sound.apart import read_apart, rss_mb
from transforms.sound.load import keep
from transforms.sound.loudness import is_silent
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
    decisions: tuple[Decision, ...]

    def expand(self, predicted: beam.PCollection) -> Any:
        """Take results whose ``example`` is TitleFacts and ``inference`` (scores, cpu_s)."""
        return predicted | beam.Map(
            lambda result: _stitched(result.example, result.inference, self.classes, self.decisions)
        )


def _stitched(
    facts: TitleFacts,
    inference: tuple[NDArray[np.float32], float],
    classes: tuple[str, ...],
    decisions: tuple[Decision, ...],
) -> tuple[TitleFacts, Activity]:
    scores, cpu_s = inference
    activity = Activity(stitch(scores, facts.samples), classes, seconds(facts.samples), decisions)
    return replace(facts, cpu_s=facts.cpu_s + cpu_s), activity
