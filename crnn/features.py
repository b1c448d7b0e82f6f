"""The model's front end: a waveform in, mel bands on the system's hop out, as logarithms or by PCEN."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.functional import melscale_fbanks

from transforms.frames import HOP_SAMPLES, POOL_HOPS, SAMPLE_RATE_HZ, exact_div

FFT_SAMPLES = 1024
EDGE_SAMPLES = exact_div(FFT_SAMPLES - HOP_SAMPLES, 2)
LOWEST_HZ = 40.0
# Far below the quantization noise of 16 bit: silence stays finite, everything audible is above.
FLOOR = 1e-8
BLOCK_HOPS = 5 * POOL_HOPS


class MelBands(nn.Module):
    """Energies of a waveform in mel bands (HTK's formula, triangles, power).

    Shape: [B, T] float32 → [B, mels, T / HOP_SAMPLES]; column k is centred on sample (k + ½) · HOP_SAMPLES.
    A column depends on FFT_SAMPLES samples around it and on nothing else of the clip, so that windows agree.
    """

    window: Tensor
    triangles: Tensor

    def __init__(self, mels: int) -> None:
        super().__init__()
        bins, top_hz = FFT_SAMPLES // 2 + 1, SAMPLE_RATE_HZ / 2
        self.register_buffer("window", torch.hann_window(FFT_SAMPLES), persistent=False)
        triangles = melscale_fbanks(bins, LOWEST_HZ, top_hz, mels, SAMPLE_RATE_HZ)
        # Each bin twice, for the squares of its real and its imaginary part, which lie side by side.
        self.register_buffer("triangles", triangles.repeat_interleave(2, 0), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Give the energies."""
        return self.of_padded(functional.pad(wave, (EDGE_SAMPLES, EDGE_SAMPLES)))

    def of_padded(self, wave: Tensor) -> Tensor:
        """Do the same with EDGE_SAMPLES more samples at both ends: those that are really there."""
        spectrum = torch.fft.rfft(wave.unfold(-1, FFT_SAMPLES, HOP_SAMPLES) * self.window)
        squares = torch.view_as_real(spectrum).square().flatten(-2)
        return (squares @ self.triangles).transpose(1, 2)


class LogMel(nn.Module):
    """Logarithms of mel energies. Shape: [B, mels, hops] → the same."""

    parts = 1

    def __init__(self, mels: int) -> None:  # noqa: ARG002 - as Pcen
        super().__init__()

    def forward(self, energies: Tensor) -> Tensor:
        """Give log10."""
        return torch.log10(energies + FLOOR)

    def continued(self, energies: Tensor, level: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Go on in a stream: as Pcen, but there is nothing to remember."""
        return self(energies), level


class Pcen(nn.Module):
    """Per-channel energy normalization, smoothed along time, its four parameters trained band by band.

    Shape: [B, mels, hops] → the same. Wang et al., "Trainable Frontend for Robust and Far-Field Keyword Spotting"
    (2017): (E / (ε + M)^α + δ)^r − δ^r, M = (1 − s) · M_before + s · E. Causal: M starts as the first hop's energy.
    """

    parts = 1

    def __init__(self, mels: int, smoothing: float = 0.025, alpha: float = 0.9, delta: float = 2.0, root: float = 0.5):
        super().__init__()
        logit = math.log(smoothing / (1 - smoothing))
        self.smoothing = nn.Parameter(torch.full((mels,), logit))
        self.log_alpha = nn.Parameter(torch.full((mels, 1), math.log(alpha)))
        self.log_delta = nn.Parameter(torch.full((mels, 1), math.log(delta)))
        self.log_root = nn.Parameter(torch.full((mels, 1), math.log(root)))

    def forward(self, energies: Tensor) -> Tensor:
        """Give the normalized energies."""
        normalized, _ = self.continued(energies, None)
        return normalized

    def continued(self, energies: Tensor, level: Tensor | None) -> tuple[Tensor, Tensor]:
        """Go on in a stream from the level [B, mels, 1] at its last hop, None at the start; give the new one, too."""
        levels = smoothed(energies, self.smoothing.sigmoid(), energies[..., :1] if level is None else level)
        return self.normalized(energies, levels), levels[..., -1:]

    def normalized(self, energies: Tensor, level: Tensor) -> Tensor:
        """Compress the energies by the ``level`` around them."""
        alpha, delta, root = self.log_alpha.exp().clamp(max=1), self.log_delta.exp(), self.log_root.exp().clamp(max=1)
        scaled = energies * torch.exp(-alpha * torch.log(level + FLOOR))
        return (scaled + delta) ** root - delta**root


class Both(nn.Module):
    """PCEN, in which voices stand out from all that lasts, and below it the logarithms, which show what lasts.

    Shape: [B, mels, hops] → [B, parts · mels, hops].
    """

    parts = 2

    def __init__(self, mels: int) -> None:
        super().__init__()
        self.pcen, self.log_mel = Pcen(mels), LogMel(mels)

    def forward(self, energies: Tensor) -> Tensor:
        """Give both."""
        return torch.cat([self.pcen(energies), self.log_mel(energies)], 1)

    def continued(self, energies: Tensor, level: Tensor | None) -> tuple[Tensor, Tensor]:
        """Go on in a stream: as Pcen."""
        normalized, level = self.pcen.continued(energies, level)
        return torch.cat([normalized, self.log_mel(energies)], 1), level


FRONT_ENDS = {"log_mel": LogMel, "pcen": Pcen, "both": Both}


def smoothed(energies: Tensor, share: Tensor, before: Tensor) -> Tensor:
    """Smooth [B, mels, hops] along time, M[t] = (1 − share) · M[t − 1] + share · E[t], with M[−1] = ``before``.

    share: [mels]; before: [B, mels, 1]. The recursion is two products with triangular matrices: within blocks of
    hops, and from block to block.
    """
    hops = energies.shape[-1]
    blocks = (hops + BLOCK_HOPS - 1) // BLOCK_HOPS  # ONNX rounds negative quotients up, to no block at all
    split = functional.pad(energies, (0, blocks * BLOCK_HOPS - hops)).reshape(*energies.shape[:2], blocks, BLOCK_HOPS)
    keep = torch.log1p(-share)[:, None, None]
    within = share[:, None, None] * _decay(keep, BLOCK_HOPS)
    inner = torch.einsum("bmkt,mst->bmks", split, within)
    ends = torch.cat([before, inner[..., -1]], -1)[..., :blocks]
    carried = torch.einsum("bmk,mjk->bmj", ends, _decay(keep * BLOCK_HOPS, blocks))
    later = torch.exp(keep * torch.arange(1, BLOCK_HOPS + 1, device=share.device))
    return (inner + carried[..., None] * later).flatten(2)[..., :hops]


def _decay(log_keep: Tensor, size: int) -> Tensor:
    """Give [mels, size, size]: what is left at step i of what came at step j ≤ i, and 0 for j > i."""
    steps = torch.arange(size, device=log_keep.device)
    ages = steps[:, None] - steps
    return torch.exp(log_keep * ages.clamp(min=0)) * (ages >= 0)
