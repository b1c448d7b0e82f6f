"""The Parquet tables of the system: their schemas, and the rows that fill them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import soundfile
from numpy.typing import NDArray

from transforms.activity import Activity
from transforms.frames import FRAME_S, SAMPLE_RATE_HZ, SEGMENT_S, seconds
from transforms.records import Failure, Interval, Segment, SegmentedTitle, Title, TitleFacts

_FRAMES = pa.list_(pa.list_(pa.float32()))

SHARDS = pa.schema(
    {
        "segment_id": pa.string(),
        "title_id": pa.string(),
        "start_s": pa.float64(),
        "duration_s": pa.float64(),
        "language": pa.string(),
        "split": pa.string(),
        "audio": pa.binary(),
        "gain_db": pa.float32(),
        "loudness_lkfs": pa.float32(),
        "classes": pa.list_(pa.string()),
        "targets": _FRAMES,
        "weights": _FRAMES,
        "label_source": pa.string(),
    }
)
ACTIVITY = pa.schema(
    {
        "title_id": pa.string(),
        "start_s": pa.float64(),
        "frame_s": pa.float64(),
        "classes": pa.list_(pa.string()),
        "probability": _FRAMES,
        "model": pa.string(),
        "duration_s": pa.float64(),
        "language": pa.string(),
    }
)
SEGMENTS = pa.schema(
    {
        "title_id": pa.string(),
        "class": pa.string(),
        "start_s": pa.float64(),
        "end_s": pa.float64(),
        "mean_probability": pa.float32(),
    }
)
TITLES = pa.schema(
    {
        "title_id": pa.string(),
        "uri": pa.string(),
        "input_digest": pa.string(),
        "model": pa.string(),
        "duration_s": pa.float64(),
        "channels": pa.int32(),
        "layout": pa.string(),
        "loudness_lkfs": pa.float32(),
        "gain_db": pa.float32(),
        "programme_lkfs": pa.float32(),
        "limited_s": pa.float64(),
        "status": pa.string(),
        "cpu_s": pa.float64(),
        "peak_rss_mb": pa.float64(),
    }
)
# The ledger of shards: beside the above, what their labels are made of. A list has a value a class.
PREPARED = pa.schema(
    {
        **dict(zip(TITLES.names, TITLES.types, strict=True)),
        **dict.fromkeys(("language", "series", "genre", "split", "label_source"), pa.string()),
        "classes": pa.list_(pa.string()),
        **dict.fromkeys(("active_s", "known_s", "weight_s"), pa.list_(pa.float64())),
        **dict.fromkeys(("offset_s", "rate", "sync_score"), pa.float64()),
        "sync": pa.string(),
    }
)
FAILURES = pa.schema(
    dict.fromkeys(("title_id", "uri", "stage", "error", "message", "severity"), pa.string())
    | dict.fromkeys(("kept_s", "expected_s"), pa.float64())
)
# What a mixed programme is made of, a row a scene.
SCENES = pa.schema({"title_id": pa.string(), "kind": pa.string(), "start_s": pa.float64(), "end_s": pa.float64()})
SCORES = pa.schema(
    {"group": pa.string(), "name": pa.string(), "class": pa.string()}
    | dict.fromkeys(
        ("precision", "recall", "f_score", "error_rate", "deletions", "insertions", "reference_s"), pa.float64()
    )
)


def shard_rows(segmented: SegmentedTitle, split: str) -> Iterator[dict[str, Any]]:
    """Yield a row of ``SHARDS`` for each labelled segment, its audio as FLAC."""
    title, audio = segmented.loaded.title, segmented.loaded.audio
    for segment in segmented.segments:
        yield {
            "segment_id": f"{title.title_id}#{segment.index:05d}",
            "title_id": title.title_id,
            "start_s": float(segment.index * SEGMENT_S),
            "duration_s": seconds(len(segment.samples)),
            "language": title.language,
            "split": split,
            "audio": flac(segment.samples),
            "gain_db": audio.gain_db,
            "loudness_lkfs": audio.loudness_lkfs,
            "classes": list(segmented.classes),
            **_label_columns(segment),
            "label_source": segmented.label_source,
        }


def activity_row(title: Title, activity: Activity, model: str) -> dict[str, Any]:
    """Give the one row of ``ACTIVITY`` for a title."""
    return {
        "title_id": title.title_id,
        "start_s": 0.0,
        "frame_s": FRAME_S,
        "classes": list(activity.classes),
        "probability": list(activity.probability),
        "model": model,
        "duration_s": activity.duration_s,
        "language": title.language,
    }


def segment_rows(title: Title, activity: Activity) -> list[dict[str, Any]]:
    """Give the rows of ``SEGMENTS`` for a title."""
    return [
        {
            "title_id": title.title_id,
            "class": segment.label,
            "start_s": segment.start_s,
            "end_s": segment.end_s,
            "mean_probability": segment.mean_probability,
        }
        for segment in activity.segments()
    ]


def segment_intervals(rows: Iterable[Mapping[str, Any]]) -> list[Interval]:
    """Read the rows of ``SEGMENTS`` as intervals, their kind being the class."""
    return [Interval(row["start_s"], row["end_s"], row["class"]) for row in rows]


def title_row(facts: TitleFacts, status: str, model: str, peak_rss_mb: float) -> dict[str, Any]:
    """Give a title's row of the ledger ``TITLES``; what wrote it is its last output, so that a row means *done*."""
    return {
        "title_id": facts.title.title_id,
        "uri": facts.title.uri,
        "input_digest": facts.title.input_digest,
        "model": model,
        "duration_s": seconds(facts.samples),
        "channels": facts.channels,
        "layout": facts.layout,
        "loudness_lkfs": facts.loudness_lkfs,
        "gain_db": facts.gain_db,
        "programme_lkfs": facts.programme_lkfs,
        "limited_s": facts.limited_s,
        "status": status,
        "cpu_s": facts.cpu_s,
        "peak_rss_mb": peak_rss_mb,
    }


