"""Batches of segments for one rank, in an order that the number of loader workers does not change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader

from crnn.dataset import Example, ShardDataset
from transforms.records import InputError


class Batches:
    """Yield the batches of a dataset: (wave [B, T], targets, weights [B, classes, F]), the last one maybe shorter.

    wait_s: how long its user has waited for them.
    """

    def __init__(self, dataset: ShardDataset, batch_size: int, workers: int) -> None:
        self._dataset, self._batch_size, self._workers = dataset, batch_size, workers
        self.wait_s = 0.0

    def __len__(self) -> int:
        return (len(self._dataset) + self._batch_size - 1) // self._batch_size

    def __iter__(self) -> Iterator[Example]:
        # Workers hand over several segments at once: each hand-over costs time and open files.
        chunk = -(-self._batch_size // max(1, self._workers))
        loader = DataLoader(self._dataset, chunk, num_workers=self._workers)
        batches = _batched(_interleaved(iter(loader), max(1, self._workers)), self._batch_size)
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            self.wait_s += time.perf_counter() - asked
            if batch is None:
                return
            yield batch


class EpochBatches(Batches):
    """The batches of a training epoch, which can be taken up after any of them.

    order: what the order of segments depends on, by option.
    """

    def __init__(self, dataset: ShardDataset, batch_size: int, workers: int, epoch: int, order: dict[str, Any]) -> None:
        super().__init__(dataset, batch_size, workers)
        self._epoch, self._order, self._given = epoch, order, 0

    def __iter__(self) -> Iterator[Example]:
        self._dataset.start = self._given * self._batch_size
        for batch in super().__iter__():
            self._given += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Say how many batches were given."""
        return {"epoch": self._epoch, "given": self._given, "order": self._order}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the batches that were given of this epoch.

        Raises:
            InputError: they were given in another order.
        """
        if state["epoch"] != self._epoch or not 0 < state["given"] < len(self):
            return
        if changed := [option for option, value in self._order.items() if state["order"].get(option) != value]:
            raise InputError(
                f"an epoch that was begun cannot be gone on with by other {', '.join(changed)} "
                f"(it was {', '.join(str(state['order'].get(option)) for option in changed)}); or --overwrite it"
            )
        self._given = state["given"]


def _interleaved(chunks: Iterator[Example], workers: int) -> Iterator[Example]:
    """Give the segments of chunks in their order: a chunk of each worker holds every ``workers``-th segment."""
    while together := list(islice(chunks, workers)):
        for row in range(len(together[0][0])):
            for wave, targets, weights in together:
                if row < len(wave):
                    yield wave[row], targets[row], weights[row]


def _batched(examples: Iterator[Example], size: int) -> Iterator[Example]:
    while batch := list(islice(examples, size)):
        waves, targets, weights = zip(*batch, strict=True)
        yield torch.stack(waves), torch.stack(targets), torch.stack(weights)
