"""Channels, levels and time of the demo films, shared by everything that makes a stem."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import soxr
from numpy.typing import NDArray
from scipy import signal

Wave = NDArray[np.float32]

RATE_HZ = 48_000
CHANNELS = 6
LEFT, RIGHT, CENTRE, LFE, REAR_LEFT, REAR_RIGHT = range(CHANNELS)
DIALOGUE_LKFS = -27.0
TRIM_DB = -38.0


def samples(time_s: float) -> int:
    """Convert seconds to samples at the films' rate."""
    return round(time_s * RATE_HZ)


def gain(level_db: float) -> float:
    """Convert decibels to an amplitude ratio."""
    return float(10 ** (level_db / 20))


def resample(wave: Wave, rate_hz: float) -> Wave:
    """Bring a wave of any rate to 48 kHz; a false ``rate_hz`` shifts pitch and formants together."""
    return np.asarray(soxr.resample(wave, rate_hz, RATE_HZ, quality="HQ"), dtype=np.float32)


def to_stereo(wave: Wave) -> Wave:
    """Fold [6, T] to [2, T] after ITU-R BS.775, without the LFE."""
    half = np.float32(np.sqrt(0.5))
    left = wave[LEFT] + half * (wave[CENTRE] + wave[REAR_LEFT])
    right = wave[RIGHT] + half * (wave[CENTRE] + wave[REAR_RIGHT])
    return np.stack([left, right])


def to_mono(wave: Wave) -> Wave:
    """Fold [C, T] of six or two channels to [T]: 0.7071·(Lo + Ro)."""
    stereo = to_stereo(wave) if len(wave) == CHANNELS else wave
    return np.asarray(np.sqrt(0.5) * stereo.sum(axis=0), dtype=np.float32)


def loudness_lkfs(wave: Wave) -> float:
    """Measure [C, T] or [T] after ITU-R BS.1770-4; the LFE does not count."""
    audible = np.delete(wave, LFE, axis=0) if wave.ndim == 2 and len(wave) == CHANNELS else wave
    return float(pyloudnorm.Meter(RATE_HZ).integrated_loudness(audible.T.astype(np.float64)))


def levels_db(wave: Wave, hop_s: float, window_s: float) -> NDArray[np.float64]:
    """Measure the RMS level of [T] around every hop: ceil(T / hop) values, full scale 0 dB."""
    hop, window = samples(hop_s), samples(window_s)
    power = signal.oaconvolve(np.square(wave, dtype=np.float64), np.full(window, 1 / window), mode="same")
    return np.asarray(10 * np.log10(np.maximum(power[hop // 2 :: hop], 1e-12)), np.float64)


def trim(wave: Wave) -> Wave:
    """Cut what lies before and after the sound itself."""
    level = levels_db(wave, 0.005, 0.01)
    loud = np.flatnonzero(level > level.max() + TRIM_DB)
    return wave[samples(loud[0] * 0.005) : samples((loud[-1] + 1) * 0.005)]


def fade_edges(wave: Wave, fade_s: float) -> Wave:
    """Ramp the first and last ``fade_s`` of [..., T], so that no cut clicks."""
    length = min(samples(fade_s), wave.shape[-1] // 2)
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    faded = wave.copy()
    faded[..., :length] *= ramp
    faded[..., wave.shape[-1] - length :] *= ramp[::-1]
    return faded


def add_at(stem: Wave, wave: Wave, start_s: float) -> None:
    """Add [..., T] into the stem at a time; what would pass its end is cut."""
    start = samples(start_s)
    length = min(wave.shape[-1], stem.shape[-1] - start)
    stem[..., start : start + length] += wave[..., :length]
