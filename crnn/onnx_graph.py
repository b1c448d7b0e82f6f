"""The network in terms that ONNX has: equal to what it is made from, at any length and number of waves."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from crnn.features import EDGE_SAMPLES, FFT_SAMPLES, MelBands
from crnn.model import CRNN, fused
from transforms.frames import FRAME_SAMPLES, HOP_SAMPLES

OPSET = 18
Attributes = dict[str, int | float | str | bool | Sequence[int] | Sequence[float] | Sequence[str] | Sequence[bool]]
# The Fourier transform is taken in two steps of products with small matrices, FFT_SAMPLES = SIDE · SIDE.
SIDE = math.isqrt(FFT_SAMPLES)


class Tagger(nn.Module):
    """The whole way from sound to probabilities.

    Shape: wave [B, T] float32, 16 kHz, full scale 1.0 → [B, classes, ceil(T / FRAME_SAMPLES)]. The last frame is
    filled up with silence here, so that a caller needs to know nothing of frames.
    """

    def __init__(self, model: CRNN) -> None:
        super().__init__()
        self.model = fused(model)
        self.model.mel = ProductMelBands(model.config.mels)
        self.model.recurrent = OnnxGru(model.recurrent)  # type: ignore[assignment]

    def forward(self, wave: Tensor) -> Tensor:
        """Give the probabilities."""
        filled = functional.pad(wave, (0, FRAME_SAMPLES - 1))
        logits: Tensor = self.model(filled[:, : filled.shape[-1] // FRAME_SAMPLES * FRAME_SAMPLES])
        return logits.sigmoid()


class ProductMelBands(MelBands):
    """The same energies without an FFT, which ONNX Runtime has only as a slow one, and without views of windows.

    Cooley and Tukey (1965) with N = SIDE²: sample SIDE · i + j and bin p + SIDE · q. Over i first, for all j and p;
    then a turn by j · p / N; then over j, for q ≤ SIDE / 2. That is a fifth of the multiplications of a product with
    all cosines and sines.
    """

    first: Tensor
    cosines: Tensor
    sines: Tensor
    second: Tensor
    bands: Tensor

    def __init__(self, mels: int) -> None:
        super().__init__(mels)
        side = torch.arange(SIDE, dtype=torch.float64)
        turns, half = torch.outer(side, side), torch.outer(side, side[: SIDE // 2 + 1])
        real, imaginary = _waves(half / SIDE)
        matrices = {
            "first": torch.cat(_waves(turns / SIDE), 1),
            "cosines": torch.cos(2 * math.pi * turns / FFT_SAMPLES),
            "sines": torch.sin(2 * math.pi * turns / FFT_SAMPLES),
            "second": torch.cat([torch.cat([real, imaginary], 1), torch.cat([-imaginary, real], 1)]),
            "bands": _by_bin(self.triangles[::2]),
        }
        for name, matrix in matrices.items():
            self.register_buffer(name, matrix.float(), persistent=False)

    def of_padded(self, wave: Tensor) -> Tensor:
        """Give the energies; see MelBands."""
        windows = _framed(wave) * self.window
        across = windows.reshape(*windows.shape[:2], SIDE, SIDE).transpose(-1, -2)
        real, imaginary = (part.transpose(-1, -2) for part in (across @ self.first).chunk(2, -1))
        turned = (real * self.cosines + imaginary * self.sines, imaginary * self.cosines - real * self.sines)
        squares = (torch.cat(turned, -1) @ self.second).square().flatten(-2)
        return (squares @ self.bands).transpose(1, 2)


def _waves(turns: Tensor) -> tuple[Tensor, Tensor]:
    """Give the real and the imaginary part of e^(−2πi · turns)."""
    return torch.cos(2 * math.pi * turns), -torch.sin(2 * math.pi * turns)


def _by_bin(triangles: Tensor) -> Tensor:
    """Order triangles [bins, mels] as the two steps give the squares: by p, then part, then q."""
    rows = SIDE * (SIDE // 2 + 1)
    filled = functional.pad(triangles, (0, 0, 0, rows - len(triangles)))
    by_remainder = filled.reshape(SIDE // 2 + 1, SIDE, -1).transpose(0, 1)
    return torch.cat([by_remainder, by_remainder], 1).flatten(0, 1)


def _framed(wave: Tensor) -> Tensor:
    """Cut [B, T + 2 · EDGE_SAMPLES] into [B, T / HOP_SAMPLES, FFT_SAMPLES]: pieces of a hop, set side by side."""
    whole, rest = divmod(FFT_SAMPLES, HOP_SAMPLES)
    missing = (whole + 1) * HOP_SAMPLES - HOP_SAMPLES - 2 * EDGE_SAMPLES
    hops = functional.pad(wave, (0, missing)).reshape(wave.shape[0], -1, HOP_SAMPLES)
    count = hops.shape[1] - whole
    pieces = [hops[:, at : at + count] for at in range(whole)]
    return torch.cat([*pieces, hops[:, whole:, :rest]], -1)


class OnnxGru(nn.Module):
    """A GRU as ONNX has it: torch's exporter would fix the number of frames.

    Shape: [B, frames, units] → [B, frames, directions · hidden]. Its gates come in another order: update, reset, new.
    """

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.hidden, self.directions = gru.hidden_size, 1 + gru.bidirectional
        self.layers = gru.num_layers
        for layer in range(self.layers):
            for name, kinds in {"w": ("weight_ih",), "r": ("weight_hh",), "b": ("bias_ih", "bias_hh")}.items():
                ways = [f"l{layer}", f"l{layer}_reverse"][: self.directions]
                parts = [torch.cat([_reordered(getattr(gru, f"{kind}_{way}")) for kind in kinds]) for way in ways]
                self.register_buffer(f"{name}{layer}", torch.stack(parts))

    def forward(self, frames: Tensor) -> tuple[Tensor, None]:
        """Give the states and, in place of the last hidden state, nothing."""
        states = frames.transpose(0, 1)
        direction = "bidirectional" if self.directions == 2 else "forward"
        attributes: Attributes = {"hidden_size": self.hidden, "direction": direction, "linear_before_reset": 1}
        for layer in range(self.layers):
            made = torch.onnx.ops.symbolic(
                "GRU",
                (states, *(getattr(self, f"{name}{layer}") for name in "wrb")),
                attributes,
                dtype=states.dtype,
                shape=(states.shape[0], self.directions, states.shape[1], self.hidden),
                version=OPSET,
            )
            states = made.transpose(1, 2).flatten(2)
        return states.transpose(0, 1), None


def _reordered(gates: Tensor) -> Tensor:
    reset, update, new = copy.deepcopy(gates.detach()).chunk(3)
    return torch.cat([update, reset, new])
