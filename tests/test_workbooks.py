"""Cue sheets in Excel workbooks."""

from __future__ import annotations

import contextlib
import io
import zipfile
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.cue_sheets.sheet import read_cue_sheet
from transforms.cue_sheets.workbooks import read_workbook
from transforms.records import InputError

HEADER = ["No.", "Title", "In", "Out", "Use"]
CUE = [1, "a", "00:00:01:05", "00:00:02:00", "VV"]
READ = [(1.2, 2.0, "vocal_cue")]


def workbook(hidden: str = "", **sheets: list[list[Any]]) -> bytes:
    """Make a workbook; a cell may be a pair of a value and its number format."""
    book = openpyxl.Workbook()
    book.remove(book["Sheet"])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name == hidden else "visible"
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row, start=1):
                value, shown = cell if isinstance(cell, tuple) else (cell, None)
                sheet.cell(number, column, value)
                if shown:
                    sheet.cell(number, column).number_format = shown
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(data: bytes, fps: float | None = 25) -> list[tuple[float, float, str]]:
    return [(round(cue.start_s, 4), round(cue.end_s, 4), cue.kind) for cue in read_cue_sheet(data, fps).intervals]


def lengths(*cells: Any) -> tuple[list[float], tuple[str, ...]]:
    """Read cells as durations."""
    rows = [[number, "a", f"{number}:00", cell] for number, cell in enumerate(cells)]
    reading = read_cue_sheet(workbook(Cues=[["No.", "Title", "In", "Duration"], *rows]), None)
    return [round(cue.end_s - cue.start_s, 4) for cue in reading.intervals], reading.warnings


def test_a_worksheet() -> None:
    assert read(workbook(Cues=[HEADER, CUE])) == READ


def test_a_title_block_with_the_frame_rate_above_the_header() -> None:
    block: list[list[Any]] = [
        ["HARBOR", None, None, (date(2026, 3, 1), "yyyy-mm-dd")],
        ["Frame rate", 25],
        [],
        ["Running time", time(0, 45)],
    ]
    assert read(workbook(Cues=[*block, HEADER, CUE]), None) == READ


def test_the_worksheet_with_cues_is_found() -> None:
    cover = [["Music by", "x"], ["Duration", "45:00"]]
    assert read(workbook(Cover=cover, Empty=[], Template=[HEADER], Cues=[HEADER, CUE])) == READ


def test_a_hidden_worksheet_comes_last() -> None:
    old = [1, "a", "00:00:05:00", "00:00:06:00", "BI"]
    assert read(workbook("Old", Old=[HEADER, old], Cues=[HEADER, CUE])) == READ
    assert read(workbook("Cues", Cover=[["x"]], Cues=[HEADER, CUE])) == READ


def test_cues_on_several_worksheets_are_refused() -> None:
    # The music of a reel that is not read would count as none.
    with pytest.raises(InputError, match=r"cues on its worksheets 'Reel1', 'Reel2': deliver them on one"):
        read_cue_sheet(workbook(Reel1=[HEADER, CUE], Reel2=[HEADER, CUE], Notes=[["x"]]), 25)


def test_merged_cells_of_a_header() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Title", "Timecode", None, "Use"], [None, "In", "Out"], ["a", "00:00:01:05", "00:00:02:00", "VV"]):
        sheet.append(row)
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("A1:A2")
    assert read(saved(book)) == READ


def test_real_times() -> None:
    cells = [time(0, 0, 28), time(0, 1, 5, 500_000), timedelta(minutes=2, seconds=3), 28, 28.25, "0:28", "28"]
    assert lengths(*cells) == ([28, 65.5, 123, 28, 28.25, 28, 28], ())
    shown = [(time(0, 0, 28), "mm:ss"), (time(0, 1, 5), 'h"h"mm"m"ss'), (time(1, 2, 3), "[$-409]h:mm:ss AM/PM;@")]
    assert lengths(*shown) == ([28, 65, 3723], ())


