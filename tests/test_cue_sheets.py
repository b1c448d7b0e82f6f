"""Cue sheets as they are delivered."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.cue_sheets import read_cue_sheet
from transforms.records import InputError, Interval

HEADER = "cue,title,usage,tc_in,tc_out\r\n"


def read(text: str, fps: float | None = 25, start: str = "") -> list[tuple[float, float, str]]:
    cues = read_cue_sheet(text.encode(), fps, start).intervals
    return [(round(cue.start_s, 4), round(cue.end_s, 4), cue.kind) for cue in cues]


SHEETS = {
    "in and out": HEADER + "1,a,VV,00:00:01:05,00:00:02:00\r\n",
    "in and duration": "No.;Work title;Use;Time in;Duration\n1;a;VV;00:00:01:05;00:00:00:20\n",
    "tabs": "In\tOut\tUsage code\n00:00:01:05\t00:00:02:00\tVisual Vocal\n",
    "quoted": '"TC IN","TC OUT","USAGE"\n"00:00:01:05","00:00:02:00","vv"\n',
    "out beats duration": "start,end,length,use\n00:00:01:05,00:00:02:00,0:30,VV\n",
    "duration where out is empty": "start,end,length,use\n00:00:01:05,,00:00:00:20,VV\n",
    "time is the in-time": "Time,Duration,Usage\n00:00:01:05,00:00:00:20,VV\n",
    "a title above": "Cue sheet for HARBOR,,\nRunning time,45:00,\nTC In,TC Out,Usage\n00:00:01:05,00:00:02:00,VV\n",
    "blank rows": HEADER + ",,,,\n1,a,VV,00:00:01:05,00:00:02:00\n,,,,\n",
    "a comma in a title": HEADER + '1,"a, b; c",VV,00:00:01:05,00:00:02:00\n',
    "utf-8 with a bom": "\ufeff" + HEADER + "1,é,VV,00:00:01:05,00:00:02:00\n",
}


@pytest.mark.parametrize("text", SHEETS.values(), ids=SHEETS.keys())
def test_layouts(text: str) -> None:
    assert read(text) == [(1.2, 2.0, "vocal_cue")]


@pytest.mark.parametrize(
    ("usage", "kind"),
    [(u, "vocal_cue") for u in ("BV", "VV", "FV", "bv", "B.V./BV", "Background Vocal", "Featured vocals")]
    + [(u, "cue") for u in ("BI", "VI", "FI", "MT", "ET", "OT", "CT", "EE", "", "Visual instrumental")],
)
def test_usage_codes(usage: str, kind: str) -> None:
    assert read(HEADER + f"1,a,{usage},0:10,0:20\n", None) == [(10.0, 20.0, kind)]


@pytest.mark.parametrize("start", ["01:00:00", "01:00:00:00"])
@pytest.mark.parametrize(("fps", "seconds"), [(25, 10.48), (24, 10.5), (23.976, 10.5105)])
def test_the_programme_start_is_counted_as_the_sheet_counts(start: str, fps: float, seconds: float) -> None:
    assert read(HEADER + "1,a,BI,01:00:10:12,01:01:00:00\n", fps, start)[0][0] == seconds


def test_drop_frame_sheet() -> None:
    sheet = HEADER + "1,a,BI,01:10:00;00,01:20:00;00\n"
    assert read(sheet, 29.97, "01:00:00:00") == [(599.9994, 1199.9988, "cue")]


def test_a_header_alone_says_that_there_is_no_music() -> None:
    assert read_cue_sheet(HEADER.encode(), 25).intervals == ()
    assert read_cue_sheet(HEADER.encode(), 25).warnings == ()


def test_rows_that_cannot_be_read_are_counted_by_reason() -> None:
    rows = ["0:10,0:20", "0:30,0:25", "tbd,0:40", "0:50,0:50", "0:05,0:30", "0:40,", "1:00,1:10"]
    reading = read_cue_sheet(("in,out\n" + "\n".join(rows)).encode(), None, "0:08")
    assert [cue.start_s for cue in reading.intervals] == [2.0, 52.0]
    assert reading.warnings == (
        "2 of 7 rows were left out: out is not after in; first in line 3",
        "1 of 7 rows were left out: a time that cannot be read; first in line 4",
        "1 of 7 rows were left out: before the programme's start; first in line 6",
        "1 of 7 rows were left out: no in-time, or neither out-time nor duration; first in line 7",
    )


def test_a_frame_number_beyond_the_rate_is_left_out() -> None:
    sheet = HEADER + "1,a,BI,00:00:10:25,00:00:20:00\n2,a,BI,00:00:10:24,00:00:20:00\n"
    reading = read_cue_sheet(sheet.encode(), 25)
    assert [cue.start_s for cue in reading.intervals] == [10.96]
    assert "1 of 2 rows were left out: a frame number beyond the frame rate; first in line 2" in reading.warnings


def test_a_start_that_is_missing_is_pointed_out() -> None:
    reading = read_cue_sheet((HEADER + "1,a,BI,01:00:10:00,01:00:20:00\n").encode(), 25)
    assert "set cue_sheet_start" in reading.warnings[0]


@pytest.mark.parametrize(
    ("text", "fps", "start", "message"),
    [
        ("", 25, "", "empty"),
        ("Seq,Title,Usage,Duration\n1,a,VI,0:24\n", 25, "", "durations but no in-times: cannot be placed"),
        ("Title,Time in,Duration\na,,0:24\n", 25, "", "durations but no in-times"),
        ("Title,Time in\na,0:24\n", 25, "", "neither out-times nor durations"),
        ("Title,Composer\na,b\n", 25, "", "no header"),
        (HEADER + "1,a,BI,00:00:10:12,00:00:20:00\n", None, "", r"count frames \(00:00:10:12\).*cue_sheet_fps"),
        (HEADER + "1,a,BI,00:00:10:12,00:00:20:00\n", 12.5, "", "not a frame rate"),
        (HEADER + "1,a,BI,0:10,0:20\n", 25, "one o'clock", "programme's start"),
        (HEADER + "1,a,BI,0:10,0:20\n", 25, "01:00:00", "none of its 1 cues can be read: before the programme's start"),
        (HEADER + "1,a,BI," + "9" * 400 + "," + "9" * 401, 25, "", "none of its 1 cues"),
    ],
)
def test_what_cannot_be_placed_is_refused(text: str, fps: float | None, start: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_cue_sheet(text.encode(), fps, start)


@given(st.one_of(st.binary(), st.text().map(str.encode)), st.sampled_from([None, 23.976, 25.0]))
def test_any_bytes_are_read_or_refused(data: bytes, fps: float | None) -> None:
    for prefix in (b"", HEADER.encode()):
        with contextlib.suppress(InputError):
            read_cue_sheet(prefix + data, fps)


needs_catalog = pytest.mark.skipif("SMAD_DATA" not in os.environ, reason="SMAD_DATA does not name the sample data")


@needs_catalog
@pytest.mark.parametrize(
    ("name", "fps", "start", "first", "last", "count"),
    [
        ("changcheng", 24, "00:00:00", 16 + 2 / 24, 75 + 22 / 24, 3),
        ("harbor-s01e01", 24, "00:00:00", 1 / 24, 71 + 14 / 24, 2),
        ("harbor-s01e02", 25, "01:00:00", 41.68, 67.44, 1),
        ("harbor-s01e03", 25, "00:00:00", 25, 77, 2),
        ("il-molo", 25, "00:00:00", 0.12, 65.24, 3),
        ("le-phare-s01e01", 25, "00:00:00", 0, 78.04, 2),
        ("mosaic", 23.976, "00:00:00", (22 * 24 + 1) * 1001 / 24000, (60 * 24 + 15) * 1001 / 24000, 2),
        ("muntele", 25, "00:00:00", 0.04, 75.52, 3),
    ],
)
def test_sheets_of_the_sample_catalog(  # noqa: PLR0917
    name: str, fps: float, start: str, first: float, last: float, count: int
) -> None:
    file = Path(os.environ["SMAD_DATA"]) / "catalog" / f"{name}.cues.csv"
    reading = read_cue_sheet(file.read_bytes(), fps, start)
    assert len(reading.intervals) == count
    assert reading.intervals[0].start_s == pytest.approx(first)
    assert reading.intervals[-1].end_s == pytest.approx(last)
    assert reading.warnings == ()
    truth = (file.parent / "truth" / f"{name}.csv").read_text().splitlines()
    music = [float(line.split(",")[0]) for line in truth if line.endswith("music")]
    assert all(min(abs(cue.start_s - start_s) for start_s in music) < 1 for cue in reading.intervals)


@needs_catalog
def test_sheets_of_the_sample_catalog_without_cues() -> None:
    folder = Path(os.environ["SMAD_DATA"]) / "catalog"
    assert read_cue_sheet((folder / "more.cues.csv").read_bytes(), 25).intervals == ()
    with pytest.raises(InputError, match="durations but no in-times"):
        read_cue_sheet((folder / "strasse.cues.csv").read_bytes(), 25)


def test_cues_come_by_their_start() -> None:
    sheet = "in,out\n0:30,0:40\n0:10,0:50\n"
    assert read_cue_sheet(sheet.encode(), None).intervals == (
        Interval(10.0, 50.0, "cue"),
        Interval(30.0, 40.0, "cue"),
    )
