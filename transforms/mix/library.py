"""The clips of one side, drawn at random and kept decoded while memory allows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SAMPLE_RATE_HZ
from transforms.mix.corpus import Clip, Opener, Recording, Sound, by_language, record
from transforms.mix.heard import STEP_SAMPLES
from transforms.records import InputError

# Five and a half hours of decoded clips.
KEPT_BYTES = 640 * 10**6
# Languages and makers are drawn by their time to this power: not as scarce as they are, not all alike.
EVENNESS = 0.5
JOIN_SAMPLES = SAMPLE_RATE_HZ // 50

Wave = NDArray[np.float32]
Random = np.random.Generator


class Library:
    """Draw from clips of one split. opened: opens what is not a local file.

    Raises:
        InputError: there is no speech, no music or no noise among them.
    """

    def __init__(self, clips: Sequence[Clip], opened: Opener | None = None) -> None:
        self.clips, self._opened = clips, opened
        self._clips = {kind: [clip for clip in clips if clip.kind == kind] for kind in ("speech", "music", "noise")}
        singing = [clip for clip in clips if clip.kind == "singing"]
        self._clips |= {
            "song": [c for c in singing if c.accompanied],
            "solo": [c for c in singing if not c.accompanied],
        }
        self._languages = by_language(self._clips["speech"])
        self._makers = {kind: _by_maker(made) for kind, made in self._clips.items()}
        self._speakers = {language: _by_maker(said) for language, said in self._languages.items()}
        self._kept = _Kept()
        if missing := [kind for kind in ("speech", "music", "noise") if not self._clips[kind]]:
            raise InputError(f"has no {' and no '.join(missing)} on this side; add clips, or state their split")

    def has(self, kind: str) -> bool:
        """Tell whether there are clips of ``speech``, ``music``, ``noise``, ``song`` (with a band) or ``solo``."""
        return bool(self._clips[kind])

    def language(self, random: Random) -> str:
        """Draw a language."""
        names = sorted(self._languages)
        return names[_drawn(random, [sum(c.duration_s for c in self._languages[name]) for name in names])]

    def speakers(self, random: Random, language: str, count: int) -> list[list[Clip]]:
        """Draw up to ``count`` speakers of a language, each with all clips; where it has too few, of all languages."""
        own = self._speakers[language]
        pool = own if len(own) >= count else [*own, *self._makers["speech"]]
        places = random.permutation(len(pool) if len(own) >= count else len(own))
        others = random.integers(len(own), len(pool), count).tolist() if len(pool) > len(own) else []
        return [pool[place] for place in [*places, *others][:count]]

    def clip(self, random: Random, kind: str) -> Clip:
        """Draw a clip: its maker first."""
        makers = self._makers[kind]
        maker = makers[_drawn(random, [sum(clip.duration_s for clip in made) for made in makers])]
        return maker[_drawn(random, [clip.duration_s for clip in maker])]

    def stretch(self, random: Random, clip: Clip, samples: int) -> Sound:
        """Take [samples] of a clip from a place drawn at random, repeated where it is shorter."""
        whole, steps = self.recording(clip), -(-samples // STEP_SAMPLES)
        if len(whole.active) <= steps:
            sound = _repeated(whole.part(0, len(whole.active)), samples + len(whole.samples))
            start = int(random.integers(max(1, len(whole.active))))
            return Sound(sound.wave[start * STEP_SAMPLES :][:samples], sound.active[start:][:steps])
        part = whole.part(int(random.integers(len(whole.active) - steps)), steps)
        return Sound(part.wave[:samples], part.active)

    def recording(self, clip: Clip) -> Recording:
        """Decode a clip, or remember it.

        Raises:
            ClipError: it cannot be decoded.
        """
        return self._kept.recording(clip, self._opened)

    def without(self, clip: Clip) -> Library:
        """Give the same library but for a clip; what is decoded stays."""
        left = Library([other for other in self.clips if other is not clip], self._opened)
        left._kept = self._kept
        return left


class _Kept:
    """What is decoded, while memory allows: what was not used for longest goes first."""

    def __init__(self) -> None:
        self._recordings: OrderedDict[str, Recording] = OrderedDict()
        self._bytes = 0

    def recording(self, clip: Clip, opened: Opener | None) -> Recording:
        if clip.path not in self._recordings:
            self._recordings[clip.path] = record(clip, opened)
            self._bytes += self._recordings[clip.path].samples.nbytes
            while self._bytes > KEPT_BYTES and len(self._recordings) > 1:
                self._bytes -= self._recordings.popitem(last=False)[1].samples.nbytes
        self._recordings.move_to_end(clip.path)
        return self._recordings[clip.path]


@dataclass(frozen=True)
class Place:
    """Where a scene is drawn: at random, from whose clips, in which language, how many samples long."""

    random: Random
    library: Library
    language: str
    samples: int


def _by_maker(clips: Sequence[Clip]) -> list[list[Clip]]:
    makers: dict[str, list[Clip]] = {}
    for clip in clips:
        makers.setdefault(clip.maker, []).append(clip)
    return list(makers.values())


def _drawn(random: Random, times_s: Sequence[float]) -> int:
    shares = np.asarray(times_s, float) ** EVENNESS
    return int(random.choice(len(shares), p=shares / shares.sum()))


def _repeated(sound: Sound, samples: int) -> Sound:
    """Repeat a clip, from its first to its last whole step, without clicks, to at least [samples]."""
    steps = max(1, len(sound.wave) // STEP_SAMPLES)
    wave, active = sound.wave[: steps * STEP_SAMPLES].copy(), sound.active[:steps]
    ramp = np.linspace(0, 1, min(JOIN_SAMPLES, len(wave) // 2), dtype=np.float32)
    if len(ramp):
        wave[: len(ramp)] *= ramp
        wave[-len(ramp) :] *= ramp[::-1]
    times = -(-samples // max(1, len(wave)))
    return Sound(np.tile(wave, times), np.tile(active, times))
