"""CEA-608 captions (line 21) into events: what a receiver shows of the byte pairs that a film's frames carry.

The codes and characters are ttconv's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any

from ttconv.scc.codes.control_codes import SccControlCode as Control
from ttconv.scc.codes.extended_characters import SccExtendedCharacter
from ttconv.scc.codes.mid_row_codes import SccMidRowCode
from ttconv.scc.codes.preambles_address_codes import SccPreambleAddressCode
from ttconv.scc.codes.special_characters import SccSpecialCharacter
from ttconv.scc.codes.standard_characters import SCC_STANDARD_CHARACTERS_MAPPING
from ttconv.scc.word import SccWord

from transforms.subtitles.events import Event
from transforms.text.timecode import frame_rate

FRAMES_PER_S = frame_rate(29.97)
_TOP_ROWS, _BASE_ROW = 7, 15
# Receivers clear the screen when nothing has come for 16 s.
_TIMEOUT = 480
# A row that is addressed half a second after the last character starts a text of its own.
_PAUSE = 15
# What ttconv makes of the em dash, the caret and the bar.
_CHARACTERS = str.maketrans("━ʌ┃", "—^|")
_TABS = {Control.TO1: 1, Control.TO2: 2, Control.TO3: 3}
_MODES = {Control.RCL: "pop-on", Control.RDC: "paint-on", Control.TR: "text", Control.RTD: "text"}

Pair = tuple[int, int, int]


def read_captions(pairs: Iterable[Pair]) -> tuple[tuple[Event, ...], tuple[str, ...]]:
    """Read the captions of channel CC1, or else of the first channel in use.

    Args:
        pairs: a frame's number and its two bytes without their parity, by frame.

    Returns:
        The events, and a warning where other channels hold text too.
    """
    words = list(_addressed(pairs))
    used = Counter(channel for channel, pair in words if channel and _is_text(*pair))
    # A damaged code may look like one of another channel.
    read = next((channel for channel in sorted(used) if 2 * used[channel] >= max(used.values())), 0)
    decoder = _Decoder()
    for channel, pair in words:
        if channel == read:
            decoder.take(*pair)
    decoder.close(None)
    others = " and ".join(f"CC{channel}" for channel in sorted(used) if channel != read)
    warning = f"the captions of CC{read} were read, those of {others} were not" if others else ""
    return tuple(decoder.events), (warning,) if warning else ()


def _is_text(_: int, first: int, second: int) -> bool:
    return first >= 0x20 or isinstance(_code(first, second), (SccSpecialCharacter, SccExtendedCharacter))


def _addressed(pairs: Iterable[Pair]) -> Iterator[tuple[int, Pair]]:
    """Give every pair its channel, 1–4, and control codes as channel 1 has them, but not the second of a doubled code.

    The channel is a bit of all control codes and lasts until the next one; the field is told by the miscellaneous codes
    alone (14h, 15h). Channel 0 is what is no caption: extended data services.
    """
    second_field, channel, previous = False, 1, (-1, 0, 0)
    for frame, first, second in pairs:
        if 0x10 <= first < 0x20:
            if previous == (frame - 1, first, second):
                previous = (-1, 0, 0)
                continue
            previous = (frame, first, second)
            miscellaneous = first & 0x76 == 0x14 and second < 0x30
            second_field = bool(first & 1) if miscellaneous else second_field
            channel = 1 + bool(first & 8) + 2 * second_field
            yield channel, (frame, first & (0x76 if miscellaneous else 0x77), second)
        else:
            channel = 0 if 0 < first < 0x10 else channel
            yield channel, (frame, first, second)


@cache
def _code(first: int, second: int) -> Any:
    """Find what a control code means, as ttconv names it."""
    return SccWord(first, second).get_code()


_Row = dict[int, tuple[str, bool]]


@dataclass
class _Decoder:
    """What a receiver knows of a channel: the text it shows, the text it loads, and where it writes.

    One text is shown at a time: with rolled and painted captions it is the last row, or what was painted without
    a pause, since that is what is being said.

    shown, loaded: rows, each of characters and whether they are italic. begin, last: the frame in which the text
    appeared, and that of its last character. done: the next character starts another text. loading: a text is on its
    way to take the place of the one that is shown.
    """

    events: list[Event] = field(default_factory=list)
    mode: str = "pop-on"
    shown: dict[int, _Row] = field(default_factory=dict)
    loaded: dict[int, _Row] = field(default_factory=dict)
    begin: int | None = None
    last: int = 0
    done: bool = False
    loading: bool = False
    row: int = _BASE_ROW
    column: int = 0
    italic: bool = False

    def take(self, frame: int, first: int, second: int) -> None:
        """Take a pair of bytes."""
        if 0x10 <= first < 0x20:
            self._obey(frame, _code(first, second))
        elif first >= 0x20:
            for byte in (first, second):
                if byte >= 0x20:
                    self._write(frame, SCC_STANDARD_CHARACTERS_MAPPING[byte])

    def close(self, frame: int | None, erased: bool = False) -> None:
        """End the text that is shown; frame None: there is no more; erased: the end is asked for, however late."""
        texts = {row: text for row, cells in sorted(self.shown.items()) if (text := _text(cells))}
        if self.begin is not None and texts:
            timeout = self.last + _TIMEOUT
            end = timeout if frame is None else frame if erased else min(frame, timeout)
            text, at_top = "\n".join(texts.values()), max(texts) <= _TOP_ROWS
            self.events.append(Event(_seconds(self.begin), _seconds(end), text, at_top))
        self.begin, self.done = None, False

    def _obey(self, frame: int, code: Any) -> None:
        if isinstance(code, SccPreambleAddressCode):
            self._address(frame, code.get_row(), code.get_indent() or 0, code.is_italic())
        elif isinstance(code, SccMidRowCode):
            self.italic = False
            self._write(frame, " ")
            self.italic = code.get_font_style() is not None
        elif isinstance(code, SccSpecialCharacter):
            self._write(frame, code.get_unicode_value())
        elif isinstance(code, SccExtendedCharacter):
            self.column = max(0, self.column - 1)
            self._write(frame, code.get_unicode_value().translate(_CHARACTERS))
        elif isinstance(code, Control):
            self._control(frame, code)

    def _address(self, frame: int, row: int, column: int, italic: bool) -> None:
        self.row, self.column, self.italic = row, column, italic
        self.done |= self.mode != "pop-on" and frame - self.last >= _PAUSE

    def _control(self, frame: int, code: Control) -> None:
        if code in _MODES:
            self.mode = _MODES[code]
        elif code in (Control.RU2, Control.RU3, Control.RU4):
            self._roll_up(frame)
        elif code is Control.CR and self.mode == "roll-up":
            self.done, self.column = True, 0
        elif code is Control.EDM:
            self.close(frame, erased=not self.loading)
            self.shown = {}
        elif code is Control.ENM:
            self.loaded, self.loading = {}, False
        elif code is Control.EOC:
            self._flip(frame)
        else:
            self._edit(code)

    def _roll_up(self, frame: int) -> None:
        """Start rolling: what other captions have left is erased."""
        if self.mode != "roll-up":
            self.close(frame, erased=True)
            self.mode, self.shown, self.loaded, self.row = "roll-up", {}, {}, _BASE_ROW
        self._address(frame, self.row, 0, False)

    def _flip(self, frame: int) -> None:
        """Show what is loaded."""
        self.close(frame)
        self.shown, self.loaded = self.loaded, self.shown
        self.mode, self.last, self.loading = "pop-on", frame, False
        self.begin = frame if any(map(_text, self.shown.values())) else None

    def _edit(self, code: Control) -> None:
        if code is Control.BS:
            self.column = max(0, self.column - 1)
            self._cells().pop(self.column, None)
        elif code is Control.DER:
            for column in [column for column in self._cells() if column >= self.column]:
                del self._cells()[column]
        self.column += _TABS.get(code, 0)

    def _cells(self) -> _Row:
        """Give the row that is being written."""
        return (self.loaded if self.mode == "pop-on" else self.shown).setdefault(self.row, {})

    def _write(self, frame: int, character: str) -> None:
        if self.mode == "text":
            return
        if self.mode == "pop-on":
            self.loading = True
        else:
            if self.done:
                self.close(frame)
                self.shown = {}
            if character != " ":
                self.begin, self.last = frame if self.begin is None else self.begin, frame
        self._cells()[self.column] = (character, self.italic)
        self.column += 1


def _seconds(frame: int) -> float:
    return float(frame / FRAMES_PER_S)


def _text(cells: _Row) -> str:
    """Join a row's characters, with tags around italics; columns that were skipped are spaces."""
    if not cells:
        return ""
    row = [cells.get(column, (" ", False)) for column in range(min(cells), max(cells) + 1)]
    runs = [("".join(text for text, _ in run), italic) for italic, run in groupby(row, key=lambda cell: cell[1])]
    text = "".join(f"<i>{run}</i>" if italic and run.strip() else run for run, italic in runs)
    return " ".join(text.replace("<i> ", " <i>").replace(" </i>", "</i> ").split())
