"""Layers and scenes: their lengths, their levels, and that what is heard in them is what their kind says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.mix.corpus import read_corpus
from transforms.mix.heard import STEP_SAMPLES, steps_of
from transforms.mix.layers import (
    Layer,
    ambience,
    at_level,
    audible,
    ducked,
    faded,
    level_db,
    none,
    steps_in,
    talk,
    tune,
    voice,
)
from transforms.mix.library import Library, Place
from transforms.mix.scenes import SCENES
from transforms.records import Interval

NO_SPEECH = ("music", "action", "ambience", "tonal_noise", "silence")
NO_MUSIC = ("dialogue", "dialogue_over_ambience", "meeting", "telephone", "ambience", "tonal_noise", "silence")


def drawn(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def library(clean_corpus: Path) -> Library:
    clips = read_corpus(clean_corpus.read_bytes(), None, str(clean_corpus.parent))
    return Library([clip for clip in clips if clip.split == "train"])


def place(library: Library, seed: int, seconds: float = 6.0, language: str = "aa") -> Place:
    return Place(drawn(seed), library, language, round(16_000 * seconds))


class TestLevels:
    @given(st.floats(-60, 0), st.floats(1e-4, 1), st.integers(160, 4_000))
    @settings(max_examples=30)
    def test_at_level(self, dbfs: float, peak: float, samples: int) -> None:
        wave = (peak * drawn(samples).standard_normal(samples // 160 * 160)).astype(np.float32)
        assert level_db(at_level(wave, dbfs)) == pytest.approx(dbfs, abs=0.01)

    def test_only_what_is_active_counts(self) -> None:
        wave = np.full(3_200, 0.1, np.float32)
        wave[1_600:] = 0.001
        active = np.arange(20) < 10
        assert level_db(wave, active) == pytest.approx(-20, abs=0.01)
        assert level_db(at_level(wave, -30, active), active) == pytest.approx(-30, abs=0.01)
        assert level_db(wave, none(3_200)) == level_db(wave)

    def test_silence_stays_silent(self) -> None:
        assert not at_level(np.zeros(1_600, np.float32), -20).any()

    def test_music_is_audible_near_its_loud_parts_and_above_all_hearing(self) -> None:
        wave = at_level(drawn(0).standard_normal(12 * 16_000).astype(np.float32), -20)
        wave[4 * 16_000 : 8 * 16_000] *= 10 ** (-20 / 20)
        wave[8 * 16_000 :] *= 10 ** (-35 / 20)
        for level, end in ((0, 800), (-20, 800), (-30, 400), (-50, 0)):
            found = audible(wave * np.float32(10 ** (level / 20)))
            assert np.abs(int(found.sum()) - end) <= 20, level

    @pytest.mark.parametrize("seed", range(4))
    def test_ducked_is_quieter_where_there_is_speech(self, seed: int) -> None:
        wave = np.ones(10 * 16_000, np.float32)
        found = ducked(drawn(seed), wave, steps_of([Interval(4, 6, "")], 1_000))
        during, far = found[round(4.9 * 16_000) : round(5.1 * 16_000)], found[: 2 * 16_000]
        assert len(found) == len(wave)
        assert np.all(far == 1)
        assert np.all((during <= 10 ** (-2.9 / 20)) & (during >= 10 ** (-14.1 / 20)))
        assert np.abs(np.diff(found)).max() < 0.08  # 14 dB in 0.2 s, by steps

    @pytest.mark.parametrize("seed", range(6))
    def test_fades_never_add(self, seed: int) -> None:
        gain = faded(drawn(seed), np.ones(4 * 16_000, np.float32))
        assert np.all((gain >= 0) & (gain <= 1))
        top = np.flatnonzero(gain == gain.max())
        assert np.all(np.diff(gain[: top[0]]) >= 0)
        assert np.all(np.diff(gain[top[-1] :]) <= 0)


class TestLayers:
    @pytest.mark.parametrize("seconds", [0.3, 1.01, 7.0])
    def test_they_are_of_the_asked_length(self, library: Library, seconds: float) -> None:
        at = place(library, 1, seconds)
        spoken, active = talk(at)
        sung = voice(at)
        assert {len(w) for w in (spoken, sung.wave, tune(at), ambience(at))} == {at.samples}
        assert len(active) == len(sung.active) == steps_in(at.samples)

    def test_people_talk_at_the_level_of_speech(self, library: Library) -> None:
        for seed in range(3):
            wave, active = talk(place(library, seed, 15))
            assert level_db(wave, active) == pytest.approx(-27, abs=7)
            assert level_db(wave, active) > level_db(wave[np.repeat(~active, STEP_SAMPLES)]) + 20

    def test_music_and_noise_are_at_0_dbfs(self, library: Library) -> None:
        for seed in range(3):
            assert level_db(tune(place(library, seed))) == pytest.approx(0, abs=0.1)
            assert level_db(ambience(place(library, seed))) == pytest.approx(0, abs=0.1)


@pytest.fixture(scope="module")
def scenes(library: Library) -> dict[str, list[list[Layer]]]:
    """Give some scenes of every kind."""
    return {kind: [make(place(library, seed)) for seed in range(3)] for kind, (make, _) in SCENES.items()}


@pytest.mark.parametrize("kind", SCENES)
def test_every_scene_has_its_length(kind: str, scenes: dict[str, list[list[Layer]]]) -> None:
    for layer in (layer for scene in scenes[kind] for layer in scene):
        assert (len(layer.wave), layer.wave.dtype.name) == (6 * 16_000, "float32")
        assert np.isfinite(layer.wave).all()
        assert len(layer.speech) == len(layer.music) == 600


@pytest.mark.parametrize("kind", SCENES)
def test_what_is_heard_is_what_its_kind_says(kind: str, scenes: dict[str, list[list[Layer]]]) -> None:
    heard = {
        name: [any(getattr(layer, name).any() for layer in s) for s in scenes[kind]] for name in ("speech", "music")
    }
    assert not any(heard["speech"]) if kind in NO_SPEECH else any(heard["speech"])
    assert not any(heard["music"]) if kind in NO_MUSIC else any(heard["music"])
    if kind in ("music", "song", "a_cappella", "action", "everything", "dialogue_over_music"):
        assert all(heard["music"])


def test_singing_alone_is_both(scenes: dict[str, list[list[Layer]]]) -> None:
    for [layer] in scenes["a_cappella"]:
        assert np.array_equal(layer.speech, layer.music)
        assert layer.speech.mean() > 0.9


def test_where_nobody_sings_alone_there_are_songs(clean_corpus: Path) -> None:
    clips = read_corpus(clean_corpus.read_bytes(), None, str(clean_corpus.parent))
    valid = Library([clip for clip in clips if clip.split == "valid"])
    assert not valid.has("solo")
    layers = SCENES["a_cappella"][0](place(valid, 0, language="dd"))
    assert any(layer.music.any() and not layer.speech.any() for layer in layers)


def speech_to_music_db(scene: list[Layer]) -> float:
    """Compare speech where it is heard with music at its level as a whole."""
    said, music = scene[:2]
    return level_db(said.wave, said.speech) - level_db(music.wave)


def test_speech_to_music_levels(library: Library) -> None:
    make = SCENES["dialogue_over_music"][0]
    found = [speech_to_music_db(s) for s in (make(place(library, n, 12)) for n in range(12)) if s[0].speech.any()]
    # Drawn from −3 to 20 dB for speech at its mean level; speakers and turns differ from that by some dB.
    assert len(found) > 8
    assert -9 < min(found) < 8
    assert 9 < max(found) < 26


def test_silence_is_next_to_nothing(scenes: dict[str, list[list[Layer]]]) -> None:
    for [layer] in scenes["silence"]:
        assert -96 < level_db(layer.wave) < -54


def test_songs_are_sung_in_some_part(scenes: dict[str, list[list[Layer]]]) -> None:
    for scene in scenes["song"]:
        assert sum(layer.music.mean() for layer in scene) > 0.3
