"""Read a catalog: a CSV, JSON Lines or Parquet file, or a bare list of audio files."""

from __future__ import annotations

import csv
import io
import json
import os.path
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.records import SPLITS, Failure, InputError, Title
from transforms.sound.channels import channel_names

CATALOG_SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")
AUDIO_SUFFIXES = (
    *(".aac", ".ac3", ".aif", ".aiff", ".avi", ".dts", ".eac3", ".ec3", ".flac", ".m2ts", ".m4a", ".m4v", ".mka"),
    *(".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpg", ".mxf", ".oga", ".ogg", ".opus", ".rf64", ".thd", ".ts"),
    *(".w64", ".wav", ".webm", ".wma"),
)
PATHS = ("cue_sheet", "annotations", "truth")
COLUMNS = frozenset(field.name for field in fields(Title)) - {"extra", "input_digest"}


def read_catalog(data: bytes, uri: str) -> Iterator[Title | Failure]:
    """Yield a title a row; a row that cannot be used gives a failure in its place.

    data: the file's bytes; uri: where it lies, which relative paths are relative to.

    Raises:
        InputError: the file as a whole cannot be read as a catalog.
    """
    for number, row in enumerate(_rows(data, uri), start=1):
        name = f"row {number}"
        try:
            if isinstance(row, InputError):
                raise row
            name = str(row.get("title_id") or name)
            yield title_from_row(row, uri)
        except InputError as error:
            yield Failure(name, uri, "catalog", "InputError", f"row {number}: {error}")


def title_from_row(row: Mapping[str, Any], uri: str) -> Title:
    """Build a title from one row, paths made absolute against the catalog's ``uri``.

    Raises:
        InputError: a required column is empty, or a value does not fit its column.
    """
    known = {key: row[key] for key in COLUMNS if _is_given(row.get(key))}
    for column in ("title_id", "audio"):
        if column not in known:
            raise InputError(f"has no {column}; every row needs title_id and audio")
    values: dict[str, Any] = {key: _text(value) for key, value in known.items()}
    values |= {key: resolve(values[key], uri) for key in PATHS if key in values}
    for column in ("audio", "subtitles"):
        values[column] = tuple(resolve(path, uri) for path in _list(known.get(column, ()), column))
    for column in ("audio_track", "subtitle_kind", "annotated"):
        values[column] = _list(known.get(column, ()), column)
    values["audio_layout"] = _layout(known.get("audio_layout", ""))
    _check_pieces(values["audio"], values["audio_track"])
    kinds, files = len(values["subtitle_kind"]), len(values["subtitles"])
    if kinds > 1 and kinds != files:
        raise InputError(f"names {kinds} kinds of subtitles for {files} files; give one for all, or one for each")
    if "cue_sheet_fps" in values:
        values["cue_sheet_fps"] = _rate(values["cue_sheet_fps"])
    if values.get("split", "train") not in SPLITS:
        raise InputError(f"split is {values['split']!r}; it must be one of {', '.join(SPLITS)}, or empty")
    extra = {key: value for key, value in row.items() if key and key not in COLUMNS}
    return Title(**values, extra=extra)


def titles_of_files(paths: Sequence[str]) -> Iterator[Title | Failure]:
    """Make a catalog of bare audio files; a title is named by its path below the files' common folder, no suffix."""
    parts = {path: path.split("/") for path in sorted(set(paths))}
    levels = zip(*(split[:-1] for split in parts.values()), strict=False)
    common = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, levels))
    ids = {path: str(PurePosixPath(*split[common:]).with_suffix("")) for path, split in parts.items()}
    times = Counter(ids.values())
    for path, title_id in ids.items():
        if times[title_id] == 1:
            yield Title(title_id, (path,))
        else:  # two files that differ only in their suffix
            yield Title(title_id + PurePosixPath(path).suffix, (path,))


def resolve(path: str, uri: str) -> str:
    """Make ``path`` absolute against the folder of ``uri``; URLs and absolute paths stay as they are."""
    if re.match(r"[a-z0-9+]+://", path) or os.path.isabs(path):  # noqa: PTH117
        return path
    return os.path.join(os.path.dirname(uri), path)  # noqa: PTH118, PTH120


def _rows(data: bytes, uri: str) -> Iterator[dict[str, Any] | InputError]:
    try:
        if uri.lower().endswith(".parquet"):
            yield from pq.read_table(pa.BufferReader(data)).to_pylist()
        elif uri.lower().endswith((".jsonl", ".ndjson")):
            yield from (_json_row(line) for line in data.decode("utf-8-sig").split("\n") if line.strip())
        else:
            yield from _csv_rows(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, pa.ArrowException, OSError, csv.Error) as error:
        raise InputError(f"cannot be read as a catalog: {error}; give CSV, JSON Lines or Parquet") from error


def _json_row(line: str) -> dict[str, Any] | InputError:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        return InputError(f"is not JSON: {error}")
    return row if isinstance(row, dict) else InputError("is not a JSON object; give one object a line")


def _csv_rows(text: str) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    missing = {"title_id", "audio"} - set(reader.fieldnames or ())
    if missing:
        raise csv.Error(f"its header has no column {' and no column '.join(sorted(missing))}")
    yield from reader


def _is_given(value: Any) -> bool:
    # Missing cells come as None or "" and, from number columns of pandas, as NaN.
    return value is not None and value == value and bool(str(value).strip())  # noqa: PLR0124


def _text(value: Any) -> str:
    # An integer column with missing cells comes as floats.
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def _list(value: Any, column: str) -> tuple[str, ...]:
    if column == "audio_track" and isinstance(value, int | float):
        value = _text(value)
    items = value.split(";") if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise InputError(f"{column} is {value!r}; give paths or tracks separated by ';', or a list of them")
    return tuple(_text(item) for item in items if _is_given(item))


def _layout(value: Any) -> tuple[str, ...]:
    words = value if isinstance(value, list | tuple) else [value]
    try:
        return channel_names([_text(word) for word in words if _is_given(word)])
    except InputError as error:
        raise InputError(f"audio_layout {error}") from error


def _check_pieces(files: tuple[str, ...], tracks: tuple[str, ...]) -> None:
    if not files:
        raise InputError("has no audio; every row needs title_id and audio")
    if len(files) > 1 and len(tracks) > 1 and len(files) != len(tracks):
        raise InputError(
            f"names {len(files)} files of audio and {len(tracks)} tracks; "
            "give one track for all files, one for each, or several tracks of one file"
        )


def _rate(value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1000:
        raise InputError(f"cue_sheet_fps is {value!r}; give frames a second, as 24 or 23.976")
    return rate