def prepared_row(segmented: SegmentedTitle, facts: TitleFacts, peak_rss_mb: float) -> dict[str, Any]:
    """Give a title's row of the ledger ``PREPARED``; of its subtitle files, the first of those most trusted.

    active_s, known_s, weight_s: seconds where a class is known and heard (target ≥ 0.5), where its weight is above 0,
    and the weight's integral over time.
    """
    title = segmented.title
    tested = (reading for reading in segmented.loaded.sources.text if reading.sync)
    best = max(tested, key=lambda reading: reading.trust, default=None)
    sync = best.sync if best else None
    return {
        **title_row(facts, "done", "", peak_rss_mb),
        "language": title.language,
        "series": title.series,
        "genre": title.genre,
        "split": title.split,
        "label_source": segmented.label_source,
        "classes": list(segmented.classes),
        **_label_seconds(segmented),
        "offset_s": sync and sync.offset_s,
        "rate": sync and sync.rate,
        "sync_score": None if sync is None or np.isnan(sync.score) else sync.score,
        "sync": sync and sync.verdict,
    }


def scene_rows(title_id: str, scenes: Iterable[Interval]) -> list[dict[str, Any]]:
    """Give the rows of ``SCENES`` for a mixed programme; an interval's kind is the scene's."""
    return [{"title_id": title_id, "kind": s.kind, "start_s": s.start_s, "end_s": s.end_s} for s in scenes]


def failure_row(failure: Failure) -> dict[str, Any]:
    """Give the row of ``FAILURES``."""
    return asdict(failure)


def flac(samples: NDArray[np.int16]) -> bytes:
    """Encode [T] int16 at 16 kHz as FLAC, losslessly."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def unflac(data: bytes) -> NDArray[np.int16]:
    """Decode what ``flac`` made: [T] int16."""
    samples: NDArray[np.int16] = soundfile.read(io.BytesIO(data), dtype="int16")[0]
    return samples


def _label_seconds(segmented: SegmentedTitle) -> dict[str, list[float]]:
    frames, labels = segmented.frames, [_label_columns(segment) for segment in segmented.segments]
    none = np.zeros((len(segmented.classes), 0))
    targets, weights = (
        np.concatenate([none, *(label[name] for label in labels)], axis=1)[:, :frames]
        for name in ("targets", "weights")
    )
    length_s = np.full(frames, FRAME_S)
    length_s[-1:] = seconds(len(segmented.loaded.audio.samples)) - FRAME_S * (frames - 1)
    known = weights > 0
    found = {"active_s": known & (targets >= 0.5), "known_s": known, "weight_s": weights}
    return {name: (values @ length_s).tolist() for name, values in found.items()}


def _label_columns(segment: Segment) -> dict[str, Any]:
    if segment.targets is None or segment.weights is None:
        raise ValueError(f"segment {segment.index} is not labelled")
    return {"targets": list(segment.targets), "weights": list(segment.weights)}
