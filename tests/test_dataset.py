"""Segments out of shards: each once an epoch, in an order that the seed gives."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch.utils.data import DataLoader

from crnn import dataset
from crnn.dataset import ShardDataset, find_shards
from transforms.frames import SEGMENT_SAMPLES
from transforms.records import InputError
from transforms.storage import read_table, write_table
from transforms.tables import SHARDS

WriteShard = Callable[..., Path]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory, write_shard: WriteShard) -> Path:
    """Write 3 titles of 18, 3 and 2 segments, numbered from 1; a row group holds 16."""
    folder = tmp_path_factory.mktemp("shards")
    write_shard(folder, "train", "a", segments=18, first=1)
    write_shard(folder, "train", "b", segments=3, first=19)
    write_shard(folder, "train", "c d", segments=2, first=22)
    write_shard(folder, "valid", "v", segments=1, first=24)
    return folder


def numbers(folder: Path, seed: int | None = None, workers: int = 0) -> list[int]:
    """Give the numbers that the segments hold in their last sample, in the order they come."""
    data = ShardDataset(find_shards([str(folder)], "train"), seed)
    loader = DataLoader(data, batch_size=4, num_workers=workers)
    return [round(float(last) * 32768) for wave, _, _ in loader for last in wave[:, -1]]


def test_an_example(shards: Path) -> None:
    wave, targets, weights = next(iter(ShardDataset(find_shards([str(shards)], "train"))))
    assert wave.shape == (SEGMENT_SAMPLES,)
    assert targets.shape == weights.shape == (2, 100)
    assert {tensor.dtype for tensor in (wave, targets, weights)} == {torch.float32}
    assert wave.abs().max() <= 1
    assert targets[0].tolist() == [1] * 50 + [0] * 50
    assert targets[1].tolist() == [0] * 50 + [1] * 50


def test_a_short_segment_is_filled_up_with_silence(tmp_path: Path, write_shard: WriteShard) -> None:
    path = write_shard(tmp_path, "train", "a", segments=1)
    [row] = read_table(str(path)) or []
    from transforms.tables import flac

    write_table(str(path), SHARDS, [row | {"audio": flac(np.full(1000, -32768, np.int16)), "duration_s": 0.0625}])
    wave, _, _ = next(iter(ShardDataset(find_shards([str(tmp_path)], "train"))))
    assert (wave[:1000] == -1).all()
    assert not wave[1000:].any()


def test_without_a_seed_they_come_in_order(shards: Path) -> None:
    assert numbers(shards) == list(range(1, 24))


@pytest.mark.parametrize("workers", [0, 2])
def test_every_segment_comes_once(shards: Path, workers: int) -> None:
    assert sorted(numbers(shards, seed=1, workers=workers)) == list(range(1, 24))


def test_a_buffer_smaller_than_the_data_loses_nothing(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "SHUFFLE_SEGMENTS", 5)
    assert sorted(numbers(shards, seed=1)) == list(range(1, 24))
    assert numbers(shards, seed=1) != list(range(1, 24))


def test_the_same_seed_gives_the_same_order_and_another_another(shards: Path) -> None:
    assert numbers(shards, seed=1) == numbers(shards, seed=1)
    orders = [tuple(numbers(shards, seed=seed)) for seed in range(4)]
    assert len(set(orders)) == 4


def test_every_segment_may_come_first(shards: Path) -> None:
    data = find_shards([str(shards)], "train")
    first = Counter(round(float(next(iter(ShardDataset(data, seed)))[0][-1]) * 32768) > 18 for seed in range(12))
    assert set(first) == {True, False}


class TestFindShards:
    def test_counts(self, shards: Path) -> None:
        found = find_shards([str(shards)], "train")
        assert (len({path for path, _ in found.groups}), found.rows, found.classes) == (3, 23, ("speech", "music"))
        assert len(ShardDataset(found)) == 23
        assert find_shards([str(shards)], "valid").rows == 1

    def test_none(self, shards: Path, tmp_path: Path) -> None:
        for folder, split in ((shards, "test"), (tmp_path, "train"), (tmp_path / "none", "train")):
            found = find_shards([str(folder)], split)
            assert (found.groups, found.rows, found.classes) == ((), 0, ())

    def test_several_folders(self, shards: Path, tmp_path: Path, write_shard: WriteShard) -> None:
        write_shard(tmp_path, "train", "a", segments=1)
        assert find_shards([str(shards), str(tmp_path)], "train").rows == 24

    def test_a_folder_is_only_a_name(self, tmp_path: Path, write_shard: WriteShard) -> None:
        write_shard(tmp_path / "v[2] *", "train", "a", segments=1)
        assert find_shards([str(tmp_path / "v[2] *")], "train").rows == 1

    def test_half_written_files_are_no_shards(self, tmp_path: Path, write_shard: WriteShard) -> None:
        path = write_shard(tmp_path, "train", "a", segments=1)
        (path.parent / ".b.parquet.123.part").write_bytes(b"half")
        assert find_shards([str(tmp_path)], "train").rows == 1

    def test_an_empty_title_has_no_segments(self, tmp_path: Path, write_shard: WriteShard) -> None:
        write_shard(tmp_path, "train", "a", segments=1)
        write_table(str(tmp_path / "train" / "b.parquet"), SHARDS, [])
        found = find_shards([str(tmp_path)], "train")
        assert (found.rows, found.classes) == (1, ("speech", "music"))
        assert len(list(ShardDataset(found, seed=0))) == 1

    def test_digest_changes_with_the_content_only(self, tmp_path: Path, write_shard: WriteShard) -> None:
        for name in ("one", "two"):
            write_shard(tmp_path / name, "train", "a", segments=2)
        one, two = (find_shards([str(tmp_path / name)], "train").digest for name in ("one", "two"))
        assert one == two
        write_shard(tmp_path / "two", "train", "a", segments=2, first=5)
        changed = find_shards([str(tmp_path / "two")], "train").digest
        write_shard(tmp_path / "two", "train", "b", segments=1)
        more = find_shards([str(tmp_path / "two")], "train").digest
        assert len({one, changed, more}) == 3

    @pytest.mark.parametrize("content", [b"", b"not a shard", b"PAR1PAR1"])
    def test_a_broken_shard_is_named(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "train").mkdir()
        (tmp_path / "train" / "x.parquet").write_bytes(content)
        with pytest.raises(InputError, match=r"x\.parquet: is not a shard .*make shards with smad prepare"):
            find_shards([str(tmp_path)], "train")

    def test_another_table_is_no_shard(self, tmp_path: Path) -> None:
        (tmp_path / "train").mkdir()
        pq.write_table(pa.table({"a": [1]}), tmp_path / "train" / "x.parquet")
        with pytest.raises(InputError, match="is not a shard"):
            find_shards([str(tmp_path)], "train")

    def test_shards_of_other_classes_do_not_mix(self, tmp_path: Path, write_shard: WriteShard) -> None:
        rows = read_table(str(write_shard(tmp_path, "train", "a", segments=1))) or []
        write_table(str(tmp_path / "train" / "b.parquet"), SHARDS, [rows[0] | {"classes": ["music", "speech"]}])
        with pytest.raises(InputError, match="shards differ in their classes"):
            find_shards([str(tmp_path)], "train")
