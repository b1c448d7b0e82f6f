"""Subtitle files as they are delivered."""

import codecs
import contextlib
import os
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError, Interval, Reading
from transforms.subtitles.formats import parse_events
from transforms.subtitles.timed_text import read_timed_text
from transforms.subtitles.vocabulary import Vocabulary

HELLO = "00:00:01,016 --> 00:00:02,689\nHello.\n"
GOODBYE = "00:00:05,5 --> 00:00:06,25\nGood\nbye.\n"
TWO = [(1.016, 2.689), (5.5, 6.25)]


def times(reading: Reading) -> list[tuple[float, float]]:
    return [(interval.start_s, interval.end_s) for interval in reading.intervals]


SUBRIP = {
    "plain": f"1\n{HELLO}\n2\n{GOODBYE}",
    "bom and crlf": "\ufeff" + f"1\n{HELLO}\n2\n{GOODBYE}".replace("\n", "\r\n"),
    "old mac line ends": f"1\n{HELLO}\n2\n{GOODBYE}".replace("\n", "\r"),
    "dots for commas": f"1\n{HELLO}\n2\n{GOODBYE}".replace(",", "."),
    "no counters": f"{HELLO}\n{GOODBYE}",
    "no blank lines": f"1\n{HELLO}2\n{GOODBYE}",
    "several blank lines": f"\n\n1\n{HELLO}\n\n\n2\n{GOODBYE}\n\n",
    "a blank line in a text": f"1\n{HELLO}\nmore\n\n2\n{GOODBYE}",
    "one-digit hours": f"1\n{HELLO}\n2\n{GOODBYE}".replace("00:00:", "0:00:"),
    "coordinates": f"1\n{HELLO}\n2\n{GOODBYE}".replace("689\n", "689  X1:10 X2:700 Y1:1 Y2:50\n"),
    "a position": f"1\n{HELLO}\n2\n{GOODBYE}".replace("Hello", r"{\an8}Hello"),
    "broken markup": f"1\n{HELLO}\n2\n{GOODBYE}".replace("Hello", "</i><font color=oops><b>Hello <3"),
}


@pytest.mark.parametrize("text", SUBRIP.values(), ids=SUBRIP.keys())
def test_subrip(text: str) -> None:
    reading = read_timed_text(text.encode(), "x.srt")
    assert times(reading) == TWO
    assert reading.warnings == ()


DAMAGED = {
    "times": f"1\n00:00:0x,000 --> 00:00:01,000\nLost.\n\n2\n{HELLO}\n3\n{GOODBYE}",
    "no times": f"1\n{HELLO}\n2\nLost.\n\n3\n{GOODBYE}",
    "cut off": f"1\n{HELLO}\n2\n{GOODBYE}\n3\n00:00:09,000 -->",
    "minutes": f"1\n{HELLO}\n2\n{GOODBYE}\n3\n00:00:75,000 --> 00:01:20,000\nLost.",
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_event_does_not_lose_the_rest(text: str) -> None:
    reading = read_timed_text(text.encode(), "x.srt")
    assert times(reading) == TWO
    assert reading.warnings == ("1 events or blocks cannot be read and were left out",)


CUES = "00:01.016 --> 00:02.689 line:90% align:middle\n<v Anna>Hello.\n\n2\n00:00:05.500 --> 00:00:06.250\nGood\nbye.\n"
LATER = CUES.replace("00:01.016 --> 00:02.689", "01:00:01.016 --> 01:00:02.689").replace("00:00:0", "01:00:0")
WEBVTT = {
    "plain": f"WEBVTT\n\n{CUES}",
    "bom and crlf": "\ufeff" + f"WEBVTT - a title\n\n{CUES}".replace("\n", "\r\n"),
    "notes": f"WEBVTT\n\nNOTE one\nline --\n\n{CUES}\nNOTE\n00:00:08.000 --> 00:00:09.000\nNot this.\n",
    "styles": f"WEBVTT\n\nSTYLE\n::cue(b) {{\n  color: red;\n}}\n\nREGION\nid:a\n\n{CUES}",
    "names of cues": f"WEBVTT\n\nintroduction\n{CUES}",
    "map to zero": f"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n{CUES}",
    "map of an hour": f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:01:00:00.000\n\n{LATER}",
    "ruby and timestamps": f"WEBVTT\n\n{CUES}".replace("Hello", "<ruby>漢<rt>kan</rt></ruby> <00:00:01.500>Hello</c>"),
    "no header": CUES,
}


@pytest.mark.parametrize("text", WEBVTT.values(), ids=WEBVTT.keys())
def test_webvtt(text: str) -> None:
    reading = read_timed_text(text.encode(), "x.vtt")
    assert times(reading) == TWO
    assert reading.warnings == ()


def test_the_mpeg_time_of_webvtt_is_the_start_of_the_programme() -> None:
    text = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n{CUES}"
    reading = read_timed_text(text.encode(), "x.vtt")
    assert times(reading) == TWO
    assert "10.000 s" in reading.warnings[0]


NTSC = 1001 / 24000


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (SUBRIP["plain"].encode(), "x.txt"),
        (SUBRIP["plain"].encode(), "x"),
        (WEBVTT["plain"].encode(), "x.srt"),
        (codecs.BOM_UTF16_LE + SUBRIP["plain"].encode("utf-16-le"), "X.SRT"),
    ],
)
def test_a_format_is_told_by_content_where_the_suffix_does_not(data: bytes, name: str) -> None:
    assert times(read_timed_text(data, name)) == TWO


