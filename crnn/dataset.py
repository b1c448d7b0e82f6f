"""Labelled segments out of Parquet shards, streamed: no more than a row group a lane is in memory, still encoded."""

from __future__ import annotations

import glob
import hashlib
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from fsspec import AbstractFileSystem
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from crnn.order import LANES, Piece, Share, deal, lane_count, turns
from transforms.frames import SEGMENT_FRAMES, SEGMENT_SAMPLES
from transforms.records import InputError
from transforms.sound.level import FULL_SCALE
from transforms.tables import unflac

COLUMNS = ["audio", "targets", "weights"]
FOOTER_BYTES = 8
MAGIC = b"PAR1"
# Object stores answer late: so many files are looked at together.
READERS = 16
PROGRESS_S = 5.0

Example = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class ShardFiles:
    """The shards of one split. groups: each row group's file and number; digest: changes when a file does.

    classes: as the rows name them. sizes, languages: each row group's count of segments, and their language.
    """

    groups: tuple[tuple[str, int], ...]
    rows: int
    classes: tuple[str, ...]
    digest: str
    sizes: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Shard:
    """What is read of a file. mark: names its place, size and content."""

    path: str
    sizes: tuple[int, ...]
    classes: tuple[str, ...]
    language: str
    mark: bytes


def find_shards(folders: Sequence[str], split: str) -> ShardFiles:
    """Find the shards of ``split`` below each folder, local or remote.

    Raises:
        InputError: a shard cannot be read, or its classes are not those of the others.
    """
    shards = _described([place for folder in folders for place in _places(folder, split)])
    classes = {shard.classes for shard in shards if shard.classes}
    if len(classes) > 1:
        found = "; ".join(", ".join(names) for names in sorted(classes))
        raise InputError(f"shards differ in their classes ({found}): prepare all of them by the same --rules")
    sizes = tuple(size for shard in shards for size in shard.sizes)
    return ShardFiles(
        tuple((shard.path, group) for shard in shards for group in range(len(shard.sizes))),
        sum(sizes),
        next(iter(classes), ()),
        hashlib.sha256(b"".join(shard.mark for shard in shards)).hexdigest()[:32],
        sizes,
        tuple(shard.language for shard in shards for _ in shard.sizes),
    )


def _places(folder: str, split: str) -> list[tuple[AbstractFileSystem, str, str]]:
    system, root = fsspec.core.url_to_fs(folder)
    paths = sorted(system.glob(f"{glob.escape(root)}/{split}/*.parquet"))
    return [(system, path, path.removeprefix(root)) for path in paths]


def _described(places: list[tuple[AbstractFileSystem, str, str]]) -> list[_Shard]:
    """Read the footers, several at a time; say how it goes where that takes long."""
    shards: list[_Shard] = []
    spoken = time.monotonic()
    with ThreadPoolExecutor(READERS) as pool:
        for shard in pool.map(lambda place: _describe(*place), places):
            shards.append(shard)
            if time.monotonic() - spoken > PROGRESS_S:
                spoken = time.monotonic()
                print(f"shards: looked at {len(shards)} of {len(places)}", file=sys.stderr, flush=True)
    return shards


class ShardDataset(IterableDataset[Example]):
    """Yield (wave [SEGMENT_SAMPLES], targets, weights [classes, SEGMENT_FRAMES]) of a split, float32.

    Every segment comes once an epoch, or as often as ``balance`` makes it (see ``drawn``; only with a seed). With a
    seed they are mixed (see ``crnn.order``), else in order. rank, ranks: which part is given; start: after how many
    segments of its own it goes on, the others unread. A part that is a segment short repeats one with weights of 0.
    """

    def __init__(
        self, shards: ShardFiles, seed: int | None = None, balance: float = 0.0, rank: int = 0, ranks: int = 1
    ) -> None:
        self._groups, self._seed = shards.groups, seed
        self._rank, self._ranks, self.start = rank, ranks, 0
        self._places = np.arange(len(shards.groups))
        if seed is not None:
            random = np.random.default_rng(seed)
            chosen = drawn(shards, balance, random) if balance else self._places
            self._places = random.permutation(np.asarray(chosen, int))
        self._sizes = [shards.sizes[place] for place in self._places]
        self._blank = _blank(len(shards.classes))

    def __len__(self) -> int:
        """Give the number of segments of a rank, the same for all."""
        return (sum(self._sizes) + self._ranks - 1) // self._ranks

    def __iter__(self) -> Iterator[Example]:
        worker = get_worker_info()
        workers = worker.num_workers if worker else 1
        share = Share(self._rank, self._ranks, worker.id if worker else 0, workers)
        lanes = deal(self._sizes, lane_count(workers * self._ranks, 1 if self._seed is None else LANES))
        reading: dict[int, Iterator[Example]] = {}
        example = self._blank
        for turn in turns(sum(self._sizes), share, self.start):
            if turn >= sum(self._sizes):
                yield example[0], example[1], torch.zeros_like(example[2])
                return
            row, lane = divmod(turn, len(lanes))
            if lane not in reading:
                reading[lane] = self._read(lanes[lane], row)
            example = next(reading[lane])
            yield example

    def _read(self, lane: list[Piece], skip: int) -> Iterator[Example]:
        for piece in lane:
            rows = self._mixed(piece)
            if skip < len(rows):
                path, group = self._groups[self._places[piece.turn]]
                yield from _read_group(path, group, rows[skip:])
            skip = max(0, skip - len(rows))

    def _mixed(self, piece: Piece) -> list[int]:
        rows = np.arange(self._sizes[piece.turn])
        if self._seed is not None:
            np.random.default_rng([self._seed, piece.turn]).shuffle(rows)
        return [int(row) for row in rows[piece.first : piece.last]]


