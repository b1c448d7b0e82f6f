"""Files on any of Beam's file systems: read whole, matched, and written so that nobody sees half a file."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.aws.clients.s3 import boto3_client
from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileSystem
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from transforms.objects import ObjectFile, reason
from transforms.records import InputError

# Rows are converted this many at a time; for shards that is about 5 MB of FLAC, and a row group.
ROWS_PER_GROUP = 16
# File systems take 255 bytes; the name of an unfinished file adds to it.
LONGEST_NAME = 150
BUFFER = 2**16
# An object store takes its time for each of many small files.
READERS = 32
# What a scheme takes to be read: the extra of this package that installs it, and a module that tells whether it is.
EXTRAS = {"gs": ("gcp", "google_auth_httplib2"), "s3": ("aws", "boto3")}


def use_options(beam_args: Sequence[str]) -> None:
    """Let the object stores know Beam's options before there is a pipeline, as ``--s3_endpoint_url``."""
    FileSystems.set_options(PipelineOptions(list(beam_args)))


def read_bytes(uri: str) -> bytes:
    """Read a small file whole.

    Raises:
        InputError: it is not there or cannot be read.
    """
    with open_input(uri) as file:
        try:
            return file.read()
        except OSError as error:
            raise InputError(f"cannot be read ({reason(error)}); try again, or replace the file") from error


@contextlib.contextmanager
def open_input(uri: str) -> Iterator[BinaryIO]:
    """Open a file for reading, as it is: seekable, streamed, for one reader at a time.

    Whatever a store raises when a read of the open file fails, arrives as an OSError with its reason.

    Raises:
        InputError: it is not there or cannot be opened.
    """
    try:
        file = _system(uri).open(uri, compression_type=CompressionTypes.UNCOMPRESSED)
    except Exception as error:  # each store has classes of its own
        raise InputError(f"cannot be opened ({reason(error)}); {_remedy(uri)}") from error
    with cast(BinaryIO, io.BufferedReader(ObjectFile(file), BUFFER)) if is_remote(uri) else file as opened:
        yield opened


def is_remote(uri: str) -> bool:
    """Tell whether ``uri`` names an object store rather than a local file."""
    return "://" in uri


def is_folder(uri: str) -> bool:
    """Tell whether ``uri`` is a folder; on an object store: ends with a slash, or has no suffix and objects below it.

    Raises:
        InputError: the object store cannot be asked.
    """
    if not is_remote(uri):
        return Path(uri).is_dir()
    if uri.endswith("/") or PurePosixPath(uri).suffix or glob.has_magic(uri):
        return uri.endswith("/")
    return bool(_matched(f"{uri}/**", limit=1))


def is_file(uri: str) -> bool:
    """Tell whether ``uri`` names a local file; on an object store brackets and stars are always a pattern."""
    return not is_remote(uri) and Path(uri).is_file()


def is_writable(folder: str) -> bool:
    """Tell whether a local ``folder`` can be written to, or made; of an object store only a write can tell."""
    if is_remote(folder):
        return True
    path = Path(folder).absolute()
    place = next(place for place in (path, *path.parents) if place.exists())
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def match(pattern: str) -> list[str]:
    """List the files a glob matches (``**`` crosses folders), in order.

    Raises:
        InputError: the place cannot be listed.
    """
    if glob.has_magic(pattern.split("/", maxsplit=1)[0]):
        pattern = f"./{pattern}"  # without a folder to look in, Beam's local file system finds nothing
    return sorted(metadata.path for metadata in _matched(pattern))


def count_since(pattern: str, time_s: float) -> int:
    """Count the files a glob matches that were written at or after a Unix time.

    Raises:
        InputError: the place cannot be listed.
    """
    return sum(metadata.last_updated_in_seconds >= time_s for metadata in _matched(pattern))


def table_path(output: str, table: str, title_id: str) -> str:
    """Give the one place of a title's rows in a table; the id is escaped, as it may hold slashes."""
    return f"{output.rstrip('/')}/{table}/{_escaped(title_id)}.parquet"


def failures_folder(output: str, title_id: str) -> str:
    """Give the folder of a title's failures; with no id, the one for rows of the catalog itself."""
    return f"{output.rstrip('/')}/failures/" + (f"titles/{_escaped(title_id)}" if title_id else "catalog")


