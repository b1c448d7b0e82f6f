"""Speech made to sing: its syllables drawn out and its voice laid on a tune, as ordinary songs are scarce."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SAMPLE_RATE_HZ

Wave = NDArray[np.float32]
Random = np.random.Generator

HOP = SAMPLE_RATE_HZ // 100
FRAME = 4 * HOP
LOWEST_HZ, HIGHEST_HZ = 70.0, 400.0
VOICED = 0.45
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 7, 10))


def sung(wave: Wave, random: Random) -> Wave:
    """Make [T] samples of one speaker sing: about 1.2 to 2.2 T, at the notes of a tune drawn at random.

    Pitch-synchronous overlap-add (Moulines and Charpentier, 1990): two periods around each of the voice's own pitch
    marks are laid down again at the tune's period; what has no pitch keeps its own.
    """
    pitch_hz, voiced = pitch_track(wave)
    if voiced.sum() < 20:
        return wave
    stretch = random.uniform(1.2, 2.2)
    own = SAMPLE_RATE_HZ / pitch_hz
    tune_hz = _tune(random, float(np.median(pitch_hz[voiced])), round(len(pitch_hz) * stretch))
    # The period at which a voice is laid down again, hop by hop of what comes out.
    hops = np.minimum((np.arange(len(tune_hz)) / stretch).astype(int), len(own) - 1)
    periods = np.where(voiced[hops], SAMPLE_RATE_HZ / tune_hz, own[hops])
    return _laid(wave, own, periods)


def pitch_track(wave: Wave) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give pitch in Hz and whether there is one, every 10 ms: [ceil(T / HOP)] each, by autocorrelation.

    Where there is no pitch its neighbours' is carried on.
    """
    padded = np.pad(wave.astype(np.float64), (FRAME // 2, FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP][: -(-len(wave) // HOP)]
    frames = (frames - frames.mean(axis=1, keepdims=True)) * np.hanning(FRAME)
    spectra = np.abs(np.fft.rfft(frames, 2 * FRAME)) ** 2
    correlation = np.fft.irfft(spectra)[:, :FRAME] / _window_correlation()
    low, high = int(SAMPLE_RATE_HZ / HIGHEST_HZ), int(SAMPLE_RATE_HZ / LOWEST_HZ)
    strength = correlation[:, low:high] / np.maximum(correlation[:, :1], 1e-12)
    best = strength.argmax(axis=1)
    loud = correlation[:, 0] > 1e-3 * np.percentile(correlation[:, 0], 95)
    voiced = (strength[np.arange(len(best)), best] > VOICED) & loud
    pitch = SAMPLE_RATE_HZ / (best + low)
    if voiced.any():
        places = np.flatnonzero(voiced)
        pitch = np.interp(np.arange(len(pitch)), places, pitch[places])
    return pitch, voiced


def _window_correlation() -> NDArray[np.float64]:
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(FRAME), 2 * FRAME)) ** 2)[:FRAME]
    return np.asarray(np.maximum(window / window[0], 0.1))


def _marks(own: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the samples at which a period begins; own: the voice's periods in samples, hop by hop."""
    return np.flatnonzero(np.diff(np.floor(np.cumsum(1 / np.repeat(own, HOP)))))


def _tune(random: Random, voice_hz: float, hops: int) -> NDArray[np.float64]:
    """Give a pitch every hop: notes of a scale near the voice's own, with glides and vibrato."""
    scale = SCALES[int(random.integers(len(SCALES)))]
    degrees = [octave * 12 + step for octave in (-1, 0, 1) for step in scale]
    place, semitones = len(scale) + int(random.integers(len(scale))), np.empty(0)
    beat = random.uniform(18, 45)
    while len(semitones) < hops:
        length = max(8, round(beat * float(random.choice([0.5, 1, 1, 2, 3]))))
        semitones = np.append(semitones, np.full(length, float(degrees[place])))
        place = int(np.clip(place + random.integers(-2, 3), 2, len(degrees) - 3))
    glide = np.convolve(np.pad(semitones[:hops], 3, "edge"), np.ones(7) / 7, "valid")
    depth = random.uniform(0, 0.5)
    vibrato = depth * np.sin(2 * np.pi * random.uniform(4.5, 6.5) * np.arange(hops) / 100)
    shift = random.uniform(0, 7)
    return np.clip(voice_hz * 2 ** ((glide + vibrato + shift) / 12), 80, 700)


def _laid(wave: Wave, own: NDArray[np.float64], periods: NDArray[np.float64]) -> Wave:
    """Lay grains of two of the voice's own periods [hops] at the new periods [new hops] apart."""
    marks, stretch = _marks(own), len(periods) / len(own)
    reach = int(SAMPLE_RATE_HZ / LOWEST_HZ) + 1
    source, out = np.pad(wave, reach), np.zeros(len(periods) * HOP + 4 * reach, np.float32)
    at = 0.0
    while at < len(periods) * HOP:
        before = at / stretch
        mark = marks[min(int(np.searchsorted(marks, before)), len(marks) - 1)]
        half = min(int(own[min(int(before) // HOP, len(own) - 1)]), reach)
        grain = source[reach + mark - half : reach + mark + half]
        begin = int(at) + reach - half
        out[begin : begin + len(grain)] += grain * np.hanning(2 * half)[: len(grain)].astype(np.float32)
        at += periods[int(at) // HOP]
    return out[reach : reach + round(len(wave) * stretch)]
