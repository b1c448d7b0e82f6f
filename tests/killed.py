"""Train a small network without a break to one file, and to another being killed again and again; for test_resume.

Arguments: the shards, the file of the one, the file of the other. Each training is a process of its own.
"""

from __future__ import annotations

import io
import itertools
import os
import signal
import sys
from types import SimpleNamespace
from typing import Any

import torch

import crnn.train
from crnn import saving
from crnn.model import NETWORKS, Config
from crnn.training import Recipe, Training

RECIPE = Recipe(epochs=3, batch_size=2, device="cpu", patience=9, schedule="plateau", save_minutes=3, balance=0.5)
SMALL = Config(mels=16, channels=(4, 8, 8), recurrent=8, dropout=0.5)
# After these steps, of 7 an epoch; "half" is while a checkpoint is written.
KILLS = (2, 5, 5, 7, "half", 13, 16)


def die() -> None:
    """End as by a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def prepare_to_die(at: int | str | None) -> None:
    """Die after step ``at``; save after every third step."""
    torch.set_num_threads(1)
    NETWORKS["light"] = SMALL
    minutes = itertools.count()
    setattr(saving, "time", SimpleNamespace(monotonic=lambda: 60.0 * next(minutes)))  # noqa: B010

    def after_step(self: Training, *_: Any) -> None:
        if self.global_step == at:
            die()

    def half(checkpoint: Any, file: Any) -> None:
        whole = io.BytesIO()
        torch.serialization.save(checkpoint, whole)
        file.write(whole.getvalue()[: whole.tell() // 2])
        file.flush()
        die()

    Training.on_train_batch_end = after_step  # type: ignore[assignment,method-assign]
    if at == "half":
        setattr(saving, "torch", SimpleNamespace(save=half))  # noqa: B010


def run(shards: str, output: str, at: int | str | None) -> int:
    """Train in a process of its own; give the signal that ended it."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    prepare_to_die(at)
    crnn.train.train([shards], output, RECIPE)
    os._exit(0)


def main(shards: str, straight: str, broken: str) -> None:
    """Print how each process ended."""
    print(run(shards, straight, None), *(run(shards, broken, at) for at in (*KILLS, None)))


if __name__ == "__main__":
    main(*sys.argv[1:])
