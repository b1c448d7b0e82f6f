"""Read music cue sheets, which have no standard: a title, a usage code, and where the music begins and ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from transforms.encoding import decode_text
from transforms.records import InputError, Interval, Reading
from transforms.tabular import Row, read_table
from transforms.timecode import Clock

# Names of columns, in small letters and without anything but letters.
_NAMES = {
    "in": "in tcin timein timecodein tcstart start starttime starttimecode starttc intime intc intimecode begin "
    "cuein from starts tc timecode instart entrance inpoint markin startin",
    "out": "out tcout timeout timecodeout tcend end endtime endtimecode endtc outtime outtc outtimecode stop stoptime "
    "cueout to ends outend outpoint markout finish",
    "duration": "duration dur length len timing running runningtime cueduration cuelength musicduration musiclength "
    "totaltime durationmmss durationhhmmss timemmss",
    "usage": "usage use usagecode usecode usagetype cueusage musicusage usetype usagecodes type",
}
_COLUMN_OF = {name: column for column, names in _NAMES.items() for name in names.split()}
_VOCAL = {"BV", "VV", "FV", "VOCAL", "VOCALS"}
_HOUR_S = 3600


def read_cue_sheet(data: bytes, fps: float | None, start: str = "") -> Reading:
    """Read a cue sheet as CSV or TSV; a header without rows is valid, and says that there is no music at all.

    Args:
        data: the file.
        fps: the frame rate of its timecode, needed where its times count frames.
        start: the time of the programme's start in the sheet ("01:00:00", "01:00:00:00"); "" is zero.

    Returns:
        Intervals of kinds ``cue`` and ``vocal_cue`` by their start, and a warning for the rows that were left out.

    Raises:
        InputError: the file is empty or not text, has no columns to place a cue by, or no row that can be read.
    """
    text, warnings = decode_text(data)
    columns, rows = _table(text)
    times = [row[columns.get(column)] for row in rows for column in ("in", "out", "duration")]
    clock = Clock.of([*times, start], fps)
    intervals, faults = [], list[tuple[str, int]]()
    for row in rows:
        try:
            intervals.append(_cue(row, columns, clock, _start_s(start, clock)))
        except (ValueError, ArithmeticError) as error:
            faults.append((str(error), row.line))
    if rows and not intervals:
        raise InputError(f"none of its {len(rows)} cues can be read: {faults[0][0]} (line {faults[0][1]})")
    notes = (*_left_out(faults, len(rows)), *_offset(intervals, start))
    return Reading(tuple(sorted(intervals, key=lambda cue: (cue.start_s, cue.end_s))), (*warnings, *notes))


def _table(text: str) -> tuple[dict[str, int], tuple[Row, ...]]:
    table = read_table(text, _known)
    if table is None:
        raise InputError("it has no header with a column of in-times: name its columns (title, usage, tc_in, tc_out)")
    columns, rows = _columns(table[0]), table[1]
    if rows and not any(row[columns.get("in")] for row in rows):
        raise InputError(
            "it has durations but no in-times: cannot be placed on the timeline; "
            "deliver a sheet with in and out, or in and duration"
        )
    if rows and not {"out", "duration"} & columns.keys():
        raise InputError("it has in-times but neither out-times nor durations: deliver a sheet with one of them")
    return columns, rows


def _known(cells: Sequence[str]) -> int:
    """Count the columns that a row names, if one of them can place a cue."""
    columns = _columns(cells).keys()
    return len(columns) if {"in", "duration"} & columns else 0


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Find the columns by their names, the first of a kind; "Time" is the in-time where another tells the end."""
    names = [re.sub(r"[^a-z]", "", cell.lower()) for cell in header]
    found: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in _COLUMN_OF:
            found.setdefault(_COLUMN_OF[name], index)
    if "time" in names:
        found.setdefault("in" if {"out", "duration"} & found.keys() else "duration", names.index("time"))
    return found


def _start_s(start: str, clock: Clock) -> Fraction:
    try:
        return clock.seconds(start) if start.strip() else Fraction(0)
    except (ValueError, ArithmeticError) as error:
        raise InputError(f"the programme's start {start!r} is not a time ({error}): set cue_sheet_start") from error


def _cue(row: Row, columns: dict[str, int], clock: Clock, start_s: Fraction) -> Interval:
    tc_in, tc_out, duration, usage = (row[columns.get(column)] for column in ("in", "out", "duration", "usage"))
    if not tc_in or not (tc_out or duration):
        raise ValueError("no in-time, or neither out-time nor duration")
    begin = clock.seconds(tc_in)
    end = clock.seconds(tc_out) if tc_out else begin + clock.seconds(duration)
    if end <= begin:
        raise ValueError("out is not after in")
    if begin < start_s:
        raise ValueError("before the programme's start")
    vocal = _VOCAL & set(re.findall(r"[A-Z]+", usage.upper()))
    return Interval(float(begin - start_s), float(end - start_s), "vocal_cue" if vocal else "cue")


def _left_out(faults: Sequence[tuple[str, int]], rows: int) -> list[str]:
    """Give one warning for every reason that rows were left out for."""
    lines: dict[str, list[int]] = {}
    for fault, line in faults:
        lines.setdefault(fault, []).append(line)
    return [f"{len(n)} of {rows} rows were left out: {fault}; first in line {n[0]}" for fault, n in lines.items()]


def _offset(cues: Sequence[Interval], start: str) -> tuple[str, ...]:
    """Point out times that count from the hour of a tape where the catalog does not say so."""
    if start.strip() or not cues or min(cue.start_s for cue in cues) < _HOUR_S:
        return ()
    return ("its first cue is more than an hour in: if its timecode starts at 01:00:00:00, set cue_sheet_start",)
