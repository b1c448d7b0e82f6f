"""Labelled segments out of Parquet shards, streamed: no more than a row group a lane is in memory, still encoded."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import fsspec
import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from crnn.order import LANES, Piece, Share, deal, lane_count, turns
from transforms.frames import SEGMENT_FRAMES, SEGMENT_SAMPLES
from transforms.records import InputError
from transforms.sound.level import FULL_SCALE
from transforms.tables import unflac

COLUMNS = ["audio", "targets", "weights"]
FOOTER_BYTES = 8

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


def find_shards(folders: Sequence[str], split: str) -> ShardFiles:
    """Find the shards of ``split`` below each folder, local or remote.

    Raises:
        InputError: a shard cannot be read, or its classes are not those of the others.
    """
    groups: list[tuple[str, int]] = []
    sizes, languages = [], []
    classes, state = set(), hashlib.sha256()
    for folder in folders:
        system, root = fsspec.core.url_to_fs(folder)
        for path in sorted(system.glob(f"{glob.escape(root)}/{split}/*.parquet")):
            with system.open(path, "rb") as file:
                metadata, names, language, footer = _describe(file, path)
            groups += [(system.unstrip_protocol(path), group) for group in range(metadata.num_row_groups)]
            sizes += [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
            languages += [language] * metadata.num_row_groups
            classes |= {names} if names else set()
            state.update(f"{path.removeprefix(root)}:{system.size(path)}:".encode() + footer)
    if len(classes) > 1:
        found = "; ".join(", ".join(names) for names in sorted(classes))
        raise InputError(f"shards differ in their classes ({found}): prepare all of them by the same --rules")
    digest = state.hexdigest()[:32]
    return ShardFiles(tuple(groups), sum(sizes), next(iter(classes), ()), digest, tuple(sizes), tuple(languages))


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


def _describe(file: fsspec.core.OpenFile, path: str) -> tuple[pq.FileMetaData, tuple[str, ...], str, bytes]:
    try:
        parquet = pq.ParquetFile(file)
        rows = parquet.read_row_group(0, columns=["classes", "language"]).to_pylist() if parquet.num_row_groups else []
        names, language = (rows[0]["classes"], rows[0]["language"] or "") if rows else ((), "")
    except Exception as error:
        raise InputError(f"{path}: is not a shard ({error}); make shards with smad prepare") from error
    file.seek(-FOOTER_BYTES, 2)
    length = int.from_bytes(file.read(4), "little")
    file.seek(-FOOTER_BYTES - length, 2)
    return parquet.metadata, tuple(names), language, file.read(length)
