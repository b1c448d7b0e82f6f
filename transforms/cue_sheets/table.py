"""Find the table of cues in a file, whatever its format."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.cue_sheets.columns import Columns, find_columns
from transforms.cue_sheets.json_tables import is_json, read_json_table
from transforms.cue_sheets.workbooks import Sheet, read_workbook
from transforms.records import InputError
from transforms.text.encoding import decode_text
from transforms.text.tabular import Table, find_table, read_table

_ZIP = b"PK\x03\x04"
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an Excel 97 workbook (.xls), or one with a password",
    b"%PDF": "a PDF",
    b"{\\rtf": "a text document (RTF)",
}
_NAME_THEM = "a header with a column of in-times: name its columns (title, usage, tc_in, tc_out)"


def read_cue_table(data: bytes) -> tuple[Table, tuple[str, ...]]:
    """Read a CSV, TSV, XLSX or JSON file, told by its content; and what in it had to be guessed.

    Raises:
        InputError: it is none of these, or has no column that could place a cue.
    """
    for magic, name in _FOREIGN.items():
        if data.startswith(magic):
            raise InputError(f"it is {name}: save it as .xlsx or CSV")
    if data.startswith(_ZIP):
        return _table_of_sheets(read_workbook(data))
    text, warnings = decode_text(data)
    table = read_json_table(text, _known) if is_json(text) else read_table(text, _known)
    if table is None:
        raise InputError(f"it has no {_NAME_THEM.removeprefix('a ')}")
    return table, warnings


def can_place(columns: Columns) -> bool:
    """Tell whether a sheet says of its cues where they begin and end."""
    return "in" in columns and bool({"out", "duration"} & columns.keys())


def _known(cells: Sequence[str]) -> int:
    """Count the columns that a header names, if one of them is a time; those that can place a cue outweigh the rest."""
    columns = find_columns(cells)
    return len(columns) + 10 * can_place(columns) if {"in", "duration"} & columns.keys() else 0


def _table_of_sheets(sheets: Sequence[Sheet]) -> tuple[Table, tuple[str, ...]]:
    """Take the worksheet whose header can place cues, and that has some; a hidden one if no other does."""
    found = [(sheet, table) for sheet in sheets if (table := find_table(sheet.rows, _known))]
    if not found:
        raise InputError(f"none of its {len(sheets)} worksheets has {_NAME_THEM}")
    usable = [pair for pair in found if can_place(find_columns(pair[1].header))] or found
    sheet, table = next((pair for pair in usable if pair[1].rows), usable[0])
    others = [repr(other.name) for other, rest in usable if rest.rows and other is not sheet and not other.hidden]
    if others:
        raise InputError(f"there are cues on its worksheets {sheet.name!r}, {', '.join(others)}: deliver them on one")
    note = f"{sheet.minutes} times that it shows as hours and minutes are read as minutes and seconds"
    return table, (note,) if sheet.minutes else ()
