"""Sounds with pitch that are not music: machines, alarms, rings, hums. They teach a model what music is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from transforms.frames import SAMPLE_RATE_HZ

Wave = NDArray[np.float32]
Random = np.random.Generator


def tonal_noise(random: Random, samples: int) -> Wave:
    """Make [samples] of a noise drawn at random, of RMS 0.05 while it sounds."""
    make = KINDS[int(random.integers(len(KINDS)))]
    times = np.arange(samples) / SAMPLE_RATE_HZ
    wave = make(random, times)
    hiss = random.standard_normal(samples) * 10 ** (-random.uniform(15, 45) / 20)
    wave = wave / (np.sqrt(np.square(wave).mean()) + 1e-9) + hiss
    noise: Wave = (0.05 * wave).astype(np.float32)
    return noise


def _wander(random: Random, times: NDArray[np.float64], depth: float, every_s: float) -> NDArray[np.float64]:
    knots = max(2, int(times[-1] / every_s) + 2)
    return np.interp(times, np.linspace(0, times[-1] + 1e-9, knots), random.normal(0, depth, knots))


def _harmonic(random: Random, pitch_hz: NDArray[np.float64], harmonics: int, slope: float) -> NDArray[np.float64]:
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    wave = np.zeros_like(phase)
    for number in range(1, harmonics + 1):
        strength = number**-slope * random.uniform(0.3, 1)
        wave += np.where(pitch_hz * number < SAMPLE_RATE_HZ / 2.1, strength, 0) * np.sin(number * phase)
    return wave


def _gate(times: NDArray[np.float64], on_s: float, off_s: float) -> NDArray[np.float64]:
    raised = ((times % (on_s + off_s)) < on_s).astype(float)
    return np.convolve(raised, np.ones(64) / 64, "same")


def _hum(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    pitch = np.full_like(times, float(random.choice([50, 60, 100, 120])) * random.uniform(0.99, 1.01))
    return _harmonic(random, pitch, 12, random.uniform(0.5, 1.5))


def _engine(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    pitch = random.uniform(25, 180) * np.exp(_wander(random, times, 0.25, random.uniform(1, 6)))
    return _harmonic(random, pitch, 20, random.uniform(0.3, 1.2)) * (1 + 0.3 * _wander(random, times, 1, 0.1))


def _siren(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    rate_hz, depth = random.uniform(0.15, 4), random.uniform(0.15, 0.6)
    swing = np.sin(2 * np.pi * rate_hz * times)
    swing = np.sign(swing) if random.random() < 0.4 else swing
    return _harmonic(random, random.uniform(400, 1_400) * np.exp(depth * swing), 6, 1)


def _beeps(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    pitch = np.full_like(times, random.uniform(400, 3_500))
    on_s = random.uniform(0.04, 0.6)
    return _harmonic(random, pitch, int(random.integers(1, 5)), 1) * _gate(times, on_s, on_s * random.uniform(0.5, 12))


def _ring(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    pitch = random.uniform(350, 2_500) * np.ones_like(times)
    both = _harmonic(random, pitch, 3, 1) + _harmonic(random, pitch * random.uniform(1.05, 1.35), 3, 1)
    trill = 0.6 + 0.4 * np.sign(np.sin(2 * np.pi * random.uniform(12, 28) * times))
    return both * trill * _gate(times, random.uniform(0.4, 2), random.uniform(0.5, 4))


def _keys(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = (697, 770, 852, 941), (1_209, 1_336, 1_477)
    on_s, off_s = random.uniform(0.05, 0.25), random.uniform(0.05, 0.6)
    key = (times // (on_s + off_s)).astype(int)
    choices = random.integers(12, size=int(key[-1]) + 1)[key]
    tones = (np.array(low)[choices % 4], np.array(high)[choices % 3])
    both: NDArray[np.float64] = np.sin(2 * np.pi * np.array(tones) * times).sum(axis=0)
    return both * _gate(times, on_s, off_s)


def _resonant_wind(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    wave = np.zeros_like(times)
    for _ in range(int(random.integers(1, 4))):
        centre = random.uniform(150, 2_500)
        edges = [centre * 0.97, centre * random.uniform(1.01, 1.1)]
        band = sosfilt(butter(2, edges, "band", fs=SAMPLE_RATE_HZ, output="sos"), random.standard_normal(len(times)))
        wave += band / (band.std() + 1e-9) * np.exp(_wander(random, times, 0.7, 0.8))
    return wave


def _chirps(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    every_s, length_s = random.uniform(0.15, 2), random.uniform(0.03, 0.15)
    place = times % every_s
    slide = random.uniform(-6_000, 6_000) * place
    pitch = np.clip(random.uniform(1_500, 5_000) + slide, 300, 7_500)
    return _harmonic(random, pitch, 2, 1.5) * (place < length_s) * np.sin(np.pi * np.minimum(place / length_s, 1))


def _strikes(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Glass, metal, crockery: inharmonic partials that die away, at no rhythm."""
    wave = np.zeros_like(times)
    for _ in range(max(1, int(times[-1] * random.uniform(0.2, 1.5)))):
        start = random.uniform(0, times[-1])
        since = np.maximum(times - start, 0)
        for _ in range(int(random.integers(3, 9))):
            decay = np.exp(-since * random.uniform(6, 40)) * (times >= start)
            wave += random.uniform(0.1, 1) * decay * np.sin(2 * np.pi * random.uniform(300, 7_000) * since)
    return wave


def _buzz(random: Random, times: NDArray[np.float64]) -> NDArray[np.float64]:
    pitch = random.uniform(80, 400) * np.exp(_wander(random, times, 0.05, 0.3))
    loud = np.exp(_wander(random, times, 0.8, random.uniform(0.2, 1.5)))
    return _harmonic(random, pitch, 25, 0.4) * loud


Maker = Callable[[Random, NDArray[np.float64]], NDArray[np.float64]]
KINDS: tuple[Maker, ...] = (
    *(_hum, _engine, _siren, _beeps, _ring, _keys),
    *(_resonant_wind, _chirps, _strikes, _buzz),
)
