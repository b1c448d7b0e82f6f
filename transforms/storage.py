"""Files on any of Beam's file systems: read whole, matched, and written so that nobody sees half a file."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from transforms.records import InputError

# Rows are converted this many at a time; for shards that is about 5 MB of FLAC, and a row group.
ROWS_PER_GROUP = 16
# File systems take 255 bytes; the name of an unfinished file adds to it.
LONGEST_NAME = 150


def read_bytes(uri: str) -> bytes:
    """Read a small file whole.

    Raises:
        InputError: it is not there or cannot be read.
    """
    with open_input(uri) as file:
        return file.read()


@contextlib.contextmanager
def open_input(uri: str) -> Iterator[BinaryIO]:
    """Open a file for reading, as it is.

    Raises:
        InputError: it is not there or cannot be opened.
    """
    try:
        file = FileSystems.open(uri, compression_type=CompressionTypes.UNCOMPRESSED)
    except (BeamIOError, OSError, ValueError) as error:
        raise InputError(f"cannot be opened ({_reason(error)}); check the path and its permissions") from error
    with file:
        yield file


def is_remote(uri: str) -> bool:
    """Tell whether ``uri`` names an object store rather than a local file."""
    return "://" in uri


def is_folder(uri: str) -> bool:
    """Tell whether ``uri`` is a folder: locally by looking, on an object store by its closing slash."""
    return uri.endswith("/") if is_remote(uri) else Path(uri).is_dir()


def is_file(uri: str) -> bool:
    """Tell whether ``uri`` names a local file; on an object store brackets and stars are always a pattern."""
    return not is_remote(uri) and Path(uri).is_file()


def match(pattern: str) -> list[str]:
    """List the files a glob matches (``**`` crosses folders), in order.

    Raises:
        InputError: the place cannot be listed.
    """
    if glob.has_magic(pattern.split("/", maxsplit=1)[0]):
        pattern = f"./{pattern}"  # without a folder to look in, Beam's local file system finds nothing
    try:
        result = FileSystems.match([pattern])[0]
    except BeamIOError as error:
        raise InputError(f"{pattern}: cannot be listed ({_reason(error)})") from error
    return sorted(metadata.path for metadata in result.metadata_list)


def table_path(output: str, table: str, title_id: str) -> str:
    """Give the one place of a title's rows in a table; the id is escaped, as it may hold slashes."""
    return f"{output.rstrip('/')}/{table}/{_escaped(title_id)}.parquet"


def failures_folder(output: str, title_id: str) -> str:
    """Give the folder of a title's failures; with no id, the one for rows of the catalog itself."""
    return f"{output.rstrip('/')}/failures/" + (f"titles/{_escaped(title_id)}" if title_id else "catalog")


def write_table(path: str, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> None:
    """Write ``rows`` to ``path``, streaming; the file appears under its name only when it is whole.

    Writing again replaces it: a retried bundle leaves the same single file.
    """
    folder, name = FileSystems.split(path)
    if not FileSystems.exists(folder):
        with contextlib.suppress(BeamIOError, OSError):  # another worker was faster, or an object store
            FileSystems.mkdirs(folder)
    part = FileSystems.join(folder, f".{name}.{uuid.uuid4().hex}.part")
    try:
        with FileSystems.create(part, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            _write_rows(file, schema, iter(rows))
        FileSystems.rename([part], [path])
    except BaseException:
        delete(part)
        raise


def read_table(path: str) -> list[dict[str, Any]] | None:
    """Read a small table whole; None where there is none or it cannot be read."""
    try:
        rows: list[dict[str, Any]] = pq.read_table(pa.BufferReader(read_bytes(path))).to_pylist()
    except (InputError, pa.ArrowException, OSError):
        return None
    return rows


def read_failures(output: str) -> list[dict[str, Any]]:
    """Read all rows of ``failures`` of an output, errors before warnings."""
    paths = match(f"{glob.escape(output.rstrip('/'))}/failures/**.parquet")
    rows = [row for path in paths for row in read_table(path) or []]
    return sorted(rows, key=lambda row: (row["severity"], row["title_id"], row["stage"], row["message"]))


def delete(path: str) -> None:
    """Delete a file, or a folder and what it holds, if it is there."""
    with contextlib.suppress(BeamIOError):
        if FileSystems.exists(path):
            FileSystems.delete([path])


def digest(settings: Any, files: Iterable[str]) -> str:
    """Give a digest that changes when a setting does, or the size or time of a file; missing files count, too."""
    stamps = [(file, *_stamp(file)) for file in files]
    return hashlib.sha256(json.dumps([settings, stamps], sort_keys=True, default=str).encode()).hexdigest()[:32]


def _write_rows(file: BinaryIO, schema: pa.Schema, rows: Iterator[dict[str, Any]]) -> None:
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := list(islice(rows, ROWS_PER_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema))


def _stamp(file: str) -> tuple[Any, ...]:
    try:
        return FileSystems.checksum(file), FileSystems.last_updated(file)
    except (BeamIOError, OSError, ValueError):
        return ("missing",)


def _escaped(title_id: str) -> str:
    name = quote(title_id, safe=" ,;=+@!'()[]")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}~{hashlib.sha256(title_id.encode()).hexdigest()[:16]}"


def _reason(error: Exception) -> str:
    inner = getattr(error, "exception_details", None)
    cause = next(iter(inner.values())) if isinstance(inner, dict) and inner else error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
