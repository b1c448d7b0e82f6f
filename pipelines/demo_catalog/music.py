"""Original little compositions: chords and a seed become parts, parts become MIDI, a soundfont makes them sound."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

from pipelines.demo_catalog.speech import Phrase
from pipelines.demo_catalog.waves import RATE_HZ, Wave

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
TICKS_A_BEAT = 480
DRUM_CHANNEL = 9
HUMAN_BEATS = 0.012
ROOTS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
QUALITIES = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "maj7": (0, 4, 7, 11)}
KICK, SNARE, HAT, RIDE, BRUSH = 36, 38, 42, 51, 40
RHYTHMS = ((1, 1, 2), (1.5, 0.5, 1, 1), (2, 1, 1), (1, 0.5, 0.5, 2), (3, 1), (0.5, 0.5, 1, 1, 1))
WALTZ_RHYTHMS = ((2, 1), (1, 1, 1), (1.5, 0.5, 1), (3,))


@dataclass(frozen=True)
class Note:
    """A note in beats from the start of the piece; pitch and velocity as in MIDI."""

    start: float
    beats: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Bar:
    """One bar of a piece: where it starts, how long it is, its bass pitch class and its chord's pitch classes."""

    index: int
    start: float
    beats: int
    root: int
    tones: tuple[int, ...]


Style = Callable[[list[Bar], int], list[Note]]


@dataclass(frozen=True)
class Part:
    """An instrument (General MIDI program; None is the drum kit), what it plays, its lowest pitch and its loudness."""

    program: int | None
    style: Style
    low: int = 0
    velocity: int = 80


@dataclass(frozen=True)
class Piece:
    """A composition. A song has ``sung`` phrases, which begin after ``intro_bars``."""

    title: str
    bpm: float
    beats_a_bar: int
    chords: str
    parts: tuple[Part, ...]
    sung: tuple[Phrase, ...] = ()
    intro_bars: int = 1

    @property
    def beat_s(self) -> float:
        """Tell how long a beat lasts."""
        return 60 / self.bpm

    @property
    def intro_s(self) -> float:
        """Tell when the singer comes in."""
        return self.intro_bars * self.beats_a_bar * self.beat_s


def render(piece: Piece, duration_s: float, rng: np.random.Generator) -> Wave:
    """Play a piece from its start for a while: [2, T] at 48 kHz, with the last notes' decay."""
    bars = _bars(piece, int(np.ceil(duration_s / piece.beat_s / piece.beats_a_bar)))
    tracks = [(part, part.style(bars, part.low)) for part in piece.parts]
    with tempfile.TemporaryDirectory() as folder:
        score, wave = f"{folder}/piece.mid", f"{folder}/piece.wav"
        Path(score).write_bytes(_midi(piece.bpm, tracks, rng))
        command = ["fluidsynth", "-ni", "-g", "0.4", "-r", str(RATE_HZ), "-F", wave, str(SOUNDFONT), score]
        subprocess.run(command, check=True, capture_output=True)
        played, _ = sf.read(wave, dtype="float32")
    return np.ascontiguousarray(played.T)


def pad(bars: list[Bar], low: int) -> list[Note]:
    """Hold each chord for its bar."""
    return [Note(bar.start, bar.beats, _above(tone, low), 0) for bar in bars for tone in bar.tones]


def arpeggio(bars: list[Bar], low: int) -> list[Note]:
    """Break each chord into eighths, up and down."""
    notes = []
    for bar in bars:
        ladder = [_above(tone, low) for tone in bar.tones] + [_above(bar.tones[0], low) + 12]
        wheel = ladder + ladder[-2:0:-1]
        notes += [Note(bar.start + i / 2, 0.9, wheel[i % len(wheel)], 0) for i in range(bar.beats * 2)]
    return notes


def strum(bars: list[Bar], low: int) -> list[Note]:
    """Stroke each chord, the strings one after another."""
    strokes = [(0, 1.4), (1.5, 0.5), (2, 1), (3, 0.5), (3.5, 0.5)]
    return [
        Note(bar.start + beat + 0.02 * i, beats, _above(tone, low), 0)
        for bar in bars
        for beat, beats in strokes
        if beat < bar.beats
        for i, tone in enumerate((*bar.tones, bar.tones[0]))
    ]


def offbeat(bars: list[Bar], low: int) -> list[Note]:
    """Answer the bass on the other beats."""
    return [
        Note(bar.start + beat, 0.5, _above(tone, low), 0)
        for bar in bars
        for beat in range(1, bar.beats)
        for tone in bar.tones
    ]


def bass(bars: list[Bar], low: int) -> list[Note]:
    """Play the root, and the fifth halfway."""
    notes = [Note(bar.start, bar.beats / 2, _above(bar.root, low), 0) for bar in bars]
    return notes + [Note(bar.start + bar.beats / 2, bar.beats / 2, _above(bar.root + 7, low), 0) for bar in bars]


def driving_bass(bars: list[Bar], low: int) -> list[Note]:
    """Repeat the root in eighths."""
    return [Note(bar.start + i / 2, 0.45, _above(bar.root, low), 0) for bar in bars for i in range(bar.beats * 2)]


def walking_bass(bars: list[Bar], low: int) -> list[Note]:
    """Walk through the chord in quarters."""
    rng = _fancy(bars, low)
    return [
        Note(bar.start + beat, 0.95, _above(bar.root if beat == 0 else int(rng.choice(bar.tones)), low), 0)
        for bar in bars
        for beat in range(bar.beats)
    ]


