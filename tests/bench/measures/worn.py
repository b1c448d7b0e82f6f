"""The sound of an archive: old optical tracks, which no training has heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SAMPLE_RATE_HZ
from transforms.mix.effects import band_limited
from transforms.sound.level import FULL_SCALE

Wave = NDArray[np.float32]
CRACKLES_PER_S = 12.0


def worn(samples: NDArray[np.int16], random: np.random.Generator) -> NDArray[np.int16]:
    """Give a title [T] the sound of an old print: a narrow band, distortion, hiss, hum and crackles all along."""
    wave: Wave = (samples / np.float32(FULL_SCALE)).astype(np.float32)
    level = float(np.sqrt(np.square(wave).mean())) + 1e-6
    wave = band_limited(wave, random.uniform(120, 250), random.uniform(2_600, 4_000))
    drive = random.uniform(0.08, 0.25) / level
    wave = np.tanh(drive * wave) / np.float32(drive)
    wave = wave + level * np.float32(10 ** (-random.uniform(14, 26) / 20)) * hiss(random, len(wave))
    wave = wave + level * np.float32(10 ** (-random.uniform(14, 26) / 20)) * hum(random, len(wave))
    wave = wave + level * np.float32(10 ** (random.uniform(2, 10) / 20)) * crackle(random, len(wave))
    return np.asarray(np.rint(wave.clip(-1, 1) * (FULL_SCALE - 1)), np.int16)


def hiss(random: np.random.Generator, samples: int) -> Wave:
    """Make noise [samples] of the print's band, of about level 1, which swells and fades with each reel."""
    noise = band_limited(random.standard_normal(samples).astype(np.float32), 100, 5_000)
    swell = 1 + 0.4 * np.sin(np.arange(samples) / SAMPLE_RATE_HZ * random.uniform(0.3, 3) + random.uniform(0, 6))
    return np.asarray(noise * swell, np.float32)


def hum(random: np.random.Generator, samples: int) -> Wave:
    """Make the mains [samples], 50 or 60 Hz with overtones, which is no music."""
    mains_hz = random.choice([50, 60]) * np.arange(1, 8)
    angles = 2 * np.pi * mains_hz[:, None] * np.arange(samples) / SAMPLE_RATE_HZ
    return np.asarray((np.sin(angles) * random.uniform(0, 1, (7, 1))).sum(0), np.float32)


def crackle(random: np.random.Generator, samples: int) -> Wave:
    """Make clicks [samples] of a few samples each, some a second."""
    clicks = (random.random(samples) < CRACKLES_PER_S / SAMPLE_RATE_HZ) * random.normal(0, 3, samples)
    return band_limited(clicks.astype(np.float32), 300, 6_000)
