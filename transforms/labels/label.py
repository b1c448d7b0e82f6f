"""Turn what subtitles, cue sheets, annotations and silence say into frame targets, and say what each frame is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SEGMENT_FRAMES
from transforms.labels.rules import LabelRules, Rule
from transforms.labels.spans import coverage, merged, since_end_s, to_edge_s, to_span_s
from transforms.records import Reading

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
    unknown what only it could tell. Annotations override the others, with full weight, in the classes that they cover.
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


def most_trusted(readings: Sequence[Reading]) -> list[Reading]:
    """Give those readings that are trusted as much as any: a doubtful file is not to spoil a good one."""
    best = max((reading.trust for reading in readings), default=0.0)
    return [reading for reading in readings if reading.trust == best]


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
    track = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    for rule in rules:
        if present := merge_readings(sources[name] for name in rule.evidence if name in sources):
            track = _throughout(track, rule, present)
        if said := merge_readings(_of_kinds(sources.values(), rule.evidence)):
            track = _where_said(track, rule, said)
    return track


def _of_kinds(sources: Iterable[Reading], kinds: Sequence[str]) -> Iterator[Reading]:
    for source in sources:
        if intervals := tuple(interval for interval in source.intervals if interval.kind in kinds):
            yield Reading(intervals, trust=source.trust)


def _throughout(track: Track, rule: Rule, source: Reading) -> Track:
    """Let a source's being there speak for every frame, for less where its rows are far, and not where it has none."""
    away_s = to_span_s(merged(source.intervals), len(track[0]))
    weight = np.where(away_s > rule.far_s, rule.far_weight, rule.weight)
    return _put(track, rule, (away_s <= rule.lost_s).astype(float), weight, source.trust)


def _where_said(track: Track, rule: Rule, said: Reading) -> Track:
    """Let evidence speak for the frames that it touches, and qualify those beside it."""
    spans, share = merged(said.intervals), coverage(said.intervals, len(track[0]))
    targets, weights = _put(track, rule, share, np.full(len(share), rule.weight), said.trust)
    after = (share == 0) & (since_end_s(spans, len(share)) < rule.open_s)
    weights[after & (targets == 0)] = 0
    near = to_edge_s(spans, len(share)) < rule.edge_s
    weights[near] = np.minimum(weights[near], np.float32(rule.edge_weight * said.trust))
    return targets, weights


def _put(track: Track, rule: Rule, share: NDArray[Any], weight: NDArray[np.float64], trust: float) -> Track:
    """Put a rule's word over those before it, in the ``share`` of each frame that it speaks of."""
    targets, weights = track
    known = weights > 0
    if rule.disputed is not None:
        weight = np.where(known & ((targets > 0) != (rule.target > 0)), rule.disputed, weight)
    mixed = np.maximum(targets, share) if rule.target else targets * (1 - share)
    heard = np.where(known, mixed, rule.target)
    worth = trust * weight * np.where(known | (weight == 0), 1, share)
    spoken = share > 0
    return (
        np.where(spoken & (weight > 0), heard, targets).astype(np.float32),
        np.where(spoken, worth, weights).astype(np.float32),
    )
