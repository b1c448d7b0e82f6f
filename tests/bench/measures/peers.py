"""The peers: TVSM's published network for speech and music, silero-vad for speech."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.transforms import MelSpectrogram

from crnn.checkpoint import flush_denormals
from transforms.frames import SAMPLE_RATE_HZ
from transforms.records import Interval

from .detectors import Detector, Values, Wave, at_half

TVSM_HOP = 512
TVSM_CHUNK = 625
TVSM_POOL = 6
SILERO_SAMPLES = 512
SILERO_NEEDS = ("silero_vad", "onnxruntime")


def peers(data: Path) -> list[Detector]:
    """Give the peers that are there, and say how to get those that are not."""
    found = []
    weights = data / "peer" / "tvsm-pseudo.pt"
    if weights.is_file():
        found.append(tvsm(weights))
    else:
        print(f"left out: TVSM; its published weights are not at {weights}")
    missing = [name for name in SILERO_NEEDS if find_spec(name) is None]
    if missing:
        print(f"left out: silero-vad ({', '.join(missing)} missing); pip install silero-vad onnxruntime")
        return found
    return [*found, silero(), silero_blocks()]


class Tvsm(nn.Module):
    """The network of "A large TV dataset for speech and music activity detection" (Hung et al., 2022).

    Shape: power mel bands [B, 128, T] → logits [B, 2, T]: music, speech.
    """

    def __init__(self) -> None:
        super().__init__()
        self.c1, self.c2, self.c3 = _block(1, 64, 3), _block(64, 64, 11), _block(64, 16, 11)
        # Named as in the published weights, though it is a GRU.
        self.lstm1 = nn.Sequential(nn.GRU(256, 80, bidirectional=True, batch_first=True))
        self.b1 = nn.BatchNorm1d(160)
        self.lstm2 = nn.Sequential(nn.GRU(160, 40, bidirectional=True, batch_first=True))
        self.b2 = nn.BatchNorm1d(80)
        self.last = nn.Linear(80, 2)

    def forward(self, bands: Tensor) -> Tensor:
        """Give the logits."""
        maps = self.c3(self.c2(self.c1(pcen(bands).unsqueeze(1))))
        states = maps.flatten(1, 2)
        for recurrent, norm in ((self.lstm1, self.b1), (self.lstm2, self.b2)):
            states = norm(recurrent(states.transpose(1, 2))[0].transpose(1, 2))
        logits: Tensor = self.last(states.transpose(1, 2)).transpose(1, 2)
        return logits


def pcen(bands: Tensor) -> Tensor:
    """Normalize energies [B, mels, T] per channel, smoothed along the mel axis, as the weights were trained."""
    levels = [bands[:, 0]]
    for band in bands.unbind(1)[1:]:
        levels.append(0.975 * levels[-1] + 0.025 * band)
    normalized: Tensor = (bands / (torch.stack(levels, 1) + 1e-6) ** 0.98 + 2) ** 0.5 - 2**0.5
    return normalized


def tvsm(weights: Path) -> Detector:
    """Give TVSM's network, its weights free of denormals (with them it takes 40 times as long)."""
    network = Tvsm().eval()
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    flush_denormals(network)
    mel = MelSpectrogram(SAMPLE_RATE_HZ, n_fft=1024, hop_length=TVSM_HOP)

    def frames(wave: Wave) -> Values:
        with torch.inference_mode():
            chunks = mel(torch.from_numpy(wave))[None].split(TVSM_CHUNK, 2)
            probability = torch.sigmoid(torch.cat([network(chunk) for chunk in chunks], 2))
            pooled: Values = functional.max_pool1d(probability, TVSM_POOL, ceil_mode=True)[0].numpy()
        return pooled

    def decide(probability: Values, duration_s: float) -> list[Interval]:
        frame_s = TVSM_POOL * TVSM_HOP / SAMPLE_RATE_HZ
        labelled = zip(("music", "speech"), probability, strict=True)
        return [interval for label, row in labelled for interval in at_half(label, row, frame_s)]

    parameters = sum(tensor.numel() for tensor in network.parameters())
    return Detector("TVSM", ("speech", "music"), frames, {"TVSM": decide}, parameters, weights.stat().st_size)


def silero() -> Detector:
    """Give silero-vad's ONNX model as its users run it: 32 ms by 32 ms, with its own making of intervals."""
    from silero_vad import load_silero_vad

    model = load_silero_vad(onnx=True)

    def frames(wave: Wave) -> Values:
        found: Values = model.audio_forward(torch.from_numpy(wave), SAMPLE_RATE_HZ).numpy()
        return found

    return Detector("silero", ("speech",), frames, {"silero": timestamps, "silero at 0.5": _silero_at_half})


def silero_blocks() -> Detector:
    """Give the same model in the form that takes half a minute a call: only to time it."""
    from silero_vad import load_silero_vad

    model: Any = load_silero_vad(sequence=True)
    return Detector("silero, in blocks", ("speech",), lambda wave: model.audio_forward(wave)[None], {})


def timestamps(probability: Values, duration_s: float) -> list[Interval]:
    """Make intervals of silero's probabilities [1, F] by its own rules at their defaults."""
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    samples = round(duration_s * SAMPLE_RATE_HZ)
    spans = get_speech_timestamps_from_probs(
        probability[0].tolist(), sampling_rate=SAMPLE_RATE_HZ, audio_length_samples=samples
    )
    return [Interval(span["start"] / SAMPLE_RATE_HZ, span["end"] / SAMPLE_RATE_HZ, "speech") for span in spans]


def _silero_at_half(probability: Values, duration_s: float) -> list[Interval]:
    return at_half("speech", np.asarray(probability[0]), SILERO_SAMPLES / SAMPLE_RATE_HZ)


def _block(inputs: int, outputs: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.ReLU(), nn.MaxPool2d((2, 1)), nn.BatchNorm2d(outputs)
    )
