"""Batches: the same whatever the number of loader workers, divided over ranks, and taken up where they were left."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch

from crnn import dataset
from crnn.dataset import Example, ShardDataset, ShardFiles, find_shards
from crnn.loader import Batches, EpochBatches
from transforms.records import InputError

WriteShard = Callable[..., Path]
Numbers = list[list[int]]
ORDER = {"--seed": 1}


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory, write_shard: WriteShard) -> ShardFiles:
    """Write 3 titles of 18, 3 and 2 segments, numbered from 1; a row group holds 16."""
    folder = tmp_path_factory.mktemp("shards")
    for title_id, segments, first in (("a", 18, 1), ("b", 3, 19), ("c", 2, 22)):
        write_shard(folder, "train", title_id, segments=segments, first=first)
    return find_shards([str(folder)], "train")


def numbers(batches: Batches) -> Numbers:
    """Give the numbers that known segments hold in their last samples; 0 for those of weight 0."""
    return [
        [
            round(float(last) * 32768) if known else 0
            for last, known in zip(wave[:, -1], weights.any((1, 2)), strict=True)
        ]
        for wave, _, weights in batches
    ]


def alone(shards: ShardFiles, size: int = 4) -> Numbers:
    return numbers(Batches(ShardDataset(shards, 1), size, 0))


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_workers_change_nothing(shards: ShardFiles, workers: int) -> None:
    batches = Batches(ShardDataset(shards, 1), 4, workers)
    found = numbers(batches)
    assert sorted(chain.from_iterable(found)) == list(range(1, 24))
    assert [len(batch) for batch in found] == [4, 4, 4, 4, 4, 3]
    assert len(batches) == 6
    assert found == alone(shards)


@pytest.mark.parametrize("workers", [0, 2])
def test_ranks_share_larger_batches(shards: ShardFiles, workers: int) -> None:
    parts = [numbers(Batches(ShardDataset(shards, 1, rank=rank, ranks=2), 2, workers)) for rank in range(2)]
    together = [sorted(a + b) for a, b in zip(*parts, strict=True)]
    assert [len(part) for part in parts] == [6, 6]
    assert together[:-1] == [sorted(batch) for batch in alone(shards)[:-1]]
    assert together[-1] == sorted([0, *alone(shards)[-1]])  # 23 segments: one is made up, and has no weight


def test_a_rank_without_segments_gets_silence(tmp_path: Path, write_shard: WriteShard) -> None:
    write_shard(tmp_path, "train", "a", segments=1)
    files = find_shards([str(tmp_path)], "train")
    [(wave, targets, weights)] = Batches(ShardDataset(files, 1, rank=2, ranks=3), 4, 0)
    assert wave.shape == (1, 320_000)
    assert targets.shape == (1, 2, 100)
    assert not torch.cat([wave.flatten(), weights.flatten()]).any()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Collect the (row group, rows) that are read."""
    seen: list[tuple[int, int]] = []
    original = dataset._read_group

    def note(path: str, group: int, rows: Sequence[int]) -> Iterator[Example]:
        seen.append((group, len(rows)))
        return original(path, group, rows)

    monkeypatch.setattr(dataset, "_read_group", note)
    return seen


class TestTakingUp:
    def epoch(self, shards: ShardFiles, workers: int = 0, epoch: int = 3, order: Any = None) -> EpochBatches:
        return EpochBatches(ShardDataset(shards, 1), 4, workers, epoch, order or ORDER)

    @pytest.mark.filterwarnings("ignore:This DataLoader will create")
    @pytest.mark.parametrize(("given", "workers"), [(1, 0), (3, 0), (5, 0), (1, 2), (3, 3)])
    def test_goes_on_with_the_next_batch(self, shards: ShardFiles, given: int, workers: int) -> None:
        broken = self.epoch(shards)
        batches = iter(broken)
        for _ in range(given):
            next(batches)
        later = self.epoch(shards, workers)
        later.load_state_dict(broken.state_dict())
        assert numbers(later) == alone(shards)[given:]
        assert len(later) == 6

    def test_what_was_given_is_not_read(self, shards: ShardFiles, read: list[tuple[int, int]]) -> None:
        later = self.epoch(shards)
        later.load_state_dict({"epoch": 3, "given": 5, "order": ORDER})
        assert len(numbers(later)) == 1
        assert sum(rows for _, rows in read) == 3

    @pytest.mark.parametrize("state", [{"epoch": 2, "given": 3}, {"epoch": 3, "given": 0}, {"epoch": 3, "given": 6}])
    def test_another_epoch_is_begun(self, shards: ShardFiles, state: dict[str, int]) -> None:
        later = self.epoch(shards)
        later.load_state_dict({**state, "order": ORDER})
        assert numbers(later) == alone(shards)

    def test_another_order_cannot_go_on(self, shards: ShardFiles) -> None:
        later = self.epoch(shards, order={"--seed": 2, "--balance": 0})
        with pytest.raises(InputError, match=r"cannot be gone on with by other --seed \(it was 1\)"):
            later.load_state_dict({"epoch": 3, "given": 1, "order": {"--seed": 1, "--balance": 0}})
