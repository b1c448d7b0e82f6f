"""What is compared: anything that hears speech or music in a waveform, and the model as one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import crnn
from crnn.checkpoint import SHIPPED
from crnn.model import BATCH_WINDOWS, CRNN
from transforms.activity import RAW, ActiveSegment, Activity
from transforms.frames import FRAME_SAMPLES, SEGMENT_SAMPLES, seconds
from transforms.records import Interval
from transforms.stitch import stitch, window_starts

Wave = NDArray[np.float32]
Values = NDArray[np.float32]
Decide = Callable[[Values, float], list[Interval]]
HALF = 0.5


@dataclass(frozen=True)
class Detector:
    """Something that is measured.

    frames: a wave [T] float32, 16 kHz, full scale 1.0, to probabilities [classes, F]. decisions: those and the
    duration in seconds to intervals, by the name of the row that they fill. parameters, bytes: its weights, and its
    file, which of a checkpoint holds what training needs, too.
    """

    name: str
    classes: tuple[str, ...]
    frames: Callable[[Wave], Values]
    decisions: Mapping[str, Decide]
    parameters: int | None = None
    bytes: int | None = None

    def find(self, wave: Wave) -> dict[str, list[Interval]]:
        """Give the intervals that each of its decisions finds."""
        probability, duration_s = self.frames(wave), seconds(len(wave))
        return {name: decide(probability, duration_s) for name, decide in self.decisions.items()}


def rows_of(detectors: Sequence[Detector]) -> dict[str, tuple[str, ...]]:
    """Give the rows that detectors fill, and the classes of each."""
    return {row: detector.classes for detector in detectors for row in detector.decisions}


def smad(checkpoint: str | None, name: str) -> Detector:
    """Give a checkpoint's model (None: the shipped one), by its own decision and by raw probabilities at 0.5.

    Raises:
        InputError: it is not there, or no checkpoint.
    """
    model = crnn.load(checkpoint)
    classes = model.config.classes

    def activity(probability: Values, duration_s: float) -> Activity:
        return Activity(probability, classes, duration_s, model.config.decisions)

    decisions: dict[str, Decide] = {
        name: lambda probability, duration_s: intervals(activity(probability, duration_s).segments()),
        f"{name} at 0.5": lambda probability, duration_s: intervals(activity(probability, duration_s).segments(RAW)),
    }
    file = Path(crnn.__file__).parent / f"weights/{checkpoint or SHIPPED[0]}.ckpt"
    if checkpoint not in (None, *SHIPPED):
        file = Path(str(checkpoint))
    return Detector(
        name,
        classes,
        lambda wave: probabilities(model, wave),
        decisions,
        sum(weights.numel() for weights in model.parameters()),
        file.stat().st_size if file.is_file() else None,
    )


def probabilities(model: CRNN, wave: Wave) -> Values:
    """Give a float wave's probabilities [classes, F] by overlapping windows, as tagging does of 16-bit samples."""
    starts = [frame * FRAME_SAMPLES for frame in window_starts(len(wave))]
    padded = np.pad(wave, (0, max(0, starts[-1] + SEGMENT_SAMPLES - len(wave))))
    scores = []
    with torch.inference_mode():
        for at in range(0, len(starts), BATCH_WINDOWS):
            batch = np.stack([padded[start : start + SEGMENT_SAMPLES] for start in starts[at : at + BATCH_WINDOWS]])
            scores.append(torch.sigmoid(model(torch.from_numpy(batch))).numpy())
    return stitch(np.concatenate(scores), len(wave))


def intervals(segments: Iterable[ActiveSegment]) -> list[Interval]:
    """Give segments as intervals, their kind being the class."""
    return [Interval(found.start_s, found.end_s, found.label) for found in segments]


def at_half(label: str, row: Values, frame_s: float) -> list[Interval]:
    """Give the runs of frames [F] whose probability is at least 0.5."""
    edges = np.flatnonzero(np.diff(row >= HALF, prepend=False, append=False)).reshape(-1, 2)
    return [Interval(float(start * frame_s), float(end * frame_s), label) for start, end in edges]
