"""Worksheets of Excel workbooks as rows of text: each cell as the sheet shows it."""

from __future__ import annotations

import datetime
import io
import re
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import openpyxl
from openpyxl.utils.datetime import to_excel

from transforms.records import InputError
from transforms.text.tabular import Row

_ROWS, _COLUMNS = 20_000, 100
_LARGEST_PART = 256 << 20
_LARGEST_REST = 64 << 20  # styles and strings, which are held in memory
_SAVE_AGAIN = "save it again as .xlsx or CSV"
_DAY_S = 86400
# What a number format holds beside its letters: quoted text, escaped characters, colors and locales.
_ASIDE = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]')


@dataclass(frozen=True)
class Sheet:
    """A worksheet; minutes: how many times Excel took for hours and minutes were read as minutes and seconds."""

    name: str
    rows: tuple[Row, ...]
    minutes: int = 0
    hidden: bool = False


@dataclass(frozen=True)
class _Time:
    """A time of a cell, to the millisecond, and whether its format shows no seconds."""

    seconds: float
    short: bool

    @property
    def is_typed_as_minutes(self) -> bool:
        """Tell whether it was typed as minutes and seconds."""
        return self.seconds % 60 == 0 and (self.short or self.seconds >= _DAY_S)


def read_workbook(data: bytes) -> list[Sheet]:
    """Read the worksheets of an XLSX file, hidden ones last, each up to 20,000 rows and 100 columns.

    Formulas give the values that they were saved with. Times are told by the number format of their cell. Whoever
    types 0:28 into Excel for 28 seconds has it stored as 28 minutes and still shown as 0:28. So a time is what the
    cell shows: whole minutes under a format without seconds (h:mm), or beyond 24 hours (27:30 is stored and shown as
    27:30:00), are minutes and seconds. A column in which such a format hides seconds holds real times.

    Raises:
        InputError: it is not such a file, is damaged, or would be too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bombs(archive.infolist())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions and styles that are not read
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = sorted(book.worksheets, key=lambda sheet: sheet.sheet_state != "visible")
            return [_sheet(sheet, book.epoch) for sheet in sheets]
    except InputError:
        raise
    except Exception as error:  # a damaged file raises whatever its bytes lead to
        message = f"it is no Excel workbook (.xlsx), or a damaged one ({type(error).__name__}): {_SAVE_AGAIN}"
        raise InputError(message) from error


def _refuse_bombs(parts: Sequence[zipfile.ZipInfo]) -> None:
    sizes = {part.filename: part.file_size for part in parts if part.filename.endswith((".xml", ".rels"))}
    sheets = {name: size for name, size in sizes.items() if "/worksheets/" in name}
    if max(sheets.values(), default=0) > _LARGEST_PART or sum(sizes.values()) - sum(sheets.values()) > _LARGEST_REST:
        raise InputError(f"it unpacks to {sum(sizes.values()) >> 20} MB, too large for a cue sheet: {_SAVE_AGAIN}")


def _sheet(sheet: Any, epoch: datetime.datetime) -> Sheet:
    # The size that a file states for its sheet is often wrong: a single cell, or all of the million rows.
    sheet.reset_dimensions()
    rows = [
        [_value(cell, epoch) for cell in cells] if any(cell.value is not None for cell in cells) else []
        for cells in sheet.iter_rows(max_row=_ROWS, max_col=_COLUMNS)
    ]
    times = [(column, cell) for row in rows for column, cell in enumerate(row) if isinstance(cell, _Time)]
    exact = {column for column, cell in times if cell.short and cell.seconds % 60}
    minutes = {(column, cell) for column, cell in times if column not in exact and cell.is_typed_as_minutes}
    texts = [tuple(_text(cell, (column, cell) in minutes) for column, cell in enumerate(row)) for row in rows]
    count = sum(each in minutes for each in times)
    hidden = sheet.sheet_state != "visible"
    return Sheet(sheet.title, tuple(Row(line, cells) for line, cells in enumerate(texts, start=1)), count, hidden)


def _value(cell: Any, epoch: datetime.datetime) -> str | _Time:
    """Give a cell's text, or its time; dates are text, in which no time is found."""
    value = cell.value
    if not isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
    shown = _ASIDE.sub("", cell.number_format.lower().split(";")[0])
    if isinstance(value, datetime.date) and re.search("[dy]", shown):
        return value.isoformat()
    days: float = to_excel(value, epoch)  # type: ignore[no-untyped-call]
    return _Time(round(days * _DAY_S, 3), "s" not in shown)


def _text(cell: str | _Time, minutes: bool) -> str:
    if isinstance(cell, str):
        return cell
    whole, part = divmod(round(cell.seconds * 1000), 1000)
    if minutes:
        return f"{whole // 3600}:{whole // 60 % 60:02}"
    text = f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{text}.{part:03}" if part else text
