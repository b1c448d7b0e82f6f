"""A curve of where in a title there is likely to be speech, from its sound alone: rough, quick, without a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, signal

from transforms.frames import FRAME_S, SAMPLE_RATE_HZ, exact_div
from transforms.sound.level import FULL_SCALE

CURVE_HZ = 25
_LEVEL_HZ = 50
_HOP = exact_div(SAMPLE_RATE_HZ, _LEVEL_HZ)
_WINDOW = 512
_BLOCK = 60 * _LEVEL_HZ
# Speech is strongest here, and its level rises and falls with the syllables, about four times a second (Scheirer and
# Slaney, "Construction and Evaluation of a Robust Multifeature Speech/Music Discriminator", 1997).
_BAND_HZ = (300, 3800)
_SYLLABLE_HZ = (2.5, 7.0)
_MODULATION_S = 0.2
_LEVEL_S = 0.1
_FLOOR = 1e-9


def speech_curve(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Give the level of the speech band plus twice the level of its syllabic modulation, in dB.

    Shape: [T] int16 at 16 kHz → [T / (SAMPLE_RATE_HZ / CURVE_HZ)] float32, rounded down.
    """
    power = _band_power(samples)
    if len(power) < _LEVEL_HZ:
        return np.zeros(len(power) * CURVE_HZ // _LEVEL_HZ, np.float32)
    filters = signal.butter(2, _SYLLABLE_HZ, "bandpass", fs=_LEVEL_HZ, output="sos")
    syllables = signal.sosfiltfilt(filters, np.sqrt(power)) ** 2
    modulation = _decibels(ndimage.gaussian_filter1d(syllables, _MODULATION_S * _LEVEL_HZ))
    level = ndimage.gaussian_filter1d(_decibels(power), _LEVEL_S * _LEVEL_HZ)
    step = exact_div(_LEVEL_HZ, CURVE_HZ)
    whole = len(power) // step * step
    curve: NDArray[np.float32] = (level + 2 * modulation)[:whole].reshape(-1, step).mean(axis=1).astype(np.float32)
    return curve


def curve_of(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn frame probabilities [F] into such a curve, by straight lines between the frames' centres."""
    centres = (np.arange(len(probability)) + 0.5) * FRAME_S
    times = (np.arange(round(len(probability) * FRAME_S * CURVE_HZ)) + 0.5) / CURVE_HZ
    return np.interp(times, centres, probability).astype(np.float32)


def _band_power(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Give the mean square of the speech band around each hop: [T / _HOP], rounded down."""
    window = np.hanning(_WINDOW).astype(np.float32)
    scale = 2 / (_WINDOW * float((window**2).sum()) * FULL_SCALE**2)
    bins = slice(*(round(edge * _WINDOW / SAMPLE_RATE_HZ) for edge in _BAND_HZ))
    power = np.empty(len(samples) // _HOP)
    for at in range(0, len(power), _BLOCK):
        spectrum = fft.rfft(_frames(samples, at, min(_BLOCK, len(power) - at)) * window, axis=1)[:, bins]
        power[at : at + _BLOCK] = (np.abs(spectrum) ** 2).sum(axis=1) * scale
    return power


def _frames(samples: NDArray[np.int16], first: int, count: int) -> NDArray[np.int16]:
    """Give the windows around hops ``first`` …, beyond the title filled with silence: [count, _WINDOW]."""
    start, stop = first * _HOP - _WINDOW // 2, (first + count - 1) * _HOP + _WINDOW // 2
    part = samples[max(start, 0) : stop]
    padded = np.pad(part, (max(-start, 0), stop - max(start, 0) - len(part)))
    return np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]


def _decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    decibels: NDArray[np.float64] = 10 * np.log10(power + _FLOOR)
    return decibels
