"""What Lightning runs to fit the CRNN: the module under training, its data, its progress on a log."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

from crnn.augment import Augmentation, augment, spec_augment
from crnn.checkpoint import HEADER, SERVING, Header, flush_denormals, header_of
from crnn.dataset import Example, ShardDataset, ShardFiles
from crnn.model import CRNN, Config
from transforms.decide import choose, figures
from transforms.frames import FRAMES_PER_S, SEGMENT_FRAMES

WARMUP_SHARE = 0.05
# The share of the training after which a network may have a say in its own targets.
BELIEVED_FROM = 0.3


@dataclass(frozen=True)
class Recipe:
    """How to train; see ``smad train --help``."""

    epochs: int = 100
    batch_size: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    patience: int = 0
    max_minutes: float = 0.0
    workers: int = 0
    seed: int = 0
    balance: float = 0.0
    network: str = "light"
    gain_db: float = 8.0
    mixup: float = 0.1
    crop_s: float = 20.0
    bootstrap: float = 0.0
    device: str = "auto"
    precision: str = "32-true"


class Training(lightning.LightningModule):
    """The model under training: weighted binary cross-entropy, SpecAugment, AdamW with warm-up and cosine decay."""

    def __init__(self, config: Config, recipe: Recipe, data_digest: str) -> None:
        super().__init__()
        self.model = CRNN(config)
        self.recipe, self.data_digest = recipe, data_digest
        self.masks = spec_augment(config.mels)
        self.augmentation = Augmentation(recipe.gain_db, recipe.mixup, round(recipe.crop_s * FRAMES_PER_S))
        self.best: dict[str, Tensor] | None = None
        self.best_metrics: dict[str, float] = {}
        self.best_decisions = config.decisions
        self.heard: list[Tensor] = []

    def training_step(self, batch: Example, _: int) -> Tensor:
        """Give the loss of a batch of segments, some of their bands and hops masked."""
        wave, targets, weights = augment(batch, self.augmentation)
        logits = self.model.classify(self.masks(self.model.features(wave)))
        loss = weighted_loss(logits, bootstrapped(targets, logits, self._belief()), weights)
        self.log("train_loss", loss, prog_bar=True, on_step=False, on_epoch=True, batch_size=len(wave))
        return loss

    def _belief(self) -> float:
        """Give the share of the network's own say in the targets: none until it has learnt something."""
        done = self.trainer.global_step / max(1, int(self.trainer.estimated_stepping_batches))
        return self.recipe.bootstrap * (done > BELIEVED_FROM)

    def validation_step(self, batch: Example, _: int) -> None:
        """Measure the loss on held-out segments, and keep what is said of them."""
        wave, targets, weights = batch
        logits = self.model(wave)
        loss = weighted_loss(logits, targets, weights)
        self.heard.append(torch.stack([logits.float().sigmoid(), targets, weights]).cpu())
        self.log("valid_loss", loss, prog_bar=True, batch_size=len(wave))

    def on_validation_epoch_end(self) -> None:
        """Keep the weights of the best epoch so far, which are to serve, and choose how its scores become intervals."""
        loss = float(self.trainer.callback_metrics["valid_loss"])
        heard = self._all_heard()
        if not self.trainer.sanity_checking and loss < self.best_metrics.get("valid_loss", float("inf")):
            choices = choose(*heard.numpy())
            self.best_decisions = tuple(choice.decision for choice in choices)
            scores = figures(self.model.config.classes, choices)
            self.best_metrics = {"valid_loss": loss, "epoch": float(self.current_epoch), **scores}
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}

    def _all_heard(self) -> Tensor:
        """Take (probability, targets, weights) [3, N, classes, SEGMENT_FRAMES] of the epoch, from all processes."""
        nothing = torch.empty(3, 0, len(self.model.config.classes), SEGMENT_FRAMES)
        mine, self.heard = torch.cat([nothing, *self.heard], dim=1), []
        if not torch.distributed.is_initialized():
            return mine
        parts = [mine] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(parts, mine)  # unlike all_gather it takes shares of different sizes
        return torch.cat(parts, dim=1)

    def configure_optimizers(self) -> Any:
        """Give AdamW, its rate rising linearly over the first steps and falling by a cosine to the last."""
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=self.recipe.learning_rate, weight_decay=self.recipe.weight_decay
        )
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_share(step, steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the model's header and the weights that serve beside the training state."""
        flush_denormals(self.model)
        config = replace(self.model.config, decisions=self.best_decisions)
        header = Header(config, self.data_digest, self.best_metrics)
        checkpoint[HEADER] = header.plain()
        checkpoint[SERVING] = self.best or {name: value.cpu() for name, value in self.model.state_dict().items()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the best epoch of the interrupted run."""
        header = header_of(checkpoint)
        self.best_metrics, self.best_decisions = dict(header.metrics), header.config.decisions
        self.best = checkpoint[SERVING] if self.best_metrics else None


class EpochLines(lightning.Callback):
    """A plain line an epoch, with the time left, where there is no terminal for a progress bar."""

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Start the clock."""
        self._started, self._first = time.monotonic(), trainer.current_epoch

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Print the line."""
        done, epochs = trainer.current_epoch + 1, trainer.max_epochs or 0
        left_s = (time.monotonic() - self._started) / (done - self._first) * (epochs - done)
        losses = "  ".join(f"{key} {value:.4f}" for key, value in sorted(trainer.callback_metrics.items()))
        print(f"epoch {done}/{epochs}  {losses}  {left_s / 60:.1f} min left", file=sys.stderr, flush=True)


class Shards(lightning.LightningDataModule):
    """The loaders of the training and validation segments; each epoch has an order of its own, given by the seed."""

    def __init__(self, train: ShardFiles, valid: ShardFiles, recipe: Recipe) -> None:
        super().__init__()
        self.train, self.valid, self.recipe = train, valid, recipe

    def train_dataloader(self) -> DataLoader[Example]:
        """Give this epoch's segments, shuffled."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        return self._loader(ShardDataset(self.train, self.recipe.seed * 1_000_003 + epoch, self.recipe.balance))

    def val_dataloader(self) -> DataLoader[Example] | list[Any]:
        """Give the held-out segments in order, if there are any."""
        return self._loader(ShardDataset(self.valid)) if self.valid.rows else []

    def _loader(self, dataset: ShardDataset) -> DataLoader[Example]:
        return DataLoader(dataset, batch_size=self.recipe.batch_size, num_workers=self.recipe.workers)


def bootstrapped(targets: Tensor, logits: Tensor, belief: float) -> Tensor:
    """Mix into targets what the network itself says, against labels that are wrong.

    The soft bootstrapping of Reed et al., "Training Deep Neural Networks on Noisy Labels with Bootstrapping" (2015).
    """
    return torch.lerp(targets, logits.detach().sigmoid(), belief) if belief else targets


def weighted_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Give the binary cross-entropy of [B, classes, F], averaged by weight; unknown frames (weight 0) do not count."""
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (losses * weights).sum() / weights.sum().clamp(min=1e-6)


def rate_share(step: int, steps: int) -> float:
    """Give the share of the full learning rate at ``step`` of ``steps``: a linear warm-up, then half a cosine."""
    warmup = max(1, round(WARMUP_SHARE * steps))
    done = min(1.0, max(0, step - warmup) / max(1, steps - warmup))
    return min((step + 1) / warmup, 0.5 * (1 + math.cos(math.pi * done)))
