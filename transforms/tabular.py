"""Tables as spreadsheets export them: find the delimiter and the header row of a CSV or TSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transforms.records import InputError

_DELIMITERS = ",;\t"
_LINES_BEFORE_HEADER = 30


@dataclass(frozen=True)
class Row:
    """A row below the header, and the line of the file that it ends on."""

    line: int
    cells: tuple[str, ...]

    def __getitem__(self, column: int | None) -> str:
        """Give a cell without its margins; a column that is not there is empty."""
        return self.cells[column].strip() if column is not None and column < len(self.cells) else ""


def read_table(text: str, known: Callable[[Sequence[str]], int]) -> tuple[tuple[str, ...], tuple[Row, ...]] | None:
    """Find the header, the first row with the most cells of ``known`` names, and the rows below it.

    The delimiter is the one under which it has the most. Empty rows, and lines above the header, are left out.

    Raises:
        InputError: the quoting is broken.
    """
    tables = [_rows(text, delimiter) for delimiter in _DELIMITERS]
    headers = [(rows, index) for rows in tables for index in range(min(len(rows), _LINES_BEFORE_HEADER))]
    rows, index = max(headers, key=lambda header: known(header[0][header[1]].cells))
    if not known(rows[index].cells):
        return None
    return rows[index].cells, tuple(row for row in rows[index + 1 :] if any(cell.strip() for cell in row.cells))


def _rows(text: str, delimiter: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        return [Row(reader.line_num, tuple(cells)) for cells in reader]
    except csv.Error as error:
        raise InputError(f"line {reader.line_num} is not a row of a table ({error}): export it again as CSV") from error
