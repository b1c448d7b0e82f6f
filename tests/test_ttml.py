"""TTML's ways to count time, against the standard's own arithmetic."""

import pytest

from transforms.records import InputError
from transforms.ttml import read_ttml

NTSC = 1001 / 24000
NAMESPACES = (
    'xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
    'xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
)


def document(body: str, parameters: str = "") -> str:
    return f"<tt {NAMESPACES} {parameters}><head><metadata/></head><body><div>{body}</div></body></tt>"


def events(body: str, parameters: str = "") -> list[tuple[float, float, str]]:
    return [(event.start_s, event.end_s, event.text) for event in read_ttml(document(body, parameters)).events]


SLOW = 'ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"'
DROP = 'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:dropMode="dropNTSC"'


@pytest.mark.parametrize(
    ("parameters", "begin", "end", "expected"),
    [
        ("", "1.5s", "2500ms", (1.5, 2.5)),
        ("", "1m", "1h", (60, 3600)),
        ("", "00:00:01.016", "00:00:02.689", (1.016, 2.689)),
        ("", "0:00:01,016", "0:00:02,689", (1.016, 2.689)),
        ("", "30f", "60f", (1, 2)),
        ('ttp:frameRate="24"', "44f", "196f", (44 / 24, 196 / 24)),
        ('ttp:frameRate="25"', "00:00:01:05", "00:00:02:00", (1.2, 2)),
        (SLOW, "44f", "196f", (44 * NTSC, 196 * NTSC)),
        (SLOW.replace(" 1001", ":1001"), "44f", "196f", (44 * NTSC, 196 * NTSC)),
        ('ttp:frameRate="23.976"', "44f", "196f", (44 * NTSC, 196 * NTSC)),
        (SLOW, "44t", "196t", (44 * NTSC, 196 * NTSC)),
        (SLOW, "01:00:00:12", "01:00:01:00", (3600 + 12 * NTSC, 3601)),
        (SLOW + ' ttp:timeBase="smpte"', "01:00:00:12", "01:00:01:00", (86412 * NTSC, 86424 * NTSC)),
        (DROP, "01:00:00:00", "01:00:01:00", (107892 * 1001 / 30000, 107922 * 1001 / 30000)),
        ('ttp:tickRate="10000000"', "15244907t", "72791972t", (1.5244907, 7.2791972)),
        ('ttp:frameRate="25"', "25t", "50t", (1, 2)),
    ],
)
def test_time_expressions(parameters: str, begin: str, end: str, expected: tuple[float, float]) -> None:
    ((start_s, end_s, text),) = events(f'<p begin="{begin}" end="{end}">Hello.</p>', parameters)
    assert (start_s, end_s) == pytest.approx(expected, abs=1e-9)
    assert text == "Hello."


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<p begin="1s" dur="2s">Hi</p>', [(1, 3, "Hi")]),
        ('<p begin="1s" dur="2s" end="2s">Hi</p>', [(1, 2, "Hi")]),
        ('<div begin="10s"><p begin="1s" end="2s">Hi</p></div>', [(11, 12, "Hi")]),
        ('<div begin="10s" end="11.5s"><p begin="1s" end="2s">Hi</p></div>', [(11, 11.5, "Hi")]),
        ('<p begin="1s" end="2s">One\n   <span tts:color="red">two</span><br/>three</p>', [(1, 2, "One two\nthree")]),
        (
            '<p begin="10s" end="20s"><span begin="0s" end="2s">One</span> <span begin="3s">two</span></p>',
            [(10, 12, "One"), (13, 20, "two")],
        ),
        ('<p begin="1s" end="2s"><metadata ttm:desc="x">no</metadata>Hi</p>', [(1, 2, "Hi")]),
        ('<p begin="1s" end="3s">A</p><p begin="2s" end="4s">B</p>', [(1, 3, "A"), (2, 4, "B")]),
        ('<p begin="5s" end="5s">A</p><p begin="5s" end="4s">B</p>', [(5, 5, "A"), (5, 4, "B")]),
    ],
)
def test_windows(body: str, expected: list[tuple[float, float, str]]) -> None:
    assert events(body) == expected


@pytest.mark.parametrize("bad", ['begin="soon" end="2s"', 'begin="1s"', 'begin="00:00:01:99" end="2s"', 'end="0:0:0"'])
def test_an_event_that_cannot_be_timed_does_not_lose_the_rest(bad: str) -> None:
    found = read_ttml(document(f'<p {bad}>Lost</p><p begin="3s" end="4s">Kept</p>', 'ttp:frameRate="25"'))
    assert [event.text for event in found.events] == ["Kept"]
    assert found.unreadable == 1


def test_the_drafts_of_2006_are_read_with_their_frame_rate() -> None:
    old = document('<p begin="25f" end="50f">Hi</p>', 'ttp:frameRate="25"').replace("ns/ttml", "2006/10/ttaf1")
    assert [(event.start_s, event.end_s) for event in read_ttml(old).events] == [(1, 2)]


def test_an_encoding_declaration_and_styles_do_not_matter() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>\n' + document('<p begin="1s" end="2s">Hi</p>', 'tts:extent="auto"')
    assert len(read_ttml(text).events) == 1


def test_frames_without_a_frame_rate_are_read_at_the_default_and_said() -> None:
    found = read_ttml(document('<p begin="30f" end="60f">Hi</p>'))
    assert found.events[0].start_s == 1
    assert "30 per second" in found.warnings[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<tt><p>", "not well-formed"),
        ("<tt>&undefined;</tt>", "not well-formed"),
        ("<smil/>", "not <tt>"),
        (document("", 'ttp:timeBase="clock"'), "[Cc]lock"),
        (document("", 'ttp:frameRate="0"'), "not a frame rate"),
        (document("", 'ttp:frameRateMultiplier="1000 0"'), "cannot be timed"),
        (document("", 'ttp:frameRate="film"'), "cannot be timed"),
        (document("", 'ttp:frameRateMultiplier="1/1"'), "frameRateMultiplier"),
        (document("", 'ttp:tickRate="0"'), "rate of 0"),
        (document("<div>" * 3000 + "</div>" * 3000), "nested too deeply"),
        (document('<div timeContainer="seq"/>'), "sequential"),
        (document('<div begin="soon"/>'), "cannot be timed"),
    ],
)
def test_what_cannot_be_timed_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_ttml(text)
