"""Two processes train as one with the doubled batch does."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from crnn.ranks import PooledBatchNorm, pool_batch_norms, step_seed
from transforms.storage import read_table, write_table
from transforms.tables import SHARDS

SCRIPT = Path(__file__).with_name("small_train.py")
WriteShard = Callable[..., Path]


def write_unevenly_known(path: Path) -> None:
    """Give each segment a weight of its own, so that ranks do not know equally much."""
    random = np.random.default_rng(0)
    rows = [
        row | {"weights": (random.random((2, 100)) * random.random()).tolist()} for row in read_table(str(path)) or []
    ]
    write_table(str(path), SHARDS, rows)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, write_shard: WriteShard) -> Path:
    """Train to ``1.ckpt`` with batches of 4, and to ``2.ckpt`` in two processes with batches of 2."""
    folder = tmp_path_factory.mktemp("trained")
    write_unevenly_known(write_shard(folder, "train", "a", segments=14))
    write_unevenly_known(write_shard(folder, "valid", "b", segments=3, first=20))
    fixed = ["--shards", folder, "--epochs", 4, "--device", "cpu", "--learning-rate", 3e-3, "--weight-decay", 0]
    fixed += ["--gain-db", 0, "--mixup", 0]  # what is drawn at random is a matter of ranks
    for devices in (1, 2):
        own = ["--output", folder / f"{devices}.ckpt", "--devices", devices, "--batch-size", 4 // devices]
        command = [sys.executable, SCRIPT, *fixed, *own]
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=False, cwd=SCRIPT.parents[1]
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("checkpoint: ") == 1
        assert done.stderr.count("epoch 4/4") == 1
    return folder


def checkpoint(folder: Path, devices: int) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / f"{devices}.ckpt", weights_only=True)
    return content


def curve(folder: Path, devices: int) -> list[float]:
    events = EventAccumulator(str(folder / f"{devices}.ckpt.logs"))
    events.Reload()
    return [event.value for event in events.Scalars("train_loss")]


def test_the_losses_are_the_same(trained: Path) -> None:
    assert len(curve(trained, 1)) == 4
    assert curve(trained, 2) == pytest.approx(curve(trained, 1), rel=1e-4)
    one, two = (checkpoint(trained, devices)["valid_losses"] for devices in (1, 2))
    assert two == pytest.approx(one, rel=1e-4)


def test_the_weights_are_the_same(trained: Path) -> None:
    one, two = (checkpoint(trained, devices) for devices in (1, 2))
    assert one["global_step"] == two["global_step"] == 16
    assert one["state_dict"].keys() == two["state_dict"].keys()
    for name, weight in one["state_dict"].items():
        assert torch.allclose(weight, two["state_dict"][name], atol=1e-3), name


class TestPooledBatchNorm:
    @pytest.mark.parametrize("affine", [True, False])
    def test_alone_it_is_torchs(self, affine: bool) -> None:
        random = torch.Generator().manual_seed(0)
        norm = torch.nn.BatchNorm2d(3, affine=affine)
        pooled = PooledBatchNorm(torch.nn.BatchNorm2d(3, affine=affine))
        for training in (True, True, False):
            values = (5 + 2 * torch.randn(4, 3, 5, 7, generator=random)).requires_grad_()
            again = values.detach().clone().requires_grad_()
            one, other = norm.train(training)(values), pooled.train(training)(again)
            assert torch.allclose(one, other, atol=1e-5)
            one.cos().sum().backward()
            other.cos().sum().backward()
            assert values.grad is not None
            assert again.grad is not None
            assert torch.allclose(values.grad, again.grad, atol=1e-4)
        for name, value in norm.state_dict().items():
            assert torch.allclose(value, pooled.state_dict()[name], atol=1e-5), name

    def test_weights_keep_their_names(self) -> None:
        model = torch.nn.Sequential(torch.nn.Conv1d(1, 2, 3), torch.nn.Sequential(torch.nn.BatchNorm1d(2)))
        before = model.state_dict()
        pool_batch_norms(model)
        assert sum(isinstance(module, PooledBatchNorm) for module in model.modules()) == 1
        assert model.state_dict().keys() == before.keys()
        assert len(list(model.parameters())) == 4


def test_steps_and_ranks_have_seeds_of_their_own() -> None:
    seeds = {step_seed(seed, step, rank) for seed in range(3) for step in range(30) for rank in range(3)}
    assert len(seeds) == 270
    assert step_seed(1, 2, 0) == step_seed(1, 2, 0)
