"""What Lightning runs to fit the CRNN: the module under training, its data, its progress on a log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.nn import functional

from crnn.augment import Augmentation, SpecAugment, augment
from crnn.checkpoint import HEADER, SERVING, Header, flush_denormals, header_of
from crnn.dataset import Example, ShardDataset, ShardFiles
from crnn.loader import Batches, EpochBatches
from crnn.model import CRNN, Config
from crnn.order import lane_count
from crnn.ranks import PooledLoss, mean_of_ranks, step_seed
from transforms.decide import choose, figures
from transforms.frames import FRAMES_PER_S, SEGMENT_FRAMES

WARMUP_SHARE = 0.05
# The share of the training after which a network may have a say in its own targets.
BELIEVED_FROM = 0.3
# On a plateau: after so many epochs without gain, the rate is cut to this share.
PLATEAU_EPOCHS = 5
PLATEAU_CUT = 0.3
PLATEAU_GAIN = 1e-4
# What a checkpoint holds of the epochs, and of the epoch in which it was made.
LOSSES, RUNNING = "valid_losses", "running_loss"


@dataclass(frozen=True)
class Recipe:
    """How to train; see ``smad train --help``."""

    epochs: int = 100
    batch_size: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    schedule: str = "cosine"
    patience: int = 0
    max_minutes: float = 0.0
    save_minutes: float = 10.0
    workers: int = 0
    seed: int = 0
    balance: float = 0.0
    network: str = "light"
    front_end: str = ""
    gain_db: float = Augmentation.gain_db
    mixup: float = Augmentation.mixup
    crop_s: float = 20.0
    bootstrap: float = 0.0
    device: str = "auto"
    devices: int = 1
    precision: str = "32-true"


class Training(lightning.LightningModule):
    """The model under training: weighted binary cross-entropy, SpecAugment, AdamW with warm-up and decay.

    steps: how many there will be, about.
    """

    def __init__(self, config: Config, recipe: Recipe, data_digest: str, steps: int = 1) -> None:
        super().__init__()
        self.model = CRNN(config)
        self.recipe, self.data_digest, self.steps = recipe, data_digest, steps
        self.masks: nn.Module = SpecAugment(config.mels)
        self.augmentation = Augmentation(recipe.gain_db, recipe.mixup, round(recipe.crop_s * FRAMES_PER_S))
        self.best: dict[str, Tensor] | None = None
        self.best_decisions = config.decisions
        self.heard: list[Tensor] = []
        self.best_metrics: dict[str, float] = {}
        self.valid_losses: list[float] = []
        self.train_loss, self.valid_loss = PooledLoss(), PooledLoss()

    def on_train_epoch_start(self) -> None:
        """Forget the loss of the epoch before, where training is taken up at its end."""
        self.train_loss.reset()

    def on_train_batch_start(self, batch: Example, batch_idx: int) -> None:  # noqa: ARG002
        """Give each step random numbers of its own, whatever happened before it."""
        torch.manual_seed(step_seed(self.recipe.seed, self.global_step, self.global_rank))

    def training_step(self, batch: Example, _: int) -> Tensor:
        """Give the loss of a batch of segments, some of their bands and hops masked."""
        wave, targets, weights = augment(batch, self.augmentation)
        logits = self.model.classify(self.masks(self.model.features(wave)))
        known = mean_of_ranks(weights.sum())
        believed = bootstrapped(targets, logits, self._belief())
        loss = weighted_loss(logits, believed, weights, known)
        self.train_loss.update(loss, known)
        self.log("train_loss", self.train_loss, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def _belief(self) -> float:
        """Give the share of the network's own say in the targets: none until it has learnt something."""
        done = self.global_step / max(1, self.steps)
        return self.recipe.bootstrap * (done > BELIEVED_FROM)

    def validation_step(self, batch: Example, _: int) -> None:
        """Measure the loss on held-out segments, and keep what is said of them."""
        wave, targets, weights = batch
        logits = self.model(wave)
        self.heard.append(torch.stack([logits.float().sigmoid(), targets, weights]).cpu())
        self.valid_loss.update(weighted_loss(logits, targets, weights), weights.sum())
        self.log("valid_loss", self.valid_loss, prog_bar=True)

    def on_validation_epoch_end(self) -> None:
        """Keep the weights of the best epoch so far, which are to serve, and choose how its scores become intervals.

        What is validated before the first epoch are weights to begin from: they count as epoch -1.
        """
        loss = float(self.trainer.callback_metrics["valid_loss"])
        heard = self._all_heard()
        if loss < self.best_metrics.get("valid_loss", float("inf")):
            probability, targets, weights = heard.numpy()
            choices = choose(probability, targets, weights, self.model.config.decisions)
            self.best_decisions = tuple(choice.decision for choice in choices)
            scores = figures(self.model.config.classes, choices)
            epoch = -1.0 if self.trainer.sanity_checking else float(self.current_epoch)
            self.best_metrics = {"valid_loss": loss, "epoch": epoch, **scores}
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

    def on_train_epoch_end(self) -> None:
        """Note the epoch's loss; clear weights that only cost time."""
        flush_denormals(self.model)
        if "valid_loss" in self.trainer.callback_metrics:
            self.valid_losses.append(float(self.trainer.callback_metrics["valid_loss"]))

    def configure_optimizers(self) -> Any:
        """Give AdamW, its rate rising over the first steps, and falling by a cosine or wherever the loss stays."""
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=self.recipe.learning_rate, weight_decay=self.recipe.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate_share)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _rate_share(self, step: int) -> float:
        if self.recipe.schedule == "cosine":
            return rate_share(step, self.steps)
        return warmup_share(step, self.steps) * PLATEAU_CUT ** plateaus(self.valid_losses)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the model's header and the weights that serve beside the training state."""
        config = replace(self.model.config, decisions=self.best_decisions)
        header = Header(config, self.data_digest, self.best_metrics)
        checkpoint[HEADER] = header.plain()
        checkpoint[SERVING] = self.best or {name: value.cpu() for name, value in self.model.state_dict().items()}
        checkpoint[LOSSES] = self.valid_losses
        checkpoint[RUNNING] = mean_of_ranks(torch.stack([self.train_loss.total, self.train_loss.known])).cpu()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the best epoch of the interrupted run, and the one it was in."""
        header = header_of(checkpoint)
        self.best_metrics, self.best_decisions = dict(header.metrics), header.config.decisions
        self.best = checkpoint[SERVING] if self.best_metrics else None
        self.valid_losses = list(checkpoint.get(LOSSES, []))
        running = checkpoint.get(RUNNING, torch.zeros(2, dtype=torch.float64)).to(self.device)
        self.train_loss.total, self.train_loss.known = running


class Shards(lightning.LightningDataModule):
    """The loaders of the training and validation segments; each epoch has an order of its own, given by the seed."""

    def __init__(self, train: ShardFiles, valid: ShardFiles, recipe: Recipe) -> None:
        super().__init__()
        self.train, self.valid, self.recipe = train, valid, recipe

    def train_dataloader(self) -> EpochBatches:
        """Give this epoch's segments, shuffled."""
        recipe = self.recipe
        epoch, rank, ranks = self._place()
        dataset = ShardDataset(self.train, recipe.seed * 1_000_003 + epoch, recipe.balance, rank, ranks)
        lanes = lane_count(ranks * max(1, recipe.workers))
        order = {"--seed": recipe.seed, "--balance": recipe.balance, "--workers (lanes)": lanes}
        order["--batch-size × --devices"] = recipe.batch_size * ranks
        return EpochBatches(dataset, recipe.batch_size, recipe.workers, epoch, order)

    def val_dataloader(self) -> Batches | list[Any]:
        """Give the held-out segments in order, if there are any."""
        _, rank, ranks = self._place()
        dataset = ShardDataset(self.valid, rank=rank, ranks=ranks)
        return Batches(dataset, self.recipe.batch_size, self.recipe.workers) if self.valid.rows else []

    def _place(self) -> tuple[int, int, int]:
        trainer = self.trainer
        return (trainer.current_epoch, trainer.global_rank, trainer.world_size) if trainer else (0, 0, 1)


