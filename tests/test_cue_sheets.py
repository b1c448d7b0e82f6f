"""Cue sheets as they are delivered."""

import contextlib
import json
import os
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.cue_sheets.columns import find_columns
from transforms.cue_sheets.sheet import read_cue_sheet
from transforms.records import InputError, Interval

RATES = {23.976: Fraction(24000, 1001), 24: Fraction(24), 25: Fraction(25), 29.97: Fraction(30000, 1001)} | {
    30: Fraction(30),
    50: Fraction(50),
    59.94: Fraction(60000, 1001),
    60: Fraction(60),
}

HEADER = "cue,title,usage,tc_in,tc_out\r\n"


def label(frame: int, fps: float, drop: bool) -> str:
    """Write a frame as timecode by the usual formula: labels skipped so far are added to the frame's number."""
    base = round(fps)
    if drop:
        skip = base // 15
        tens, rest = divmod(frame, 600 * base - 9 * skip)
        frame += 9 * skip * tens + skip * max(0, (rest - skip) // (60 * base - skip))
    seconds, frames = divmod(frame, base)
    mark = ";" if drop else ":"
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{frames:02}"


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
    "bars": "In|Out|Use\n00:00:01:05|00:00:02:00|VV\n",
    "a header in two rows": "Title,Timecode,,Use\n,In,Out,\na,00:00:01:05,00:00:02:00,VV\n",
    "the header again on each page": "In,Out,Use\n00:00:01:05,00:00:02:00,VV\nIn,Out,Use\n",
    "a second composer": "Title,By,In,Out,Use\na,x,00:00:01:05,00:00:02:00,VV\n,y,,,\n",
    "a footnote": "Title,In,Out,Use\na,00:00:01:05,00:00:02:00,VV\nPrepared by x,,,\n",
    "a total": "Use,In,Out,Duration\nVV,00:00:01:05,00:00:02:00,0:01\nTotal:,,,0:01\n",
    "a total among the times": "In,Out,Use\n00:00:01:05,00:00:02:00,VV\nTotal music:,0:01,\n",
    "a row twice": "In,Out,Use\n00:00:01:05,00:00:02:00,VV\n00:00:01:05,00:00:02:00,VV\n",
    "counts of frames": "Start (frames),Length (frames),Use\n30,20,VV\n",
    "milliseconds": "start_ms,end_ms,usage\n1200,2000,VV\n",
    "dots and wide characters": "開始,終了,ボーカル\n００：００：０１：０５,00.00.02.00,有\n",
    "German": "Titel;TC Beginn;TC Ende;Dauer;Verwendung\na;00:00:01:05;00:00:02:00;0:01;Gesang\n",
    "French": "Titre;Début;Fin;Durée;Utilisation\na;00:00:01:05;00:00:02:00;0:01;Chanson\n",
    "Spanish": "Título,Entrada,Salida,Duración,Uso\na,00:00:01:05,00:00:02:00,0:01,Canción\n",
    "Italian": "Titolo,Inizio,Fine,Durata,Utilizzo\na,00:00:01:05,00:00:02:00,0:01,Canzone\n",
    "Dutch": "Titel,Van,Tot,Duur,Gebruik\na,00:00:01:05,00:00:02:00,0:01,Zang\n",
    "Portuguese": "Título,Início,Fim,Duração,Utilização\na,00:00:01:05,00:00:02:00,0:01,Canção\n",
    "JSON": '[{"title": "a", "tc_in": "00:00:01:05", "tc_out": "00:00:02:00", "usage": "VV"}]',
    "JSON of seconds": '{"cues": [{"startTime": 1.2, "endTime": 2, "vocal": true}]}',
    "JSON of milliseconds": '{"sheet": {"rows": [{"startMs": 1200, "durationMs": 800, "use": "VV"}]}}',
    "JSON of frames": '{"fps": 25, "cue_sheet": {"cues": [{"in_frames": 30, "out_frames": 50, "use": "VV"}]}}',
    "JSON within JSON": '{"cues": [{"timecode": {"in": 1.2, "out": 2}, "use": "VV", "writers": [{"name": "x"}]}]}',
    "the times of a work": '[{"use": "VV", "times": [{"in": 1.2, "out": 2}]}, {"use": "VV", "times": []}]',
    "JSON of one cue": '{"in": 1.2, "out": 2, "use": "VV"}',
    "JSON Lines": '{"in": 1.2, "out": 2, "use": "VV"}\n\n{"note": "end"}\n',
}


