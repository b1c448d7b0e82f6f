"""The model's front end: a waveform in, log-mel bands on the system's hop out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.transforms import MelSpectrogram

from transforms.frames import HOP_SAMPLES, SAMPLE_RATE_HZ, exact_div

FFT_SAMPLES = 1024
# Far below the quantization noise of 16 bit: silence stays finite, everything audible is above.
FLOOR = 1e-8


class LogMel(nn.Module):
    """Log-mel bands of a waveform, each band at the mean and spread of the training data.

    Shape: [B, T] float32 → [B, 1, mels, T / HOP_SAMPLES]; column k is centred on sample (k + ½) · HOP_SAMPLES.
    A column depends on FFT_SAMPLES samples around it and on nothing else of the clip, so that windows agree.
    """

    def __init__(self, mels: int) -> None:
        super().__init__()
        self.mel = MelSpectrogram(
            SAMPLE_RATE_HZ, n_fft=FFT_SAMPLES, hop_length=HOP_SAMPLES, n_mels=mels, f_min=40.0, center=False
        )
        self.norm = nn.BatchNorm1d(mels, affine=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Give the normalized bands."""
        edge = exact_div(FFT_SAMPLES - HOP_SAMPLES, 2)
        bands: Tensor = self.mel(functional.pad(wave, (edge, edge)))
        normalized: Tensor = self.norm(torch.log10(bands + FLOOR))
        return normalized.unsqueeze(1)
