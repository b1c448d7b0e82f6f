"""Bytes of a text file into text: what the encodings of subtitle files and cue sheets need, in one place."""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import re
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import IO

from transforms.records import InputError
from transforms.text.code_pages import likeliest_page

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_XML_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?encoding=["']([\w.-]+)["']""")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f]")
_LIMIT = 64 << 20
_EXPORT_AGAIN = "export it again as UTF-8 text"


def uncompressed(data: bytes, name: str) -> tuple[bytes, str]:
    """Take a file out of its ``.gz``, or of a ``.zip`` of one file; other files pass.

    Returns:
        The file, and its name without ``.gz``, or as the archive names it.

    Raises:
        InputError: it is damaged or encrypted, is no file or several, or is larger than 64 MB.
    """
    try:
        if data.startswith(b"\x1f\x8b"):
            return _bounded(gzip.open(io.BytesIO(data))), re.sub(r"(?i)\.gz\Z", "", name)
        if data.startswith(b"PK\x03\x04"):
            return _only_file(zipfile.ZipFile(io.BytesIO(data)))
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError) as error:
        raise InputError(f"it cannot be uncompressed ({error}): deliver it again, or uncompressed") from error
    return data, name


def _only_file(archive: zipfile.ZipFile) -> tuple[bytes, str]:
    files = [item for item in archive.infolist() if not re.match("__MACOSX/|.*/$|$", item.filename)]
    if len(files) != 1:
        raise InputError(f"an archive of {len(files)} files: deliver the one file that is meant")
    with archive.open(files[0]) as file:
        return _bounded(file), PurePosixPath(files[0].filename).name


def _bounded(file: IO[bytes] | gzip.GzipFile) -> bytes:
    data = file.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise InputError("it is larger than 64 MB when it is uncompressed: no subtitles or cue sheet are")
    return data


def decode_text(data: bytes, language: str = "") -> tuple[str, tuple[str, ...]]:
    r"""Decode a text file, by its BOM, as UTF-8, by its XML declaration, or by a guess.

    Args:
        data: the file.
        language: the language that it is likely in (BCP 47, "pt-BR"), which settles a guess that is close.

    Returns:
        The text without a BOM and with line ends ``\n``, and a warning where something had to be guessed or replaced.

    Raises:
        InputError: the file is empty, is binary, or is in no encoding that can be told.
    """
    text, warnings = _decode(data, language)
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InputError("the file is empty: deliver it again, or take it out of the catalog")
    if "\0" in text:
        raise InputError(f"the file is not text (it holds NUL bytes): {_EXPORT_AGAIN}")
    return text, warnings


def _decode(data: bytes, language: str) -> tuple[str, tuple[str, ...]]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode_mostly(data[len(bom) :], encoding)
    if b"\0" in data:
        return _unmarked_utf16(data)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        return _declared(data) or _damaged_utf8(data) or _guessed(data, language)


def _decode_mostly(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """Decode by a known encoding; a few broken characters are replaced, with a warning."""
    text = data.decode(encoding, errors="replace")
    broken = text.count("\ufffd")
    if broken * 20 > len(text):
        raise InputError(f"the file starts as {encoding.upper()} but is not: {_EXPORT_AGAIN}")
    return text, (f"{broken} characters are not {encoding.upper()} and were replaced",) if broken else ()


def _unmarked_utf16(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Decode UTF-16 without a byte order mark: its digits and line ends have a NUL in every other byte."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    text = data.decode(encoding, errors="replace")
    if min(even, odd) * 10 > max(even, odd) or max(even, odd) * 20 < len(data) or _CONTROLS.search(text):
        raise InputError(f"the file is not text, or damaged (it holds NUL bytes): {_EXPORT_AGAIN}")
    text, warnings = _decode_mostly(data, encoding)
    return text, (f"no byte order mark: read as {encoding}", *warnings)


def _declared(data: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Decode by the encoding that an XML declaration names."""
    match = _XML_ENCODING.match(data)
    try:
        return (data.decode(match[1].decode("ascii")), ()) if match else None
    except (LookupError, UnicodeError):
        return None


def _damaged_utf8(data: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Keep a file as UTF-8 where whole characters far outnumber broken ones: a guess would lose all its notes."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    whole = sum(character > "\x7f" for character in text) - broken
    if whole < 5 * broken:
        return None
    return text, (f"{broken} characters are not UTF-8 and were replaced",)


def _guessed(data: bytes, language: str) -> tuple[str, tuple[str, ...]]:
    page = likeliest_page(data, language)
    if not page:
        raise InputError(f"the file is binary, or in an encoding that cannot be told: {_EXPORT_AGAIN}")
    text = data.decode(page, errors="replace")
    broken = text.count("\ufffd")
    lost = (f"{broken} characters are not {page} and were replaced",) if broken else ()
    return text, (f"not UTF-8: read as {page}", *lost)
