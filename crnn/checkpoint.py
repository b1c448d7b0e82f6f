"""One file that serves and resumes: Lightning's training state, with the model's own header in it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import fsspec
import torch
from torch import nn

from crnn.model import CRNN, Config, fused
from transforms.activity import Decision
from transforms.records import InputError

VERSION = 2
HEADER = "smad"
# The weights to tag with: those of the best epoch, where the training state is that of the last.
SERVING = "serving"
# Weight decay shrinks dead filters to denormals, on which a CPU is 40 times slower.
SMALLEST_WEIGHT = 1e-30
# What lies in weights/: the ones to tag with, and those for live use.
SHIPPED = ("default", "live")


@dataclass(frozen=True)
class Header:
    """What a checkpoint says of itself. data_digest: of the shards it was trained on."""

    config: Config
    data_digest: str
    metrics: Mapping[str, float] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Give it in types that ``torch.load(weights_only=True)`` reads."""
        return {
            "version": VERSION,
            "config": self.config.plain(),
            "data_digest": self.data_digest,
            "metrics": dict(self.metrics),
        }


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint file. name: what tables call it, the file's name and digest."""

    header: Header
    weights: Mapping[str, torch.Tensor]
    name: str

    def model(self) -> CRNN:
        """Build the network with its weights, ready to serve."""
        model = CRNN(self.header.config)
        model.load_state_dict(dict(self.weights))
        return fused(model)


def read_checkpoint(path: str | None = None) -> Checkpoint:
    """Read a checkpoint, local or remote; by a name of SHIPPED, or without any, one of the package.

    Raises:
        InputError: it is not there, or not a checkpoint of this system or version.
    """
    data, name = _bytes(path)
    try:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        header, served = header_of(content), content[SERVING]
        weights = {name: value.float() if value.is_floating_point() else value for name, value in served.items()}
    except Exception as error:  # a broken file raises whatever its bytes lead to
        raise InputError(f"{name}: is not a checkpoint of smad ({error}); make one with smad train") from error
    return Checkpoint(header, weights, f"{name}@{hashlib.sha256(data).hexdigest()[:12]}")


def header_of(content: Mapping[str, Any]) -> Header:
    """Read the header out of a checkpoint's content.

    Raises:
        InputError: it has none, or one of another version.
    """
    plain = content.get(HEADER)
    if not isinstance(plain, dict):
        raise InputError("it has no smad header")
    if plain.get("version") != VERSION:
        raise InputError(f"its version is {plain.get('version')}, this program reads {VERSION}")
    config: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain["config"].items()}
    config["decisions"] = tuple(Decision(**one) for one in config["decisions"])
    return Header(Config(**config), plain["data_digest"], plain["metrics"])


def flush_denormals(module: nn.Module) -> None:
    """Set to zero, in place, every weight so small that computing with it is slow and means nothing."""
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                tensor[tensor.abs() < SMALLEST_WEIGHT] = 0


def _bytes(path: str | None) -> tuple[bytes, str]:
    if path is None or path in SHIPPED:
        name = path or SHIPPED[0]
        shipped = resources.files("crnn").joinpath(f"weights/{name}.ckpt")
        if not shipped.is_file():
            raise InputError(f"no weights {name} ship with this version: give a file made by smad train")
        return shipped.read_bytes(), name
    try:
        with fsspec.open(path, "rb") as file:
            return file.read(), path.rstrip("/").rsplit("/", 1)[-1]
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"{path}: cannot be opened as a checkpoint ({error}); make one with smad train") from error