@pytest.mark.parametrize("text", SHEETS.values(), ids=SHEETS.keys())
def test_layouts(text: str) -> None:
    assert read(text) == [(1.2, 2.0, "vocal_cue")]
    assert read_cue_sheet(text.encode(), 25).warnings == ()


@pytest.mark.parametrize(
    ("usage", "kind"),
    [(u, "vocal_cue") for u in ("BV", "VV", "FV", "bv", "B.V./BV", "Background Vocal", "Featured vocals", "BI/BV")]
    + [(u, "vocal_cue") for u in ("Song", "Gesang", "chanté", "Canción", "挿入歌", "Source - Vocal")]
    + [(u, "cue") for u in ("BI", "VI", "FI", "MT", "ET", "OT", "CT", "EE", "", "Visual instrumental", "bi/vi")]
    + [(u, "cue") for u in ("Score", "Theme", "Source", "Featured", "Non-vocal", "ohne Gesang", "V", "Visual")],
)
def test_usage_codes(usage: str, kind: str) -> None:
    assert read(HEADER + f"1,a,{usage},0:10,0:20\n", None) == [(10.0, 20.0, kind)]


@pytest.mark.parametrize("start", ["01:00:00", "01:00:00:00"])
@pytest.mark.parametrize(("fps", "seconds"), [(25, 10.48), (24, 10.5), (23.976, 10.5105)])
def test_the_programme_start_is_counted_as_the_sheet_counts(start: str, fps: float, seconds: float) -> None:
    assert read(HEADER + "1,a,BI,01:00:10:12,01:01:00:00\n", fps, start)[0][0] == seconds


@pytest.mark.parametrize(("fps", "hour_s"), [(25, 3600), (23.976, 3603.6)])
def test_an_hour_of_its_timecode(fps: float, hour_s: float) -> None:
    assert read_cue_sheet((HEADER + "1,a,BI,01:00:10:12,01:01:00:00\n").encode(), fps).hour_s == pytest.approx(hour_s)


def test_drop_frame_sheet() -> None:
    sheet = HEADER + "1,a,BI,01:10:00;00,01:20:00;00\n"
    assert read(sheet, 29.97, "01:00:00:00") == [(599.9994, 1199.9988, "cue")]


def test_a_header_alone_says_that_there_is_no_music() -> None:
    assert read_cue_sheet(HEADER.encode(), 25).intervals == ()
    assert read_cue_sheet(HEADER.encode(), 25).warnings == ()


def test_rows_that_cannot_be_read_are_counted_by_reason() -> None:
    rows = ["0:10,0:20", "0:30,0:25", "tbd,0:40", "0:50,0:50", "0:05,0:07", "0:40,", ",0:45", "1:00,1:10"]
    reading = read_cue_sheet(("in,out\n" + "\n".join(rows)).encode(), None, "0:08")
    assert [cue.start_s for cue in reading.intervals] == [2.0, 52.0]
    assert reading.warnings == (
        "2 of 8 rows were left out: out is not after in; first in line 3",
        "1 of 8 rows were left out: a time that cannot be read; first in line 4",
        "1 of 8 rows were left out: before the programme's start; first in line 6",
        "1 of 8 rows were left out: neither out-time nor duration; first in line 7",
        "1 of 8 rows were left out: a duration or out-time, but no in-time; first in line 8",
    )


def test_a_frame_number_beyond_the_rate_is_left_out() -> None:
    sheet = HEADER + "1,a,BI,00:00:10:25,00:00:20:00\n2,a,BI,00:00:10:24,00:00:20:00\n"
    reading = read_cue_sheet(sheet.encode(), 25)
    assert [cue.start_s for cue in reading.intervals] == [10.96]
    assert "1 of 2 rows were left out: a frame number beyond the frame rate; first in line 2" in reading.warnings


@pytest.mark.parametrize(
    ("text", "fps", "start", "message"),
    [
        ("", 25, "", "empty"),
        ("Seq,Title,Usage,Duration\n1,a,VI,0:24\n2,b,BI,0:2\n", 25, "", "its 2 cues have durations but no in-times: c"),
        ("Seq,Title,In,Out\n1,,,\n2,,,\n", 25, "", "none of its rows has a time"),
        ('{"cues": [{"title": "a", "duration": 24}]}', 25, "", "its 1 cues have durations but no in-times"),
        ('{"cues": [{"in": 1.2, "out"', 25, "", "neither JSON nor JSON Lines"),
        ("[" * 100_000, 25, "", "nested too deep"),
        ("[]", 25, "", "no header"),
        ("%PDF-1.7", 25, "", "a PDF: save it as"),
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


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("Vocal", "Y", "vocal_cue"),
        ("Vocal (Y/N)", "n", "cue"),
        ("Instrumental/Vocal", "V", "vocal_cue"),
        ("I/V", "I", "cue"),
        ("Vocal", "yes", "vocal_cue"),
        ("Gesang", "ja", "vocal_cue"),
        ("Vocals", "", "cue"),
    ],
)
def test_a_column_of_its_own_tells_singing(column: str, value: str, kind: str) -> None:
    assert read(f"In,Out,Usage,{column}\n0:10,0:20,Background,{value}\n") == [(10.0, 20.0, kind)]


