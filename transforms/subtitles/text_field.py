"""The text field of EBU STL (EBU Tech 3264): its character tables, and the codes of teletext and open subtitles."""

from __future__ import annotations

import re
import unicodedata

from ttconv.stl import iso6937

CODE_PAGES = {b"01": "iso8859_5", b"02": "iso8859_6", b"03": "iso8859_7", b"04": "iso8859_8"}
_LATIN = [iso6937.decode(bytes([byte]), "ignore")[0] for byte in range(256)]
# ISO 6937 writes an accent before its letter, Unicode after it. ttconv lists pairs, and loses those it does not list.
_ACCENTS = dict(
    zip(
        range(0xC1, 0xD0),
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0308\u030a\u0327\u0332\u030b\u0328\u030c",
        strict=True,
    )
)
_CONTROL = re.compile(rb"([\x00-\x1f\x80-\x9f])")
_CODES = {b"\x80": "<i>", b"\x81": "</i>", b"\x8a": "\n"}
_ITALICS = re.compile(r"(</?i>)")


def decode_text_field(data: bytes, table: bytes) -> str:
    """Decode a text field, by its character table (``b"00"`` Latin to ``b"04"`` Hebrew), into lines with italic tags.

    Teletext's codes (below 20h) show as a space; those of open subtitles (80h to 9Fh) take no place.
    """
    text = "".join(_piece(piece, table) for piece in _CONTROL.split(data))
    lines = (" ".join(line.split()) for line in _balanced(text).split("\n"))
    joined = "\n".join(line for line in lines if line)
    return joined if _ITALICS.sub("", joined).strip() else ""


def _piece(piece: bytes, table: bytes) -> str:
    if _CONTROL.fullmatch(piece):
        return _CODES.get(piece, " " if piece < b"\x20" else "")
    if table in CODE_PAGES:
        return piece.decode(CODE_PAGES[table], errors="replace")
    return _latin(piece)


def _latin(data: bytes) -> str:
    text, accent = [], ""
    for byte in data:
        if byte in _ACCENTS:
            accent = _ACCENTS[byte]
        else:
            text.append(_LATIN[byte] + accent)
            accent = ""
    return unicodedata.normalize("NFC", "".join(text))


def _balanced(text: str) -> str:
    """Leave out the italic tags that change nothing, and end italics with the text."""
    kept, italic = [], False
    for piece in _ITALICS.split(text):
        if _ITALICS.fullmatch(piece):
            if (piece == "<i>") == italic:
                continue
            italic = not italic
        kept.append(piece)
    return "".join(kept) + "</i>" * italic
