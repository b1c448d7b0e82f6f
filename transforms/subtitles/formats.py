"""The text of a subtitle file into its events, by the format that it begins as, or that its suffix names.

Events keep their own times even where they overlap, and one damaged event does not lose the rest.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from transforms.records import InputError
from transforms.subtitles.ebu_stl import read_ebu_stl
from transforms.subtitles.events import Events
from transforms.subtitles.sami import read_sami
from transforms.subtitles.scc import read_scc
from transforms.subtitles.subrip import read_subrip
from transforms.subtitles.substation import read_substation
from transforms.subtitles.ttml import read_ttml
from transforms.subtitles.webvtt import read_webvtt
from transforms.text.encoding import decode_text, uncompressed

_STL_DISK_FORMAT = b"STL"  # as in "STL25.01", EBU Tech 3264
_BEGINNINGS = (
    (re.compile(r"WEBVTT"), read_webvtt),
    (re.compile(r"Scenarist_SCC"), read_scc),
    (re.compile(r"(?i)<SAMI[\s>]|(?:<[^<>]*>\s*)*<SYNC\s"), read_sami),
    (re.compile(r"<\?xml|<(?:[\w.-]+:)?tt[\s>]"), read_ttml),
    (re.compile(r"(?i)(?:;.*\n\s*)*\[(?:Script Info|V4\+? Styles\+?|Events)\]"), read_substation),
)
_SUFFIXES = {
    **dict.fromkeys((".ttml", ".dfxp", ".xml", ".itt"), read_ttml),
    **dict.fromkeys((".ass", ".ssa"), read_substation),
    **dict.fromkeys((".smi", ".sami"), read_sami),
    ".scc": read_scc,
    ".vtt": read_webvtt,
    ".srt": read_subrip,
}


def read_events(data: bytes, name: str, language: str = "") -> Events:
    """Read the events of a subtitle file, compressed or not.

    name: whose suffix names its format where its content does not. language: helps to tell an encoding that is not UTF.

    Raises:
        InputError: it is empty, damaged or no text, or its format is unknown.
    """
    data, name = uncompressed(data, name)
    suffix = PurePosixPath(name).suffix.lower()
    if data[3:6] == _STL_DISK_FORMAT or suffix == ".stl":
        return read_ebu_stl(data)
    text, warnings = decode_text(data, language)
    events = parse_events(text, suffix)
    return replace(events, warnings=(*warnings, *events.warnings))


def parse_events(text: str, suffix: str) -> Events:
    """Read the events of a subtitle file's text.

    Raises:
        InputError: the format is unknown, or the file as a whole cannot be read.
    """
    start = text.lstrip("\ufeff \t\n")
    for beginning, reader in _BEGINNINGS:
        if beginning.match(start):
            return reader(text)
    if "-->" in text and not start.startswith("<"):
        return read_webvtt(text) if suffix == ".vtt" else read_subrip(text)
    if suffix not in _SUFFIXES:
        raise InputError("not a known subtitle format: deliver SubRip, WebVTT, TTML, SCC, EBU-STL, ASS or SAMI")
    return _SUFFIXES[suffix](text)
