"""What a scene is made of: layers of sound on top of each other, each with where it is heard as what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from transforms.frames import SAMPLE_RATE_HZ
from transforms.mix import effects
from transforms.mix.corpus import Recording, Sound
from transforms.mix.heard import REST_S, STEP_SAMPLES, Steps, filled, levels_db
from transforms.mix.library import Place
from transforms.mix.sung import sung
from transforms.mix.tones import tonal_noise
from transforms.mix.tunes import played

Wave = NDArray[np.float32]
Random = np.random.Generator

# Music is audible down to so much below its own loud parts, and to this level.
AUDIBLE_RANGE_DB = 30.0
AUDIBLE_DBFS = -62.0
SPEECH_DBFS = -27.0
# What is sung, or sounds now and then, is at most so long.
LINE_STEPS = 1200


@dataclass(frozen=True)
class Layer:
    """Sound [T] float32 of a scene's whole length, and in which steps of 10 ms speech is heard in it, and music."""

    wave: Wave
    speech: Steps
    music: Steps


def level_db(wave: Wave, active: Steps | None = None) -> float:
    """Give the level of [T] samples, dBFS, over the steps in which they are active."""
    levels = levels_db(wave, 0)
    chosen = levels[active[: len(levels)]] if active is not None and active.any() else levels
    return float(10 * np.log10(np.power(10, chosen / 10).mean()))


def at_level(wave: Wave, dbfs: float, active: Steps | None = None) -> Wave:
    """Bring [T] samples to a level over the steps in which they are active."""
    return wave * np.float32(10 ** ((dbfs - level_db(wave, active)) / 20))


