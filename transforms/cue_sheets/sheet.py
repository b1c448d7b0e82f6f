"""Read music cue sheets, which have no standard: a title, a usage code, and where the music begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import median

from transforms.cue_sheets.columns import find_columns
from transforms.cue_sheets.entries import Entry, read_entries
from transforms.cue_sheets.settings import stated_settings
from transforms.cue_sheets.table import read_cue_table
from transforms.records import InputError, Interval, Reading
from transforms.text.timecode import Clock, frame_rate, has_frames

_DAY = "24:00:00"
# Cues that all last whole minutes, at least so many of them and half of them so long, were typed as seconds.
_LEAST_TYPED, _LONG_S = 3, 600
Faults = list[tuple[int, str]]


@dataclass(frozen=True)
class _Times:
    """Where a cue begins and ends in the sheet's time; duration_s is None where the sheet says its end."""

    entry: Entry
    begin_s: Fraction
    end_s: Fraction
    duration_s: Fraction | None = None


def read_cue_sheet(data: bytes, fps: float | None, start: str = "") -> Reading:
    """Read a cue sheet as CSV, TSV, XLSX or JSON; a header without rows is valid, and says that there is no music.

    Args:
        data: the file.
        fps: the frame rate of its timecode; None: what the sheet states, which it must where its times count frames.
        start: the time of the programme's start in the sheet ("01:00:00", "01:00:00:00"); "": what it states, or zero.

    Returns:
        Intervals of kinds ``cue`` and ``vocal_cue`` by their start, and a warning for the rows that were left out.

    Raises:
        InputError: the file cannot be read, has no columns to place a cue by, or no row that can be read.
    """
    table, warnings = read_cue_table(data)
    columns = find_columns(table.header)
    entries = read_entries(table, columns)
    stated = stated_settings(table, [row[column.index] for row in table.rows for column in columns.get("rate", ())])
    clock = Clock.of(
        [*(time for entry in entries for time in entry.times), start], stated.fps if fps is None else fps, stated.drop
    )
    faults: Faults = []
    times, typed = _as_meant(_read_times(entries, clock, faults), clock)
    start_s, doubts = _start(start, stated.start, times, clock)
    cues = _cues(times, start_s, clock, faults)
    faults.sort()
    if entries and not cues:
        raise InputError(f"none of its {len(entries)} cues can be read: {faults[0][1]} (line {faults[0][0]})")
    notes = (*_two_rates(clock, stated.fps), *typed, *doubts, *_left_out(faults, len(entries)))
    return Reading(tuple(cues), (*warnings, *notes), hour_s=float(clock.seconds("01:00:00")))


def _read_times(entries: Sequence[Entry], clock: Clock, faults: Faults) -> list[_Times]:
    found = []
    for entry in entries:
        try:
            found.append(_times(entry, clock))
        except (ValueError, ArithmeticError) as error:
            faults.append((entry.line, str(error)))
    return found


def _times(entry: Entry, clock: Clock) -> _Times:
    if not entry.begin:
        raise ValueError("a duration or out-time, but no in-time" if any(entry.times) else "no times")
    if not entry.is_placed:
        raise ValueError("neither out-time nor duration")
    begin_s = clock.seconds(entry.begin)
    if not entry.end:
        duration_s = clock.seconds(entry.duration)
        return _Times(entry, begin_s, begin_s + duration_s, duration_s)
    end_s = clock.seconds(entry.end)
    day_s = clock.seconds(_DAY)
    return _Times(entry, begin_s, end_s + day_s if end_s < begin_s - day_s / 2 else end_s)


