"""How fast: CPU seconds of one thread from waveform to frames, of all detectors over the same sound, interleaved."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from transforms.frames import SAMPLE_RATE_HZ, seconds

from .detectors import Detector, Wave
from .films import Film

MINUTES = 5
ROUNDS = 5
# How many times as fast as a peer the model is to be.
GOALS = {"TVSM": 12.0, "silero": 3.0}


def speed_figures(films: Sequence[Film], detectors: Sequence[Detector]) -> dict[str, dict[str, Any]]:
    """Give each detector's speed, × real time (median of the rounds), and how many times as fast as each other it is.

    A ratio is the median of the rounds' own, in which both ran one after the other: other work on the machine slows
    both.
    """
    wave = excerpt(films)
    spent = {detector.name: np.zeros(ROUNDS) for detector in detectors}
    for detector in detectors:
        detector.frames(wave[: 30 * SAMPLE_RATE_HZ])  # what is only done once is not counted
    for turn in range(ROUNDS):
        for detector in detectors:
            spent[detector.name][turn] = cpu_s(detector, wave)
    return {
        name: {
            "real_time": seconds(len(wave)) / float(np.median(times)),
            "fastest": seconds(len(wave)) / float(times.min()),
            "ratio": {peer: float(np.median(spent[peer] / times)) for peer in spent if peer != name},
        }
        for name, times in spent.items()
    }


def excerpt(films: Sequence[Film]) -> Wave:
    """Give the first MINUTES of the films, one after the other."""
    return np.concatenate([film.wave for film in films])[: MINUTES * 60 * SAMPLE_RATE_HZ]


def cpu_s(detector: Detector, wave: Wave) -> float:
    """Give the CPU seconds that the process takes for a wave."""
    started = time.process_time()
    detector.frames(wave)
    return time.process_time() - started