RATED = "TC in,TC out,Use\n00:10:00:12,00:20:00:00,BI\n"


@pytest.mark.parametrize(
    ("text", "begin_s"),
    [
        ("Frame rate: 25\n" + RATED, 600.48),
        ("Film,,\nFPS,23.976,\n" + RATED, (600 * 24 + 12) * 1001 / 24000),
        ("TC format: 29.97 DF\n" + RATED, (600 * 30 + 12 - 18) * 1001 / 30000),
        ("Frame rate: 30 drop frame\n" + RATED, (600 * 30 + 12 - 18) * 1001 / 30000),
        ("Frame rate: 29.97 NDF\n" + RATED, (600 * 30 + 12) * 1001 / 30000),
        ("Frame rate: 24000/1001\n" + RATED, (600 * 24 + 12) * 1001 / 24000),
        ("Bildrate;25\n" + RATED.replace(",", ";"), 600.48),
        ("TC in (25 fps),TC out,Use\n00:10:00:12,00:20:00:00,BI\n", 600.48),
        ("in,out,fps\n00:10:00:12,00:20:00:00,25\n", 600.48),
        ('{"frameRate": 25, "cues": [{"in": "00:10:00:12", "out": "00:20:00:00"}]}', 600.48),
        ("Budget: 25\n" + RATED, None),
        ("Frame rate: 25\nFrame rate: 24\n" + RATED, None),
        ("Frame rate: 12\n" + RATED, None),
    ],
)
def test_the_frame_rate_that_a_sheet_states(text: str, begin_s: float | None) -> None:
    if begin_s is None:
        with pytest.raises(InputError, match="set cue_sheet_fps"):
            read_cue_sheet(text.encode(), None)
        return
    (cue,) = read_cue_sheet(text.encode(), None).intervals
    assert cue.start_s == pytest.approx(begin_s, abs=1e-6)


def test_the_catalog_knows_the_frame_rate_and_the_start_better() -> None:
    text = "Frame rate: 25\nProgramme start: 00:05:00:00\n" + RATED
    reading = read_cue_sheet(text.encode(), 24, "00:09:00:00")
    assert reading.intervals[0].start_s == 60.5
    assert reading.warnings == (
        "it states 25 frames a second, the catalog 24: the catalog's is used",
        "it states the programme's start as 00:05:00:00, the catalog as 00:09:00:00: the catalog's is used",
    )


@pytest.mark.parametrize(
    "line",
    [
        "Programme start: 01:00:00:00",
        "SOM,01:00:00:00,",
        "FFOA;01:00:00:00",
        "Start of picture 01:00:00:00",
        "Start TC: 01:00:00:00",
        "TC offset,,01:00:00:00",
        "Programmstart: 01:00:00",
        "Début du programme 01:00:00",
    ],
)
def test_the_start_that_a_sheet_states(line: str) -> None:
    reading = read_cue_sheet(f"{line}\nin,out\n01:00:10:00,01:00:20:00\n".encode(), 25)
    assert reading.intervals == (Interval(10.0, 20.0, "cue"),)
    assert reading.warnings == ()


def test_a_stated_start_that_its_cues_do_not_count_from_is_not_used() -> None:
    reading = read_cue_sheet(b"Programme start: 20:15:00\nin,out\n0:10,0:20\n", None)
    assert reading.intervals == (Interval(10.0, 20.0, "cue"),)
    assert "not used" in reading.warnings[0]


def test_a_cue_over_the_start_and_cues_after_midnight() -> None:
    rows = "22:59:50,23:00:10\n23:59:50,00:00:10\n00:00:20,00:00:30\n"
    assert read("in,out\n" + rows, None, "23:00:00") == [
        (0.0, 10.0, "cue"),
        (3590.0, 3610.0, "cue"),
        (3620.0, 3630.0, "cue"),
    ]


def test_cues_may_overlap() -> None:
    assert len(read("in,out\n0:10,0:40\n0:20,0:30\n0:20,0:50\n")) == 3


