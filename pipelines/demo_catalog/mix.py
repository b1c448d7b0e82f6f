"""From a film's script to its stems, its mix and its truth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from scipy import signal

from pipelines.demo_catalog.effects import synthesize
from pipelines.demo_catalog.films import Cue, Film, Line
from pipelines.demo_catalog.music import render
from pipelines.demo_catalog.speech import sing, speak
from pipelines.demo_catalog.waves import (
    CENTRE,
    CHANNELS,
    DIALOGUE_LKFS,
    LEFT,
    RATE_HZ,
    REAR_LEFT,
    REAR_RIGHT,
    RIGHT,
    Wave,
    add_at,
    fade_edges,
    gain,
    levels_db,
    loudness_lkfs,
    samples,
    to_mono,
    to_stereo,
)

HOP_S = 0.01
WINDOW_S = 0.02
SPEECH_FLOOR_DB = DIALOGUE_LKFS - 30
SPEECH_PAUSE_S = 0.3
MUSIC_FLOOR_DB = DIALOGUE_LKFS - 25
MUSIC_PAUSE_S = 1.0
SHORTEST_S = 0.1
ROOM_S = 0.35
ROOM_DB = -14.0
REAR_DELAY_S = 0.012
REAR_DB = -5.0
RADIO_BAND_HZ = (250, 5000)
PEAK_LIMIT_DB = -1.0


@dataclass(frozen=True)
class Event:
    """Something a subtitle tells of, at its exact time: kind is ``line``, ``lyric``, ``music`` or ``sound``."""

    start_s: float
    end_s: float
    text: str
    kind: str
    speaker: str = ""


@dataclass(frozen=True)
class Activity:
    """A stretch of the truth."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True)
class Stems:
    """The clean parts of a film: voice [T] spoken, song [T] sung, music and effects [6, T]; and what happens when."""

    voice: Wave
    song: Wave
    music: Wave
    effects: Wave
    events: list[Event] = field(default_factory=list)


