"""What a user may name as input: catalog files, audio files, folders and globs."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence

from transforms.catalog import AUDIO_SUFFIXES, CATALOG_SUFFIXES, read_catalog, titles_of_files
from transforms.records import Failure, InputError, Title
from transforms.storage import is_file, is_folder, match, read_bytes


def read_inputs(inputs: Sequence[str]) -> Iterator[Title | Failure]:
    """Yield the titles of all inputs, and a failure for each row that cannot be used or names a title again.

    Raises:
        InputError: an input is not there, or a catalog cannot be read as a whole.
    """
    seen: dict[str, str] = {}
    for item in _rows(inputs):
        if isinstance(item, Title) and item.title_id in seen:
            message = f"title_id {item.title_id!r} stands twice ({seen[item.title_id]}); only the first was used"
            yield Failure(item.title_id, item.uri, "catalog", "InputError", message)
            continue
        if isinstance(item, Title):
            seen[item.title_id] = item.uri
        yield item


def _rows(inputs: Sequence[str]) -> Iterator[Title | Failure]:
    files: list[str] = []
    for name in inputs:
        if name.lower().endswith(CATALOG_SUFFIXES) and not is_folder(name) and not _is_glob(name):
            yield from _catalog(name)
        else:
            files += _audio_files(name)
    yield from titles_of_files(files)


def _catalog(uri: str) -> Iterator[Title | Failure]:
    try:
        yield from read_catalog(read_bytes(uri), uri)
    except InputError as error:
        raise InputError(f"{uri}: {error}") from error


def _audio_files(name: str) -> list[str]:
    if not is_folder(name) and not _is_glob(name):
        return [name]
    pattern = name if _is_glob(name) else glob.escape(name.rstrip("/")) + "/**"
    found = match(pattern)
    files = [path for path in found if path.lower().endswith(AUDIO_SUFFIXES)]
    if not files:
        raise InputError(f"{name}: {len(found)} files there, but none with the suffix of an audio or video file")
    return files


def _is_glob(name: str) -> bool:
    return glob.has_magic(name) and not is_folder(name) and not is_file(name)
