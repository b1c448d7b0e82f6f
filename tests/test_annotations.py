"""Manual labels."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.labels.annotations import read_annotations
from transforms.records import CLASSES, InputError, Interval


def test_intervals_are_read_as_they_are_written() -> None:
    data = b"start_s,end_s,class\r\n0.00,20.95,music\r\n1.5,2,speech\r\n"
    reading = read_annotations(data, CLASSES)
    assert reading.intervals == (Interval(0.0, 20.95, "music"), Interval(1.5, 2.0, "speech"))
    assert reading.warnings == ()


def test_a_header_alone_says_that_nothing_is_heard() -> None:
    assert read_annotations(b"start_s,end_s,class\n", CLASSES).intervals == ()


def test_bad_rows_are_left_out_and_counted() -> None:
    rows = [
        "0,1,speech",
        "1,2,laughter",
        "2,1,speech",
        "-1,1,music",
        "a,1,music",
        "0,nan,music",
        "3,4,laughter",
        "5,inf,music",
    ]
    reading = read_annotations("\n".join(["start_s,end_s,class", *rows]).encode(), CLASSES)
    assert reading.intervals == (Interval(0.0, 1.0, "speech"),)
    assert reading.warnings == (
        "2 rows were left out: unknown class (known: speech, music); first in line 3",
        "4 rows were left out: negative, or does not end after it starts; first in line 4",
        "1 rows were left out: start_s or end_s is not a number; first in line 6",
    )


ROWS = b"start_s,end_s,class\n0,1,speech\n2,3,effects\n"
THREE = (*CLASSES, "effects")


@pytest.mark.parametrize(
    ("data", "classes", "annotated", "covers"),
    [
        (b"start_s,end_s,class\n", CLASSES, (), ("speech", "music")),
        (b"start_s,end_s,class\n", THREE, (), ("speech", "music")),  # of effects nobody knows
        (ROWS, THREE, (), ("speech", "music", "effects")),
        (ROWS, CLASSES, (), ("speech", "music")),
        (ROWS, ("effects", "speech"), (), ("effects", "speech")),  # in the order of the classes
        (ROWS, THREE, ("effects",), ("effects",)),
        (ROWS, THREE, ("music", "speech"), ("speech", "music")),
        (b"start_s,end_s,class\n", THREE, ("effects", "music"), ("music", "effects")),
        (b"start_s,end_s,class\n", ("noise",), (), ()),
    ],
)
def test_classes_that_were_listened_for(
    data: bytes, classes: tuple[str, ...], annotated: tuple[str, ...], covers: tuple[str, ...]
) -> None:
    assert read_annotations(data, classes, annotated).covers == covers


def test_rows_that_cannot_be_read_do_not_name_a_class() -> None:
    assert read_annotations(b"start_s,end_s,class\n2,1,effects\n", THREE).covers == CLASSES


def test_what_is_listened_for_but_no_class_is_told() -> None:
    reading = read_annotations(ROWS, THREE, ("speech", "musik", "efects"))
    assert reading.covers == ("speech",)
    assert reading.warnings == ("annotated names musik, efects: no such class (known: speech, music, effects)",)


@pytest.mark.parametrize("data", [b"", b"begin,end,label\n0,1,speech\n", b"0,1,speech\n", b"\x00\x01"])
def test_what_is_no_annotation_file_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_annotations(data, CLASSES)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for prefix in (b"", b"start_s,end_s,class\n"):
        with contextlib.suppress(InputError):
            read_annotations(prefix + data, CLASSES)
