"""The share of training's time in which it waits for segments, and what the loader alone gives, on one core.

Run: python tests/bench/feed.py [--shards SHARDS] [--steps 12] [--batch-size 16]
Without shards, noise and chords are made. A worker shares the core, if there is only one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import lightning
import numpy as np
import torch

from crnn.dataset import ShardDataset, ShardFiles, find_shards
from crnn.loader import Batches
from crnn.model import Config
from crnn.training import Recipe, Training
from transforms.frames import SEGMENT_FRAMES, SEGMENT_SAMPLES
from transforms.storage import write_table
from transforms.tables import SHARDS, flac

GOAL = 0.05
TITLES, SEGMENTS = 30, 32


def main() -> int:
    """Print the figures; fail where training waits for too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=16)
    args = parser.parse_args()
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        if not args.shards:
            write_shards(Path(folder) / "train")
        shards = find_shards([args.shards or folder], "train")
        waits = [measure(shards, args.batch_size, args.steps, workers) for workers in (0, 1)]
    return int(min(waits) > GOAL)


def measure(shards: ShardFiles, batch_size: int, steps: int, workers: int) -> float:
    """Print what the loader gives a second, and give the share of waiting in ``steps`` steps after the first."""
    alone = Batches(ShardDataset(shards, 0), batch_size, workers)
    first_s, rest_s = timed(alone, 2 * steps)
    wait_s, step_s = train(Batches(ShardDataset(shards, 1), batch_size, workers), batch_size, steps)
    share = wait_s / (wait_s + step_s)
    rate = batch_size * 2 * steps / rest_s
    where = f"{workers} workers" if workers else "no worker "
    print(f"{where}: loader alone {rate:.0f} segments/s (first batch after {first_s:.2f} s); ", end="")
    print(f"training {batch_size * steps / (wait_s + step_s):.1f} segments/s, waiting {share:.1%} (goal < {GOAL:.0%})")
    return share


def timed(batches: Batches, count: int) -> tuple[float, float]:
    """Give the seconds for the first batch, and for ``count`` more."""
    begun = time.perf_counter()
    ready = iter(batches)
    next(ready)
    first = time.perf_counter()
    if len(list(islice(ready, count))) < count:
        raise SystemExit("the shards hold too little for so many steps")
    return first - begun, time.perf_counter() - first


def train(batches: Batches, batch_size: int, steps: int) -> tuple[float, float]:
    """Give the seconds of waiting and of computing in ``steps`` steps, after two to warm up."""
    module = Training(Config(), Recipe(batch_size=batch_size), "")
    module.log = lambda *_, **__: None  # type: ignore[method-assign]
    optimizer = torch.optim.AdamW(module.parameters())
    ready, step_s = iter(batches), 0.0
    for number in range(steps + 2):
        if number == 2:
            batches.wait_s = step_s = 0.0
        batch = next(ready)
        begun = time.perf_counter()
        optimizer.zero_grad()
        module.training_step(batch, number).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        step_s += time.perf_counter() - begun
    return batches.wait_s, step_s


def write_shards(folder: Path) -> None:
    """Write titles of speech-like noise: FLAC takes about what it takes for film sound."""
    random, labels = np.random.default_rng(0), np.ones((2, SEGMENT_FRAMES)).tolist()
    steps = random.standard_normal((SEGMENTS, SEGMENT_SAMPLES)).astype(np.float32)
    rows = [
        {
            "audio": flac((1500 * np.convolve(wave, [0.5, 1.0, 0.5], "same")).clip(-32768, 32767).astype(np.int16)),
            "language": "en",
            "classes": ["speech", "music"],
            "targets": labels,
            "weights": labels,
        }
        for wave in steps
    ]
    for title in range(TITLES):
        empty = dict.fromkeys(SHARDS.names)
        write_table(str(folder / f"{title}.parquet"), SHARDS, [empty | row for row in rows])


if __name__ == "__main__":
    lightning.seed_everything(0, verbose=False)
    sys.exit(main())
