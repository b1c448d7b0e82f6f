"""Music made from nothing: chords, basses, plucks, leads and drums of instruments drawn at random.

Recorded instruments are few; what a model must learn is that pitch in a scale and beats in a bar are music, whatever
plays them, and that a melody with vibrato is no voice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SAMPLE_RATE_HZ

Wave = NDArray[np.float32]
Random = np.random.Generator

SCALES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 3, 5, 7, 9, 10),
    (0, 2, 4, 7, 9),
    (0, 1, 4, 5, 7, 8, 10),
)
TABLE = 2048
HIGHEST_HZ = 7_500.0


@dataclass(frozen=True)
class Instrument:
    """table: a period of its wave. attack_s, decay_s: of its loudness; a decay of 0 holds. vibrato: in semitones."""

    table: Wave
    attack_s: float
    decay_s: float
    vibrato: float
    breath: float


def played(random: Random, samples: int) -> Wave:
    """Make [samples] of music of one to five parts: a key, a tempo and four chords that return."""
    beat_s = 60 / random.uniform(55, 180)
    scale, root = SCALES[int(random.integers(len(SCALES)))], int(random.integers(40, 56))
    degrees = [int(degree) for degree in random.integers(0, len(scale), 4)]
    bars = int(samples / SAMPLE_RATE_HZ / (4 * beat_s)) + 1
    parts = random.permutation(["pad", "bass", "pluck", "lead", "lead", "drums"])[: int(random.integers(1, 6))]
    wave = np.zeros(samples + SAMPLE_RATE_HZ, np.float32)
    for part in parts:
        line = np.zeros_like(wave)
        if part == "drums":
            _drums(random, line, beat_s, bars)
        else:
            _line(random, line, str(part), _Key(scale, root, degrees, beat_s, bars))
        wave += line * np.float32(10 ** (random.uniform(-9, 0) / 20) / (line.std() + 1e-9))
    return wave[:samples]


@dataclass(frozen=True)
class _Key:
    scale: tuple[int, ...]
    root: int
    degrees: list[int]
    beat_s: float
    bars: int

    def pitch_hz(self, degree: int) -> float:
        octave, step = divmod(degree, len(self.scale))
        return 440.0 * 2 ** ((self.root + 12 * octave + self.scale[step] - 69) / 12)


def _line(random: Random, line: Wave, part: str, key: _Key) -> None:
    instrument = _instrument(random, held=part in ("pad", "lead") and random.random() < 0.8)
    octave = {"bass": -1, "pad": 1, "pluck": 1}.get(part, int(random.integers(1, 3))) * len(key.scale)
    step, place = float(random.choice([0.25, 0.5, 0.5, 1.0])), int(random.integers(len(key.scale)))
    rests = random.uniform(0, 0.4)
    for bar in range(key.bars):
        chord = [key.degrees[bar % 4] + third for third in (0, 2, 4)]
        begin_s, length = bar * 4 * key.beat_s, 4 * key.beat_s
        if part == "pad":
            for degree in chord:
                _note(random, line, instrument, (begin_s, length * 1.05), key.pitch_hz(degree + octave))
            continue
        beat = 0.0
        while beat < 4:
            held = step if part == "pluck" else step * float(random.choice([1, 1, 2, 3, 4]))
            if part == "lead":
                place = int(np.clip(place + random.integers(-2, 3), -2, len(key.scale) + 2))
            degree = place if part == "lead" else int(random.choice(chord))
            if random.random() > rests:
                span_s = (begin_s + beat * key.beat_s, held * key.beat_s)
                _note(random, line, instrument, span_s, key.pitch_hz(degree + octave))
            beat += held


def _instrument(random: Random, held: bool) -> Instrument:
    """Draw a timbre: harmonics that fall off, some louder by resonances, the even ones perhaps missing."""
    numbers = np.arange(1, 1 + int(random.integers(1, 24)))
    strengths = numbers ** -random.uniform(0.4, 2.2) * random.uniform(0.3, 1, len(numbers))
    if random.random() < 0.3:
        strengths[1::2] *= random.uniform(0, 0.2)
    strengths *= 1 + 3 * np.exp(-((numbers - random.uniform(1, 12)) ** 2) / random.uniform(1, 8))
    phases = 2 * np.pi * (np.arange(TABLE) / TABLE * numbers[:, None] + random.random((len(numbers), 1)))
    table = (strengths[:, None] * np.sin(phases)).sum(axis=0).astype(np.float32)
    return Instrument(
        table / (table.std() + 1e-9),
        random.uniform(0.02, 0.25) if held else random.uniform(0.002, 0.02),
        0.0 if held else random.uniform(0.1, 1.2),
        random.choice([0.0, random.uniform(0.05, 0.5)]) if held else 0.0,
        random.choice([0.0, random.uniform(0, 0.15)]),
    )


def _note(random: Random, line: Wave, by: Instrument, span_s: tuple[float, float], pitch_hz: float) -> None:
    begin_s, length_s = span_s
    begin, length = int(begin_s * SAMPLE_RATE_HZ), int((length_s + 0.05) * SAMPLE_RATE_HZ)
    if begin >= len(line) or not 20 < pitch_hz < HIGHEST_HZ / 2:
        return
    times = np.arange(min(length, len(line) - begin), dtype=np.float32) / SAMPLE_RATE_HZ
    bend = by.vibrato * np.minimum(times / 0.4, 1) * np.sin(2 * np.pi * 5.5 * times)
    phase = np.cumsum(pitch_hz * 2 ** (bend / 12)) * (TABLE / SAMPLE_RATE_HZ)
    wave = by.table[phase.astype(np.int64) % TABLE] + by.breath * random.standard_normal(len(times)).astype(np.float32)
    loud = np.minimum(times / by.attack_s, 1) * np.clip((length_s + 0.05 - times) / 0.05, 0, 1)
    if by.decay_s:
        loud *= np.exp(-times / by.decay_s)
    line[begin : begin + len(times)] += (wave * loud * random.uniform(0.6, 1)).astype(np.float32)


def _drums(random: Random, line: Wave, beat_s: float, bars: int) -> None:
    """Repeat a bar of kicks, snares and hats on eighths."""
    sounds = [_kick(random), _hit(random, 0.05, 0.2), _hit(random, 0.01, 0.06)]
    chances = [(0.9, 0.1, 0.3, 0.1), (0.05, 0.05, 0.8, 0.1), (0.8, 0.6, 0.8, 0.6)]
    pattern = [[random.random() < chance[eighth % 4] for eighth in range(8)] for chance in chances]
    for eighth in range(8 * bars):
        at = int(eighth * beat_s / 2 * SAMPLE_RATE_HZ)
        for sound, beats in zip(sounds, pattern, strict=True):
            if beats[eighth % 8]:
                part = sound[: max(0, len(line) - at)]
                line[at : at + len(part)] += part * np.float32(random.uniform(0.6, 1))


def _kick(random: Random) -> Wave:
    times = np.arange(SAMPLE_RATE_HZ // 3) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * np.cumsum(45 + random.uniform(60, 200) * np.exp(-times * 40)) / SAMPLE_RATE_HZ
    return (2 * np.sin(phase) * np.exp(-times * random.uniform(8, 20))).astype(np.float32)


def _hit(random: Random, shortest_s: float, longest_s: float) -> Wave:
    times = np.arange(SAMPLE_RATE_HZ // 3) / SAMPLE_RATE_HZ
    noise = np.diff(random.standard_normal(len(times) + 1))
    return (0.5 * noise * np.exp(-times / random.uniform(shortest_s, longest_s))).astype(np.float32)
