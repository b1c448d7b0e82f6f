"""How a training goes, in plain lines: each epoch, and every minute of a long one."""

from __future__ import annotations

import sys
import time
from typing import Any

import lightning
from torch import Tensor

LINE_S = 60.0


class EpochLines(lightning.Callback):
    """Lines with the losses and the time left, where there is no terminal for a progress bar."""

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Start the clock."""
        self._started = self._spoken = time.monotonic()
        self._first = trainer.global_step
        self._losses: list[Tensor] = []

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,  # noqa: ARG002
        outputs: Any,
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Print a line if the last one is long ago."""
        self._losses.append(outputs["loss"].detach())
        if time.monotonic() - self._spoken < LINE_S:
            return
        loss = float(sum(self._losses)) / len(self._losses)
        steps = int(trainer.num_training_batches)
        self._say(
            trainer, f"step {batch_idx + 1}/{steps}  loss {loss:.4f}", trainer.current_epoch * steps + batch_idx + 1
        )

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Print the epoch's line."""
        losses = "  ".join(f"{key} {value:.4f}" for key, value in sorted(trainer.callback_metrics.items()))
        self._say(trainer, losses, (trainer.current_epoch + 1) * int(trainer.num_training_batches))

    def _say(self, trainer: lightning.Trainer, what: str, done: int) -> None:
        self._spoken, self._losses = time.monotonic(), []
        epochs, taken = trainer.max_epochs or 0, max(1, trainer.global_step - self._first)
        left = max(0, epochs * int(trainer.num_training_batches) - done)
        left_min = (self._spoken - self._started) / taken * left / 60
        epoch = f"epoch {trainer.current_epoch + 1}/{epochs}"
        if trainer.is_global_zero:
            print(f"{epoch}  {what}  {left_min:.1f} min left", file=sys.stderr, flush=True)


class WaitShare(lightning.Callback):
    """Log the share of an epoch's time in which training waited for segments, validation apart.

    An accelerator works on while the program waits: there it is an upper bound.
    """

    _validated_s = 0.0

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Start the clocks."""
        self._started, self._validated_s = time.perf_counter(), 0.0

    on_train_start = on_train_epoch_start

    def on_validation_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Stop the clock."""
        self._validating = time.perf_counter()

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Go on with the clock."""
        self._validated_s += time.perf_counter() - self._validating

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Log the share."""
        loader: Any = trainer.train_dataloader
        trained_s = time.perf_counter() - self._started - self._validated_s
        pl_module.log("wait_share", loader.wait_s / trained_s, sync_dist=trainer.world_size > 1)