def _as_meant(times: list[_Times], clock: Clock) -> tuple[list[_Times], tuple[str, ...]]:
    """Read as minutes and seconds what a spreadsheet took for hours and minutes, and exports as 0:28:00."""
    durations = [cue.duration_s for cue in times if cue.duration_s is not None]
    places = [place_s for cue in times for place_s in (cue.begin_s, cue.end_s)]
    typed = len(times) >= _LEAST_TYPED and median(cue.end_s - cue.begin_s for cue in times) >= _LONG_S
    whole_places = _whole_minutes(places) and all(":" in cue.entry.begin for cue in times)
    if clock.rate or not typed or not _whole_minutes(durations) or not (durations or whole_places):
        return times, ()
    note = "its cues last whole minutes, half of them 10 or more: read as minutes and seconds (0:28:00 as 0:28)"
    return [_shrunk(cue, 60 if whole_places else 1) for cue in times], (note,)


def _whole_minutes(values: Sequence[Fraction]) -> bool:
    return all(value % 60 == 0 for value in values)


def _shrunk(cue: _Times, scale: int) -> _Times:
    """Take minutes for seconds in a duration, and ``scale`` of the places' seconds for one."""
    begin_s = cue.begin_s / scale
    end_s = cue.end_s / scale if cue.duration_s is None else begin_s + cue.duration_s / 60
    return replace(cue, begin_s=begin_s, end_s=end_s)


def _start(given: str, stated: str, times: Sequence[_Times], clock: Clock) -> tuple[Fraction, tuple[str, ...]]:
    """Give the programme's start, and what is doubtful about it; the catalog's word beats the sheet's."""
    try:
        stated_s = _start_s(stated, clock)
    except InputError:
        stated, stated_s = "", Fraction(0)
    if not given.strip():
        if stated_s <= median([cue.begin_s for cue in times] or [stated_s]):
            return stated_s, ()
        return Fraction(0), (f"its cues lie before the programme's start that it states ({stated}): not used",)
    given_s = _start_s(given, clock)
    if stated and stated_s != given_s:
        return given_s, (f"it states the programme's start as {stated}, the catalog as {given}: the catalog's is used",)
    return given_s, ()


def _start_s(start: str, clock: Clock) -> Fraction:
    if not clock.rate and has_frames(start):
        start = start[:-3]  # where the sheet counts no frames, they are no more than ":00"
    try:
        return clock.seconds(start) if start.strip() else Fraction(0)
    except (ValueError, ArithmeticError) as error:
        raise InputError(f"the programme's start {start!r} is not a time ({error}): set cue_sheet_start") from error


def _cues(times: Sequence[_Times], start_s: Fraction, clock: Clock, faults: Faults) -> list[Interval]:
    cues = set()
    for cue in times:
        try:
            cues.add(_cue(cue, start_s, clock.seconds(_DAY)))
        except (ValueError, ArithmeticError) as error:
            faults.append((cue.entry.line, str(error)))
    return sorted(cues, key=lambda cue: (cue.start_s, cue.end_s, cue.kind))


def _cue(cue: _Times, start_s: Fraction, day_s: Fraction) -> Interval:
    if cue.end_s <= cue.begin_s:
        raise ValueError("out is not after in")
    # A programme of late evening goes on after midnight.
    past_s = day_s if cue.end_s < start_s - day_s / 2 else Fraction(0)
    begin_s, end_s = cue.begin_s + past_s - start_s, cue.end_s + past_s - start_s
    if end_s <= 0:
        raise ValueError("before the programme's start")
    return Interval(float(max(begin_s, Fraction(0))), float(end_s), "vocal_cue" if cue.entry.sung else "cue")


def _two_rates(clock: Clock, stated: float | None) -> tuple[str, ...]:
    if not clock.rate or stated is None or frame_rate(stated) == clock.rate:
        return ()
    return (f"it states {stated:.6g} frames a second, the catalog {float(clock.rate):.6g}: the catalog's is used",)


def _left_out(faults: Faults, rows: int) -> list[str]:
    """Give one warning for every reason that rows were left out for."""
    lines: dict[str, list[int]] = {}
    for line, fault in faults:
        lines.setdefault(fault, []).append(line)
    return [f"{len(n)} of {rows} rows were left out: {fault}; first in line {n[0]}" for fault, n in lines.items()]
