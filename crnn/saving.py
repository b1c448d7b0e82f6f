"""Checkpoints that a killed training leaves whole."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import fsspec
import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO


class WholeFiles(TorchCheckpointIO):
    """Write a local checkpoint beside its place and rename it; an object store takes an object whole or not at all.

    Lightning's own writes to the system's folder for temporary files: from another disk that is no rename but a copy.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write the file."""
        system, place = fsspec.core.url_to_fs(str(path))
        if "file" not in system.protocol:
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        final = Path(place)
        final.parent.mkdir(parents=True, exist_ok=True)
        part = final.with_name(f".{final.name}.part")
        with part.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(final)


class Saver(Checkpoint):
    """Save after every epoch, and within one when ``minutes`` have passed since the last time."""

    def __init__(self, path: str, minutes: float) -> None:
        self._path, self._minutes = path, minutes

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Start the clock."""
        self._saved = time.monotonic()

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Save if it is time; the last step of an epoch belongs to what follows it."""
        due = time.monotonic() - self._saved >= 60 * self._minutes
        if trainer.strategy.broadcast(due) and not trainer.is_last_batch:
            self._save(trainer)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Save."""
        self._save(trainer)

    def _save(self, trainer: lightning.Trainer) -> None:
        trainer.save_checkpoint(self._path)
        self._saved = time.monotonic()
