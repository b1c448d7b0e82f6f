"""The CRNN: waveform in, frame logits out, five a second."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from crnn.features import FRONT_ENDS, MelBands
from transforms.activity import RAW, Activity, Decision
from transforms.frames import FRAMES_PER_S, POOL_HOPS, SEGMENT_FRAMES, SEGMENT_SAMPLES, exact_div, seconds
from transforms.records import CLASSES
from transforms.sound.level import FULL_SCALE
from transforms.sound.load import load_wave
from transforms.stitch import stitch, windows

# More windows at once are slower on a CPU: their activations leave the cache.
BATCH_WINDOWS = 4


@dataclass(frozen=True)
class Config:
    """What is needed to build the network again; it travels inside the checkpoint. decisions: one a class.

    channels: of the convolutions, each followed by 2 × 2 pooling. residuals: how many more convolutions with a
    by-pass follow each of them before its pooling. projection: units between convolutions and recurrence, 0 for none.
    front_end: ``log_mel``, ``pcen`` or ``both``. bidirectional: False for live use, where the future is not there yet;
    delay_frames: so much of it is waited for.
    """

    mels: int = 64
    channels: tuple[int, ...] = (32, 64, 128)
    residuals: tuple[int, ...] = (0, 0, 0)
    projection: int = 0
    recurrent: int = 128
    bidirectional: bool = True
    front_end: str = "log_mel"
    dropout: float = 0.2
    delay_frames: int = 0
    classes: tuple[str, ...] = CLASSES
    decisions: tuple[Decision, ...] = (RAW,) * len(CLASSES)

    def __post_init__(self) -> None:
        if len(self.decisions) != len(self.classes):
            raise ValueError(f"{len(self.classes)} classes with {len(self.decisions)} decisions")
        if 2 ** len(self.channels) != POOL_HOPS:
            raise ValueError(f"{len(self.channels)} convolutions do not pool {POOL_HOPS} hops to a frame")
        if len(self.residuals) != len(self.channels):
            raise ValueError(f"{len(self.channels)} convolutions with {len(self.residuals)} numbers of residuals")
        if self.front_end not in FRONT_ENDS:
            raise ValueError(f"there is no front end {self.front_end!r}; there are {', '.join(FRONT_ENDS)}")
        if self.delay_frames < 0 or (self.bidirectional and self.delay_frames):
            raise ValueError(f"a delay of {self.delay_frames} frames: only networks without the future wait, forward")

    def plain(self) -> dict[str, object]:
        """Give it in types that any loader can read."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


# reference: the published CRNN, with batch normalization. light: as much work, fewer parameters; its weights ship.
# live: light without the future but for a second.
LIGHT = Config(channels=(24, 48, 96), residuals=(0, 0, 1), projection=160, front_end="both")
NETWORKS = {
    "reference": Config(),
    "light": LIGHT,
    "live": replace(LIGHT, recurrent=160, bidirectional=False, delay_frames=FRAMES_PER_S),
}


class CRNN(nn.Module):
    """Three 3 × 3 convolutions, each with 2 × 2 max-pooling, two GRU layers, a linear layer; and what Config adds.

    Shape: wave [B, T] float32, full scale 1.0 → logits [B, classes, T / FRAME_SAMPLES]. The front end is part of it.
    After Çakır et al., "Convolutional Recurrent Neural Networks for Polyphonic Sound Event Detection" (2017).
    """

    def __init__(self, config: Config = NETWORKS["reference"]) -> None:
        super().__init__()
        self.config = config
        self.mel = MelBands(config.mels)
        self.front_end = FRONT_ENDS[config.front_end](config.mels)
        parts = self.front_end.parts
        self.norm = nn.BatchNorm1d(parts * config.mels, affine=False)
        widths = (parts, *config.channels)
        self.convolutions = nn.Sequential(*map(_stage, widths, config.channels, config.residuals))
        maps = exact_div(config.mels, POOL_HOPS) * config.channels[-1]
        self.projection = nn.Sequential(nn.Linear(maps, config.projection), nn.ReLU()) if config.projection else None
        self.recurrent = nn.GRU(
            config.projection or maps,
            config.recurrent,
            num_layers=2,
            bidirectional=config.bidirectional,
            batch_first=True,
            dropout=config.dropout,
        )
        self.dropout = nn.Dropout(config.dropout)
        self.linear = nn.Linear((1 + config.bidirectional) * config.recurrent, len(config.classes))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # three times as fast on a CPU

    def forward(self, wave: Tensor) -> Tensor:
        """Give the logits."""
        return self.classify(self.features(wave))

    def features(self, wave: Tensor) -> Tensor:
        """Give the bands [B, parts · mels, hops] of a wave [B, T], each at the mean and spread of the training data."""
        bands: Tensor = self.norm(self.front_end(self.mel(wave)))
        return bands

    def classify(self, bands: Tensor) -> Tensor:
        """Give the logits of bands: of frame t, what is thought when frame t + delay_frames has been heard."""
        delay = self.config.delay_frames
        states, _ = self.recurrent(self.frames(self.followed(bands)))
        logits: Tensor = self.linear(self.dropout(states[:, delay:]))
        return logits.transpose(1, 2)

    def followed(self, bands: Tensor) -> Tensor:
        """Add delay_frames of silence at the end: POOL_HOPS · delay_frames hops.

        Silence is what it becomes in serving, also in training: in a batch, its own mean would be taken from it.
        """
        if not self.config.delay_frames:
            return bands
        hops = POOL_HOPS * self.config.delay_frames
        silence = self.front_end(bands.new_zeros(1, self.config.mels, 1))
        normal = functional.batch_norm(silence, self.norm.running_mean, self.norm.running_var, eps=self.norm.eps)
        return torch.cat([bands, normal.expand(bands.shape[0], -1, hops)], -1)

    def frames(self, bands: Tensor) -> Tensor:
        """Give what the recurrence hears, [B, frames, units]."""
        channels = bands.reshape(bands.shape[0], self.front_end.parts, self.config.mels, bands.shape[-1])
        maps = self.convolutions(channels)
        frames: Tensor = self.dropout(maps.permute(0, 3, 2, 1).flatten(2))
        if self.projection is not None:
            frames = self.projection(frames)
        return frames

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


class _Residual(nn.Module):
    """A 3 × 3 convolution beside a by-pass. Shape: [B, C, mels, hops] → the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = _convolution(channels, channels)

    def forward(self, maps: Tensor) -> Tensor:
        """Add what the convolution finds."""
        return functional.relu(maps + self.convolution(maps))


def _stage(inputs: int, outputs: int, residuals: int) -> nn.Sequential:
    more = (_Residual(outputs) for _ in range(residuals))
    return nn.Sequential(*_convolution(inputs, outputs), nn.ReLU(), *more, nn.MaxPool2d(2))


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs))


def fused(model: CRNN) -> CRNN:
    """Give a copy for serving, its batch normalizations merged into the convolutions before them: equal, but faster."""
    served = copy.deepcopy(model).eval()
    for parent in list(served.convolutions.modules()):
        children = list(parent.named_children())
        for (at, one), (after, next_one) in pairwise(children):
            if isinstance(one, nn.Conv2d) and isinstance(next_one, nn.BatchNorm2d):
                setattr(parent, at, fuse_conv_bn_eval(one, next_one))
                setattr(parent, after, nn.Identity())
    return served