def bootstrapped(targets: Tensor, logits: Tensor, belief: float) -> Tensor:
    """Mix into targets what the network itself says, against labels that are wrong.

    The soft bootstrapping of Reed et al., "Training Deep Neural Networks on Noisy Labels with Bootstrapping" (2015).
    """
    return torch.lerp(targets, logits.detach().sigmoid(), belief) if belief else targets


def weighted_loss(logits: Tensor, targets: Tensor, weights: Tensor, known: Tensor | None = None) -> Tensor:
    """Give the binary cross-entropy of [B, classes, F], averaged by weight; unknown frames (weight 0) do not count.

    known: what to divide by instead of this batch's sum of weights: its mean over the ranks, whose mean loss is then
    that of all their batches together.
    """
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (losses * weights).sum() / (weights.sum() if known is None else known).clamp(min=1e-6)


def warmup_share(step: int, steps: int) -> float:
    """Give the share of the full learning rate at ``step`` of ``steps``: it rises linearly, then stays."""
    return min(1.0, (step + 1) / max(1, round(WARMUP_SHARE * steps)))


def rate_share(step: int, steps: int) -> float:
    """Give the share of the full learning rate at ``step`` of ``steps``: a linear warm-up, then half a cosine."""
    warmup = max(1, round(WARMUP_SHARE * steps))
    done = min(1.0, max(0, step - warmup) / max(1, steps - warmup))
    return min(warmup_share(step, steps), 0.5 * (1 + math.cos(math.pi * done)))


def plateaus(losses: Sequence[float], patience: int = PLATEAU_EPOCHS) -> int:
    """Count how often the loss has had no gain for more than ``patience`` epochs, as ReduceLROnPlateau does."""
    best, bad, count = math.inf, 0, 0
    for loss in losses:
        best, bad = (loss, 0) if loss < best * (1 - PLATEAU_GAIN) else (best, bad + 1)
        if bad > patience:
            bad, count = 0, count + 1
    return count