def write_table(path: str, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> None:
    """Write ``rows`` to ``path``, streaming."""
    with _whole(path) as file:
        _write_rows(file, schema, iter(rows))


def write_bytes(path: str, data: bytes) -> None:
    """Write a small file."""
    with _whole(path) as file:
        file.write(data)


@contextlib.contextmanager
def _whole(path: str) -> Iterator[BinaryIO]:
    """Open a file for writing; it appears under its name only when it is whole.

    Writing again replaces it: a retried bundle leaves the same single file.
    """
    system = _system(path)
    folder, name = system.split(path)
    if system.has_dirs() and not system.exists(folder):
        with contextlib.suppress(BeamIOError, OSError):  # another worker was faster
            system.mkdirs(folder)
    # On an object store, too, where a writer that breaks closes its object and so completes it.
    part = system.join(folder, f".{name}.{uuid.uuid4().hex}.part")
    try:
        with system.create(part, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            yield file
        system.rename([part], [path])
    except BaseException:
        with contextlib.suppress(Exception):  # the first error is the one to tell
            delete(part)
        raise


def read_table(path: str) -> list[dict[str, Any]] | None:
    """Read a small table whole; None where there is none or it cannot be read."""
    try:
        table = pq.ParquetFile(pa.BufferReader(read_bytes(path))).read(use_threads=False)
        rows: list[dict[str, Any]] = table.to_pylist()
    except (InputError, pa.ArrowException, OSError):
        return None
    return rows


def read_tables(paths: Sequence[str]) -> Iterator[list[dict[str, Any]] | None]:
    """Read many small tables in their order, as ``read_table`` does, some of them at a time."""
    with ThreadPoolExecutor(READERS) as pool:
        yield from pool.map(read_table, paths)


def read_failures(output: str) -> list[dict[str, Any]]:
    """Read all rows of ``failures`` of an output, errors before warnings."""
    paths = match(f"{glob.escape(output.rstrip('/'))}/failures/**.parquet")
    rows = [row for found in read_tables(paths) for row in found or []]
    return sorted(rows, key=lambda row: (row["severity"], row["title_id"], row["stage"], row["message"]))


def delete(path: str) -> None:
    """Delete a file, or a folder and what it holds, if it is there."""
    system = _system(path)
    with contextlib.suppress(BeamIOError):
        if system.has_dirs():
            if system.exists(path):
                system.delete([path])
            return
        system.delete([f"{path.rstrip('/')}/"])
        # As a single object, it is a glob for Google's store and the plain name for Amazon's.
        system.delete([glob.escape(path) if path.startswith("gs://") else path])


def digest(settings: Any, files: Iterable[str]) -> str:
    """Give a digest that changes when a setting does, or the stamp of a file; missing files count, too."""
    stamps = [(file, *stamp(file)) for file in files]
    return hashlib.sha256(json.dumps([settings, stamps], sort_keys=True, default=str).encode()).hexdigest()[:32]


def stamp(uri: str) -> tuple[Any, ...]:
    """Give what tells a file from its next version: size and time locally, the checksum on an object store.

    There the time would not do: Amazon's has whole seconds, Google's changes with the storage class.
    """
    try:
        system = _system(uri)
        if not system.has_dirs() and (checksum := system.checksum(uri)):
            return (checksum,)
        metadata = system.metadata(uri)
    except (BeamIOError, OSError, ValueError):
        return ("missing",)
    return metadata.size_in_bytes, metadata.last_updated_in_seconds


def _write_rows(file: BinaryIO, schema: pa.Schema, rows: Iterator[dict[str, Any]]) -> None:
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := list(islice(rows, ROWS_PER_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema))


def _escaped(title_id: str) -> str:
    name = quote(title_id, safe=" ,;=+@!'()[]")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}~{hashlib.sha256(title_id.encode()).hexdigest()[:16]}"


def _connect_once(client: Any, options: PipelineOptions) -> None:
    """Give one of Beam's clients of Amazon's store the connection of those before it with the same options.

    Beam connects anew for every call: 0.15 s of work, and each time a look for credentials.
    """
    if _connection.get("options") is not options:
        BEAMS_CONNECT(client, options)
        _connection.update(options=options, client=client.client)
    client.client = _connection["client"]
    client._download_request = client._download_stream = None
    client._download_pos = 0


def _status(error: Exception) -> int | None:
    """Give the HTTP status of an error of Amazon's library; Beam's own function fails on a lost connection."""
    answer = getattr(error, "response", None) or {}
    status: int | None = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status


BEAMS_CONNECT = boto3_client.Client.__init__
_connection: dict[str, Any] = {}
boto3_client.Client.__init__, boto3_client.get_http_error_code = _connect_once, _status


def _system(uri: str) -> FileSystem:
    if FileSystems._pipeline_options is None:  # there was no pipeline yet, and Amazon's store insists on options
        use_options([])
    return FileSystems.get_filesystem(uri)


def _matched(pattern: str, limit: int | None = None) -> list[Any]:
    try:
        found: list[Any] = _system(pattern).match([pattern], [limit])[0].metadata_list
    except (BeamIOError, ValueError) as error:
        raise InputError(f"{pattern}: cannot be listed ({reason(error)}); {_remedy(pattern)}") from error
    return found


def _remedy(uri: str) -> str:
    scheme = FileSystems.get_scheme(uri)
    if scheme is None:
        return "check the path and its permissions"
    if scheme in EXTRAS:
        extra, module = EXTRAS[scheme]
        if find_spec(module) is None:
            return f"{scheme}:// takes pip install 'smad[{extra}]'"
        return "check the path, its permissions and your credentials"
    return f"{scheme}:// cannot be read: copy the file to this machine, or to gs:// or s3://"
