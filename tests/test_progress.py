"""What is said while a network is trained."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from crnn import progress
from crnn.progress import EpochLines, WaitShare


class Clock:
    """Give the seconds it is set to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    perf_counter = monotonic


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def trainer(**changes: Any) -> Any:
    state = {"max_epochs": 2, "num_training_batches": 100, "current_epoch": 0, "global_step": 0, "world_size": 1}
    return SimpleNamespace(**{**state, "is_global_zero": True, "callback_metrics": {}, **changes})


def spoken(clock: Clock, capsys: pytest.CaptureFixture[str], first: int, steps: int, rank: int = 0) -> list[str]:
    """Give the lines of steps of 7 s, each with its number as its loss."""
    lines: Any = EpochLines()
    state = trainer(current_epoch=first // 100, global_step=first, is_global_zero=rank == 0)
    lines.on_train_start(state, None)
    for step in range(first, first + steps):
        clock.now_s += 7
        state.global_step = step + 1
        lines.on_train_batch_end(state, None, {"loss": torch.tensor(float(step % 100))}, None, step % 100)
    return capsys.readouterr().err.splitlines()


def test_a_line_a_minute(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    assert spoken(clock, capsys, 0, 20) == [
        "epoch 1/2  step 9/100  loss 4.0000  22.3 min left",  # 191 steps of 7 s
        "epoch 1/2  step 18/100  loss 13.0000  21.2 min left",
    ]


def test_time_left_after_taking_up(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    assert spoken(clock, capsys, 150, 9) == ["epoch 2/2  step 59/100  loss 54.0000  4.8 min left"]


def test_one_rank_speaks(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    assert spoken(clock, capsys, 0, 20, rank=1) == []


def test_a_line_an_epoch(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    lines: Any = EpochLines()
    state = trainer(callback_metrics={"valid_loss": 0.25, "train_loss": 0.5})
    lines.on_train_start(state, None)
    clock.now_s, state.global_step = 600, 100
    lines.on_train_epoch_end(state, None)
    assert capsys.readouterr().err == "epoch 1/2  train_loss 0.5000  valid_loss 0.2500  10.0 min left\n"


def test_the_share_of_waiting(clock: Clock) -> None:
    logged: dict[str, float] = {}
    module: Any = SimpleNamespace(log=lambda name, value, sync_dist: logged.update({name: value}))
    wait: Any = WaitShare()
    state = trainer(train_dataloader=SimpleNamespace(wait_s=2.0))
    wait.on_train_epoch_start(state, module)
    clock.now_s = 30
    wait.on_validation_start(state, module)
    clock.now_s = 90
    wait.on_validation_end(state, module)
    clock.now_s = 100
    wait.on_train_epoch_end(state, module)
    assert logged == {"wait_share": 0.05}
