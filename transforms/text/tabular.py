"""Tables as people lay them out: a header somewhere below a title block, in CSV, TSV or the rows of a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from transforms.records import InputError

_DELIMITERS = ",;\t|"
_ROWS_BEFORE_HEADER = 60

# How many columns a header names that its reader knows; 0 is no header of its kind.
Known = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Row:
    """A row, and where it is: the line that it ends on, the row of a worksheet, the number of a record."""

    line: int
    cells: tuple[str, ...]

    def __getitem__(self, column: int | None) -> str:
        """Give a cell without its margins; a column that is not there is empty."""
        return self.cells[column].strip() if column is not None and column < len(self.cells) else ""


@dataclass(frozen=True)
class Table:
    """The names of columns, the rows below them, and those above, where a sheet says what holds for all its rows."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    above: tuple[Row, ...] = ()


def read_table(text: str, known: Known) -> Table | None:
    """Find the table of a CSV or TSV file, under the delimiter that gives it the most ``known`` columns.

    Raises:
        InputError: the quoting is broken.
    """
    tables = [find_table(_rows(text, delimiter), known) for delimiter in _DELIMITERS]
    return max(filter(None, tables), key=lambda table: known(table.header), default=None)


def find_table(rows: Sequence[Row], known: Known) -> Table | None:
    """Find the header, the row or pair of rows with the most ``known`` columns; empty rows are left out."""
    best = max(
        _headers(rows),
        key=lambda header: (known(header.cells), header.above - header.below, header.filled),
        default=None,
    )
    if best is None or not known(best.cells):
        return None
    return Table(best.cells, _filled(rows[best.below :]), _filled(rows[: best.above]))


@dataclass(frozen=True)
class _Header:
    """What may be a header: its cells, how many rows lie above it, and where those below it begin."""

    cells: tuple[str, ...]
    above: int
    below: int

    @property
    def filled(self) -> int:
        return sum(bool(cell.strip()) for cell in self.cells)


def _headers(rows: Sequence[Row]) -> Iterator[_Header]:
    limit = min(len(rows), _ROWS_BEFORE_HEADER)
    yield from (_Header(row.cells, index, index + 1) for index, row in enumerate(rows[:limit]))
    # "Timecode" over "In" and "Out": a header in two rows, which has no numbers, as rows of values have.
    for index, (upper, lower) in enumerate(pairwise(rows[:limit])):
        if not any(character.isdigit() for cell in lower.cells for character in cell):
            width = max(len(upper.cells), len(lower.cells))
            cells = tuple(f"{upper[column]} {lower[column]}".strip() for column in range(width))
            yield _Header(cells, index, index + 2)


def _filled(rows: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if any(cell.strip() for cell in row.cells))


def _rows(text: str, delimiter: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        return [Row(reader.line_num, tuple(cells)) for cells in reader]
    except csv.Error as error:
        raise InputError(f"line {reader.line_num} is not a row of a table ({error}): export it again as CSV") from error
