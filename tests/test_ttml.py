"""TTML's ways to count time, against the standard's own arithmetic."""

import pytest

from transforms.records import InputError
from transforms.subtitles.events import Event
from transforms.subtitles.ttml import read_ttml

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
        (SLOW.replace("1000 1001", "999 1000"), "44f", "196f", (44 * NTSC, 196 * NTSC)),
        ('ttp:frameRate="25" ttp:subFrameRate="4"', "00:00:01:05.3", "00:00:02:00.0", (1.2 + 3 / 100, 2)),
        ('ttp:frameRate="25" ttp:subFrameRate="4"', "100t", "200t", (1, 2)),
        ('ttp:timeBase="smpte" ttp:frameRate="25"', "10:00:00:05", "10:00:01:00", (36000.2, 36001)),
        (DROP, "00:01:00;02", "00:10:00;00", (1800 * 1001 / 30000, 17982 * 1001 / 30000)),
        (
            DROP.replace('ttp:frameRateMultiplier="1000 1001" ', ""),
            "00:01:00:02",
            "00:02:00:02",
            (60.06, 3598 * 1001 / 30000),
        ),
        ('ttp:timeBase="clock" ttp:clockMode="local"', "10:00:00", "10:00:01.5", (36000, 36001.5)),
        ('ttp:tickRate="10000000"', "15244907t", "72791972t", (1.5244907, 7.2791972)),
        ('ttp:frameRate="25"', "25t", "50t", (1, 2)),
    ],
)
def test_time_expressions(parameters: str, begin: str, end: str, expected: tuple[float, float]) -> None:
    ((start_s, end_s, text),) = events(f'<p begin="{begin}" end="{end}">Hello.</p>', parameters)
    assert (start_s, end_s) == pytest.approx(expected, abs=1e-9)
    assert text == "Hello."


@pytest.mark.parametrize(("parameters", "hour_s"), [("", 3600), (SLOW, 3600), (f'{SLOW} ttp:timeBase="smpte"', 3603.6)])
def test_an_hour_of_its_timecode(parameters: str, hour_s: float) -> None:
    assert read_ttml(document('<p begin="00:00:01" end="00:00:02">Hi</p>', parameters)).hour_s == pytest.approx(hour_s)


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


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<p dur="2s">A</p><p begin="1s" dur="1s">B</p><p end="3s">C</p>', [(0, 2, "A"), (3, 4, "B"), (4, 7, "C")]),
        (
            '<div><p begin="1s" end="2s">A</p><p end="5s">B</p></div><p dur="1s">C</p>',
            [(1, 2, "A"), (0, 5, "B"), (5, 6, "C")],
        ),
        (
            '<p begin="1s" timeContainer="seq"><span dur="1s">A</span> <span dur="2s">B</span></p><p dur="1s">C</p>',
            [(1, 2, "A"), (2, 4, "B"), (4, 5, "C")],
        ),
    ],
)
def test_what_is_in_a_sequence_begins_where_the_one_before_ends(
    body: str, expected: list[tuple[float, float, str]]
) -> None:
    assert events(f'<div timeContainer="seq">{body}</div>') == expected
    assert events(f'<div timeContainer="seq" begin="10s" end="11s">{body}</div>')[0][1] <= 11


def test_the_times_of_a_body_and_its_divisions_add_up() -> None:
    text = document('<div begin="10s" dur="5s"><p begin="1s">Hi</p></div>').replace("<body>", '<body begin="100s">')
    assert [(event.start_s, event.end_s) for event in read_ttml(text).events] == [(111, 115)]


@pytest.mark.parametrize(
    ("paragraph", "text"),
    [
        ("One\n  two <br/>\n  three", "One two\nthree"),
        ("<metadata><ttm:desc>no</ttm:desc></metadata><ttm:desc>no</ttm:desc>Yes", "Yes"),
        ('<span ttm:role="sound">[rain]</span>', "[rain]"),
        ('I <span tts:fontStyle="italic">told</span> you', "I <i>told</i> you"),
        ('<span style="slanted">♪ One<br/>two ♪</span>', "<i>♪ One\ntwo ♪</i>"),
        ('<span style="derived">One <span tts:fontStyle="normal">two</span></span>', "<i>One </i>two"),
        ('<span style="slanted upright">One</span>', "One"),
        ('One<span tts:visibility="hidden"> two</span><span tts:display="none"> three</span>', "One"),
        ('One<span style="hidden"> two</span>', "One"),
        (
            '<span tts:ruby="container"><span tts:ruby="base">漢字</span><span tts:ruby="delimiter">(</span>'
            '<span tts:ruby="text">かんじ</span><span tts:ruby="delimiter">)</span></span>です',
            "漢字です",
        ),
        (
            '<span tts:ruby="container"><span tts:ruby="baseContainer"><span tts:ruby="base">漢</span></span>'
            '<span tts:ruby="textContainer"><span tts:ruby="text">かん</span></span></span>',
            "漢",
        ),
        ('<span style="ruby"><span style="base">漢</span><span style="reading">かん</span></span>', "漢"),
    ],
)
def test_the_text_is_what_is_shown(paragraph: str, text: str) -> None:
    styles = (
        '<style xml:id="slanted" tts:fontStyle="italic"/><style xml:id="derived" style="slanted"/>'
        '<style xml:id="upright" tts:fontStyle="normal"/><style xml:id="hidden" tts:visibility="hidden"/>'
        '<style xml:id="ruby" tts:ruby="container"/><style xml:id="base" tts:ruby="base"/>'
        '<style xml:id="reading" tts:ruby="text"/><style xml:id="round" style="round"/>'
    )
    body = f'<p begin="1s" end="2s" style="round">{paragraph}</p>'
    found = document(body).replace("<metadata/>", f"<styling>{styles}</styling>", 1)
    assert read_ttml(found).events == (Event(1, 2, text),)


