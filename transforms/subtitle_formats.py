"""The text of a subtitle file into its events: SubRip and WebVTT here, TTML by its own module, ASS through pysubs2.

Events keep their own times even where they overlap, and one damaged event does not lose the rest. ttconv would read
SubRip and WebVTT whole or not at all (a blank line in a text, a dot for a comma, a byte order mark lose the file).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pysubs2

from transforms.events import Event, Events
from transforms.records import InputError
from transforms.ttml import read_ttml


def parse_events(text: str, suffix: str) -> Events:
    """Read the events of a subtitle file; ``suffix`` (".srt") names its format, its content where that is unknown.

    Raises:
        InputError: the format is unknown, or the file as a whole cannot be read.
    """
    start = text.lstrip()
    if suffix == ".vtt" or start.startswith("WEBVTT"):
        return _read_webvtt(text)
    if suffix == ".srt":
        return _read_subrip(text)
    if suffix in (".ttml", ".dfxp", ".xml", ".itt") or start.startswith("<"):
        return read_ttml(text)
    if suffix in (".ass", ".ssa") or start.startswith("[Script Info]"):
        return _read_substation(text)
    if "-->" in text:
        return _read_subrip(text)
    raise InputError("not a known subtitle format: deliver SubRip, WebVTT, TTML or ASS")


# SubRip and WebVTT: a line of times, then text. Times may lack their hours, and use a dot or a comma.
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):([0-5]?\d)[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_COUNTER = re.compile(r"\n[ \t]*\n[ \t]*\d+[ \t]*(?=\n|\Z)")
_VTT_BLOCK = re.compile(r"(?m)(?<=\n\n)(?:NOTE|STYLE|REGION)(?:[ \t].*)?\n(?:.+\n)*")
_VTT_MAP = re.compile(r"(?m)^X-TIMESTAMP-MAP\s*=\s*(.*)$")


def _milliseconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0"))


def _cues(text: str) -> Iterator[tuple[re.Match[str] | None, str, bool]]:
    """Yield for every line with an arrow: its times where they can be read, the text after it, and if it is last."""
    lines = text.split("\n")
    edges = [*(index for index, line in enumerate(lines) if "-->" in line), len(lines)]
    for index, following in pairwise(edges):
        body = "\n".join(lines[index + 1 : following])
        yield _TIMING.fullmatch(lines[index]), body, following == len(lines)


def _event(times: re.Match[str], text: str, local_ms: int = 0) -> Event:
    start, end = (_milliseconds(*groups) - local_ms for groups in (times.groups()[:4], times.groups()[4:]))
    return Event(start / 1000, end / 1000, text)


def _read_subrip(text: str) -> Events:
    """Read SubRip; a counter after a blank line ends an event, other blank lines do not."""
    events, unreadable = [], 0
    for times, body, last in _cues(text):
        text_of_cue, *rest = _COUNTER.split("\n" + body, maxsplit=1)
        if not rest and not last:
            text_of_cue = re.sub(r"\n[ \t]*\d+[ \t]*\Z", "", text_of_cue)
        unreadable += bool(rest and rest[0].strip())
        if times:
            events.append(_event(times, text_of_cue.strip()))
        else:
            unreadable += 1
    return Events(tuple(events), unreadable)


def _read_webvtt(text: str) -> Events:
    """Read WebVTT; a blank line ends a cue, and the local time of X-TIMESTAMP-MAP is the programme's start."""
    local_ms, warnings = _timestamp_map(text)
    cues = [(times, body) for times, body, _ in _cues(_VTT_BLOCK.sub("", text + "\n"))]
    events = [_event(times, body.split("\n\n", 1)[0].strip(), local_ms) for times, body in cues if times]
    return Events(tuple(events), len(cues) - len(events), warnings)


def _timestamp_map(text: str) -> tuple[int, tuple[str, ...]]:
    """Read X-TIMESTAMP-MAP (RFC 8216, 3.5): the local time in ms that lies at its MPEG time, and a warning."""
    header = _VTT_MAP.search(text.split("-->", 1)[0])
    if not header:
        return 0, ()
    local, mpeg = re.search(rf"LOCAL:{_TIME}", header[1]), re.search(r"MPEGTS:(\d+)", header[1])
    if not local or not mpeg:
        return 0, ("X-TIMESTAMP-MAP cannot be read and was ignored",)
    if int(mpeg[1]) == 0:
        return _milliseconds(*local.groups()), ()
    # Packagers start their streams at 1.4 s or 10 s of MPEG time, which is where the programme starts.
    warning = f"X-TIMESTAMP-MAP: MPEG time {int(mpeg[1]) / 90_000:.3f} s is taken for the programme's start"
    return _milliseconds(*local.groups()), (warning,)


# SubStation Alpha
_ASS_TIME = r"\s*-?\d{1,2}:\d{1,2}:\d{1,2}\.\d{1,3}\s*"
_ASS_LINE = re.compile(rf"Dialogue:[^,]*,{_ASS_TIME},{_ASS_TIME},")


def _read_substation(text: str) -> Events:
    lines = [line.strip() for line in text.split("\n") if line.startswith("Dialogue:")]
    readable = [line for line in lines if _ASS_LINE.match(line)]
    # The older format's first field takes what either version holds there; the rest is the same.
    file = pysubs2.SSAFile.from_string("\n".join(["[Events]", *readable]), format_="ssa")
    events = tuple(Event(e.start / 1000, e.end / 1000, _substation_text(e)) for e in file)
    return Events(events, len(lines) - len(readable))


def _substation_text(event: pysubs2.SSAEvent) -> str:
    r"""Take an event's text with its override tags; a drawing (``\p1``) has none."""
    return "" if event.is_drawing else re.sub(r"\\[Nn]", "\n", event.text).replace(r"\h", " ")
