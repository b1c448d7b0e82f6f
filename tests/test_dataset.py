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
from crnn.dataset import ShardDataset, ShardFiles, drawn, find_shards
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


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory, write_shard: WriteShard) -> Path:
    """Write 48 segments in one language, numbered from 1, and 2 titles of 2 segments in two others."""
    folder = tmp_path_factory.mktemp("spoken")
    for title_id, language, segments, first in (("a", "en", 48, 1), ("b", "fr", 2, 49), ("c", "sw", 2, 51)):
        path = str(write_shard(folder, "train", title_id, segments=segments, first=first))
        write_table(path, SHARDS, [row | {"language": language} for row in read_table(path) or []])
    return folder


def numbers(folder: Path, seed: int | None = None, workers: int = 0, balance: float = 0.0) -> list[int]:
    """Give the numbers that the segments hold in their last sample, in the order they come."""
    data = ShardDataset(find_shards([str(folder)], "train"), seed, balance)
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


def test_the_same_seed_gives_the_same_order_and_another_another(shards: Path) -> None:
    assert numbers(shards, seed=1) == numbers(shards, seed=1)
    orders = [tuple(numbers(shards, seed=seed)) for seed in range(4)]
    assert len(set(orders)) == 4


def test_every_segment_may_come_first(shards: Path) -> None:
    data = find_shards([str(shards)], "train")
    first = Counter(round(float(next(iter(ShardDataset(data, seed)))[0][-1]) * 32768) > 18 for seed in range(12))
    assert set(first) == {True, False}


class TestBalance:
    """Languages drawn by hours^(1 − balance)."""

    @staticmethod
    def files(groups: dict[str, list[int]]) -> ShardFiles:
        """Describe shards of some languages, by the sizes of their row groups."""
        sizes = [(language, size) for language, group in groups.items() for size in group]
        names = tuple((f"{language}.parquet", number) for number, (language, _) in enumerate(sizes))
        rows = sum(size for _, size in sizes)
        return ShardFiles(names, rows, (), "", tuple(size for _, size in sizes), tuple(name for name, _ in sizes))

    def test_sizes_and_languages_are_found(self, spoken: Path) -> None:
        found = find_shards([str(spoken)], "train")
        assert (found.sizes, found.languages) == ((16, 16, 16, 2, 2), ("en", "en", "en", "fr", "sw"))

    def test_none_changes_nothing(self, spoken: Path) -> None:
        for seed in (None, 0, 7):
            assert numbers(spoken, seed) == numbers(spoken, seed, balance=0.0)
        assert sorted(numbers(spoken, 3)) == list(range(1, 53))
        assert numbers(spoken, None, balance=1.0) == list(range(1, 53))  # as validation reads them

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize(
        ("balance", "shares"), [(0.0, [0.9, 0.09, 0.01]), (0.5, [0.703, 0.222, 0.074]), (1.0, [1 / 3, 1 / 3, 1 / 3])]
    )
    def test_languages_come_by_their_power(self, balance: float, shares: list[float], seed: int) -> None:
        shards = self.files({"en": [16] * 450, "fr": [16] * 44 + [8] * 2, "sw": [16, 16, 16, 16, 9, 7]})
        counts: Counter[str] = Counter()
        for place in drawn(shards, balance, np.random.default_rng(seed)):
            counts[shards.languages[place]] += shards.sizes[place]
        assert counts.total() == pytest.approx(shards.rows, rel=0.02)
        assert [counts[name] / counts.total() for name in ("en", "fr", "sw")] == pytest.approx(shares, abs=0.01)

    def test_a_language_comes_by_all_its_groups(self) -> None:
        shards = self.files({"en": [16] * 90, "sw": [16] * 10})
        times = Counter(drawn(shards, 1.0, np.random.default_rng(0)))
        assert {times[place] for place in range(90, 100)} == {5}
        assert {times[place] for place in range(90)} <= {0, 1}

    def test_other_epochs_draw_others(self) -> None:
        shards = self.files({"en": [16] * 90, "sw": [16] * 10})
        epochs = [tuple(drawn(shards, 1.0, np.random.default_rng(seed))) for seed in (0, 0, 1)]
        assert epochs[0] == epochs[1]
        assert set(epochs[0]) != set(epochs[2])

    def test_no_shards_draw_nothing(self) -> None:
        assert drawn(self.files({}), 1.0, np.random.default_rng(0)) == []

    def test_rare_languages_come_as_often_as_others(self, spoken: Path) -> None:
        found = numbers(spoken, 1, balance=1.0)
        language = Counter("en" if number <= 48 else "fr" if number <= 50 else "sw" for number in found)
        assert language["en"] in {16, 32}  # whole groups of 16
        assert all(16 <= language[name] <= 20 for name in ("fr", "sw"))
        assert len(ShardDataset(find_shards([str(spoken)], "train"), 1, 1.0)) == len(found)

    def test_workers_share_what_was_drawn(self, spoken: Path) -> None:
        assert sorted(numbers(spoken, 1, workers=2, balance=0.7)) == sorted(numbers(spoken, 1, balance=0.7))


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

    def test_it_says_how_it_goes(
        self, shards: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        find_shards([str(shards)], "train")
        assert not capsys.readouterr().err
        monkeypatch.setattr(dataset, "PROGRESS_S", -1.0)
        find_shards([str(shards)], "train")
        assert capsys.readouterr().err.splitlines() == [f"shards: looked at {n} of 3" for n in (1, 2, 3)]

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
