"""WebVTT: places, regions, segments of a stream."""

import pytest

from transforms.subtitles.webvtt import read_webvtt

CUE = "00:01.000 --> 00:02.000"
REGIONS = """REGION
id:low
width:40%
lines:3
regionanchor:0%,100%
viewportanchor:10%,90%

REGION
id:high
viewportanchor:10%,12.5%

"""


def events(text: str) -> list[tuple[float, float, str]]:
    return [(event.start_s, event.end_s, event.text) for event in read_webvtt(text).events]


@pytest.mark.parametrize(
    ("settings", "at_top"),
    [
        ("", False),
        ("align:start position:10%,line-left size:80%", False),
        ("line:10%", True),
        ("line:49.5%,start align:center", True),
        ("line:50%", False),
        ("line:84.66%,end", False),
        ("line:0", True),
        ("line:6,end", True),
        ("line:7", False),
        ("line:-1", False),
        ("line:-14", False),
        ("line:top", False),
        ("vertical:rl line:0", False),
        ("region:high", True),
        ("region:low", False),
        ("region:none", False),
        ("region:high line:90%", False),
        ("region:low line:5%", True),
    ],
)
def test_a_place_is_read_from_its_settings(settings: str, at_top: bool) -> None:
    (event,) = read_webvtt(f"WEBVTT\n\n{REGIONS}{CUE} {settings}\nHello.\n").events
    assert (event.start_s, event.end_s, event.text, event.at_top) == (1.0, 2.0, "Hello.", at_top)


def test_regions_of_the_older_header_are_read() -> None:
    text = f"WEBVTT\nRegion: id=a width=40% lines=3 viewportanchor=10%,10% scroll=up\n\n{CUE} region:a\nHello.\n"
    assert read_webvtt(text).events[0].at_top


@pytest.mark.parametrize(
    "text",
    [
        f"WEBVTT Kind: captions; Language: en\n\n12\n{CUE}\nHello.\n",
        f"WEBVTT\nKind: captions\nLanguage: en\n\n00:05\n{CUE}\nHello.\n",
        f"WEBVTT\n\nSTYLE\n::cue {{\n  color: white;\n}}\n\nNOTE a cue\n\nchapter one\n{CUE}\nHello.\n\nNOTE\nend\n",
        f"WEBVTT\n\nSTYLE of speech\n{CUE}\nHello.",
        f"WEBVTT\n\nNOTE\nfirst line\nsecond line\n\n{CUE}\t line:0\nHello.\n\n\n\n",
    ],
)
def test_what_is_no_cue_is_passed_over(text: str) -> None:
    found = read_webvtt(text)
    assert events(text) == [(1.0, 2.0, "Hello.")]
    assert found.unreadable == 0


def test_voices_and_karaoke_stay_and_the_reading_of_ruby_goes() -> None:
    text = f"WEBVTT\n\n{CUE}\n<v.loud Anna>So <00:01.500><c>this</c> is <ruby>漢<rt>kan</rt>字<rt>ji</ruby>.\n"
    assert events(text)[0][2] == "<v.loud Anna>So <00:01.500><c>this</c> is <ruby>漢字</ruby>."


def segment(header: str, start: str, end: str, text: str) -> str:
    return f"WEBVTT\n{header}\n\n{start} --> {end}\n{text}\n\n"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        # All segments count from one origin.
        (["MPEGTS:900000,LOCAL:00:00:00.000"] * 2, [1.0, 3.0]),
        # The second begins 10 s (900,000 ticks) after the first, in its MPEG time or in its local time.
        (["LOCAL:00:00:00.000,MPEGTS:900000", "LOCAL:00:00:00.000,MPEGTS:1800000"], [1.0, 13.0]),
        (["MPEGTS:900000,LOCAL:00:00:00.000", "MPEGTS:1800000,LOCAL:00:00:02.000"], [1.0, 11.0]),
        # MPEG time wraps at 2^33 = 8,589,934,592: 450,000 ticks before, 450,000 after.
        (["MPEGTS:8589484592,LOCAL:00:00:00.000", "MPEGTS:450000,LOCAL:00:00:00.000"], [1.0, 13.0]),
        (["MPEGTS:450000,LOCAL:00:00:00.000", "MPEGTS:8589484592,LOCAL:00:00:00.000"], [1.0, -7.0]),
    ],
)
def test_segments_are_placed_by_their_maps(headers: list[str], expected: list[float]) -> None:
    cues = (("00:01.000", "00:02.000", "One."), ("00:03.000", "00:04.000", "Two."))
    text = "\ufeff".join(segment(f"X-TIMESTAMP-MAP={h}", *cue) for h, cue in zip(headers, cues, strict=True))
    assert events(text) == [(expected[0], expected[0] + 1, "One."), (expected[1], expected[1] + 1, "Two.")]


def test_a_cue_written_in_two_segments_is_one() -> None:
    cue = segment("X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000", "00:01.000", "00:02.000", "One.")
    assert events(cue + cue) == [(1.0, 2.0, "One.")]
    assert len(events("WEBVTT\n\n" + f"{CUE}\nOne.\n\n" * 2)) == 2


def test_a_map_that_cannot_be_read_is_said_once() -> None:
    cue = segment("X-TIMESTAMP-MAP=LOCAL:soon", "00:01.000", "00:02.000", "One.")
    assert read_webvtt(cue + cue).warnings == ("X-TIMESTAMP-MAP cannot be read and was ignored",)
