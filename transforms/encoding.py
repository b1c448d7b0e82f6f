"""Bytes of a text file into text: what the encodings of subtitle files and cue sheets need, in one place."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from transforms.records import InputError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What such files are written in; left free, the guess for a short French file is a printer's code page.
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257")
_OTHERS = (
    *("cp1251", "cp1253", "cp1255", "cp1256", "cp874", "koi8_r"),
    *("gb18030", "big5", "cp932", "cp949", "euc_jp"),
)
_XML_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?encoding=["']([\w.-]+)["']""")
_EXPORT_AGAIN = "export it again as UTF-8 text"


def decode_text(data: bytes) -> tuple[str, tuple[str, ...]]:
    r"""Decode a text file, by its BOM, as UTF-8, by its XML declaration, or by a guess.

    Returns:
        The text without a BOM and with line ends ``\n``, and a warning where something had to be guessed or replaced.

    Raises:
        InputError: the file is empty, is binary, or is in no encoding that can be told.
    """
    text, warnings = _decode(data)
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InputError("the file is empty: deliver it again, or take it out of the catalog")
    if "\0" in text:
        raise InputError(f"the file is not text (it holds NUL bytes): {_EXPORT_AGAIN}")
    return text, warnings


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode_mostly(data[len(bom) :], encoding)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        return _declared(data) or _damaged_utf8(data) or _guessed(data)


def _decode_mostly(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """Decode by a known encoding; a few broken characters are replaced, with a warning."""
    text = data.decode(encoding, errors="replace")
    broken = text.count("\ufffd")
    if broken * 20 > len(text):
        raise InputError(f"the file starts as {encoding.upper()} but is not: {_EXPORT_AGAIN}")
    return text, (f"{broken} characters are not {encoding.upper()} and were replaced",) if broken else ()


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


def _guessed(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Guess: among the Latin code pages where most letters are ASCII, else the others; on a tie, Western Europe."""
    if b"\0" in data:
        raise InputError(f"the file is binary, or UTF-16 without a byte order mark: {_EXPORT_AGAIN}")
    accents = sum(byte > 0x7F for byte in data)
    latin = 2 * accents < sum(65 <= byte <= 90 or 97 <= byte <= 122 for byte in data)
    matches = list(from_bytes(data, cp_isolation=list(_LATIN if latin else _OTHERS), threshold=0.4))
    if not matches:
        raise InputError(f"the file is binary, or in an encoding that cannot be told: {_EXPORT_AGAIN}")
    least = min(match.chaos for match in matches)
    western = any("cp1252" in match.could_be_from_charset for match in matches if match.chaos == least)
    encoding = "cp1252" if western else matches[0].encoding
    return data.decode(encoding, errors="replace"), (f"not UTF-8: read as {encoding}",)