def test_white_space_is_kept_where_it_is_asked_for() -> None:
    paragraph = '<p begin="1s" end="2s">One\ntwo <span xml:space="default">three\nfour</span></p>'
    assert events(f'<div xml:space="preserve">{paragraph}</div>') == [(1, 2, "One\ntwo three four")]


@pytest.mark.parametrize("hidden", ['tts:visibility="hidden"', 'tts:display="none"', 'region="gone"'])
def test_what_is_hidden_is_no_event(hidden: str) -> None:
    text = document(f'<p begin="1s" end="2s" {hidden}>No.</p><p begin="3s" end="4s">Yes.</p>')
    regions = '<layout><region xml:id="gone" tts:visibility="hidden"/></layout>'
    found = read_ttml(text.replace("<metadata/>", regions, 1))
    assert [event.text for event in found.events] == ["Yes."]
    assert found.unreadable == 0


@pytest.mark.parametrize(
    ("styles", "at_top"),
    [
        ('tts:origin="10% 10%" tts:extent="80% 20%"', True),
        ('tts:origin="10% 80%" tts:extent="80% 20%"', False),
        ('tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after"', False),
        ('tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="before"', True),
        ('tts:origin="10% 0%" tts:extent="80% 90%" tts:displayAlign="center"', True),
        ('tts:displayAlign="after"', False),
        ('tts:displayAlign="before"', True),
        ('tts:backgroundColor="black"', False),
        ('tts:origin="192px 108px" tts:extent="1536px 216px" tts:displayAlign="after"', True),
        ('tts:origin="192px 864px" tts:extent="1536px 108px"', False),
        ('tts:origin="4c 1c" tts:extent="24c 3c"', True),
        ('tts:origin="4c 12c" tts:extent="24c 3c"', False),
        ('tts:origin="10rw 10rh" tts:extent="80rw 20rh"', True),
        ('tts:position="center top 5%" tts:extent="80% 20%"', True),
        ('tts:position="center bottom 5%" tts:extent="80% 20%"', False),
        ('tts:position="50% 100%" tts:extent="80% 20%"', False),
        ('tts:position="50% 0%" tts:extent="80% 20%"', True),
        ('tts:origin="somewhere"', False),
        ('tts:origin="1em 1em"', False),
        ('style="high"', True),
        ('style="high" tts:origin="10% 70%"', False),
    ],
)
def test_a_place_is_read_from_its_region(styles: str, at_top: bool) -> None:
    layout = '<styling><style xml:id="high" tts:origin="10% 5%"/></styling><layout>{}</layout>'
    root = 'tts:extent="1920px 1080px" ttp:cellResolution="32 15"'
    for region in (f'<region xml:id="r" {styles}/>', f'<region xml:id="r"><style {styles}/></region>'):
        for body in (
            '<p region="r" begin="1s" end="2s">Hi</p>',
            '<div region="r"><p begin="1s" end="2s">Hi</p></div>',
            '<div region="low"><p region="r" begin="1s" end="2s">Hi</p></div>',
        ):
            low = '<region xml:id="low" tts:origin="0% 90%"/>'
            text = document(body, root).replace("<metadata/>", layout.format(region + low), 1)
            assert read_ttml(text).events == (Event(1, 2, "Hi", at_top),)
    inline = document(f'<p begin="1s" end="2s"><region {styles}/>Hi</p>', root)
    inline = inline.replace("<metadata/>", layout.format(""), 1)
    assert read_ttml(inline).events[0].at_top == at_top


def test_an_event_with_a_place_of_its_own_needs_no_region() -> None:
    body = '<p begin="1s" end="2s" tts:origin="10% 10%">High</p><p begin="1s" end="2s">Low</p>'
    assert [event.at_top for event in read_ttml(document(body)).events] == [True, False]


@pytest.mark.parametrize(
    "body",
    [
        '<div begin="1s" end="2s" xmlns:smpte="http://www.smpte-ra.org/schemas/2052-1/2010/smpte-tt" '
        'smpte:backgroundImage="#img1"/>',
        '<div begin="1s" end="2s"><image src="1.png" type="image/png"/></div>',
    ],
)
def test_pictures_of_text_are_refused(body: str) -> None:
    with pytest.raises(InputError, match="image profile"):
        read_ttml(document(body))


def test_the_times_of_a_clock_are_said() -> None:
    found = read_ttml(document('<p begin="10:00:00" end="10:00:01">Hi</p>', 'ttp:timeBase="clock"'))
    assert "clock" in found.warnings[0]


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
        (document("", 'ttp:frameRate="0"'), "not a frame rate"),
        (document("", 'ttp:frameRateMultiplier="1000 0"'), "cannot be timed"),
        (document("", 'ttp:frameRate="film"'), "cannot be timed"),
        (document("", 'ttp:frameRateMultiplier="1/1"'), "frameRateMultiplier"),
        (document("", 'ttp:tickRate="0"'), "rate of 0"),
        (document("<div>" * 3000 + "</div>" * 3000), "nested too deeply"),
        (document('<div timeContainer="seq"><p begin="soon" dur="1s">A</p><p dur="1s">B</p></div>'), "cannot be timed"),
        (document('<div begin="soon"/>'), "cannot be timed"),
    ],
)
def test_what_cannot_be_timed_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_ttml(text)
