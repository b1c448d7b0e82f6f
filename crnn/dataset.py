"""Labelled segments out of Parquet shards, streamed: no more than a few row groups are in memory."""

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

from transforms.frames import SEGMENT_SAMPLES
from transforms.records import InputError
from transforms.sound.level import FULL_SCALE
from transforms.tables import unflac

COLUMNS = ["audio", "targets", "weights"]
# Segments of this many places in the data are mixed: a title's own segments lie side by side in its shard.
SHUFFLE_SEGMENTS = 256
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

    Every segment comes once an epoch, or as often as ``balance`` makes it (see ``drawn``; only with a seed); with
    several loader workers each reads its own part of the row groups.
    """

    def __init__(self, shards: ShardFiles, seed: int | None = None, balance: float = 0.0) -> None:
        self._groups, self._seed = shards.groups, seed
        self._rows = shards.rows
        if balance and seed is not None:
            places = drawn(shards, balance, np.random.default_rng(seed))
            self._groups = tuple(shards.groups[place] for place in places)
            self._rows = sum(shards.sizes[place] for place in places)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[Example]:
        groups = list(self._groups)
        random = None if self._seed is None else np.random.default_rng(self._seed)
        if random is not None:
            random.shuffle(groups)
        worker = get_worker_info()
        mine = groups if worker is None else groups[worker.id :: worker.num_workers]
        examples = (example for path, group in mine for example in _read_group(path, group))
        return examples if random is None else _shuffled(examples, random)


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


def _shuffled(examples: Iterator[Example], random: np.random.Generator) -> Iterator[Example]:
    """Draw from a buffer that the stream refills."""
    buffer: list[Example] = []
    for example in examples:
        if len(buffer) < SHUFFLE_SEGMENTS:
            buffer.append(example)
            continue
        place = int(random.integers(SHUFFLE_SEGMENTS))
        buffer[place], example = example, buffer[place]  # noqa: PLW2901
        yield example
    random.shuffle(buffer)
    yield from buffer


def _read_group(path: str, group: int) -> Iterator[Example]:
    with fsspec.open(path, "rb") as file:
        rows = pq.ParquetFile(file).read_row_group(group, columns=COLUMNS).to_pylist()
    for row in rows:
        wave = np.zeros(SEGMENT_SAMPLES, np.float32)
        samples = unflac(row["audio"])
        wave[: len(samples)] = samples / np.float32(FULL_SCALE)
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
