"""The text of a subtitle file into its events, by the format that it begins as, or that its suffix names.

Events keep their own times even where they overlap, and one damaged event does not lose the rest.
"""

from __future__ import annotations

import re

from transforms.events import Events
from transforms.records import InputError
from transforms.subrip import read_subrip
from transforms.substation import read_substation
from transforms.ttml import read_ttml
from transforms.webvtt import read_webvtt

_BEGINNINGS = (
    (re.compile(r"WEBVTT"), read_webvtt),
    (re.compile(r"<\?xml|<(?:[\w.-]+:)?tt[\s>]"), read_ttml),
    (re.compile(r"(?i)(?:;.*\n\s*)*\[(?:Script Info|V4\+? Styles\+?|Events)\]"), read_substation),
)
_SUFFIXES = {
    **dict.fromkeys((".ttml", ".dfxp", ".xml", ".itt"), read_ttml),
    **dict.fromkeys((".ass", ".ssa"), read_substation),
    ".vtt": read_webvtt,
    ".srt": read_subrip,
}


def parse_events(text: str, suffix: str) -> Events:
    """Read the events of a subtitle file; ``suffix`` (".srt") names its format where its content does not.

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
        raise InputError("not a known subtitle format: deliver SubRip, WebVTT, TTML or ASS")
    return _SUFFIXES[suffix](text)
