"""SubRip into events, and what WebVTT shares with it: a line of times, then text.

ttconv would read either whole or not at all: a blank line in a text, a dot for a comma or a BOM lose the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from transforms.subtitles.events import Event, Events

# Times may lack their hours, and use a dot or a comma; what follows them is of the cue's place.
TIME = r"(?:(\d{1,4}):)?(\d{1,2}):([0-5]?\d)[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{TIME}\s*-->\s*{TIME}(\s.*)?")
_COUNTER = re.compile(r"\n[ \t]*\n[ \t]*\d+[ \t]*(?=\n|\Z)")


def milliseconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> int:
    """Convert the groups of ``TIME``."""
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0"))


def cues(text: str) -> Iterator[tuple[re.Match[str] | None, str, bool]]:
    """Yield for every line with an arrow: its times where they can be read, the text after it, and if it is last.

    The groups of the times are those of ``TIME``, twice, and the rest of the line.
    """
    lines = text.split("\n")
    edges = [*(index for index, line in enumerate(lines) if "-->" in line), len(lines)]
    for index, following in pairwise(edges):
        body = "\n".join(lines[index + 1 : following])
        yield _TIMING.fullmatch(lines[index]), body, following == len(lines)


def read_subrip(text: str) -> Events:
    """Read SubRip; a counter after a blank line ends an event, other blank lines do not."""
    events, unreadable = [], 0
    for times, body, last in cues(text):
        text_of_cue, *rest = _COUNTER.split("\n" + body, maxsplit=1)
        if not rest and not last:
            text_of_cue = re.sub(r"\n[ \t]*\d+[ \t]*\Z", "", text_of_cue)
        unreadable += bool(rest and rest[0].strip())
        if times:
            start, end = (milliseconds(*times.groups()[group : group + 4]) for group in (0, 4))
            events.append(Event(start / 1000, end / 1000, text_of_cue.strip()))
        else:
            unreadable += 1
    return Events(tuple(events), unreadable)
