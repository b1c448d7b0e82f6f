"""What ONNX Runtime costs beside torch, with one thread each, and how far apart their answers are.

Run: python tests/bench/export_onnx.py [--networks light,live]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnxruntime
import torch

from crnn.export_onnx import to_onnx
from crnn.features import FRONT_ENDS
from crnn.model import BATCH_WINDOWS, CRNN, NETWORKS, fused
from transforms.frames import SEGMENT_SAMPLES, seconds

ROUNDS = 5


def least_s(do: Callable[[], object]) -> float:
    """Give the CPU seconds that it takes: the least of several times."""
    taken = []
    for _ in range(ROUNDS):
        before = time.process_time()
        do()
        taken.append(time.process_time() - before)
    return min(taken)


def compare(name: str, front_end: str) -> None:
    """Print both speeds, in times real time on a core."""
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="comma-separated [%(default)s]")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.networks.split(","):
        for front_end in FRONT_ENDS:
            compare(name, front_end)
    return 0


if __name__ == "__main__":
    sys.exit(main())
