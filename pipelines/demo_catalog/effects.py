"""Ambience and effects out of noise: neither speech nor music."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import signal

from pipelines.demo_catalog.waves import (
    CENTRE,
    CHANNELS,
    LEFT,
    LFE,
    RATE_HZ,
    REAR_LEFT,
    REAR_RIGHT,
    RIGHT,
    Wave,
    add_at,
    fade_edges,
    gain,
    levels_db,
    samples,
    to_mono,
)

Effect = Callable[[float, np.random.Generator], Wave]

SURROUND = [LEFT, RIGHT, REAR_LEFT, REAR_RIGHT]
REAR_SPILL = 0.2


def wind(duration_s: float, rng: np.random.Generator) -> Wave:
    """Blow gusts around the listener."""
    return _around(lambda: _band(duration_s, 80, 700, rng) * _swell(duration_s, 0.4, rng))


def sea(duration_s: float, rng: np.random.Generator) -> Wave:
    """Roll waves, each with its hiss of foam."""
    rumble = _around(lambda: _band(duration_s, 60, 900, rng) * _swell(duration_s, 0.25, rng))
    return rumble + _around(lambda: 0.5 * _band(duration_s, 1500, 9000, rng) * _swell(duration_s, 0.3, rng) ** 2)


def rain(duration_s: float, rng: np.random.Generator) -> Wave:
    """Let it rain: a steady hiss, and single drops."""

    def channel() -> Wave:
        drops = np.where(rng.random(samples(duration_s)) < 40 / RATE_HZ, rng.normal(size=samples(duration_s)), 0)
        ticks = signal.sosfilt(signal.butter(2, [1200, 6000], "band", fs=RATE_HZ, output="sos"), drops * 30)
        return np.asarray(0.6 * _band(duration_s, 700, 12_000, rng) + ticks, np.float32)

    return _around(channel)


def engine(duration_s: float, rng: np.random.Generator) -> Wave:
    """Run a ship's diesel: unsteady low strokes under a broad rumble."""
    jitter = np.cumsum(_band(duration_s, 0.5, 8, rng)) / RATE_HZ
    strokes = signal.sawtooth(2 * np.pi * (23 * np.arange(samples(duration_s)) / RATE_HZ + 2 * jitter))
    muffled = signal.sosfilt(signal.butter(2, 90, "low", fs=RATE_HZ, output="sos"), strokes).astype(np.float32)
    wave = _around(lambda: 0.5 * muffled + 0.8 * _band(duration_s, 40, 300, rng))
    wave[LFE] = muffled
    return wave


def train(duration_s: float, rng: np.random.Generator) -> Wave:
    """Roll over rail joints, two axles at a time."""
    wave = _around(lambda: 0.6 * _band(duration_s, 50, 500, rng))
    for second in np.arange(0.2, duration_s - 0.5, 1.1):
        for axle_s in (0.0, 0.17):
            add_at(wave, _placed(2.5 * _hit(0.12, 120, 900, rng), LEFT), second + axle_s)
            add_at(wave, _placed(2.5 * _hit(0.12, 120, 900, rng), RIGHT), second + axle_s)
    return wave


def footsteps(duration_s: float, rng: np.random.Generator) -> Wave:
    """Walk from left to right, not quite evenly."""
    wave = np.zeros((CHANNELS, samples(duration_s)), np.float32)
    for second in np.arange(0.1, duration_s - 0.3, 0.55):
        side = LEFT if second < duration_s / 2 else RIGHT
        step = _hit(0.09, 90, 600, rng) + 0.3 * _hit(0.09, 1000, 5000, rng)
        add_at(wave, _placed(step, side), second + rng.uniform(-0.03, 0.03))
    return wave


def door_slam(duration_s: float, rng: np.random.Generator) -> Wave:
    """Slam a door: latch, then the leaf in its frame."""
    wave = np.zeros((CHANNELS, samples(duration_s)), np.float32)
    add_at(wave, _placed(0.3 * _hit(0.05, 1500, 7000, rng), CENTRE), 0.02)
    add_at(wave, _placed(2 * _hit(0.5, 40, 350, rng), CENTRE), 0.08)
    add_at(wave, _placed(_hit(0.25, 300, 3000, rng), CENTRE), 0.08)
    wave[LFE] = wave[CENTRE]
    return wave


def phone_buzz(duration_s: float, rng: np.random.Generator) -> Wave:
    """Let a phone buzz on a table."""
    time_s = np.arange(samples(duration_s)) / RATE_HZ
    rattle = signal.square(2 * np.pi * 152 * time_s) * (0.6 + 0.4 * _band(duration_s, 20, 200, rng))
    on = (time_s % 1.2 < 0.45).astype(np.float32)
    smooth = signal.sosfilt(signal.butter(2, 1800, "low", fs=RATE_HZ, output="sos"), rattle * on)
    return _placed(np.asarray(smooth, np.float32), RIGHT)


def synthesize(effect: Effect, duration_s: float, level_db: float, rng: np.random.Generator) -> Wave:
    """Make an effect: [6, T], its loudest 0.4 s at ``level_db`` in mono, faded at the edges."""
    wave = effect(duration_s, rng)
    peak_db = levels_db(to_mono(wave), 0.05, 0.4).max()
    fade_s = 0.02 if duration_s < 2 else 1.0
    return fade_edges(wave * np.float32(gain(level_db - peak_db)), fade_s)


def _band(duration_s: float, low_hz: float, high_hz: float, rng: np.random.Generator) -> Wave:
    """Make band-passed noise [T] of unit variance."""
    sos = signal.butter(2, [low_hz, high_hz], "band", fs=RATE_HZ, output="sos")
    noise = signal.sosfilt(sos, rng.normal(size=samples(duration_s)))
    return np.asarray(noise / max(noise.std(), 1e-9), np.float32)


def _swell(duration_s: float, rate_hz: float, rng: np.random.Generator) -> Wave:
    """Make a slow gain [T] between 0.3 and 1 that never repeats."""
    knots = rng.uniform(0.3, 1.0, int(duration_s * 2 * rate_hz) + 3)
    positions = np.linspace(0, len(knots) - 1, samples(duration_s))
    return np.interp(positions, np.arange(len(knots)), knots).astype(np.float32)


def _hit(duration_s: float, low_hz: float, high_hz: float, rng: np.random.Generator) -> Wave:
    """Strike once: a burst of noise that dies away by 60 dB."""
    decay = np.exp(-6.9 * np.arange(samples(duration_s)) / samples(duration_s))
    return np.asarray(_band(duration_s, low_hz, high_hz, rng) * decay, np.float32)


def _around(channel: Callable[[], Wave]) -> Wave:
    """Fill front and rear with four independent takes: [6, T]."""
    takes = [channel() for _ in SURROUND]
    wave = np.zeros((CHANNELS, len(takes[0])), np.float32)
    wave[SURROUND] = takes
    return wave


def _placed(wave: Wave, channel: int) -> Wave:
    """Put [T] into one channel, with a little of it behind the listener: [6, T]."""
    placed = np.zeros((CHANNELS, len(wave)), np.float32)
    placed[channel] = wave
    placed[[REAR_LEFT, REAR_RIGHT]] = REAR_SPILL * wave
    return placed
