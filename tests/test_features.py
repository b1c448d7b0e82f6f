"""The front end: bands of sound, and nothing that depends on the rest of the clip."""

import math

import numpy as np
import pytest
import torch

from crnn.features import FFT_SAMPLES, LogMel
from transforms.frames import HOP_SAMPLES, SEGMENT_HOPS, SEGMENT_SAMPLES

MELS = 64


@pytest.fixture(scope="module")
def front() -> LogMel:
    return LogMel(MELS).eval()


def noise(samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


def sine(pitch_hz: float, samples: int = 16_000) -> torch.Tensor:
    return 0.1 * torch.sin(2 * torch.pi * pitch_hz * torch.arange(samples) / 16_000)[None]


@pytest.mark.parametrize("hops", [1, 8, SEGMENT_HOPS])
def test_one_column_a_hop(front: LogMel, hops: int) -> None:
    assert front(torch.zeros(3, hops * HOP_SAMPLES)).shape == (3, 1, MELS, hops)


def test_20_s_are_800_columns(front: LogMel) -> None:
    assert front(torch.zeros(1, SEGMENT_SAMPLES)).shape[-1] == 800


@pytest.mark.parametrize("column", [0, 1, 5, 20, 38, 39])
def test_a_column_hears_only_the_samples_around_its_centre(front: LogMel, column: int) -> None:
    wave = noise(40 * HOP_SAMPLES)
    centre = column * HOP_SAMPLES + HOP_SAMPLES // 2
    first, last = max(0, centre - FFT_SAMPLES // 2), centre + FFT_SAMPLES // 2
    elsewhere = noise(40 * HOP_SAMPLES, 1) * 100
    elsewhere[:, first:last] = wave[:, first:last]
    assert torch.equal(front(elsewhere)[..., column], front(wave)[..., column])
    inside = wave.clone()
    inside[:, centre] += 1
    assert not torch.equal(front(inside)[..., column], front(wave)[..., column])


def test_a_pulse_is_loudest_in_the_column_it_lies_in(front: LogMel) -> None:
    for column in (0, 7, 19):
        wave = torch.zeros(1, 20 * HOP_SAMPLES)
        wave[0, column * HOP_SAMPLES + HOP_SAMPLES // 2] = 1
        assert front(wave)[0, 0].sum(dim=0).argmax() == column


def test_windows_of_a_programme_agree(front: LogMel) -> None:
    wave = noise(200 * HOP_SAMPLES)
    whole = front(wave)
    for start in (0, 40, 100):
        part = front(wave[:, start * HOP_SAMPLES : (start + 100) * HOP_SAMPLES])
        assert torch.allclose(part[..., 1:-1], whole[..., start + 1 : start + 99], atol=1e-5)


@pytest.mark.parametrize("pitch_hz", [100, 440, 1000, 3000, 7000])
def test_a_tone_lights_the_band_around_it(front: LogMel, pitch_hz: float) -> None:
    # The centres of the bands are equally spaced in mel (HTK) between 40 Hz and 8 kHz.
    low, high = (2595 * math.log10(1 + hz / 700) for hz in (40, 8000))
    edges = np.linspace(low, high, MELS + 2)
    centres_hz = 700 * (10 ** (edges[1:-1] / 2595) - 1)
    band = int(front(sine(pitch_hz))[0, 0].mean(dim=1).argmax())
    assert abs(band - int(np.abs(centres_hz - pitch_hz).argmin())) <= 1


def test_ten_times_louder_is_two_decades_of_power(front: LogMel) -> None:
    wave = noise(16_000)
    rise = front(10 * wave) - front(wave)  # the normalization has learnt nothing yet
    assert rise.mean() == pytest.approx(2, abs=0.01)


def test_silence_and_full_scale_are_finite(front: LogMel) -> None:
    for wave in (torch.zeros(1, 3_200), torch.ones(1, 3_200), -torch.ones(1, 3_200), noise(3_200) * 1e4):
        assert torch.isfinite(front(wave)).all()


def test_training_learns_the_mean_and_spread_of_each_band() -> None:
    front = LogMel(MELS).train()
    for seed in range(50):
        front(noise(8_000, seed))
    bands = front.eval()(noise(160_000, 99))[0, 0]
    assert bands.mean(dim=1).abs().max() < 0.4
    assert bands.std(dim=1) == pytest.approx(torch.ones(MELS), abs=0.4)
