"""The front end: bands of sound, and nothing that depends on the rest of the clip."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from crnn.features import BLOCK_HOPS, EDGE_SAMPLES, FFT_SAMPLES, FRONT_ENDS, Both, LogMel, MelBands, Pcen, smoothed
from crnn.model import CRNN, Config
from transforms.frames import HOP_SAMPLES, SEGMENT_HOPS, SEGMENT_SAMPLES

MELS = 64
Front = Callable[[torch.Tensor], torch.Tensor]


@pytest.fixture(scope="module", params=FRONT_ENDS)
def front(request: pytest.FixtureRequest) -> Front:
    model = CRNN(Config(front_end=request.param)).eval()
    return no_grad(lambda wave: torch.stack(model.features(wave).chunk(model.front_end.parts, 1), 1))


@pytest.fixture(scope="module")
def log_mel() -> Front:
    return no_grad(CRNN(Config()).eval().features)


def no_grad(function: Front) -> Front:
    def call(wave: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return function(wave)

    return call


def noise(samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


def sine(pitch_hz: float, samples: int = 16_000) -> torch.Tensor:
    return 0.1 * torch.sin(2 * torch.pi * pitch_hz * torch.arange(samples) / 16_000)[None]


@pytest.mark.parametrize("hops", [1, 8, SEGMENT_HOPS])
def test_one_column_a_hop(front: Front, hops: int) -> None:
    found = front(torch.zeros(3, hops * HOP_SAMPLES))
    assert (found.shape[0], *found.shape[2:]) == (3, MELS, hops)


def test_20_s_are_800_columns(front: Front) -> None:
    assert front(torch.zeros(1, SEGMENT_SAMPLES)).shape[-1] == 800


@pytest.mark.parametrize("column", [0, 1, 5, 20, 38, 39])
def test_a_column_hears_only_the_samples_around_its_centre(log_mel: Front, column: int) -> None:
    wave = noise(40 * HOP_SAMPLES)
    centre = column * HOP_SAMPLES + HOP_SAMPLES // 2
    first, last = max(0, centre - FFT_SAMPLES // 2), centre + FFT_SAMPLES // 2
    elsewhere = noise(40 * HOP_SAMPLES, 1) * 100
    elsewhere[:, first:last] = wave[:, first:last]
    assert torch.equal(log_mel(elsewhere)[..., column], log_mel(wave)[..., column])
    inside = wave.clone()
    inside[:, centre] += 1
    assert not torch.equal(log_mel(inside)[..., column], log_mel(wave)[..., column])


def test_a_pulse_is_loudest_in_the_column_it_lies_in(log_mel: Front) -> None:
    for column in (0, 7, 19):
        wave = torch.zeros(1, 20 * HOP_SAMPLES)
        wave[0, column * HOP_SAMPLES + HOP_SAMPLES // 2] = 1
        assert log_mel(wave)[0].sum(dim=0).argmax() == column


def test_windows_of_a_programme_agree(log_mel: Front) -> None:
    wave = noise(200 * HOP_SAMPLES)
    whole = log_mel(wave)
    for start in (0, 40, 100):
        part = log_mel(wave[:, start * HOP_SAMPLES : (start + 100) * HOP_SAMPLES])
        assert torch.allclose(part[..., 1:-1], whole[..., start + 1 : start + 99], atol=1e-5)


@pytest.mark.parametrize("pitch_hz", [100, 440, 1000, 3000, 7000])
def test_a_tone_lights_the_band_around_it(log_mel: Front, pitch_hz: float) -> None:
    # The centres of the bands are equally spaced in mel (HTK) between 40 Hz and 8 kHz.
    low, high = (2595 * math.log10(1 + hz / 700) for hz in (40, 8000))
    edges = np.linspace(low, high, MELS + 2)
    centres_hz = 700 * (10 ** (edges[1:-1] / 2595) - 1)
    band = int(log_mel(sine(pitch_hz))[0].mean(dim=1).argmax())
    assert abs(band - int(np.abs(centres_hz - pitch_hz).argmin())) <= 1


def test_ten_times_louder_is_two_decades_of_power(log_mel: Front) -> None:
    wave = noise(16_000)
    rise = log_mel(10 * wave) - log_mel(wave)  # the normalization has learnt nothing yet
    assert rise.mean() == pytest.approx(2, abs=0.01)


def test_silence_and_full_scale_are_finite(front: Front) -> None:
    for wave in (torch.zeros(1, 3_200), torch.ones(1, 3_200), -torch.ones(1, 3_200), noise(3_200) * 1e4):
        assert torch.isfinite(front(wave)).all()


@pytest.mark.parametrize("kind", FRONT_ENDS)
def test_training_learns_the_mean_and_spread_of_each_band(kind: str) -> None:
    model = CRNN(Config(front_end=kind)).train()
    for seed in range(50):
        no_grad(model.features)(noise(80_000, seed))
    bands = no_grad(model.eval().features)(noise(160_000, 99))[0, :, 100:]
    assert bands.mean(dim=1).abs().max() < 0.4
    assert bands.std(dim=1) == pytest.approx(torch.ones(len(bands)), abs=0.4)


def test_padding_that_is_really_there_replaces_the_silence() -> None:
    mel, wave = MelBands(MELS), noise(20 * HOP_SAMPLES)
    inner = mel.of_padded(wave[:, 5 * HOP_SAMPLES - EDGE_SAMPLES : 15 * HOP_SAMPLES + EDGE_SAMPLES])
    assert torch.allclose(inner, mel(wave)[..., 5:15], rtol=1e-4, atol=1e-6)


class TestPcen:
    @pytest.mark.parametrize("hops", [1, BLOCK_HOPS - 1, BLOCK_HOPS, BLOCK_HOPS + 1, SEGMENT_HOPS])
    def test_the_smoother_is_the_recursion(self, hops: int) -> None:
        random = torch.Generator().manual_seed(hops)
        energies = torch.rand(2, 3, hops, generator=random)
        share, before = torch.tensor([0.02, 0.3, 0.9]), torch.rand(2, 3, 1, generator=random)
        level, levels = before[..., 0], []
        for hop in range(hops):
            level = (1 - share) * level + share * energies[..., hop]
            levels.append(level)
        assert torch.allclose(smoothed(energies, share, before), torch.stack(levels, -1), atol=1e-6)

    def test_it_is_causal_and_runs_along_time(self) -> None:
        pcen, energies = Pcen(MELS), torch.rand(1, MELS, 200, generator=torch.Generator().manual_seed(0))
        later = energies.clone()
        later[..., 150:] *= 100
        with torch.no_grad():
            assert torch.equal(pcen(later)[..., :150], pcen(energies)[..., :150])
            louder = energies.clone()
            louder[:, 7] *= 100
            others = [band for band in range(MELS) if band != 7]
            assert torch.equal(pcen(louder)[:, others], pcen(energies)[:, others])

    def test_by_hand(self) -> None:
        pcen = Pcen(1, smoothing=0.5, alpha=1.0, delta=2.0, root=0.5)
        with torch.no_grad():
            found = pcen(torch.tensor([[[4.0, 8.0]]]))[0, 0].tolist()
        # M starts as 4, then (4 + 8) / 2 = 6: sqrt(E / M + 2) - sqrt(2)
        assert found == pytest.approx([math.sqrt(3) - math.sqrt(2), math.sqrt(8 / 6 + 2) - math.sqrt(2)], abs=1e-5)

    def test_a_lasting_level_does_not_matter(self) -> None:
        pcen = Pcen(MELS, alpha=1.0)
        energies = torch.rand(1, MELS, 400, generator=torch.Generator().manual_seed(0)) + 0.1
        with torch.no_grad():
            assert torch.allclose(pcen(100 * energies), pcen(energies), atol=1e-4)

    def test_all_four_parameters_are_trained(self) -> None:
        pcen = Pcen(MELS)
        pcen(torch.rand(1, MELS, 100, generator=torch.Generator().manual_seed(0))).square().mean().backward()
        assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in pcen.parameters())


def test_both_are_pcen_and_below_it_the_logarithms() -> None:
    both, energies = Both(MELS), torch.rand(2, MELS, 100, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(both(energies), torch.cat([Pcen(MELS)(energies), LogMel(MELS)(energies)], 1))
