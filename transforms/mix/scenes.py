"""Scenes as films have them, each a function that lays out its layers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from transforms.mix import effects
from transforms.mix.heard import Steps
from transforms.mix.layers import (
    SPEECH_DBFS,
    Layer,
    ambience,
    at_level,
    audible,
    ducked,
    none,
    talk,
    tune,
    voice,
)
from transforms.mix.library import Place
from transforms.mix.tones import tonal_noise

Wave = NDArray[np.float32]


Scene = list[Layer]


def _speech(place: Place, wave: Wave, active: Steps) -> Layer:
    return Layer(wave, active, none(place.samples))


def _music(place: Place, wave: Wave, speech: Steps | None = None) -> Layer:
    return Layer(wave, none(place.samples) if speech is None else speech, audible(wave))


def _noise(place: Place, wave: Wave) -> Layer:
    return Layer(wave, none(place.samples), none(place.samples))


def _talk(place: Place, speakers: int, busy: float, far: float | None = None) -> Layer:
    wave, active = talk(place, speakers, busy)
    if far is not None:
        wave = effects.reverberated(wave, effects.room(place.random, far))
    if place.random.random() < 0.2:
        wave = effects.band_limited(wave, 0, place.random.uniform(3_000, 7_500))
    return _speech(place, wave, active)


def _near(place: Place) -> float | None:
    return place.random.uniform(0, 0.5) if place.random.random() < 0.33 else None


def dialogue(place: Place) -> Scene:
    """People talk."""
    return [_talk(place, int(place.random.integers(1, 4)), place.random.uniform(0.3, 0.9), _near(place))]


def dialogue_over_music(place: Place) -> Scene:
    """People talk over music at +20 to −3 dB, which may give way to them."""
    [said] = dialogue(place)
    wave = tune(place)
    if place.random.random() < 0.4:
        wave = ducked(place.random, wave, said.speech)
    return [said, _music(place, at_level(wave, SPEECH_DBFS - place.random.uniform(-3, 20)))]


def dialogue_over_ambience(place: Place) -> Scene:
    """People talk in the street, in the rain, beside machines."""
    [said] = dialogue(place)
    level = SPEECH_DBFS - place.random.uniform(-3, 25)
    return [said, _noise(place, at_level(ambience(place), level))]


def narration(place: Place) -> Scene:
    """One voice tells a story, often over music."""
    said = _talk(place, 1, 0.9)
    if place.random.random() < 0.4:
        return [said]
    wave = ducked(place.random, tune(place), said.speech)
    return [said, _music(place, at_level(wave, SPEECH_DBFS - place.random.uniform(6, 24)))]


def music(place: Place) -> Scene:
    """Music alone, soft or loud."""
    wave = tune(place)
    if place.random.random() < 0.15:
        wave = wave + tune(place)
    return [_music(place, at_level(wave, place.random.uniform(-48, -18)))]


def song(place: Place) -> Scene:
    """Sing with a band: a recorded song, or a voice that a band is put under."""
    level, random = place.random.uniform(-38, -18), place.random
    if place.library.has("song") and random.random() < 0.4:
        taken = place.library.stretch(random, place.library.clip(random, "song"), place.samples)
        wave = effects.equalized(taken.wave, random) if random.random() < 0.7 else taken.wave
        return [_music(place, at_level(wave, level), taken.active)]
    band = tune(place)
    sings = voice(place)
    wave = effects.reverberated(sings.wave, effects.room(random, random.uniform(0, 0.7)))
    wave = at_level(wave, level + random.uniform(-3, 9), sings.active)
    return [_music(place, at_level(band, level)), _speech(place, wave, sings.active)]


def a_cappella(place: Place) -> Scene:
    """Sing alone, as only recorded singers do: what is made to sing is not music without a band."""
    random = place.random
    if not place.library.has("solo"):
        return song(place)
    taken = place.library.stretch(random, place.library.clip(random, "solo"), place.samples)
    wave = effects.reverberated(taken.wave, effects.room(random, random.uniform(0, 0.7)))
    wave = at_level(wave, random.uniform(-36, -20), taken.active)
    return [Layer(wave, taken.active, taken.active)]


def ambient(place: Place) -> Scene:
    """Neither speech nor music, soft or loud."""
    level = place.random.uniform(-55, -22)
    return [_noise(place, at_level(ambience(place), level))]


def tonal(place: Place) -> Scene:
    """Machines, alarms, rings: pitch without music."""
    wave = at_level(tonal_noise(place.random, place.samples), place.random.uniform(-50, -20))
    under = at_level(ambience(place), place.random.uniform(-60, -35))
    return [_noise(place, wave), _noise(place, under)]


def silence(place: Place) -> Scene:
    """Next to nothing: the noise of a room or of a tape."""
    hiss = place.random.standard_normal(place.samples).astype(np.float32)
    hiss = effects.band_limited(hiss, 0, place.random.uniform(500, 8_000))
    return [_noise(place, at_level(hiss, place.random.uniform(-95, -55)))]


def everything(place: Place) -> Scene:
    """People talk over music in the midst of noise."""
    noise = at_level(ambience(place), SPEECH_DBFS - place.random.uniform(0, 20))
    return [*dialogue_over_music(place), _noise(place, noise)]


def meeting(place: Place) -> Scene:
    """Several people far from the microphone, at once and one by one, in a room with its noise."""
    random = place.random
    said = _talk(place, int(random.integers(2, 5)), random.uniform(0.6, 1), random.uniform(0.4, 1))
    noise = at_level(ambience(place), SPEECH_DBFS - random.uniform(8, 30))
    return [
        Layer(said.wave * np.float32(10 ** (-random.uniform(0, 15) / 20)), said.speech, said.music),
        _noise(place, noise),
    ]


def telephone(place: Place) -> Scene:
    """A voice on the telephone."""
    said = _talk(place, int(place.random.integers(1, 3)), place.random.uniform(0.4, 0.9))
    line = effects.telephone(said.wave, place.random)
    layers = [_speech(place, line, said.speech)]
    if place.random.random() < 0.4:
        level = SPEECH_DBFS - place.random.uniform(10, 30)
        layers.append(_noise(place, at_level(ambience(place), level)))
    return layers


def action(place: Place) -> Scene:
    """Loud effects over music, and no voice."""
    random = place.random
    wave = at_level(tune(place), random.uniform(-40, -22))
    noise = at_level(ambience(place), random.uniform(-42, -22))
    return [_music(place, wave), _noise(place, noise)]


# What a programme is made of, and how often.
SCENES: dict[str, tuple[Callable[[Place], Scene], float]] = {
    "dialogue": (dialogue, 0.11),
    "dialogue_over_music": (dialogue_over_music, 0.13),
    "dialogue_over_ambience": (dialogue_over_ambience, 0.11),
    "narration": (narration, 0.05),
    "music": (music, 0.18),
    "song": (song, 0.12),
    "a_cappella": (a_cappella, 0.03),
    "ambience": (ambient, 0.09),
    "tonal_noise": (tonal, 0.03),
    "silence": (silence, 0.03),
    "everything": (everything, 0.05),
    "meeting": (meeting, 0.04),
    "telephone": (telephone, 0.02),
    "action": (action, 0.04),
}
