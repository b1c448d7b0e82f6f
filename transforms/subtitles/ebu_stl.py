"""EBU STL (EBU Tech 3264) into events: a block of general information, then blocks of 128 bytes that hold the text.

ttconv's reader is not used: a block cut short loses the file, comments are given as subtitles, overlapping times are
moved, and what it cannot time is dropped unseen. Its arithmetic of timecode is used.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from transforms.records import InputError
from transforms.subtitles.events import Event, Events
from transforms.subtitles.text_field import CODE_PAGES, decode_text_field
from transforms.text.timecode import Clock, frame_rate

_GSI_BYTES = 1024
_TTI = struct.Struct("<BHBB4s4sBBB112s")
_NTSC = frame_rate(29.97)
_RATES = {
    **{b"STL23.01": frame_rate(23.976), b"STL24.01": Fraction(24), b"STL25.01": Fraction(25)},
    **{b"STL29.01": _NTSC, b"STL30.01": _NTSC, b"STL50.01": Fraction(50)},
}
_TELETEXT_ROWS = 23
_LAST_BLOCK, _NOT_TEXT = 0xFF, range(0xF0, 0xFF)


def read_ebu_stl(data: bytes) -> Events:
    """Read the events of an EBU STL file; their times count from the programme's start that it states (TCP).

    Raises:
        InputError: it is not an EBU STL file.
    """
    if data[3:6] != b"STL":
        raise InputError("not EBU STL: it does not state its frame rate as STL25.01 does; deliver the binary file")
    general = _general(data)
    whole = max(0, len(data) - _GSI_BYTES) // _TTI.size * _TTI.size
    blocks = [_Block(*fields) for fields in _TTI.iter_unpack(data[_GSI_BYTES : _GSI_BYTES + whole])]
    clock = _clock(general, blocks)
    events, statuses, unreadable = [], [], 0
    for parts in _subtitles(blocks):
        try:
            event = _event(parts, general, clock)
        except ValueError:
            unreadable += 1
            continue
        if event:
            events.append(event)
            statuses.append(parts[0].cumulative)
    placed, moved = _from_start(_one_by_one(events, statuses), _start_s(general, clock))
    cut = _cut_off(general, len(blocks), data[_GSI_BYTES + whole :])
    return Events(placed, unreadable, tuple(filter(None, (*_assumed(general, clock), cut, moved))))


@dataclass(frozen=True)
class _General:
    """What is used of the general subtitle information, as written: DFC, CCT, TNB and TCP; rows: of the picture."""

    disk_format: bytes
    table: bytes
    blocks: bytes
    start: bytes
    rows: int


@dataclass(frozen=True)
class _Block:
    """A text and timing information block, its fields in their order; times are hours, minutes, seconds, frames."""

    group: int
    number: int
    extension: int
    cumulative: int
    begin: bytes
    end: bytes
    row: int
    justification: int
    comment: int
    text: bytes


def _general(data: bytes) -> _General:
    teletext = data[11:12] in (b"1", b"2")
    stated = int(data[253:255]) if data[253:255].isdigit() else 0
    rows = _TELETEXT_ROWS if teletext or not stated else stated
    return _General(data[3:11], data[12:14], data[238:243].strip(), data[256:264], rows)


def _clock(general: _General, blocks: Sequence[_Block]) -> Clock:
    """Find how times count: at 29.97 labels are dropped, unless two of the times are labels that would be."""
    rate = _RATES.get(general.disk_format, Fraction(25))
    labels = (label for block in blocks for label in (block.begin, block.end))
    droppable = sum(minute % 10 > 0 and second == 0 and frame < 2 for _, minute, second, frame in labels)
    return Clock(rate, rate == _NTSC and droppable < 2)


def _seconds(label: bytes, clock: Clock) -> float:
    hours, minutes, seconds, frames = label
    if hours > 23:
        raise ValueError("hours above 23")
    return float(clock.seconds(f"{hours}:{minutes}:{seconds}:{frames:02}"))


def _start_s(general: _General, clock: Clock) -> float:
    """Read the programme's start; what cannot be read is taken for 0."""
    if not re.fullmatch(rb"\d{8}", general.start):
        return 0
    try:
        return _seconds(bytes(int(general.start[at : at + 2]) for at in range(0, 8, 2)), clock)
    except ValueError:
        return 0


def _subtitles(blocks: Iterable[_Block]) -> Iterator[list[_Block]]:
    """Give the blocks of each subtitle, without comments and user data; one whose last block is missing ends too."""
    parts: list[_Block] = []
    for block in blocks:
        if block.extension in _NOT_TEXT or block.comment == 1:
            continue
        if parts and (block.group, block.number, block.begin) != (parts[0].group, parts[0].number, parts[0].begin):
            yield parts
            parts = []
        parts.append(block)
        if block.extension == _LAST_BLOCK:
            yield parts
            parts = []
    if parts:
        yield parts


def _event(parts: Sequence[_Block], general: _General, clock: Clock) -> Event | None:
    """Read a subtitle, unless it is empty; its row is that of its first line, and each new line is one below.

    Raises:
        ValueError: its times are no times.
    """
    field = b"".join(part.text.split(b"\x8f", 1)[0] for part in parts)
    text, block = decode_text_field(field, general.table), parts[0]
    if not text:
        return None
    at_top = block.row > 0 and 2 * (block.row + field.count(b"\x8a")) <= general.rows
    return Event(_seconds(block.begin, clock), _seconds(block.end, clock), text, at_top)


def _one_by_one(events: Sequence[Event], statuses: Sequence[int]) -> list[Event]:
    """End each event of a cumulative set (statuses 1, 2 … 3) where the next is added: each says what it adds."""
    placed = list(events)
    pairs = zip(pairwise(events), pairwise(statuses), strict=True)
    for index, ((event, following), (status, next_status)) in enumerate(pairs):
        if status in (1, 2) and next_status in (2, 3) and following.start_s > event.start_s:
            end_s = min(event.end_s, following.start_s) if event.end_s > event.start_s else following.start_s
            placed[index] = replace(event, end_s=end_s)
    return placed


def _from_start(events: Sequence[Event], start_s: float) -> tuple[tuple[Event, ...], str]:
    """Count times from the programme's start; where most events lie before it, it is not theirs."""
    after = [event for event in events if event.start_s >= start_s]
    before = len(events) - len(after)
    if before > len(after):
        return tuple(events), f"it states a start (TCP) of {start_s:.0f} s, after its own events: times stay as written"
    moved = tuple(replace(e, start_s=e.start_s - start_s, end_s=e.end_s - start_s) for e in after)
    return moved, f"{before} events lie before the stated start (TCP) and were left out" if before else ""


def _assumed(general: _General, clock: Clock) -> Iterator[str]:
    if general.disk_format not in _RATES:
        yield "its frame rate (DFC) cannot be read: read at 25 frames per second"
    if clock.rate == 24:
        yield "its frame rate is stated as 24: if it is 23.976, its times run 0.1 % slow"
    if clock.rate == _NTSC:
        yield f"timecode at 29.97 frames per second: read as {'drop' if clock.drop else 'non-drop'} frame"
    if general.table not in (b"00", *CODE_PAGES):
        yield "its character table (CCT) is unknown: read as Latin"


def _cut_off(general: _General, held: int, rest: bytes) -> str:
    stated = int(general.blocks) if general.blocks.isdigit() else 0
    if stated > held:
        return f"it states {stated} blocks and holds {held}: its end is missing"
    return "its last block is cut off and was left out" if rest.strip(b"\0\x1a\r\n \x8f") else ""
