"""Turn what subtitles, cue sheets and annotations say into frame targets, and say what each frame is worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.frames import FRAME_S, SEGMENT_FRAMES
from transforms.records import CLASSES, Interval, Reading


@dataclass(frozen=True)
class LabelRules:
    """What a source's word is worth: weights in 0…1, distances in seconds."""

    # Subtitle in-times move up to 0.5 s to a shot change, out-times run up to 0.5 s late; so a gap of under 1 s, too,
    # lies wholly inside the two edges and says little.
    edge_s: float = 0.5
    edge_weight: float = 0.2
    # No subtitle at a place of a subtitled title: probably no speech, but lines are left out.
    no_subtitle_weight: float = 0.5
    # Cue sheets are written by hand to the second.
    cue_edge_s: float = 0.5
    # "[soft music]": it plays here, but nobody says until when.
    description_weight: float = 0.5


@dataclass(frozen=True)
class Labels:
    """Frame labels of one title.

    targets, weights: [classes, F] float32 in 0…1; weight 0 is *unknown*. source: which inputs spoke.
    """

    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    source: str


def label_frames(
    frames: int,
    text: Reading | None = None,
    cues: Reading | None = None,
    annotations: Reading | None = None,
    rules: LabelRules = LabelRules(),
) -> Labels:
    """Label ``frames`` frames by speech and music; a source that is None leaves unknown what only it could tell.

    Manual annotations override the others, with full weight.
    """
    given = [("annotations", annotations), ("subtitles", text), ("cue_sheet", cues)]
    source = "+".join(name for name, reading in given if reading is not None) or "none"
    if annotations is not None:
        targets = np.stack([coverage(_of(annotations, label), frames) for label in CLASSES])
        return Labels(targets, np.ones_like(targets), source)
    speech = _speech(frames, text, cues, rules)
    music = _music(frames, text, cues, rules)
    return Labels(np.stack([speech[0], music[0]]), np.stack([speech[1], music[1]]), source)


def coverage(intervals: Iterable[Interval], frames: int) -> NDArray[np.float32]:
    """Give the fraction of each frame that the union of the intervals covers: [F] float32, exact."""
    merged = _merged(intervals)
    if not merged:
        return np.zeros(frames, np.float32)
    starts, ends = np.array(merged).T
    knots = np.stack([starts, ends], axis=1).ravel()
    covered = np.repeat(np.cumsum(ends - starts), 2)
    covered[::2] -= ends - starts
    until = np.interp(np.arange(frames + 1) * FRAME_S, knots, covered)
    covered_share: NDArray[np.float32] = np.clip(np.diff(until) / FRAME_S, 0, 1).astype(np.float32)
    return covered_share


def cut(labels: Labels, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give targets and weights [classes, SEGMENT_FRAMES] of segment ``index``; past the end the weight is 0."""
    part = slice(index * SEGMENT_FRAMES, (index + 1) * SEGMENT_FRAMES)
    targets, weights = labels.targets[:, part], labels.weights[:, part]
    tail = ((0, 0), (0, SEGMENT_FRAMES - targets.shape[1]))
    return np.pad(targets, tail), np.pad(weights, tail)


Track = tuple[NDArray[np.float32], NDArray[np.float32]]


def _speech(frames: int, text: Reading | None, cues: Reading | None, rules: LabelRules) -> Track:
    if text is None:
        return np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    spoken = _of(text, "dialogue", "lyrics")
    targets = coverage(spoken, frames)
    weights = np.where(targets > 0, 1.0, rules.no_subtitle_weight).astype(np.float32)
    # A sung cue without a subtitled line: someone may well be singing there.
    weights[(coverage(_of(cues, "vocal_cue"), frames) > 0) & (targets == 0)] = 0
    return targets, _lowered(weights, spoken, rules.edge_s, rules.edge_weight)


def _music(frames: int, text: Reading | None, cues: Reading | None, rules: LabelRules) -> Track:
    played = _of(cues, "cue", "vocal_cue")
    sung, described = _of(text, "lyrics"), _of(text, "music_description")
    targets = coverage([*played, *sung, *described], frames)
    weights = np.full(frames, float(cues is not None), np.float32)
    weights = _lowered(weights, played, rules.cue_edge_s, rules.edge_weight)
    # Where the cue sheet is silent or absent, the subtitles' word counts, a lyric line for more than a description.
    unlisted = coverage(played, frames) == 0
    weights[unlisted & (coverage(described, frames) > 0)] = rules.description_weight
    weights[unlisted & (coverage(sung, frames) > 0)] = 1.0
    return targets, weights


def _of(reading: Reading | None, *kinds: str) -> list[Interval]:
    return [interval for interval in reading.intervals if interval.kind in kinds] if reading else []


def _merged(intervals: Iterable[Interval]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted((i.start_s, i.end_s) for i in intervals if i.end_s > i.start_s):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _lowered(
    weights: NDArray[np.float32], around: list[Interval], reach_s: float, ceiling: float
) -> NDArray[np.float32]:
    """Cap the weight of frames whose centre lies within ``reach_s`` of an edge of the merged intervals."""
    centres = (np.arange(len(weights)) + 0.5) * FRAME_S
    edges = np.array(_merged(around)).ravel()
    if not len(edges):
        return weights
    right = (
        np.clip(np.searchsorted(edges, centres), 1, len(edges) - 1) if len(edges) > 1 else np.zeros(len(centres), int)
    )
    distance = np.minimum(np.abs(edges[right] - centres), np.abs(edges[np.maximum(right - 1, 0)] - centres))
    return np.where(distance < reach_s, np.minimum(weights, ceiling), weights).astype(np.float32)
