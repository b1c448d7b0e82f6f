"""How fast ONNX Runtime is beside torch, with one thread each, and how far apart their answers are.

Run: python tests/bench/export_onnx.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnxruntime
import torch

from crnn.export_onnx import to_onnx
from crnn.model import BATCH_WINDOWS, CRNN, NETWORKS, fused
from transforms.frames import SEGMENT_SAMPLES, seconds

ROUNDS = 5


def least_s(do: Callable[[], object]) -> float:
    """Give the least time of several."""
    taken = []
    for _ in range(ROUNDS):
        before = time.perf_counter()
        do()
        taken.append(time.perf_counter() - before)
    return min(taken)


def compare(name: str, front_end: str) -> None:
    """Print both speeds, in times real time."""
    torch.manual_seed(0)
    model = fused(CRNN(replace(NETWORKS[name], front_end=front_end)))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(to_onnx(model, name), options)
    wave = np.random.default_rng(0).normal(0, 0.1, (BATCH_WINDOWS, SEGMENT_SAMPLES)).astype(np.float32)
    with torch.inference_mode():
        torch_s = least_s(lambda: model(torch.from_numpy(wave)).sigmoid())
        expected = model(torch.from_numpy(wave)).sigmoid().numpy()
    onnx_s = least_s(lambda: session.run(None, {"wave": wave}))
    apart = np.abs(session.run(None, {"wave": wave})[0] - expected).max()
    sound_s = seconds(wave.size)
    print(
        f"{name:10}{front_end:8} torch {sound_s / torch_s:.0f} × real time, ONNX Runtime {sound_s / onnx_s:.0f} ×, "
        f"{torch_s / onnx_s:.2f} of torch's speed; answers within {apart:.0e}",
        flush=True,
    )


def main() -> int:
    """Print a line for each network and front end."""
    torch.set_num_threads(1)
    for name in NETWORKS:
        for front_end in ("log_mel", "pcen"):
            compare(name, front_end)
    return 0


if __name__ == "__main__":
    sys.exit(main())