def melody(bars: list[Bar], low: int) -> list[Note]:
    """Sing a line: two rhythms that alternate; chord tones on the beat, steps between; every fourth bar rests late."""
    rng = _fancy(bars, low)
    scale = sorted({tone % 12 for bar in bars for tone in bar.tones})
    choices = WALTZ_RHYTHMS if bars[0].beats == 3 else RHYTHMS
    motifs = [choices[i] for i in rng.choice(len(choices), 2, replace=False)]
    pitch, notes = low + 7, []
    for bar in bars:
        beat = 0.0
        for beats in motifs[bar.index % 2] if bar.index % 4 != 3 else (bar.beats - 1,):
            allowed = [tone % 12 for tone in bar.tones] if beat == int(beat) else scale
            near = [p for p in range(low, low + 16) if p % 12 in allowed and 0 < abs(p - pitch) <= 5]
            pitch = int(rng.choice(near or [pitch]))
            notes.append(Note(bar.start + beat, beats * 0.97, pitch, 0))
            beat += beats
    return notes


def rock_drums(bars: list[Bar], _low: int) -> list[Note]:
    """Beat straight eighths with a back beat."""
    return [note for bar in bars for note in _beats(bar, {KICK: (0, 1.5, 2), SNARE: (1, 3), HAT: np.arange(0, 4, 0.5)})]


def jazz_drums(bars: list[Bar], _low: int) -> list[Note]:
    """Swing on the ride, brush on two and four."""
    return [note for bar in bars for note in _beats(bar, {RIDE: (0, 1, 1.67, 2, 3, 3.67), BRUSH: (1, 3)})]


def timpani(bars: list[Bar], low: int) -> list[Note]:
    """Strike the root, and roll into every fourth bar."""
    notes = [Note(bar.start, 1, _above(bar.root, low), 0) for bar in bars]
    rolls = [bar for bar in bars if bar.index % 4 == 3]
    return notes + [Note(bar.start + 2 + i / 8, 0.12, _above(bar.root, low), 0) for bar in rolls for i in range(16)]


def _beats(bar: Bar, pattern: dict[int, Iterable[float]]) -> list[Note]:
    return [Note(bar.start + beat, 0.2, drum, 0) for drum, beats in pattern.items() for beat in beats]


def _fancy(bars: list[Bar], low: int) -> np.random.Generator:
    """Seed a player's fancy by the harmony and the register, so that a longer cue begins as a shorter one does."""
    return np.random.default_rng([low, *(bar.root % 12 for bar in bars[:4])])


def _above(pitch_class: int, low: int) -> int:
    """Find the lowest pitch of a class that is not below ``low``."""
    return low + (pitch_class - low) % 12


def _bars(piece: Piece, count: int) -> list[Bar]:
    """Lay out the chords, over and over; the singer's introduction repeats the first."""
    chords = piece.chords.split()
    order = [0] * piece.intro_bars * bool(piece.sung) + list(range(len(chords))) * (count // len(chords) + 1)
    return [_bar(piece, index, chords[order[index]]) for index in range(count)]


def _bar(piece: Piece, index: int, chord: str) -> Bar:
    sharp = chord[1:2] in ("#", "b")
    root = ROOTS[chord[0]] + {"#": 1, "b": -1}.get(chord[1:2], 0)
    tones = tuple(root + step for step in QUALITIES[chord[1 + sharp :]])
    return Bar(index, index * piece.beats_a_bar, piece.beats_a_bar, root, tones)


def _midi(bpm: float, tracks: list[tuple[Part, list[Note]]], rng: np.random.Generator) -> bytes:
    """Write a Standard MIDI File of format 1: a tempo track, then a track a part."""
    tempo = b"\x00\xff\x51\x03" + round(60e6 / bpm).to_bytes(3, "big")
    chunks = [tempo]
    for index, (part, notes) in enumerate(tracks):
        channel = DRUM_CHANNEL if part.program is None else index
        chunks.append(_track(part, channel, notes, rng))
    header = b"MThd" + struct.pack(">IHHH", 6, 1, len(chunks), TICKS_A_BEAT)
    return header + b"".join(_chunk(data + b"\x00\xff\x2f\x00") for data in chunks)


def _chunk(data: bytes) -> bytes:
    return b"MTrk" + struct.pack(">I", len(data)) + data


def _track(part: Part, channel: int, notes: list[Note], rng: np.random.Generator) -> bytes:
    """Write one part's notes, a little off the beat and uneven in touch, as a player would."""
    events = [(0, bytes([0xC0 | channel, part.program or 0]))]
    for note in notes:
        start = max(0.0, note.start + rng.normal(0, HUMAN_BEATS))
        velocity = int(np.clip(part.velocity + rng.integers(-9, 10), 1, 127))
        events.append((round(start * TICKS_A_BEAT), bytes([0x90 | channel, note.pitch, velocity])))
        events.append((round((start + note.beats) * TICKS_A_BEAT), bytes([0x80 | channel, note.pitch, 0])))
    events.sort(key=lambda event: (event[0], event[1][0] & 0xF0 == 0x90))
    ticks = [0] + [tick for tick, _ in events]
    return b"".join(_variable_length(b - a) + e for a, (b, e) in zip(ticks, events, strict=False))


def _variable_length(number: int) -> bytes:
    """Write a number in sevens of bits, the highest first, as MIDI does."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))
