"""Turn what subtitles, cue sheets, annotations and silence say into frame targets, and say what each frame is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SEGMENT_FRAMES
from transforms.records import Interval, Reading
from transforms.rules import LabelRules, Rule
from transforms.spans import coverage, merged, since_end_s, to_edge_s, to_span_s

Values = NDArray[np.float32]
Track = tuple[Values, Values]


@dataclass(frozen=True)
class Labels:
    """Frame labels of one title.

    targets, weights: [classes, F] float32 in 0…1; weight 0 is *unknown*. source: which inputs spoke.
    """

    targets: Values
    weights: Values
    source: str


def label_frames(frames: int, sources: Mapping[str, Reading | None], rules: LabelRules) -> Labels:
    """Label ``frames`` frames by the classes of the rules.

    sources: ``subtitles``, ``cue_sheet``, ``annotations``, ``sound``; one that is None, or without trust, leaves
    unknown what only it could tell. Manual annotations override the others, with full weight, in the classes that they cover.
    """
    heard = {name: reading for name, reading in sources.items() if reading is not None and reading.trust > 0}
    source = "+".join(name for name in ("annotations", "subtitles", "cue_sheet") if name in heard) or "none"
    manual = heard.pop("annotations", None)
    tracks = [_annotated(manual, label, frames) or _ruled(heard, rules.rules[label], frames) for label in rules.classes]
    return Labels(np.stack([targets for targets, _ in tracks]), np.stack([weights for _, weights in tracks]), source)


def merge_readings(readings: Iterable[Reading]) -> Reading | None:
    """Unite what several files of one kind say, but for those without trust; None where there is none left."""
    found = [reading for reading in readings if reading.trust > 0]
    if not found:
        return None
    intervals = tuple(interval for reading in found for interval in reading.intervals)
    return Reading(intervals, trust=min(reading.trust for reading in found))


def cut(labels: Labels, index: int) -> tuple[Values, Values]:
    """Give targets and weights [classes, SEGMENT_FRAMES] of segment ``index``; past the end the weight is 0."""
    part = slice(index * SEGMENT_FRAMES, (index + 1) * SEGMENT_FRAMES)
    targets, weights = labels.targets[:, part], labels.weights[:, part]
    tail = ((0, 0), (0, SEGMENT_FRAMES - targets.shape[1]))
    return np.pad(targets, tail), np.pad(weights, tail)


def _annotated(manual: Reading | None, label: str, frames: int) -> Track | None:
    if manual is None or label not in manual.covers:
        return None
    return coverage((i for i in manual.intervals if i.kind == label), frames), np.ones(frames, np.float32)


def _ruled(sources: Mapping[str, Reading], rules: Iterable[Rule], frames: int) -> Track:
    """Apply a class's rules one after the other."""
    targets, weights = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    for rule in rules:
        for name in set(rule.evidence) & set(sources):
            targets, weights = _throughout(sources[name], rule, frames)
        said = [
            (interval, reading.trust)
            for reading in sources.values()
            for interval in reading.intervals
            if interval.kind in rule.evidence
        ]
        if said:
            intervals, trusts = zip(*said, strict=True)
            targets, weights = _where_said(targets, weights, intervals, rule, min(trusts))
    return targets, weights


def _throughout(source: Reading, rule: Rule, frames: int) -> Track:
    """Let a source's being there speak for every frame, for less where its rows are far."""
    weights = np.full(frames, rule.weight, np.float32)
    if rule.far_s is not None:
        weights[to_span_s(merged(source.intervals), frames) > rule.far_s] = rule.far_weight
    return np.full(frames, rule.target, np.float32), weights * np.float32(source.trust)


def _where_said(targets: Values, weights: Values, intervals: Sequence[Interval], rule: Rule, trust: float) -> Track:
    """Let evidence speak for the frames that it touches, and qualify those beside it."""
    spans, share = merged(intervals), coverage(intervals, len(targets))
    inside = share > 0
    opposed = (weights > 0) & ((targets > 0) != (rule.target > 0))
    weight = np.full(len(targets), rule.weight, np.float32)
    if rule.disputed is not None:
        weight[opposed] = rule.disputed
    open_end = since_end_s(spans, len(targets)) < rule.open_s
    weights = np.where(inside, weight * trust, np.where(open_end & (targets == 0), 0, weights))
    near = to_edge_s(spans, len(targets)) < rule.edge_s
    weights[near] = np.minimum(weights[near], rule.edge_weight * trust)
    heard = np.maximum(targets, share) if rule.target else targets * (1 - share)
    return (heard if rule.weight else targets).astype(np.float32), weights.astype(np.float32)