def test_no_cues_in_json_say_that_there_is_no_music() -> None:
    assert read_cue_sheet(b'{"fps": 25, "cues": []}', None).intervals == ()


def test_times_of_all_cues_of_a_work_are_read() -> None:
    works = [
        {"use": "BV", "times": [{"in": 1, "out": 2}, {"in": 3, "out": 4}]},
        {"use": "BI", "times": [{"in": 5, "out": 6}]},
    ]
    assert read(json.dumps({"works": works})) == [(1.0, 2.0, "vocal_cue"), (3.0, 4.0, "vocal_cue"), (5.0, 6.0, "cue")]


def test_an_export_of_minutes_that_were_taken_for_hours() -> None:
    rows = "0:05:00,0:28:00\n1:10:00,0:18:00\n2:40:00,0:09:00\n"
    reading = read_cue_sheet(("In,Duration\n" + rows).encode(), None)
    assert [(cue.start_s, cue.end_s) for cue in reading.intervals] == [(5, 33), (70, 88), (160, 169)]
    assert "read as minutes and seconds" in reading.warnings[0]
    placed = read_cue_sheet(b"In,Duration\n0:00:05,0:28:00\n0:01:10,0:18:00\n0:02:40,0:09:00\n", None)
    assert placed.intervals == reading.intervals


def test_long_cues_and_whole_minutes_are_believed() -> None:
    assert read("In,Duration\n0:05:00,0:28:00\n1:10:00,0:18:00\n", None)[0][1] == 33 * 60  # too few to tell
    assert read("In,Out\n0:01:00,0:03:00\n0:10:00,0:11:00\n0:20:00,0:22:00\n", None)[2][0] == 1200  # not long
    assert read("In,Duration\n0:05,28:00\n40:00,18:00\n80:00,15:01\n", None)[0][1] == 28 * 60 + 5


@given(st.integers(0, 24 * 3600 * 23), st.integers(1, 30_000), st.sampled_from(sorted(RATES)), st.booleans())
def test_cues_come_back_at_every_rate(begin: int, length: int, fps: float, drop: bool) -> None:
    drop = drop and fps in {29.97, 59.94}
    times = label(begin, fps, drop), label(begin + length, fps, drop)
    (cue,) = read_cue_sheet(f"in,out\n{times[0]},{times[1]}\n".encode(), fps).intervals
    assert cue.start_s == float(begin / RATES[fps])
    assert cue.end_s == float((begin + length) / RATES[fps])


@given(st.one_of(st.binary(), st.text().map(str.encode)), st.sampled_from([None, 23.976, 25.0]))
def test_any_bytes_are_read_or_refused(data: bytes, fps: float | None) -> None:
    for prefix in (b"", HEADER.encode(), b'[{"in":', b'{"cues": [', b"Frame rate: 25\nStart: "):
        with contextlib.suppress(InputError):
            read_cue_sheet(prefix + data, fps)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(st.sampled_from(["in", "out", "cues", "ms", "use", "fps", "start", "start_ms"]), values)
    ),
)


@given(JSON)
def test_any_json_is_read_or_refused(document: object) -> None:
    with contextlib.suppress(InputError):
        for cue in read_cue_sheet(json.dumps(document).encode(), None).intervals:
            assert 0 <= cue.start_s < cue.end_s


NAMES = {
    "in": "TC IN/Start TC/Time In/Timecode In (HH:MM:SS:FF)/IN/tc_in1/timecodeIn/Begin/Cue In/Record In/Einsatz/Début/"
    "Inicio/Inizio/Início/Aanvang/von/開始/TC in @ 25 fps/Timecode (HH:MM:SS)",
    "out": "TC OUT/End Time/Time Out/out/endTime/Stop/to/bis/Ende/Fin/Salida/Fine/Fim/Einde/終了/Rec Out",
    "duration": "Duration (M:SS)/Length/Timing/Total Time/Running Time/Duration used/Dauer/Durée/Duración/Durata/Duur/"
    "Duração/Länge/尺/duration2/cueLength/Time",
    "usage": "Use/Usage/Function/Usage Code/Music Usage/Type of use/Verwendung/Utilisation/Tipo de uso/Utilizzo/用途",
    "vocal": "Vocal/Vocals (Y|N)/Gesang/isVocal/I-V/歌",
    "": "Title/Composer/Cue #/Cue/Music/Track length/Source In/Start Date/End Title/Position/Code/Publisher/In Out",
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in NAMES.items() for name in names.split("/")])
def test_names_of_columns(kind: str, name: str) -> None:
    assert list(find_columns([name])) == ([kind] if kind else [])


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
