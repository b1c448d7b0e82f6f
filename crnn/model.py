"""The CRNN: waveform in, frame logits out, five a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crnn.features import LogMel
from transforms.activity import RAW, Activity, Decision
from transforms.frames import POOL_HOPS, SEGMENT_FRAMES, SEGMENT_SAMPLES, exact_div, seconds
from transforms.records import CLASSES
from transforms.sound.level import FULL_SCALE
from transforms.sound.load import load_wave
from transforms.stitch import stitch, windows

# More windows at once are slower on a CPU: their activations leave the cache.
BATCH_WINDOWS = 4


@dataclass(frozen=True)
class Config:
    """What is needed to build the network again; it travels inside the checkpoint. decisions: one a class."""

    mels: int = 64
    channels: tuple[int, ...] = (32, 64, 128)
    recurrent: int = 128
    dropout: float = 0.2
    classes: tuple[str, ...] = CLASSES
    decisions: tuple[Decision, ...] = (RAW,) * len(CLASSES)

    def __post_init__(self) -> None:
        if len(self.decisions) != len(self.classes):
            raise ValueError(f"{len(self.classes)} classes with {len(self.decisions)} decisions")

    def plain(self) -> dict[str, object]:
        """Give it in types that any loader can read."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


class CRNN(nn.Module):
    """Three 3 × 3 convolutions, each with 2 × 2 max-pooling, two bidirectional GRU layers, a linear layer.

    Shape: wave [B, T] float32, full scale 1.0 → logits [B, classes, T / FRAME_SAMPLES]. The log-mel front end is part
    of it. After Çakır et al., "Convolutional Recurrent Neural Networks for Polyphonic Sound Event Detection" (2017).
    """

    def __init__(self, config: Config = Config()) -> None:
        super().__init__()
        self.config = config
        self.features = LogMel(config.mels)
        widths = (1, *config.channels)
        self.convolutions = nn.Sequential(*(_block(a, b) for a, b in zip(widths, config.channels, strict=False)))
        bands = exact_div(config.mels, 2 ** len(config.channels))
        if 2 ** len(config.channels) != POOL_HOPS:
            raise ValueError(f"{len(config.channels)} convolutions do not pool {POOL_HOPS} hops to a frame")
        self.recurrent = nn.GRU(
            bands * config.channels[-1],
            config.recurrent,
            num_layers=2,
            bidirectional=True,
            batch_first=True,
            dropout=config.dropout,
        )
        self.dropout = nn.Dropout(config.dropout)
        self.linear = nn.Linear(2 * config.recurrent, len(config.classes))

    def forward(self, wave: Tensor) -> Tensor:
        """Give the logits."""
        return self.classify(self.features(wave))

    def classify(self, bands: Tensor) -> Tensor:
        """Give the logits of normalized bands [B, 1, mels, hops]."""
        maps = self.convolutions(bands)
        frames = maps.flatten(1, 2).transpose(1, 2)
        states, _ = self.recurrent(self.dropout(frames))
        logits: Tensor = self.linear(self.dropout(states))
        return logits.transpose(1, 2)

    def tag(self, wave: NDArray[np.float32], rate_hz: int) -> Activity:
        """Tag a programme in memory: [T] or [C, T] float32, full scale 1.0, channels in WAVE order.

        It is downmixed, resampled and levelled as ``smad tag`` does it.
        """
        samples = load_wave(wave, rate_hz).samples
        probability = stitch(self.scores(windows(samples)), len(samples))
        return Activity(probability, self.config.classes, seconds(len(samples)), self.config.decisions)

    def scores(self, pieces: Sequence[NDArray[np.int16]]) -> NDArray[np.float32]:
        """Give the probabilities [N, classes, SEGMENT_FRAMES] of N windows of at most SEGMENT_SAMPLES int16 samples."""
        self.eval()
        # Both are made once: small results kept between large buffers would split the holes that these leave in the
        # heap, and a long title would cost twice the memory.
        scores = np.empty((len(pieces), len(self.config.classes), SEGMENT_FRAMES), np.float32)
        waves = np.zeros((BATCH_WINDOWS, SEGMENT_SAMPLES), np.float32)
        with torch.inference_mode():
            for at in range(0, len(pieces), BATCH_WINDOWS):
                batch = pieces[at : at + BATCH_WINDOWS]
                for wave, piece in zip(waves, batch, strict=False):
                    wave[: len(piece)] = piece / np.float32(FULL_SCALE)
                    wave[len(piece) :] = 0
                logits = self(torch.from_numpy(waves[: len(batch)]).to(self.linear.weight.device))
                scores[at : at + len(batch)] = torch.sigmoid(logits).cpu().numpy()
        return scores


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)
    )