def steps_in(samples: int) -> int:
    """Count the steps that cover samples."""
    return -(-samples // STEP_SAMPLES)


def none(samples: int) -> Steps:
    """Give the steps of something that is never heard."""
    return np.zeros(steps_in(samples), np.bool_)


def talk(place: Place, speakers: int = 2, busy: float = 0.7) -> tuple[Wave, Steps]:
    """Let speakers take turns: [samples] at SPEECH_DBFS, and where they speak.

    busy: 0…1, from long silences to people who interrupt each other. A third of the turns begin inside a word.
    """
    random, samples = place.random, place.samples
    wave, active = np.zeros(samples, np.float32), none(samples)
    cast = place.library.speakers(random, place.language, speakers)
    manners = [(random.uniform(0.92, 1.09), random.normal(0, 2.5), random.random() < 0.5) for _ in cast]
    at = int(random.exponential(1.0) * SAMPLE_RATE_HZ)
    while at < samples:
        who = int(random.integers(len(cast)))
        speed, gain_db, bent = manners[who]
        clip = cast[who][int(random.integers(len(cast[who])))]
        turn = _turn(random, place.library.recording(clip), speed)
        if bent:
            turn = Sound(effects.equalized(turn.wave, random), turn.active)
        loud = at_level(turn.wave, SPEECH_DBFS + gain_db + random.normal(0, 1.5), turn.active)
        _put(wave, active, Sound(loud, turn.active), at)
        at += len(turn.wave) + round(_gap_s(random, busy) * SAMPLE_RATE_HZ)
        at = max(0, at // STEP_SAMPLES * STEP_SAMPLES)
    return wave, active


def _turn(random: Random, clip: Recording, speed: float) -> Sound:
    length = round(random.choice([random.uniform(0.4, 2), random.uniform(1.5, 6), random.uniform(4, 12)]) * 100)
    begins = np.flatnonzero(np.diff(clip.active.astype(np.int8), prepend=0) == 1)
    anywhere = random.random() < 0.33 or not len(begins)
    start = int(random.integers(len(clip.active))) if anywhere else max(0, int(random.choice(begins)) - 5)
    return _sped(clip.part(start, length), speed)


def _sped(sound: Sound, speed: float) -> Sound:
    if abs(speed - 1) < 0.005 or len(sound.wave) < SAMPLE_RATE_HZ // 10:
        return sound
    wave = effects.faster(sound.wave, speed)
    places = np.minimum((np.arange(steps_in(len(wave))) * speed).astype(int), len(sound.active) - 1)
    return Sound(wave, sound.active[places])


def _gap_s(random: Random, busy: float) -> float:
    draw = random.random()
    if draw < 0.15 * busy:
        return -float(random.uniform(0.1, 1.0))
    if draw < busy:
        return float(random.uniform(0.05, 0.9))
    return float(random.exponential(2.5))


def _put(wave: Wave, active: Steps, sound: Sound, at: int) -> None:
    """Add a sound to a layer at a sample that is on a step, its edges without clicks."""
    part = sound.wave[: max(0, len(wave) - at)].copy()
    ramp = np.linspace(0, 1, min(80, len(part) // 2), dtype=np.float32)
    if len(ramp):
        part[: len(ramp)] *= ramp
        part[-len(ramp) :] *= ramp[::-1]
    wave[at : at + len(part)] += part
    first = at // STEP_SAMPLES
    steps = sound.active[: max(0, len(active) - first)]
    active[first : first + len(steps)] |= steps


def audible(wave: Wave) -> Steps:
    """Tell where music is audible: not far below its own loud parts, nor below what anybody hears."""
    levels = levels_db(wave, 0.3)
    return filled(levels > max(np.percentile(levels, 90) - AUDIBLE_RANGE_DB, AUDIBLE_DBFS), REST_S)


def tune(place: Place) -> Wave:
    """Take [samples] of instrumental music at 0 dBFS (RMS): recorded, made, or one over the other; bent, in a room."""
    random, draw = place.random, place.random.random()
    wave = played(random, place.samples) if draw < 0.25 else _recorded(place)
    if 0.25 <= draw < 0.4:
        other = _recorded(place) if random.random() < 0.5 else at_level(played(random, place.samples), 0.0)
        wave = wave + other * np.float32(10 ** (-random.uniform(0, 10) / 20))
    if random.random() < 0.5:
        wave = effects.equalized(wave, random)
    if random.random() < 0.3:
        wave = effects.reverberated(wave, effects.room(random, random.uniform(0, 0.8)))
    return at_level(faded(random, wave), 0.0)


def _recorded(place: Place) -> Wave:
    random, library, samples = place.random, place.library, place.samples
    speed = random.uniform(0.75, 1.33) if random.random() < 0.6 else 1.0
    clip = library.clip(random, "music")
    wave = effects.faster(library.stretch(random, clip, round(samples * speed) + 4).wave, speed)[:samples]
    return at_level(np.pad(wave, (0, samples - len(wave))), 0.0)


def faded(random: Random, wave: Wave) -> Wave:
    """Let music fade in and out, or begin and end at once, somewhere within [T]."""
    gain = np.ones(len(wave), np.float32)
    for flip in (False, True):
        begin = int(random.choice([0, 0, random.uniform(0, 0.3)]) * len(wave))
        length = min(
            int(random.choice([0.01, random.uniform(0.1, 1), random.uniform(1, 6)]) * SAMPLE_RATE_HZ), len(wave)
        )
        ramp = np.zeros(len(wave), np.float32)
        end = min(len(wave), begin + length)
        ramp[begin:end] = np.linspace(0, 1, end - begin, dtype=np.float32) ** 2
        ramp[end:] = 1
        gain *= ramp[::-1] if flip else ramp
    return wave * gain


def ducked(random: Random, wave: Wave, active: Steps) -> Wave:
    """Turn [T] samples down by up to 14 dB where there is speech, as a mixer does."""
    down = uniform_filter1d(active.astype(float), 61) > 0.05
    gain_db = -random.uniform(3, 14) * uniform_filter1d(down.astype(float), int(random.integers(20, 120)))
    gain = np.repeat(10 ** (gain_db / 20), STEP_SAMPLES)[: len(wave)]
    return (wave * gain).astype(np.float32)


def voice(place: Place) -> Sound:
    """Let somebody sing alone: a singer of the corpus at another pitch, or a speaker made to sing."""
    random, library, samples = place.random, place.library, place.samples
    if library.has("solo") and random.random() < 0.5:
        speed = random.uniform(0.82, 1.22)
        clip = library.clip(random, "solo")
        took = _sped(library.stretch(random, clip, round(samples * speed) + STEP_SAMPLES), speed)
    else:
        took = _speaker_sings(place)
    wave, active = np.zeros(samples, np.float32), none(samples)
    _put(wave, active, took, 0)
    return Sound(at_level(wave, 0.0, active), filled(active))


def _speaker_sings(place: Place) -> Sound:
    random, samples = place.random, place.samples
    wave, active, at = np.zeros(samples, np.float32), none(samples), 0
    [clips] = place.library.speakers(random, place.language, 1)
    while at < samples:
        line = place.library.recording(clips[int(random.integers(len(clips)))]).part(0, LINE_STEPS)
        part = sung(line.wave, random)
        places = np.minimum(np.arange(steps_in(len(part))) * len(line.wave) // max(1, len(part)), len(line.active) - 1)
        _put(wave, active, Sound(part, line.active[places]), at)
        at += (len(part) + int(random.uniform(0, 1.5) * SAMPLE_RATE_HZ)) // STEP_SAMPLES * STEP_SAMPLES
    return Sound(wave, active)


def ambience(place: Place) -> Wave:
    """Lay one to three noises over each other, steady or now and then: [samples] at 0 dBFS (RMS)."""
    wave = np.zeros(place.samples, np.float32)
    for _ in range(int(place.random.integers(1, 4))):
        wave += np.float32(10 ** (-place.random.uniform(0, 18) / 20)) * _noise(place)
    return at_level(wave, 0.0)


def _noise(place: Place) -> Wave:
    random, library, samples = place.random, place.library, place.samples
    draw = random.random()
    if draw < 0.15:
        return at_level(_coloured(random, samples), 0.0)
    if draw < 0.3:
        return at_level(tonal_noise(random, samples), 0.0)
    clip, speed = library.clip(random, "noise"), random.uniform(0.6, 1.6) if random.random() < 0.5 else 1.0
    if draw < 0.75:
        wave = effects.faster(library.stretch(random, clip, round(samples * speed) + 4).wave, speed)[:samples]
        wave = np.pad(wave, (0, samples - len(wave)))
        return at_level(effects.equalized(wave, random) if random.random() < 0.4 else wave, 0.0)
    event = effects.faster(library.recording(clip).part(0, LINE_STEPS).wave, speed)
    return at_level(_now_and_then(random, event, samples), 0.0)


def _now_and_then(random: Random, event: Wave, samples: int) -> Wave:
    wave, at = np.zeros(samples, np.float32), int(random.exponential(2.0) * SAMPLE_RATE_HZ) % samples
    while at < samples:
        part = event[: samples - at] * np.float32(10 ** (random.normal(0, 3) / 20))
        wave[at : at + len(part)] += part
        at += len(part) + int(random.exponential(4.0) * SAMPLE_RATE_HZ)
    return wave


def _coloured(random: Random, samples: int) -> Wave:
    """Make noise whose power falls with frequency by 0 (white) to 6 dB an octave (brown)."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    spectrum /= np.maximum(np.arange(len(spectrum)), samples / SAMPLE_RATE_HZ * 20) ** random.uniform(0, 1)
    return np.fft.irfft(spectrum, samples).astype(np.float32)
