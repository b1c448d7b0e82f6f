"""Synthetic voices that speak and sing, from freely licensed Debian packages."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

from pipelines.demo_catalog.waves import RATE_HZ, Wave, fade_edges, gain, levels_db, resample, samples, trim

VIBRATO_HZ = 5.5
VIBRATO_DEPTH = 0.006
VIBRATO_ONSET_S = 0.25
SUNG_DB = -20.0
A4_HZ = 440.0
A4_PITCH = 69


@dataclass(frozen=True)
class Voice:
    """A speaker: a command that reads the file ``{text}`` and writes ``{wave}``, and a shift of pitch and formants."""

    command: tuple[str, ...]
    shift: float = 1.0
    encoding: str = "utf-8"


@dataclass(frozen=True)
class SungNote:
    """One word on one note; an empty word is a rest. ``pitch`` counts semitones as MIDI does."""

    word: str
    pitch: int
    beats: float


Phrase = tuple[SungNote, ...]


def phrase(score: str) -> Phrase:
    """Read ``word:pitch:beats`` notes, parted by blanks; a word of ``-`` is a rest."""
    notes = [note.split(":") for note in score.split()]
    return tuple(SungNote("" if word == "-" else word, int(pitch), float(beats)) for word, pitch, beats in notes)


def flite(name: str, stretch: float = 1.0, pitch_hz: float | None = None, shift: float = 1.0) -> Voice:
    """Choose a voice of flite (Carnegie Mellon University)."""
    pitch = () if pitch_hz is None else ("--setf", f"int_f0_target_mean={pitch_hz:.2f}")
    options = ("-voice", name, "--setf", f"duration_stretch={stretch:.4f}", *pitch)
    return Voice(("flite", *options, "-f", "{text}", "-o", "{wave}"), shift)


def festival(name: str, stretch: float = 1.0, shift: float = 1.0, encoding: str = "utf-8") -> Voice:
    """Choose a voice of Festival."""
    setup = f"(begin (voice_{name}) (Parameter.set 'Duration_Stretch {stretch}))"
    return Voice(("text2wave", "-eval", setup, "-o", "{wave}", "{text}"), shift, encoding)


def espeak(name: str, words_a_minute: int, pitch: int, shift: float = 1.0) -> Voice:
    """Choose a voice of eSpeak NG; ``pitch`` is its own scale of 0 to 99."""
    options = ("-v", name, "-s", str(words_a_minute), "-p", str(pitch))
    return Voice(("espeak-ng", *options, "-f", "{text}", "-w", "{wave}"), shift)


@functools.cache
def speak(voice: Voice, text: str) -> Wave:
    """Say a text: [T] at 48 kHz, without silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"text": f"{folder}/line.txt", "wave": f"{folder}/line.wav"}
        Path(files["text"]).write_text(text + "\n", encoding=voice.encoding)
        command = [word.format(**files) if word in ("{text}", "{wave}") else word for word in voice.command]
        subprocess.run(command, check=True, capture_output=True)
        wave, rate_hz = sf.read(files["wave"], dtype="float32")
    return fade_edges(trim(resample(wave, rate_hz * voice.shift)), 0.005)


def sing(notes: Phrase, beat_s: float, shift: float = 1.0) -> Wave:
    """Sing a melody, a word a note: [T] at 48 kHz, T = Σ beats · beat_s. A shift below 1 makes a deeper singer."""
    ends_s = np.cumsum([note.beats for note in notes]) * beat_s
    melody = np.zeros(samples(float(ends_s[-1])), np.float32)
    for note, end_s in zip(notes, ends_s, strict=True):
        if note.word:
            sung = _sing_note(note, note.beats * beat_s, shift)
            start = samples(float(end_s) - note.beats * beat_s)
            melody[start : start + len(sung)] += sung[: len(melody) - start]
    return melody


def _sing_note(note: SungNote, duration_s: float, shift: float) -> Wave:
    pitch_hz = A4_HZ * 2 ** ((note.pitch - A4_PITCH) / 12) / shift
    plain = _monotone(note.word, pitch_hz, 1.0, shift)
    held = _monotone(note.word, pitch_hz, duration_s * RATE_HZ / len(plain), shift)
    even = held * np.float32(gain(SUNG_DB - levels_db(held, 0.02, 0.1).max()))
    return fade_edges(_vibrato(even[: samples(duration_s)]), 0.02)


def _monotone(word: str, pitch_hz: float, stretch: float, shift: float) -> Wave:
    voice = flite("slt", stretch, pitch_hz, shift)
    flat = ("--setf", "int_f0_target_stddev=1")
    return speak(Voice((voice.command[0], *flat, *voice.command[1:]), shift), word)


def _vibrato(wave: Wave) -> Wave:
    """Bend time by a sine that sets in late: the pitch swings by ± VIBRATO_DEPTH."""
    time_s = np.arange(len(wave)) / RATE_HZ
    swing_hz = 2 * np.pi * VIBRATO_HZ
    onset = np.clip(time_s / VIBRATO_ONSET_S - 1, 0, 1)
    bent_s = time_s + onset * VIBRATO_DEPTH / swing_hz * np.sin(swing_hz * time_s)
    return np.interp(bent_s, time_s, wave).astype(np.float32)
