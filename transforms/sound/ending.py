"""Tell from a file's own bytes that its end is missing, where FFmpeg takes what there is for the whole."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

HEAD = 1 << 16
TAIL = 1 << 17  # the longest page of an Ogg file, twice
# What a recorder writes before it knows the size, and leaves when it is stopped.
UNKNOWN_SIZES = (0, 0xFFFFFFFF)
LARGEST = 1 << 50
W64_RIFF = b"riff.\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
TS_SYNC = 0x47


@dataclass(frozen=True)
class CutOff:
    """A file whose end is missing. present: the share of its bytes that is there, 1 where that is unknown."""

    message: str
    present: float = 1.0


def cut_off(file: BinaryIO) -> CutOff | None:
    """Look at a seekable file's first and last bytes; None where nothing is missing, or cannot be told.

    Known are RIFF (WAV, RF64, AVI), Sony Wave64, CAF, Ogg (RFC 3533: the last page has the flag *end of stream*) and
    MPEG-TS (packets of 188 bytes). Streams without a length or an end mark cannot tell.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(min(size, HEAD))
    if head[:4] == b"OggS":
        file.seek(max(0, size - TAIL))
        return _ogg(file.read(TAIL))
    if len(head) > 188 and head[0] == head[188] == TS_SYNC:
        lost = -size % 188
        return CutOff("ends in the middle of a transport packet") if lost else None
    promised = _promised(head)
    if promised <= size:
        return None
    return CutOff(f"ends {promised - size} bytes before the end that its header states", size / promised)


def _promised(head: bytes) -> int:
    try:
        if head[:4] == b"RF64" and head[12:16] == b"ds64":  # EBU Tech 3306
            return _known(_number("<Q", head, 20), 8)
        if head[:4] in (b"RIFF", b"RF64"):
            return _known(_number("<I", head, 4), 8)
        if head[:16] == W64_RIFF:
            return _known(_number("<Q", head, 16), 0)
        if head[:4] == b"caff":
            return _caf(head)
    except (struct.error, OverflowError):
        pass
    return 0


def _caf(head: bytes) -> int:
    at = 8
    while head[at : at + 4] != b"data":
        at += 12 + _number(">Q", head, at + 4)
    return _known(_number(">Q", head, at + 4), at + 12)


def _known(size: int, before: int) -> int:
    """Add what lies before to a size; 0 where it is none: unknown when it was written, or more than any file has."""
    return 0 if size in UNKNOWN_SIZES or size > LARGEST else size + before


def _number(form: str, head: bytes, at: int) -> int:
    number: int = struct.unpack_from(form, head, at)[0]
    return number


def _ogg(tail: bytes) -> CutOff | None:
    page = tail.rfind(b"OggS")
    if page >= 0 and page + 27 <= len(tail):
        segments = tail[page + 26]
        length = 27 + segments + sum(tail[page + 27 : page + 27 + segments])
        if page + length <= len(tail) and tail[page + 5] & 4:
            return None
    return CutOff("has no end mark: its end may be missing")
