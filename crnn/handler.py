"""How Beam's RunInference drives the model: a title with all its windows is one batch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from crnn.checkpoint import read_checkpoint
from crnn.model import CRNN
from transforms.records import InputError, TitleWindows


class CrnnHandler(ModelHandler):
    """Run the CRNN on titles, one at a time, its windows in small batches.

    Args:
        checkpoint: path of the checkpoint; None for the shipped one.
        device: ``cpu``, ``cuda`` or ``cuda:N``; a device that is not there fails, it is never replaced.
        threads: intra-op threads of this process: the cores divided by the workers on the machine.
    """

    def __init__(self, checkpoint: str | None, device: str = "cpu", threads: int = 1) -> None:
        self._checkpoint, self._device, self._threads = checkpoint, device, threads

    def load_model(self) -> CRNN:
        """Load the network once per process."""
        torch.set_num_threads(self._threads)
        if torch.device(self._device).type == "cuda" and not torch.cuda.is_available():
            raise InputError(f"this worker has no device {self._device}: give it one, or run with --device cpu")
        return read_checkpoint(self._checkpoint).model().to(torch.device(self._device))

    def run_inference(
        self,
        batch: Sequence[TitleWindows],
        model: CRNN,
        inference_args: dict[str, Any] | None = None,  # noqa: ARG002 - Beam passes it by name
    ) -> Iterator[PredictionResult]:
        """Yield for each title its facts with (scores [N, classes, SEGMENT_FRAMES], cpu_s), without its samples."""
        for title in batch:
            started = time.thread_time()
            torch.set_flush_denormal(True)  # a flag of the thread, which may be the caller's own
            try:
                scores = model.scores(title.pieces)
            finally:
                torch.set_flush_denormal(False)
            yield PredictionResult(title.facts, (scores, time.thread_time() - started))

    def should_skip_batching(self) -> bool:
        """Take each title as a batch: one that fails is alone, and its memory bounds the worker's."""
        return True

    def get_num_bytes(self, batch: Sequence[TitleWindows]) -> int:
        """Count the bytes of a batch's windows."""
        return sum(title.nbytes for title in batch)

    def get_metrics_namespace(self) -> str:
        """Name the metrics' namespace."""
        return "smad"