def seeded(film: Film, purpose: str) -> np.random.Generator:
    """Seed a generator for one purpose in one film, so that a change elsewhere leaves it alone."""
    digest = hashlib.sha256(f"{film.title_id}/{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def make_stems(film: Film) -> Stems:
    """Record a film: every line, cue and sound at its place and level."""
    length = samples(film.duration_s)
    mono, round_about = np.zeros(length, np.float32), np.zeros((CHANNELS, length), np.float32)
    stems = Stems(mono, mono.copy(), round_about, round_about.copy())
    _record_dialogue(film, stems)
    for index, cue in enumerate(film.cues):
        _record_cue(cue, stems, seeded(film, f"cue {index}"))
    for index, sound in enumerate(film.sounds):
        level_db = DIALOGUE_LKFS + sound.level_db
        wave = synthesize(sound.effect, sound.duration_s, level_db, seeded(film, f"sound {index}"))
        add_at(stems.effects, wave, sound.start_s)
        if sound.caption:
            stems.events.append(Event(sound.start_s, sound.start_s + sound.duration_s, sound.caption, "sound"))
    stems.events.sort(key=lambda event: event.start_s)
    return stems


def mix(film: Film, stems: Stems) -> Wave:
    """Mix as films are: dialogue in the centre, music in front and behind, effects all round.

    Returns:
        [6, T] or, for a stereo delivery, its fold [2, T], at the title's loudness.

    Raises:
        ValueError: a peak would be too high at that loudness.
    """
    mixed = stems.music + stems.effects
    mixed[CENTRE] += stems.voice
    for channel in (LEFT, RIGHT, CENTRE):
        mixed[channel] += gain(ROOM_DB) * _room(stems.voice, seeded(film, f"room {channel}"))
    for channel in (LEFT, RIGHT):
        mixed[channel] += np.sqrt(0.5) * stems.song
    delivered = mixed if film.delivery.surround else to_stereo(mixed)
    delivered *= gain(film.delivery.loudness_lkfs - loudness_lkfs(delivered))
    if np.abs(delivered).max() > gain(PEAK_LIMIT_DB):
        raise ValueError(f"{film.title_id}: a peak passes {PEAK_LIMIT_DB} dB; choose a lower loudness")
    return delivered


def truth(stems: Stems) -> list[Activity]:
    """Read the truth off the clean stems: where the voices, and where the music, are audible. Singing is both."""
    voices = stems.voice + stems.song
    music = to_mono(stems.music) + stems.song
    spoken = _active(voices, SPEECH_FLOOR_DB, SPEECH_PAUSE_S, "speech")
    played = _active(music, MUSIC_FLOOR_DB, MUSIC_PAUSE_S, "music")
    return sorted(spoken + played, key=lambda activity: (activity.start_s, activity.label))


def _record_dialogue(film: Film, stems: Stems) -> None:
    for scene in film.scenes:
        start_s = scene.start_s
        for line in scene.lines:
            start_s += line.gap_s if line is not scene.lines[0] else 0
            wave = _say(line)
            add_at(stems.voice, wave, start_s)
            end_s = start_s + len(wave) / RATE_HZ
            stems.events.append(Event(start_s, end_s, line.text, "line", line.speaker.name))
            start_s = end_s


def _say(line: Line) -> Wave:
    wave = speak(line.speaker.voice, line.text)
    return wave * np.float32(gain(DIALOGUE_LKFS + line.gain_db - loudness_lkfs(wave)))


def _record_cue(cue: Cue, stems: Stems, rng: np.random.Generator) -> None:
    """Play a cue along its levels, and sing if it is a song."""
    length = samples(cue.end_s - cue.start_s)
    band = render(cue.piece, cue.end_s - cue.start_s, rng)[:, :length]
    spread = _through_radio(band) if cue.radio else _spread(band)
    fader = _fader(cue)
    level = np.float32(gain(DIALOGUE_LKFS - loudness_lkfs(spread)))
    add_at(stems.music, fade_edges(spread * level * fader[: spread.shape[1]], 0.005), cue.start_s)
    if cue.piece.sung:
        _record_singer(cue, stems, fader)
    if cue.caption:
        stems.events.append(Event(cue.start_s, cue.end_s, cue.caption, "music"))


def _record_singer(cue: Cue, stems: Stems, fader: Wave) -> None:
    sung = sing(tuple(chain.from_iterable(cue.piece.sung)), cue.piece.beat_s, cue.singer_shift)
    entry = samples(cue.piece.intro_s)
    sung = sung[: len(fader) - entry]
    level = np.float32(gain(DIALOGUE_LKFS - loudness_lkfs(sung)))
    add_at(stems.song, sung * level * fader[entry : entry + len(sung)], cue.start_s + cue.piece.intro_s)
    start_s = cue.start_s + cue.piece.intro_s
    for phrase in cue.piece.sung:
        end_s = start_s + sum(note.beats for note in phrase) * cue.piece.beat_s
        words = " ".join(note.word for note in phrase if note.word)
        if start_s < cue.end_s:
            stems.events.append(Event(start_s, min(end_s, cue.end_s), words, "lyric"))
        start_s = end_s


def _fader(cue: Cue) -> Wave:
    """Draw the gain of a cue, sample by sample, from its level points: [T]."""
    times_s, levels = zip(*cue.levels, strict=True)
    now_s = cue.start_s + np.arange(samples(cue.end_s - cue.start_s)) / RATE_HZ
    return np.asarray(10 ** (np.interp(now_s, times_s, levels) / 20), np.float32)


def _spread(band: Wave) -> Wave:
    """Put stereo music [2, T] in front and, later and quieter, behind: [6, T]."""
    spread = np.zeros((CHANNELS, band.shape[1]), np.float32)
    delay = samples(REAR_DELAY_S)
    spread[[LEFT, RIGHT]] = band
    spread[[REAR_LEFT, REAR_RIGHT], delay:] = gain(REAR_DB) * band[:, : band.shape[1] - delay]
    return spread


def _through_radio(band: Wave) -> Wave:
    """Play stereo music [2, T] from a small loudspeaker in the middle of the picture: [6, T]."""
    radio = signal.sosfilt(signal.butter(2, RADIO_BAND_HZ, "band", fs=RATE_HZ, output="sos"), band.mean(axis=0))
    spread = np.zeros((CHANNELS, band.shape[1]), np.float32)
    spread[[LEFT, RIGHT]] = np.float32(np.sqrt(0.5)) * radio
    return spread


def _room(voice: Wave, rng: np.random.Generator) -> Wave:
    """Answer a voice [T] with the reverberation of a small room."""
    length = samples(ROOM_S)
    echo = rng.normal(size=length) * np.exp(-6.9 * np.arange(length) / length)
    echo[: samples(0.004)] = 0
    answer = signal.oaconvolve(voice, echo / np.sqrt(np.square(echo).sum()))
    return np.asarray(answer[: len(voice)], np.float32)


def _active(wave: Wave, floor_db: float, pause_s: float, label: str) -> list[Activity]:
    """Find where [T] is above a floor; shorter pauses are filled, then shorter islands dropped."""
    loud = levels_db(wave, HOP_S, WINDOW_S) > floor_db
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int))).reshape(-1, 2)
    runs: list[list[int]] = []
    for start, end in edges.tolist():
        if runs and (start - runs[-1][1]) * HOP_S < pause_s:
            runs[-1][1] = end
        else:
            runs.append([start, end])
    kept = [run for run in runs if (run[1] - run[0]) * HOP_S >= SHORTEST_S]
    return [Activity(round(start * HOP_S, 2), round(end * HOP_S, 2), label) for start, end in kept]
