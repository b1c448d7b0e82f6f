"""SAMI files as they are written: well, badly, and in several languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.subtitles.events import Events
from transforms.subtitles.sami import read_sami

HEAD = """<SAMI>
<HEAD>
<TITLE>A film</TITLE>
<STYLE TYPE="text/css">
<!--
P { margin-left: 2pt; font-family: Arial; }
.ENCC { Name: English; lang: en-US; SAMIType: CC; }
.KRCC { Name: Korean; lang: ko-KR; SAMIType: CC; }
#Source { color: yellow; }
-->
</STYLE>
</HEAD>
<BODY>
"""
BODY = """<SYNC Start=1000><P Class=ENCC>Hello.
<SYNC Start=2500><P Class=ENCC>&nbsp;
<SYNC Start=4000><P Class=ENCC>Good<br>bye.
<SYNC Start=6250><P Class=ENCC>&nbsp;
</BODY>
</SAMI>
"""
TWO = [(1.0, 2.5, "Hello."), (4.0, 6.25, "Good\nbye.")]


def events(text: str) -> list[tuple[float, float, str]]:
    found = read_sami(text)
    assert found.unreadable == 0
    assert found.warnings == ()
    return [(event.start_s, event.end_s, event.text) for event in found.events]


def text_of(content: str) -> str:
    ((_, _, text),) = events(f"<SYNC Start=1000><P Class=ENCC>{content}<SYNC Start=2000><P Class=ENCC>&nbsp;")
    return text


VARIANTS = {
    "as it should be": HEAD + BODY,
    "crlf": (HEAD + BODY).replace("\n", "\r\n"),
    "lower case": (HEAD + BODY).lower().replace("hello", "Hello").replace("good", "Good"),
    "double quotes": HEAD + BODY.replace("=1000", '="1000"').replace("=ENCC", '="ENCC"'),
    "single quotes and spaces": HEAD + BODY.replace("=1000", " = '1000' ").replace("<SYNC", "< SYNC"),
    "closed tags": HEAD + BODY.replace("\n<SYNC", "</P></SYNC>\n<SYNC"),
    "a class in two cases": HEAD + BODY.replace("ENCC>&", "encc>&"),
    "fractions": HEAD + BODY.replace("=1000", "=1000.0"),
    "no classes": HEAD + BODY.replace(" Class=ENCC", ""),
    "no paragraphs": HEAD + BODY.replace("<P Class=ENCC>", ""),
    "blank erasers": HEAD + BODY.replace("<P Class=ENCC>&nbsp;", "\n"),
    "eraser without a class": HEAD + BODY.replace("<P Class=ENCC>&nbsp;", "<P>&nbsp;"),
    "entities without semicolon": HEAD + BODY.replace("&nbsp;", "&nbsp"),
    "numeric entities": HEAD + BODY.replace("&nbsp;", "&#160;"),
    "no head": BODY,
    "byte order mark": "\ufeff" + HEAD + BODY,
    "a style that does not end": HEAD.replace("</STYLE>", "") + BODY,
    "a comment that does not end": HEAD.replace("-->", "") + BODY,
    "a head that does not end": HEAD.replace("-->\n</STYLE>\n</HEAD>\n<BODY>", "") + BODY,
    "a tag that does not end": HEAD + BODY.replace("Start=2500>", "Start=2500"),
    "a comment": HEAD + BODY.replace("Hello.", "Hel<!-- <b> -->lo."),
    "a comment across blocks": HEAD + BODY.replace("<SYNC Start=2500>", "<!-- <SYNC Start=2> -->\n<SYNC Start=2500>"),
    "stated ends": HEAD + BODY.replace("=1000", "=1000 End=2500").replace("=4000", "=4000 End=6250"),
    "out of order": HEAD + "\n".join(BODY.split("\n")[2:4] + BODY.split("\n")[:2]),
    "erased and shown at once": HEAD + BODY.replace("<SYNC Start=4000>", "<SYNC Start=4000><P Class=ENCC>&nbsp;</P>"),
}


@pytest.mark.parametrize("text", VARIANTS.values(), ids=VARIANTS.keys())
def test_variants_of_a_file(text: str) -> None:
    assert events(text) == TWO


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("♪ La la ♪", "♪ La la ♪"),
        ("<i>Hello</i>", "<i>Hello</i>"),
        ("<I>Hello</I>", "<i>Hello</i>"),
        ('<font color="#ff0000"><b>Hello</B></Font>', "Hello"),
        ("<font color=red>Hello", "Hello"),
        ("Hello</font></b>", "Hello"),
        ("Hello\nyou", "Hello you"),
        ("One<br>two<BR/>three<br />four", "One\ntwo\nthree\nfour"),
        ("<br>&nbsp;<br>Hello<br>", "Hello"),
        ("Tom &amp; Ann &lt;3", "Tom & Ann <3"),
        ("I <3 you", "I <3 you"),
        ("안녕하세요", "안녕하세요"),
        ("<ruby>漢<rt>かん</rt></ruby>", "漢かん"),
        ("<span style='x'>Hello</span>", "Hello"),
        ("One</P><P Class=ENCC>two", "One\ntwo"),
        ("Hello<P ID=Source Class=ENCC>Anna", "Hello"),
        ("<pre>Hello</pre>", "Hello"),
        ("Hello&#9834;&#x266a; you&#" + "9" * 5000 + ";.", "Hello♪♪ you."),
    ],
)
def test_text(content: str, text: str) -> None:
    assert text_of(content) == text


@pytest.mark.parametrize("content", ["<i></i>", "&nbsp;<br>", "\xa0", "<font>", "<P ID=Source>Anna"])
def test_what_shows_nothing_is_no_event(content: str) -> None:
    assert events(f"<SYNC Start=1000><P>{content}<SYNC Start=2000><P>Hello<SYNC Start=3000><P>") == [(2, 3, "Hello")]


LANGUAGES = """<SYNC Start=0><P Class=JPCC>&nbsp;
<SYNC Start=1000><P Class=ENCC>Hello.<P Class=KRCC>안녕.
<SYNC Start=1500><P Class=KRCC>&nbsp;
<SYNC Start=2500><P Class=ENCC>Bye.
<SYNC Start=3000><P Class=ENCC>&nbsp;
<SYNC Start=4000>
"""


def test_the_first_class_with_events_is_read_and_the_others_are_told() -> None:
    found = read_sami(HEAD + LANGUAGES)
    assert [(event.start_s, event.end_s, event.text) for event in found.events] == [
        (1, 2.5, "Hello."),
        (2.5, 3, "Bye."),
    ]
    assert found.warnings == ("the subtitles of class ENCC were read, those of KRCC were not",)


def test_a_class_of_few_events_is_no_language_of_the_file() -> None:
    notes = "<SYNC Start=500><P Class=NOTES>A film\n<SYNC Start=900><P Class=NOTES>&nbsp;\n"
    more = "".join(f"<SYNC Start={n}000><P Class=ENCC>Line {n}\n" for n in range(7, 10))
    found = read_sami(HEAD + notes + BODY + more)
    assert [event.text for event in found.events] == ["Hello.", "Good\nbye.", "Line 7", "Line 8", "Line 9"]
    assert "class ENCC were read, those of NOTES" in found.warnings[0]


def test_languages_one_after_the_other() -> None:
    body = HEAD + BODY + BODY.replace("ENCC", "KRCC").replace("Hello", "안녕")
    found = read_sami(body)
    assert [(event.start_s, event.end_s, event.text) for event in found.events] == TWO
    assert "KRCC" in found.warnings[0]


def test_a_stated_end_comes_before_the_next_event() -> None:
    assert events("<SYNC Start=1000 End=2000><P>One<SYNC Start=3000 END='2000'><P>Two<SYNC Start=5000><P>") == [
        (1, 2, "One"),
        (3, 5, "Two"),
    ]


def test_the_last_event_lasts_as_long_as_it_takes_to_be_read() -> None:
    assert events("<SYNC Start=1000><P>Ten letter") == [(1, 1 + 0.5 + 0.67, "Ten letter")]


@pytest.mark.parametrize(
    "bad", ["", "Start=", "Start=soon", "Start=-5", "Start=00:00:01", "Begin=5", f"Start={'9' * 5000}"]
)
def test_a_block_without_a_time_is_counted(bad: str) -> None:
    found = read_sami(HEAD + f"<SYNC {bad}><P Class=ENCC>Lost\n" + BODY)
    assert [(event.start_s, event.end_s, event.text) for event in found.events] == TWO
    assert found.unreadable == 1


@pytest.mark.parametrize("text", ["", "hello", "<SAMI><BODY></BODY></SAMI>", "<SYNCHRO Start=1>", "<tt/>"])
def test_what_has_no_sync_tags_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not SAMI"):
        read_sami(text)


def test_a_file_that_shows_nothing_has_no_events() -> None:
    assert read_sami(HEAD + "<SYNC Start=1000><P Class=ENCC>&nbsp;") == Events(())


PIECES = st.sampled_from(
    ["<SYNC Start=", "<SYNC", "<P Class=ENCC>", "<P", "Class=KRCC", "</P>", "<!--", "-->", "<br>", "<", ">", "&nbsp;"]
)


@given(st.text() | st.lists(PIECES | st.text(max_size=5) | st.integers(0, 9999).map("{}>".format)).map("".join))
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        found = read_sami(text)
    except InputError:
        return
    assert all(0 <= event.start_s < event.end_s and event.text.strip() for event in found.events)


@given(st.integers(0, 9), st.lists(PIECES | st.text(max_size=9)).map("".join))
def test_a_damaged_block_does_not_lose_the_others(at: int, damage: str) -> None:
    def block(n: int) -> str:
        return f"<SYNC Start={n}000><P Class=ENCC>Line {n}<!-- {n} -->\n<SYNC Start={n}500><P Class=ENCC>&nbsp;\n"

    blocks = [block(n) for n in range(1, 11)]
    blocks[at] = damage
    texts = {event.text for event in read_sami(HEAD + "".join(blocks)).events}
    assert {f"Line {n}" for n in range(1, 11) if n != at + 1} <= texts