def drawn(shards: ShardFiles, balance: float, random: np.random.Generator) -> list[int]:
    """Draw the places of an epoch's row groups so that a language's time is in proportion to hours^(1 − balance).

    That is multilingual speech's sampling by temperature 1 / (1 − balance) (Arivazhagan et al., 2019). An epoch keeps
    about its number of segments. A language's groups come equally often, give or take one (systematic sampling).
    """
    sizes, languages = np.array(shards.sizes, float), np.array(shards.languages)
    hours = {language: sizes[languages == language].sum() for language in set(shards.languages)}
    times = np.array([hours[language] ** -balance for language in shards.languages])
    mixed = random.permutation(len(sizes))
    order = mixed[np.argsort(languages[mixed], kind="stable")]
    ends = np.cumsum(times[order] * sizes.sum() / (times @ sizes))
    copies = np.diff(np.floor(ends + random.random()), prepend=0).astype(int)
    return [int(place) for place in np.repeat(order, copies)]


def _blank(classes: int) -> Example:
    labels = torch.zeros(classes, SEGMENT_FRAMES)
    return torch.zeros(SEGMENT_SAMPLES), labels, labels


def _read_group(path: str, group: int, rows: Sequence[int]) -> Iterator[Example]:
    with fsspec.open(path, "rb") as file:
        table = pq.ParquetFile(file).read_row_group(group, columns=COLUMNS)
    for number in rows:
        [row] = table.slice(number, 1).to_pylist()
        wave = np.zeros(SEGMENT_SAMPLES, np.float32)
        samples = unflac(row["audio"])
        np.divide(samples, np.float32(FULL_SCALE), out=wave[: len(samples)])
        yield torch.from_numpy(wave), torch.tensor(row["targets"]), torch.tensor(row["weights"])


def _describe(system: AbstractFileSystem, path: str, name: str) -> _Shard:
    try:
        with system.open(path, "rb") as file:
            footer, size = _footer(file)
            framed = MAGIC + footer + len(footer).to_bytes(4, "little") + MAGIC
            metadata = pq.read_metadata(pa.BufferReader(framed))
            parquet = pq.ParquetFile(file, metadata=metadata)
            rows = parquet.read_row_group(0, ["classes", "language"]).to_pylist() if metadata.num_row_groups else []
            classes, language = (rows[0]["classes"], rows[0]["language"] or "") if rows else ((), "")
    except Exception as error:
        raise InputError(f"{path}: is not a shard ({error}); make shards with smad prepare") from error
    sizes = tuple(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
    return _Shard(system.unstrip_protocol(path), sizes, tuple(classes), language, f"{name}:{size}:".encode() + footer)


def _footer(file: IO[bytes]) -> tuple[bytes, int]:
    """Give a Parquet file's footer, without its length and magic number, and the file's size."""
    size = file.seek(0, 2)
    file.seek(max(0, size - FOOTER_BYTES))
    length, magic = int.from_bytes(file.read(4), "little"), file.read(4)
    if magic != MAGIC or length > size - FOOTER_BYTES:
        raise ValueError("it does not end as Parquet does")
    file.seek(size - FOOTER_BYTES - length)
    return file.read(length), size