ASS = (
    "[Script Info]\nTitle: x\n\n[V4+ Styles]\nFormat: Name, Fontsize\nStyle: Default,large\n\n"
    "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
DIALOGUE = "Dialogue: 0,0:00:01.02,0:00:02.69,Default,,0,0,0,,"


@pytest.mark.parametrize(
    ("lines", "kinds", "warnings"),
    [
        (DIALOGUE + "Hello, you.", {"dialogue": 1}, 0),
        (DIALOGUE + r"{\i1}♪ Over\Nthe water{\i0} ♪", {"lyrics": 1}, 0),
        (DIALOGUE + r"{\p1}m 0 0 l 100 0{\p0}" + f"\n{DIALOGUE}Hello.", {"dialogue": 1}, 0),
        (f"Comment{DIALOGUE[8:]}Not this.\n{DIALOGUE}Hello.", {"dialogue": 1}, 0),
        (DIALOGUE.replace("0,0", "Marked=0,0", 1) + "Hello.", {"dialogue": 1}, 0),
        (f"Dialogue: 0,0:00:01,02,0:00:02.69,D,,0,0,0,,Lost.\n{DIALOGUE}Hello.", {"dialogue": 1}, 1),
        (f"Dialogue: 0,0:00:0x,0:00:02.69,D,,0,0,0,,Lost.\n{DIALOGUE}Hello.", {"dialogue": 1}, 1),
    ],
)
def test_substation(lines: str, kinds: dict[str, int], warnings: int) -> None:
    reading = read_timed_text((ASS + lines).encode(), "x.ass")
    assert Counter(interval.kind for interval in reading.intervals) == kinds
    assert set(times(reading)) == {(1.02, 2.69)}
    assert len(reading.warnings) == warnings


def test_overlapping_events_keep_their_own_times() -> None:
    text = "1\n00:00:01,000 --> 00:00:09,000\nHello.\n\n2\n00:00:02,000 --> 00:00:03,000\n[soft music]\n"
    reading = read_timed_text(text.encode(), "x.srt")
    assert reading.intervals == (Interval(1.0, 9.0, "dialogue"), Interval(2.0, 3.0, "music_description"))
    assert reading.warnings == ()


def test_an_event_at_the_top_is_on_screen_text_unless_most_are() -> None:
    signs = (r"{\an8}Lisbon", r"{\an8}Police", "Hello", "Hello")
    text = "".join(f"{n}\n00:00:0{n},0 --> 00:00:0{n},9\n{sign}\n\n" for n, sign in enumerate(signs))
    assert len(read_timed_text(text.encode(), "x.srt").intervals) == 2
    assert len(read_timed_text(text.replace("\nHello", "\n{\\an8}Hello").encode(), "x.srt").intervals) == 4


def test_descriptions_are_known_by_words_of_ones_own() -> None:
    data = b"1\n00:00:01,0 --> 00:00:02,0\n[crowd squatting]\n"
    assert [interval.kind for interval in read_timed_text(data, "x.srt").intervals] == ["other_description"]
    reading = read_timed_text(data, "x.srt", vocabulary=Vocabulary.of({"crowd": ["crowd*"]}))
    assert [interval.kind for interval in reading.intervals] == ["crowd_description"]


def subrip(*spans: tuple[str, str]) -> bytes:
    return "\n".join(f"{n}\n{start} --> {end}\nHello.\n" for n, (start, end) in enumerate(spans)).encode()


def test_events_that_end_before_they_begin_are_left_out_and_counted() -> None:
    data = subrip(("00:00:01,0", "00:00:02,0"), ("00:00:12,34", "00:00:12,0"), ("00:00:20,0", "00:00:20,0"))
    reading = read_timed_text(data, "x.srt")
    assert times(reading) == [(1.0, 2.0)]
    assert reading.warnings == ("2 of 3 events end before they begin and were left out; first at 12.34 s",)


def test_dialogue_that_overlaps_is_kept_and_counted() -> None:
    data = subrip(("00:00:01,0", "00:00:05,0"), ("00:00:04,5", "00:00:06,0"), ("00:00:05,95", "00:00:07,0"))
    reading = read_timed_text(data, "x.srt")
    assert times(reading) == [(1.0, 5.0), (4.5, 6.0), (5.95, 7.0)]
    assert reading.warnings == ("1 events overlap another: counted once; first at 4.50 s",)


def test_a_file_in_capitals_keeps_its_dialogue() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nI TOLD YOU SO\n\n2\n00:00:03,000 --> 00:00:04,000\n>> MARC: NOBODY DID\n"
    assert len(read_timed_text(text.encode(), "x.srt").intervals) == 2


def test_a_guessed_encoding_is_said() -> None:
    reading = read_timed_text("1\n00:00:01,000 --> 00:00:02,000\nDéjà vu, là-bas.\n".encode("cp1252"), "x.srt")
    assert reading.warnings == ("not UTF-8: read as cp1252",)


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"", "x.srt", "empty"),
        (b"\xef\xbb\xbf \r\n", "x.srt", "empty"),
        (b"\x00\x01\x02\x03", "x.srt", "not text"),
        (b"Hello.", "x.srt", "no subtitle events in it"),
        (b"WEBVTT\n\n", "x.vtt", "no subtitle events in it"),
        (b"1\n00:00:0x --> 3\nHi\n", "x.srt", "none of its 1 events has times"),
        (subrip(("00:00:02,0", "00:00:01,0")), "x.srt", "none of its 1 events ends after it begins"),
        (b"<tt>", "x.ttml", "not well-formed XML"),
        (b"<html/>", "x.xml", "root is <html>"),
        (ASS.encode(), "x.ass", "no subtitle events in it"),
        (b"Hello.", "x.pdf", "not a known subtitle format"),
    ],
)
def test_what_holds_no_events_is_refused(data: bytes, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_timed_text(data, name)
    assert name not in str(caught.value)


def stamp(ms: int, point: str) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


spans = st.lists(st.tuples(st.integers(0, 36_000_000), st.integers(1, 10_000)), min_size=1, max_size=20)
lines = st.from_regex(r"[A-Za-zé♪音'?!.,\[\] -]*[A-Za-zé]", fullmatch=True)


@given(spans, lines, st.sampled_from([",", "."]), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_back(spans: list[tuple[int, int]], text: str, point: str, end: str) -> None:
    blocks = [f"{n}\n{stamp(s, point)} --> {stamp(s + d, point)}\n{text}\n\n" for n, (s, d) in enumerate(spans, 1)]
    data = ("WEBVTT\n\n" * (point == ".") + "".join(blocks)).replace("\n", end)
    found = parse_events(data.replace(end, "\n"), ".vtt" if point == "." else ".srt")
    assert [(event.start_s, event.end_s, event.text) for event in found.events] == [
        (s / 1000, (s + d) / 1000, text.strip()) for s, d in spans
    ]
    assert found.unreadable == 0
    read_timed_text(data.encode(), "x.srt")


STARTS = (b"", b"1\n00:00:01,000 --> 00:00:02,000\n", b"WEBVTT\n\n00:01.000 --> 00:02.000\n", b"<tt>", ASS.encode())


@given(
    st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(["srt", "vtt", "ttml", "ass", "x"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, suffix: str) -> None:
    for start in STARTS:
        with contextlib.suppress(InputError):
            read_timed_text(start + data, f"x.{suffix}")


@pytest.mark.parametrize("suffix", ["srt", "ttml", "ass"])
def test_a_film_is_read_in_about_a_second(suffix: str) -> None:
    written = {
        "srt": "".join(
            f"{n}\n{stamp(3000 * n, ',')} --> {stamp(3000 * n + 2000, ',')}\nI told you.\n\n" for n in range(2000)
        ),
        "ttml": "<tt><body><div>"
        + "".join(f"<p begin='{3 * n}s' end='{3 * n + 2}s'>I <span>told</span><br/>you.</p>" for n in range(2000))
        + "</div></body></tt>",
        "ass": ASS + f"{DIALOGUE}I told you.\n" * 2000,
    }
    start_s = time.perf_counter()
    reading = read_timed_text(written[suffix].encode(), f"x.{suffix}")
    assert time.perf_counter() - start_s < 3
    assert len(reading.intervals) == 2000


FILES = {  # how many events of each kind are in the file, its first and last second of them, counted by hand
    "changcheng.zh.ttml": ({"dialogue": 8, "lyrics": 3, "music_description": 2}, 1.5244907, 75.96),
    "de-dijk.nl.srt": ({"dialogue": 11}, 1.016, 67.721),
    "harbor-s01e01.en.ttml": ({"lyrics": 5, "effects_description": 2, "dialogue": 13}, 1 / 24, 79.75),
    "harbor-s01e02.en.srt": ({"dialogue": 10, "effects_description": 1}, 1.715, 76.671),
    "harbor-s01e03.en.vtt": ({"lyrics": 6, "music_description": 1, "effects_description": 2}, 22.982, 56.688),
    "il-molo.it.vtt": ({"lyrics": 5, "dialogue": 7, "music_description": 2}, 0.16, 63.634),
    "le-phare-s01e01.fr.srt": ({"dialogue": 12, "music_description": 1}, 0.59, 78.376),
    "le-phare-s01e02.fr.vtt": ({"dialogue": 10, "music_description": 2}, 0.354, 78.76),
    "more.ru.vtt": ({"dialogue": 5}, 1.268, 24.278),
    "mosaic.en.ttml": ({"dialogue": 10, "music_description": 1, "effects_description": 1}, 44 * NTSC, 1448 * NTSC),
    "muntele.ro.ass": ({"lyrics": 8, "dialogue": 8}, 0.05, 78.67),
    "strasse.de.srt": ({"dialogue": 8, "music_description": 1, "effects_description": 2}, 25.559, 70.0),
}


@pytest.mark.skipif("SMAD_DATA" not in os.environ, reason="SMAD_DATA does not name the sample data")
@pytest.mark.parametrize(("name", "kinds", "first_s", "last_s"), [(name, *facts) for name, facts in FILES.items()])
def test_files_of_the_sample_catalog(name: str, kinds: dict[str, int], first_s: float, last_s: float) -> None:
    data = (Path(os.environ["SMAD_DATA"]) / "catalog" / name).read_bytes()
    reading = read_timed_text(data, name)
    assert Counter(interval.kind for interval in reading.intervals) == kinds
    assert reading.intervals[0].start_s == pytest.approx(first_s, abs=1e-9)
    assert max(interval.end_s for interval in reading.intervals) == pytest.approx(last_s, abs=1e-9)
    written = len(re.findall(r"-->|<p |^Dialogue:", data.decode("utf-8-sig"), re.MULTILINE))
    assert len(parse_events(data.decode("utf-8-sig").replace("\r\n", "\n"), Path(name).suffix).events) == written
    assert not [warning for warning in reading.warnings if "overlap" not in warning]
