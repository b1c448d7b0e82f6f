"""WebVTT into events, the segments of a stream (HLS) one after another too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from transforms.subtitles.events import Event, Events
from transforms.subtitles.subrip import TIME, cues, milliseconds

_HEADER = re.compile(r"(?m)(?:\A|(?<=\n\n))\ufeff?(?=WEBVTT(?:[ \t].*)?$)")
_BLOCK = re.compile(r"(?m)(?<=\n\n)(?:NOTE(?:[ \t].*)?|STYLE[ \t]*|REGION[ \t]*)\n(?:.+\n)*")
_REGION = re.compile(r"(?m)^(?:REGION[ \t]*\n(?:(?!.*-->).+\n)*|Region:.*\n)")
_SETTING = re.compile(r"([a-z]+)[:=](\S+)")
_READING = re.compile(r"<rt[^>]*>.*?(?:</rt>|(?=</ruby>|\Z))", re.DOTALL)
_MAP = re.compile(r"(?m)^X-TIMESTAMP-MAP\s*=\s*(.*)$")
_WRAP = 1 << 33  # MPEG time counts in 33 bits of 90 kHz
_TOP_LINES = 7  # of the 15 or so that a picture has


def read_webvtt(text: str) -> Events:
    """Read WebVTT; a blank line ends a cue.

    The local time of the first X-TIMESTAMP-MAP (RFC 8216, 3.5) is the programme's start; later maps count from there.
    """
    events, known = list[Event](), set[Event]()
    unreadable, warnings = 0, dict[str, None]()
    for section, shift_ms, warning in _sections(text + "\n"):
        tops = _tops(section)
        found = [(times, body) for times, body, _ in cues(_BLOCK.sub("", section))]
        read = [_event(times, body, shift_ms, tops) for times, body in found if times]
        events += [event for event in read if event not in known]
        known.update(read)  # a cue that lasts beyond its segment is written in the next again
        unreadable += len(found) - len(read)
        warnings.update(dict.fromkeys(warning))
    return Events(tuple(events), unreadable, tuple(warnings))


def _event(times: re.Match[str], body: str, shift_ms: float, tops: Mapping[str, bool]) -> Event:
    start, end = (milliseconds(*times.groups()[group : group + 4]) + shift_ms for group in (0, 4))
    text = _READING.sub("", body.split("\n\n", 1)[0]).strip()
    return Event(start / 1000, end / 1000, text, _at_top(times[9] or "", tops))


def _at_top(settings: str, tops: Mapping[str, bool]) -> bool:
    """Tell whether a cue's settings place it in the upper half; its line goes before its region (WebVTT, 6.3)."""
    found = dict(_SETTING.findall(settings))
    if "vertical" in found:
        return False
    line = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)(?:,.*)?", found.get("line", ""))
    if line:
        return float(line[1]) < (50 if line[2] else _TOP_LINES)
    return "line" not in found and tops.get(found.get("region", ""), False)


def _tops(section: str) -> dict[str, bool]:
    """Tell for each region, by its name, whether it is anchored in the upper half of the picture."""
    tops = {}
    for block in _REGION.findall(section):
        found = dict(_SETTING.findall(block))
        anchor = re.fullmatch(r"[\d.]+%,(\d+(?:\.\d+)?)%", found.get("viewportanchor", ""))
        tops[found.get("id", "")] = bool(anchor and float(anchor[1]) < 50)
    return tops


def _sections(text: str) -> Iterator[tuple[str, float, tuple[str, ...]]]:
    """Yield each part that begins with a header, what its times are moved by in ms, and a warning."""
    first: int | None = None
    mpeg, shift_ms = 0, 0.0
    for section in _HEADER.split(text):
        header = _MAP.search(section.split("-->", 1)[0])
        local = re.search(rf"LOCAL:{TIME}", header[1]) if header else None
        stamp = re.search(r"MPEGTS:(\d+)", header[1]) if header else None
        if not local or not stamp:
            yield section, shift_ms, ("X-TIMESTAMP-MAP cannot be read and was ignored",) if header else ()
            continue
        mpeg = int(stamp[1]) if first is None else mpeg + (int(stamp[1]) - mpeg + _WRAP // 2) % _WRAP - _WRAP // 2
        first = mpeg if first is None else first
        shift_ms = (mpeg - first) / 90 - milliseconds(*local.groups())
        yield section, shift_ms, _start_warning(first)


def _start_warning(mpeg: int) -> tuple[str, ...]:
    """Say where the MPEG time of the programme's start was assumed: packagers start their streams at 1.4 s or 10 s."""
    if mpeg == 0:
        return ()
    return (f"X-TIMESTAMP-MAP: MPEG time {mpeg / 90_000:.3f} s is taken for the programme's start",)
