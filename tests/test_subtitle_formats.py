"""Which format a subtitle file is in, and that no damage to one breaks its reader."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.subtitles.events import Event
from transforms.subtitles.formats import parse_events

FILES = {
    "subrip": "1\n00:00:01,000 --> 00:00:02,000\nHello.\n",
    "webvtt": "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\nREGION\nid:a\nviewportanchor:0%,80%\n\n"
    "00:01.000 --> 00:02.000 region:a line:90%\nHello.\n",
    "ttml": '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" '
    'xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25"><head><layout>'
    '<region xml:id="r" tts:origin="10% 80%" tts:extent="80% 20%"/></layout></head>'
    '<body timeContainer="seq"><div><p begin="00:00:01:00" end="00:00:02:00" region="r">Hello.</p></div></body></tt>',
    "prefixed ttml": '<tt:tt xmlns:tt="http://www.w3.org/ns/ttml"><tt:body><tt:div>'
    '<tt:p begin="1s" end="2s">Hello.</tt:p></tt:div></tt:body></tt:tt>',
    "substation": "[Script Info]\nPlayResY: 1080\n\n[V4+ Styles]\nFormat: Name, Alignment\nStyle: A,2\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Text\nDialogue: 0,0:00:01.00,0:00:02.00,A,Hello.\n",
}


@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".ttml", ".xml", ".ass", ".txt", ".sub", ""])
@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_content_goes_before_a_wrong_suffix(text: str, suffix: str) -> None:
    assert parse_events("\ufeff\n" + text, suffix).events == (Event(1.0, 2.0, "Hello."),)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [("{25}{50}Hello.", ".sub"), ("00:00:01:Hello.", ".txt"), ("<html><!-- a --></html>", ""), ("Hello.", "")],
)
def test_what_no_reader_knows_is_refused(text: str, suffix: str) -> None:
    with pytest.raises(InputError, match="not a known subtitle format"):
        parse_events(text, suffix)


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(
        st.tuples(st.integers(0, 700), st.integers(0, 9), st.text(max_size=4) | st.sampled_from("0123456789<>:")),
        min_size=1,
        max_size=4,
    ),
)
def test_damage_gives_events_or_an_error_that_is_said(kind: str, cuts: list[tuple[int, int, str]]) -> None:
    text = FILES[kind]
    for place, length, written in cuts:
        text = text[:place] + written + text[place + length :]
    with contextlib.suppress(InputError):
        assert parse_events(text, "").unreadable >= 0


@given(st.sampled_from(sorted(FILES)), st.integers(0, 700))
def test_a_file_that_is_cut_off_gives_events_or_an_error_that_is_said(kind: str, length: int) -> None:
    with contextlib.suppress(InputError):
        parse_events(FILES[kind][:length], ".srt")