def test_minutes_and_seconds_that_excel_took_for_hours_and_minutes() -> None:
    typed = [(time(0, 28), "h:mm"), (time(1, 5), "h:mm"), (timedelta(hours=27, minutes=30), "[h]:mm:ss")]
    beyond = [(datetime(1900, 1, 1, 3, 30), "h:mm:ss")]
    assert lengths(*typed, *beyond, (time(0, 0, 9), "h:mm:ss")) == (
        [28, 65, 27 * 60 + 30, 27 * 60 + 30, 9],
        ("4 times that it shows as hours and minutes are read as minutes and seconds",),
    )


def test_a_format_that_hides_seconds() -> None:
    assert lengths((time(0, 1, 28), "h:mm"), (time(0, 2), "h:mm")) == ([88, 120], ())


def test_whole_minutes_under_a_format_with_seconds() -> None:
    durations, warnings = lengths(time(0, 28), time(0, 18), time(0, 9))
    assert durations == [28, 18, 9]
    assert "read as minutes and seconds" in warnings[0]


def test_a_formula_gives_the_value_that_it_was_saved_with() -> None:
    data = workbook(Cues=[["In", "Out"], [10, "=A2+5"]])
    parts = unpacked(data)
    sheet = parts["xl/worksheets/sheet1.xml"].replace(b"<v></v>", b"<v>15</v>").replace(b"<v />", b"<v>15</v>")
    assert read(packed(parts | {"xl/worksheets/sheet1.xml": sheet})) == [(10.0, 15.0, "cue")]
    with pytest.raises(InputError, match="none of its 1 cues"):
        read_cue_sheet(data, None)


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_rows(rows: bytes) -> bytes:
    """Put raw rows below the cues of a sheet that claims to fill all of its million rows."""
    parts = unpacked(workbook(Cues=[HEADER, CUE]))
    sheet = parts["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", rows + b"</sheetData>")
    sheet = sheet.replace(b'ref="A1:E2"', b'ref="A1:XFD1048576"')
    return packed(parts | {"xl/worksheets/sheet1.xml": sheet})


def test_a_million_empty_rows() -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (row, row) for row in range(3, 1_000_000))
    data = with_rows(rows)
    assert len(read_workbook(data)[0].rows) == 20_000
    assert read(data) == READ
    assert read(with_rows(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')) == READ


def test_a_bomb_is_not_unpacked() -> None:
    parts = unpacked(workbook(Cues=[HEADER, CUE]))
    for name, megabytes in (("xl/sharedStrings.xml", 65), ("xl/worksheets/sheet1.xml", 257)):
        with pytest.raises(InputError, match="too large for a cue sheet"):
            read_cue_sheet(packed(parts | {name: b" " * (megabytes << 20)}), 25)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), r"an Excel 97 workbook \(.xls\), or one with a password"),
        (b"PK\x03\x04" + bytes(100), "no Excel workbook"),
        (workbook(Cues=[HEADER, CUE])[:-200], "damaged"),
        (packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "save it again as .xlsx or CSV"),
        (workbook(Cues=[["Title", "Composer"]], More=[]), "none of its 2 worksheets has a header"),
        (workbook(Cues=[["Title", "Duration"], ["a", "0:28"]]), "its 1 cues have durations but no in-times"),
    ],
)
def test_what_is_no_cue_sheet_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_cue_sheet(data, 25)


@cache
def whole() -> dict[str, bytes]:
    return unpacked(workbook(Cues=[HEADER, CUE, [2, "b", time(0, 1), time(0, 2), "BI"]]))


@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(whole())))
    part = bytearray(whole()[name])
    for _ in range(data.draw(st.integers(1, 4))):
        part[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        read_cue_sheet(packed(whole() | {name: bytes(part)}), 25)
    file = bytearray(packed(whole()))
    file[data.draw(st.integers(4, len(file) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(InputError):
        read_cue_sheet(bytes(file), 25)
