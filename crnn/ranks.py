"""Training in several processes ("ranks") as if it were one with a larger batch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn import functional as together
from torch.nn.modules.batchnorm import _BatchNorm
from torchmetrics import Metric


def rank_count() -> int:
    """Give the number of processes that train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def mean_of_ranks(value: Tensor) -> Tensor:
    """Give the mean of a value over the ranks, the same in each; gradients flow to all."""
    if rank_count() == 1:
        return value
    mean: Tensor = together.all_reduce(value) / rank_count()  # type: ignore[no-untyped-call]
    return mean


class PooledLoss(Metric):
    """The mean loss of all batches of all ranks, each counted by what is known of it (its sum of weights).

    torchmetrics' own MeanMetric forgets the weights unless it looks for NaN, which stops an accelerator every step.
    """

    def __init__(self) -> None:
        super().__init__()
        for name in ("total", "known"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.total: Tensor
        self.known: Tensor

    def update(self, loss: Tensor, known: Tensor) -> None:
        """Add a batch."""
        self.total += loss.detach() * known
        self.known += known

    def compute(self) -> Tensor:
        """Give the mean."""
        return self.total / self.known.clamp(min=1e-6)


class PooledBatchNorm(nn.Module):
    """A batch norm whose mean and variance in training are of the batches of all ranks, which are equally large.

    Unlike torch.nn.SyncBatchNorm it works on a CPU, too. Its weights and statistics are those of ``norm``, in place.
    """

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        self.momentum, self.eps = norm.momentum or 0.0, norm.eps
        self._parameters, self._buffers = norm._parameters, norm._buffers

    def forward(self, raw: Tensor) -> Tensor:
        """Normalize [B, channels, …]."""
        values = raw.float()
        if not self.training:
            mean, variance = self.get_buffer("running_mean"), self.get_buffer("running_var")
        else:
            axes = [0, *range(2, values.ndim)]
            mean = mean_of_ranks(values.mean(axes))
            variance = mean_of_ranks((values - _spread(mean, values)).square().mean(axes))
            self._keep(mean.detach(), variance.detach(), rank_count() * values.numel() // values.shape[1])
        scaled = (values - _spread(mean, values)) * _spread((variance + self.eps).rsqrt(), values)
        if self._parameters["weight"] is None:
            return scaled.to(raw.dtype)
        weight, bias = (_spread(self.get_parameter(name), values) for name in ("weight", "bias"))
        return (scaled * weight + bias).to(raw.dtype)

    def _keep(self, mean: Tensor, variance: Tensor, count: int) -> None:
        self.get_buffer("running_mean").lerp_(mean, self.momentum)
        self.get_buffer("running_var").lerp_(variance * (count / (count - 1)), self.momentum)
        self.get_buffer("num_batches_tracked").add_(1)


def pool_batch_norms(module: nn.Module) -> None:
    """Make every batch norm below ``module`` one of all ranks."""
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm):
            setattr(module, name, PooledBatchNorm(child))
        else:
            pool_batch_norms(child)


def _spread(channels: Tensor, values: Tensor) -> Tensor:
    return channels.view(1, -1, *[1] * (values.ndim - 2))


def step_seed(seed: int, step: int, rank: int) -> int:
    """Give the seed of a step's random numbers: a training that is taken up draws what it would have drawn."""
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0])
