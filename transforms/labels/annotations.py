"""Read manual labels: annotations to train on, and the truth to evaluate against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from transforms.records import CLASSES, InputError, Interval, Reading
from transforms.text.encoding import decode_text
from transforms.text.tabular import Row, read_table

COLUMNS = ("start_s", "end_s", "class")


def read_annotations(data: bytes, classes: Sequence[str], annotated: Sequence[str] = ()) -> Reading:
    """Read a CSV file of ``start_s,end_s,class``; a header alone is valid, and says that nothing is heard.

    Args:
        data: the file.
        classes: those that may be named.
        annotated: those that were listened for, so that their absence means something, and no others are used; by
            default speech, music and what else the file names.

    Raises:
        InputError: the file is empty, is not text, or has not that header.
    """
    text, warnings = decode_text(data)
    table = read_table(text, lambda cells: set(COLUMNS) <= set(_names(cells)))
    if table is None:
        raise InputError("its header is not start_s,end_s,class: write it so")
    columns = [_names(table.header).index(column) for column in COLUMNS]
    intervals, faults, first = [], Counter[str](), dict[str, int]()
    for row in table.rows:
        try:
            intervals.append(_interval(row, columns, classes))
        except ValueError as error:
            faults[str(error)] += 1
            first.setdefault(str(error), row.line)
    notes = (f"{count} rows were left out: {fault}; first in line {first[fault]}" for fault, count in faults.items())
    named = annotated or (*CLASSES, *(interval.kind for interval in intervals))
    covers = tuple(label for label in classes if label in named)
    return Reading(tuple(intervals), (*warnings, *notes, *_unknown(annotated, classes)), covers=covers)


def _unknown(annotated: Sequence[str], classes: Sequence[str]) -> list[str]:
    found = [label for label in annotated if label not in classes]
    return [f"annotated names {', '.join(found)}: no such class (known: {', '.join(classes)})"] if found else []


def _names(cells: Sequence[str]) -> list[str]:
    return [cell.strip().lower() for cell in cells]


def _interval(row: Row, columns: Sequence[int], classes: Sequence[str]) -> Interval:
    start, end, label = (row[column] for column in columns)
    try:
        start_s, end_s = float(start), float(end)
    except ValueError:
        raise ValueError("start_s or end_s is not a number") from None
    if label not in classes:
        raise ValueError(f"unknown class (known: {', '.join(classes)})")
    if not (0 <= start_s < end_s < math.inf):
        raise ValueError("negative, or does not end after it starts")
    return Interval(start_s, end_s, label)
