"""What happens to sound between its source and a film: rooms, equalization, band limits, speed, damage by codecs."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, oaconvolve, sosfilt

from transforms.frames import SAMPLE_RATE_HZ
from transforms.sound.level import FULL_SCALE
from transforms.sound.load import load

Wave = NDArray[np.float32]
Random = np.random.Generator

NYQUIST_HZ = SAMPLE_RATE_HZ / 2
# Container, encoder, kbit/s: what films, the net and telephones have damaged sound with.
CODECS = (
    ("ogg", "libopus", (12, 24, 48)),
    ("mp3", "libmp3lame", (24, 40, 64)),
    ("matroska", "aac", (24, 40, 64)),
    ("matroska", "ac3", (64, 96)),
)
ENCODER_RATES_HZ = {"ac3": 48_000}


def room(random: Random, far: float) -> Wave:
    """Make the impulse response of a made-up room, its direct sound first and of height 1.

    far: 0…1, from beside the microphone to the other end of a hall. A few early reflections, then noise that decays
    by 60 dB within the reverberation time, darker the later (as Polack's model of late reverberation).
    """
    decay_s = random.uniform(0.15, 0.4 + 1.2 * far)
    times = np.arange(round(decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = random.standard_normal(len(times)) * np.exp(-6.9 * times / decay_s)
    tail = sosfilt(butter(1, random.uniform(2_000, 6_000), fs=SAMPLE_RATE_HZ, output="sos"), tail)
    tail[: round(random.uniform(0.001, 0.02) * SAMPLE_RATE_HZ)] = 0
    for _ in range(int(random.integers(2, 8))):
        tail[int(random.uniform(0.002, 0.05) * SAMPLE_RATE_HZ)] += random.uniform(-0.6, 0.6)
    direct_to_tail_db = random.uniform(12, 20) * (1 - far) - random.uniform(0, 6) * far
    tail *= 10 ** (-direct_to_tail_db / 20) / np.sqrt(np.square(tail).sum() + 1e-12)
    tail[0] += 1
    return tail.astype(np.float32)


def reverberated(wave: Wave, response: Wave) -> Wave:
    """Let [T] samples sound in a room: [T], what rings on after them is cut."""
    return oaconvolve(wave, response)[: len(wave)].astype(np.float32)


def equalized(wave: Wave, random: Random) -> Wave:
    """Tilt and bend the spectrum of [T] samples by some dB, smoothly over frequency."""
    grid_hz = np.array([0, 80, 200, 500, 1_250, 3_000, NYQUIST_HZ])
    gains_db = random.normal(0, 3.0, len(grid_hz)) + random.normal(0, 1.5) * np.arange(len(grid_hz))
    gains_db -= gains_db[2:5].mean()
    taps = 127
    bins_hz = np.linspace(0, NYQUIST_HZ, taps // 2 + 1)
    response = 10 ** (np.interp(np.log(bins_hz + 30), np.log(grid_hz + 30), gains_db) / 20)
    kernel = np.roll(np.fft.irfft(response, taps), taps // 2) * np.hanning(taps)
    return np.asarray(oaconvolve(wave, kernel.astype(np.float32), "same"), np.float32)


def band_limited(wave: Wave, low_hz: float, high_hz: float) -> Wave:
    """Keep of [T] samples what lies between two frequencies; 0 and NYQUIST_HZ are no limits."""
    sections = []
    if low_hz > 0:
        sections.append(butter(3, low_hz, "high", fs=SAMPLE_RATE_HZ, output="sos"))
    if high_hz < 0.97 * NYQUIST_HZ:
        sections.append(butter(6, high_hz, "low", fs=SAMPLE_RATE_HZ, output="sos"))
    if not sections:
        return wave
    kept: Wave = np.asarray(sosfilt(np.concatenate(sections), wave), np.float32)
    return kept


def telephone(wave: Wave, random: Random) -> Wave:
    """Send [T] samples down a telephone line: 300–3400 Hz, μ-law of 8 bits (ITU-T G.711) at its level, some noise."""
    line = band_limited(wave, random.uniform(200, 400), random.uniform(3_000, 3_600))
    peak = max(float(np.abs(line).max(initial=0)), 1e-6) * random.uniform(0.7, 1.5)
    compressed = np.sign(line) * np.log1p(255 * np.minimum(np.abs(line) / peak, 1)) / np.log(256)
    steps = np.rint(compressed * 127) / 127
    expanded = np.sign(steps) * (256 ** np.abs(steps) - 1) / 255 * peak
    hiss = random.standard_normal(len(wave)) * peak * 10 ** (-random.uniform(35, 60) / 20)
    return np.asarray(expanded + band_limited(hiss.astype(np.float32), 200, 3_400), np.float32)


def faster(wave: Wave, factor: float) -> Wave:
    """Play [T] samples at another speed, pitch and all: [about T / factor]."""
    return np.asarray(soxr.resample(wave, SAMPLE_RATE_HZ * factor, SAMPLE_RATE_HZ, "LQ"), np.float32)


def coded(wave: Wave, random: Random) -> Wave:
    """Encode [T] samples by a codec drawn at random, and decode them: [T]."""
    container, encoder, kilobits = CODECS[int(random.integers(len(CODECS)))]
    file = io.BytesIO()
    _encode(file, wave, container, encoder, 1_000 * int(random.choice(kilobits)))
    file.seek(0)
    audio, _ = load(file)
    decoded = np.zeros_like(wave)
    samples = audio.samples[: len(wave)] / np.float32(FULL_SCALE * 10 ** (audio.gain_db / 20))
    decoded[: len(samples)] = samples
    return decoded


def _encode(file: io.BytesIO, wave: Wave, container: str, encoder: str, bit_rate: int) -> None:
    with av.open(file, "w", container) as output:
        rate_hz = ENCODER_RATES_HZ.get(encoder, SAMPLE_RATE_HZ)
        stream: Any = output.add_stream(encoder, rate=rate_hz, layout="mono")
        stream.bit_rate = bit_rate
        resampler = av.AudioResampler(stream.format, "mono", rate_hz)
        frame = av.AudioFrame.from_ndarray(wave[np.newaxis].clip(-1, 1), "flt", "mono")
        frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE_HZ, Fraction(1, SAMPLE_RATE_HZ), 0
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
