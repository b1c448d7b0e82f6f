"""Scenarist SCC into events: lines of a timecode and the byte pairs of CEA-608 that are sent from there on.

ttconv's reader is not used: a word that is not hexadecimal loses the file, a space for the tab loses the line, a text
that is not erased never ends, and a row that rolls up is given again with those that follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from transforms.records import InputError
from transforms.subtitles.cea608 import FRAMES_PER_S, Pair, read_captions
from transforms.subtitles.events import Events
from transforms.text.timecode import Clock

_LINE = re.compile(r"\s*(\d{1,2})[:;.,](\d{1,2})[:;.,](\d{1,2})([:;.,])(\d{1,2})\s+(\S.*)", re.ASCII)
_HEADER = re.compile(r"\s*scenarist[_ ]scc", re.IGNORECASE)
_WORDS = re.compile(r"(?:[0-9A-Fa-f]{4})+")

_Bytes = tuple[int, int]
_Line = tuple[int, list[_Bytes | None]]


def read_scc(text: str) -> Events:
    """Read the events of an SCC file: of caption channel CC1, or else of the first channel in use.

    A caption's time is that of the frame in which it appears: a line's timecode is that of its first byte pair, and
    each pair takes a frame. Times stay as written, from 01:00:00:00 if that is where they start.

    Raises:
        InputError: it is not an SCC file.
    """
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    headed = bool(lines and _HEADER.match(lines[0]))
    matches = [match for line in lines[headed:] if (match := _LINE.fullmatch(line))]
    if not headed and not matches:
        raise InputError("not Scenarist SCC: no line is a timecode with hexadecimal words; export it again")
    clock = _clock(matches)
    read = _read_lines(matches, clock)
    events, warnings = read_captions(_timed(sorted(read, key=lambda line: line[0])))
    hour_s = float(clock.seconds("01:00:00:00"))
    return Events(events, len(lines) - headed - len(read), (*_damage(read), *warnings), hour_s)


def _clock(matches: Sequence[re.Match[str]]) -> Clock:
    """Tell how the timecodes count: labels are dropped if most of them say so (``;``)."""
    return Clock(FRAMES_PER_S, drop=2 * sum(match[4] != ":" for match in matches) > len(matches))


def _read_lines(matches: Sequence[re.Match[str]], clock: Clock) -> list[_Line]:
    """Read the frame each line is sent in, and its words."""
    lines = []
    for match in matches:
        try:
            seconds = clock.seconds(f"{match[1]}:{match[2]}:{match[3]}:{match[5]:0>2}")
        except ValueError:
            continue
        lines.append((int(seconds * FRAMES_PER_S), _words(match[6])))
    return lines


def _words(line: str) -> list[_Bytes | None]:
    """Read hexadecimal words (None for a damaged one), without the bytes' parity bits, which many tools leave out."""
    pairs: list[_Bytes | None] = []
    for word in line.split():
        if _WORDS.fullmatch(word):
            data = [byte & 0x7F for byte in bytes.fromhex(word)]
            pairs += zip(data[::2], data[1::2], strict=True)
        else:
            pairs.append(None)
    return pairs


def _timed(lines: Iterable[_Line]) -> Iterator[Pair]:
    """Give every pair its frame; a line waits until the one before it has been sent."""
    free = 0
    for start, pairs in lines:
        free = max(free, start)
        for frame, pair in enumerate(pairs, free):
            if pair and pair != (0, 0):
                yield frame, *pair
        free += len(pairs)


def _damage(lines: Sequence[_Line]) -> tuple[str, ...]:
    early = sum(following < start for (start, _), (following, _) in pairwise(lines))
    lost = sum(pair is None for _, pairs in lines for pair in pairs)
    notes = (
        f"{early} lines are earlier than the line before: read in the order of their times" if early else "",
        f"{lost} of its words are not hexadecimal and were left out" if lost else "",
    )
    return tuple(filter(None, notes))
