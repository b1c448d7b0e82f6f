"""SubStation Alpha (ASS, SSA) into events, through pysubs2.

pysubs2 takes the columns for those of the newest version, and loses a file for one damaged time or colour: lines are
put in its order, without what is not needed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pysubs2

from transforms.subtitles.events import Event, Events

_SECTION = re.compile(r"(?m)^[ \t]*\[([^\]\n]*)\][ \t]*$")
_TIME = re.compile(r"\s*-?\d{1,2}:\d{1,2}:\d{1,2}\.\d{1,3}\s*")
_EVENT_COLUMNS = "layer,start,end,style,name,marginl,marginr,marginv,effect,text"
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}.*?(?=\{[^{}]*\\p0|\Z)")
_PLACE = re.compile(r"\\(?:pos|move)\([^,()]*,\s*(-?\d+(?:\.\d+)?)")
_ALIGNMENT = re.compile(r"\{[^{}]*\\an?\d")
_HEIGHT = re.compile(r"(?mi)^\s*PlayResY:\s*(\d+)")


def read_substation(text: str) -> Events:
    """Read the dialogue lines of SubStation Alpha, in whichever order its Format line puts their columns."""
    rows = [row for name, row in _rows(text, "Dialogue", _EVENT_COLUMNS)]
    readable = [line for line in map(_line, rows) if line]
    file = pysubs2.SSAFile.from_string("\n".join(["[Events]", *readable]), format_="ssa")
    tops, height = _tops(text), _HEIGHT.search(text)
    middle = (int(height[1]) if height else 288) / 2  # the height where none is stated, as in all renderers
    events = tuple(_event(event, tops, middle) for event in file)
    return Events(events, len(rows) - len(readable))


def _rows(text: str, kind: str, columns: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the lines of a kind as their section's name and their columns by name."""
    names, section = columns.split(","), ""
    for line in map(str.strip, text.split("\n")):
        key, _, rest = line.partition(":")
        heading = _SECTION.fullmatch(line)
        if heading:
            section, names = heading[1], columns.split(",")
        elif key == "Format":
            names = [name.strip().lower() for name in rest.split(",")]
        elif key == kind:
            yield section, dict(zip(names, rest.strip().split(",", len(names) - 1), strict=False))


def _line(row: Mapping[str, str]) -> str:
    """Write a row in pysubs2's order, or nothing where it has no times or no text."""
    start, end = row.get("start", ""), row.get("end", "")
    if "text" not in row or not _TIME.fullmatch(start) or not _TIME.fullmatch(end):
        return ""
    return f"Dialogue: 0,{start},{end},{row.get('style', '').strip()},,0,0,0,,{row['text']}"


def _tops(text: str) -> dict[str, bool]:
    """Tell for each style whether its text stands at the top: 7 to 9 as on a keypad, in the older version 5 to 7."""
    tops = {}
    for section, row in _rows(text, "Style", ""):
        top = ("7", "8", "9") if "+" in section else ("5", "6", "7")
        tops[row.get("name", "").strip().lstrip("*")] = row.get("alignment", "").strip() in top
    return tops


def _event(event: pysubs2.SSAEvent, tops: Mapping[str, bool], middle: float) -> Event:
    r"""Take an event's text with its override tags, which also go before its style; a drawing (``\p1``) has none."""
    text = re.sub(r"\\[Nn]", "\n", _DRAWING.sub("", event.text)).replace(r"\h", " ")
    place = _PLACE.search(text)
    by_style = tops.get(event.style.lstrip("*"), False) and not _ALIGNMENT.search(text)
    return Event(event.start / 1000, event.end / 1000, text, float(place[1]) < middle if place else by_style)
