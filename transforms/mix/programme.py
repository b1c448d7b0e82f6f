"""A programme of scenes, one after the other, with exact labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SAMPLE_RATE_HZ
from transforms.mix import effects
from transforms.mix.heard import STEP_SAMPLES, Steps, filled, intervals_of
from transforms.mix.layers import Layer, at_level, steps_in
from transforms.mix.library import Library, Place
from transforms.mix.scenes import SCENES
from transforms.records import Interval
from transforms.sound.loudness import LoudnessMeter

Wave = NDArray[np.float32]
Random = np.random.Generator

LEVEL_LKFS = (-29.0, -25.0)
SCENE_S = (5.0, 35.0)
JOIN_S = 1.5


@dataclass(frozen=True)
class Programme:
    """wave: [T] float32, 16 kHz. activity: exact intervals of ``speech`` and ``music``. scenes: of scene kinds."""

    wave: Wave
    activity: tuple[Interval, ...]
    scenes: tuple[Interval, ...]
    language: str


def compose(random: Random, library: Library, samples: int) -> Programme:
    """Compose a programme of [samples]; the same state of ``random`` and the same library give the same one."""
    language, names = library.language(random), list(SCENES)
    shares = np.array([share for _, share in SCENES.values()])
    reel = _Reel(samples)
    while reel.at < samples:
        kind = names[int(random.choice(len(names), p=shares / shares.sum()))]
        length = round(random.uniform(*SCENE_S) * 100) * STEP_SAMPLES
        place = Place(random, library, language, min(length, samples + STEP_SAMPLES * 100 - reel.at))
        reel.add(kind, SCENES[kind][0](place), random)
    wave = _delivered(reel.wave, random)
    activity = [*intervals_of(filled(reel.speech), "speech"), *intervals_of(reel.music, "music")]
    return Programme(wave, tuple(activity), tuple(reel.scenes), language)


class _Reel:
    """Scenes joined so far. at: where the next one begins, on a step."""

    def __init__(self, samples: int) -> None:
        self.wave = np.zeros(samples, np.float32)
        self.speech, self.music = (np.zeros(steps_in(samples), np.bool_) for _ in range(2))
        self.scenes: list[Interval] = []
        self.at = 0

    def add(self, kind: str, layers: list[Layer], random: Random) -> None:
        """Join a scene by a cut, or fade one into the other."""
        join = 0 if random.random() < 0.6 else round(random.uniform(0.05, JOIN_S) * 100) * STEP_SAMPLES
        start = max(0, self.at - min(join, len(layers[0].wave)))
        wave = np.sum([layer.wave for layer in layers], axis=0) * np.float32(10 ** (random.normal(0, 2) / 20))
        fade = np.linspace(0, 1, self.at - start, dtype=np.float32)
        self.wave[start : self.at] *= fade[::-1][: max(0, len(self.wave) - start)]
        wave[: len(fade)] *= fade
        part = wave[: len(self.wave) - start]
        self.wave[start : start + len(part)] += part
        for layer in layers:
            _mark(self.speech, layer.speech, start)
            _mark(self.music, layer.music, start)
        end = min(start + len(wave), len(self.wave))
        self.scenes.append(Interval(self.at / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ, kind))
        self.at = start + len(wave)


def _mark(steps: Steps, heard: Steps, start: int) -> None:
    first = start // STEP_SAMPLES
    part = heard[: len(steps) - first]
    steps[first : first + len(part)] |= part


def _delivered(wave: Wave, random: Random) -> Wave:
    """Bring the whole to its level, most of it over the hiss of a room; a third of all programmes went through a codec.

    Some lack their treble, whatever is heard in them: a narrow band is no sign of anything.
    """
    if random.random() < 0.6:
        hiss = random.standard_normal(len(wave)).astype(np.float32)
        hiss = effects.band_limited(hiss, 0, random.uniform(1_000, 8_000))
        wave = wave + at_level(hiss, random.uniform(-90, -62))
    if random.random() < 0.15:
        wave = effects.band_limited(wave, 0, random.uniform(3_400, 7_500))
    loudness = mono_lkfs(wave)
    gain_db = random.uniform(*LEVEL_LKFS) - loudness if np.isfinite(loudness) else 0.0
    wave = np.clip(wave * np.float32(10 ** (min(gain_db, 30.0) / 20)), -1, 1)
    return effects.coded(wave, random) if random.random() < 0.33 else wave


def mono_lkfs(wave: Wave) -> float:
    """Give the integrated loudness of [T] samples at 16 kHz (ITU-R BS.1770)."""
    meter = LoudnessMeter(SAMPLE_RATE_HZ)
    for at in range(0, len(wave), SAMPLE_RATE_HZ):
        meter.push(wave[np.newaxis, at : at + SAMPLE_RATE_HZ])
    return meter.integrated_lkfs()
