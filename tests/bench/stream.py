"""What live use costs: latency, and CPU seconds a second of sound, in blocks and as a whole file.

Run: python tests/bench/stream.py
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from crnn.features import FRONT_ENDS
from crnn.model import CRNN, NETWORKS, fused
from crnn.stream import Stream, latency_samples, look_ahead_hops
from transforms.frames import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE_HZ, seconds

BLOCKS_MS = (20, 200, 1000)


def cpu_s(do: Callable[[], object]) -> float:
    """Give the CPU seconds that it takes: the least of three times."""
    taken = []
    for _ in range(3):
        before = time.process_time()
        do()
        taken.append(time.process_time() - before)
    return min(taken)


def push_all(model: CRNN, blocks: list[NDArray[np.float32]]) -> None:
    """Stream all blocks."""
    stream = Stream(model)
    for block in blocks:
        stream.push(block)
    stream.finish()


def latency() -> None:
    """Print how long after its end a frame of the live network is answered, and of what that consists."""
    config = NETWORKS["live"]
    total, ahead = latency_samples(config), look_ahead_hops(config) * HOP_SAMPLES
    delay = config.delay_frames * FRAME_SAMPLES
    parts = f"convolutions {1000 * seconds(ahead):.1f}, window {1000 * seconds(total - ahead - delay):.1f}"
    print(f"latency after a frame's end: {1000 * seconds(total):.1f} ms ({parts}, delay {1000 * seconds(delay):.1f})")
    print(f"longest wait, with the frame of {1000 * seconds(FRAME_SAMPLES):.0f} ms: ", end="")
    print(f"{1000 * seconds(total + FRAME_SAMPLES):.1f} ms")


def cost(front_end: str, length_s: int) -> None:
    """Print the CPU seconds a second of sound, by size of the blocks, relative to the whole file."""
    model = fused(CRNN(replace(NETWORKS["live"], front_end=front_end)))
    wave = np.random.default_rng(0).normal(0, 0.1, length_s * SAMPLE_RATE_HZ).astype(np.float32)
    with torch.inference_mode():
        whole_s = cpu_s(lambda: model(torch.from_numpy(wave)[None])) / length_s
    print(f"{front_end}: whole file {1000 * whole_s:.2f} ms of CPU a second of sound")
    for block_ms in BLOCKS_MS:
        size = SAMPLE_RATE_HZ * block_ms // 1000
        blocks = [wave[at : at + size] for at in range(0, len(wave), size)]
        taken_s = cpu_s(partial(push_all, model, blocks)) / length_s
        print(f"{front_end}: blocks of {block_ms} ms {1000 * taken_s:.2f} ms, {taken_s / whole_s:.1f} times the whole")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=60, help="length of the sound")
    options = parser.parse_args()
    torch.set_num_threads(1)
    latency()
    for front_end in FRONT_ENDS:
        cost(front_end, options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
