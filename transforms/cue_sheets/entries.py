"""The rows of a cue sheet that are cues, as they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from transforms.cue_sheets.columns import Columns, plain_words
from transforms.cue_sheets.table import can_place
from transforms.cue_sheets.usage_codes import is_sung
from transforms.records import InputError
from transforms.text.tabular import Row, Table

_TOTAL = re.compile(
    r"\W*(?:grand|sub|music|cue|sum)?[ -]*(?:total|totals|totale|totaal|gesamt\w*|summe|somme|suma)\b|\W*合計"
)
_LONGEST_TOTAL = 4  # filled cells; a cue called "Total Eclipse" has more


@dataclass(frozen=True)
class Entry:
    """What a row says of one cue; "" for what it does not say."""

    line: int
    begin: str
    end: str
    duration: str
    usage: str
    sung: bool

    @property
    def times(self) -> tuple[str, str, str]:
        """All of its times."""
        return self.begin, self.end, self.duration

    @property
    def is_placed(self) -> bool:
        """Tell whether it says where the cue begins and ends."""
        return bool(self.begin and (self.end or self.duration))


def read_entries(table: Table, columns: Columns) -> list[Entry]:
    """Give the rows that are cues; a row without any time or usage is none, but a further composer, or a note.

    Raises:
        InputError: there are rows, but none of them can be placed.
    """
    rows = [(row, _entry(row, columns)) for row in table.rows if row.cells != table.header]
    rows = [(row, entry) for row, entry in rows if not _is_total(row, entry)]
    entries = [entry for _, entry in rows if any(entry.times) or entry.usage]
    if rows:
        _refuse_unplaceable(entries, columns)
    return entries


def _entry(row: Row, columns: Columns) -> Entry:
    begin, end, duration = (
        columns[kind][0].time_in(row) if kind in columns else "" for kind in ("in", "out", "duration")
    )
    usage, vocal = (" / ".join(row[column.index] for column in columns.get(kind, ())) for kind in ("usage", "vocal"))
    return Entry(row.line, begin, end, duration, usage.strip(" /"), is_sung(usage, vocal))


def _is_total(row: Row, entry: Entry) -> bool:
    filled = [plain_words(cell) for cell in row.cells if cell.strip()]
    if entry.is_placed and any(character.isdigit() for character in entry.begin):
        return False
    return len(filled) <= _LONGEST_TOTAL and any(map(_TOTAL.match, filled))


def _refuse_unplaceable(entries: Sequence[Entry], columns: Columns) -> None:
    lengths = sum(bool(entry.duration) for entry in entries)
    if not any(any(entry.times) for entry in entries):
        raise InputError("none of its rows has a time: deliver a sheet with in and out, or in and duration")
    if not any(entry.begin for entry in entries):
        raise InputError(
            f"its {lengths} cues have durations but no in-times: cannot be placed on the timeline; "
            "deliver a sheet with in and out, or in and duration"
        )
    if not can_place(columns):
        raise InputError("it has in-times but neither out-times nor durations: deliver a sheet with one of them")
