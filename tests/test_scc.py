"""Scenarist SCC: byte pairs written by hand from the tables of CEA-608, and times counted in frames of 1001/30000 s."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.subtitles.events import Event, Events
from transforms.subtitles.scc import read_scc

HEADER = "Scenarist_SCC V1.0\n\n"
FRAME_S = 1001 / 30000


def code(*values: int) -> str:
    """Write 16-bit codes twice, with odd parity."""
    return " ".join(f"{pair(value >> 8, value & 0xFF)} {pair(value >> 8, value & 0xFF)}" for value in values)


def pair(first: int, second: int) -> str:
    return "".join(f"{byte | 0x80 * (byte.bit_count() % 2 == 0):02x}" for byte in (first, second))


def typed(text: str) -> str:
    data = text.encode("ascii") + b"\0" * (len(text) % 2)
    return " ".join(pair(*both) for both in zip(data[::2], data[1::2], strict=True))


RCL, RDC, ENM, EDM, EOC, CR = code(0x1420), code(0x1429), code(0x142E), code(0x142C), code(0x142F), code(0x142D)
BS, DER, TO2, TR = code(0x1421), code(0x1424), code(0x1722), code(0x142A)
RU2, RU3, RU4 = code(0x1425), code(0x1426), code(0x1427)
ROW_1, ROW_7, ROW_8, ROW_14, ROW_15 = (code(value) for value in (0x1140, 0x1640, 0x1660, 0x1450, 0x1470))
ITALICS, PLAIN, ROW_15_ITALIC = code(0x112E), code(0x1120), code(0x146E)
# Ten codes and three pairs of text: the caption appears with the tenth pair, and is sent in 11 frames.
HELLO = "94ae 94ae 9420 9420 9470 9470 c845 4c4c 4f80 942f 942f"


def at(frame: int) -> str:
    minutes, seconds = divmod(frame // 30, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}:{frame % 30:02}"


def file(*lines: tuple[int, str]) -> str:
    return HEADER + "".join(f"{at(frame)}\t{words}\n\n" for frame, words in lines)


def event(first: int, end: int, text: str) -> Event:
    return Event(first * 1001 / 30000, end * 1001 / 30000, text)


def captions(text: str) -> list[tuple[float, float, str]]:
    """Give the frames in which captions appear and end, and their texts."""
    found = read_scc(text)
    assert found.unreadable == 0
    assert found.warnings == ()
    return [(round(e.start_s / FRAME_S, 6), round(e.end_s / FRAME_S, 6), e.text) for e in found.events]


def text_of(words: str) -> str:
    ((_, _, text),) = captions(file((30, f"{ENM} {RCL} {ROW_15} {words} {EOC}"), (300, EDM)))
    return text


def test_the_helpers_write_what_files_hold() -> None:
    assert f"{ENM} {RCL} {ROW_15} {typed('HELLO')} {EOC}" == HELLO


@pytest.mark.parametrize(
    ("timecode", "start_s"),
    [
        ("00:00:01:00", 39 * FRAME_S),
        ("01:00:00:00", 3603.9003),  # (108000 + 9) frames
        ("01:00:00;00", 3600.2967),  # (107892 + 9) frames
        ("00:01:00;02", 1809 * FRAME_S),
        ("00:10:00;00", (17982 + 9) * FRAME_S),
        ("01;00;00;00", 3600.2967),
        ("01:00:00.00", 3600.2967),
        ("01:00:00,00", 3600.2967),
        ("1:00:00:00", 3603.9003),
        ("23:59:59:29", (24 * 108000 - 1 + 9) * FRAME_S),
    ],
)
def test_timecodes(timecode: str, start_s: float) -> None:
    (event,) = read_scc(f"{HEADER}{timecode}\t{HELLO}\n").events
    assert event.start_s == pytest.approx(start_s, abs=1e-9)


@pytest.mark.parametrize(("timecode", "hour_s"), [("01:00:00:00", 3603.6), ("01:00:00;00", 107892 * 1001 / 30000)])
def test_an_hour_of_its_timecode(timecode: str, hour_s: float) -> None:
    assert read_scc(f"{HEADER}{timecode}\t{HELLO}\n").hour_s == pytest.approx(hour_s)


def test_one_line_with_a_colon_does_not_make_a_file_non_drop() -> None:
    lines = "".join(f"01:00:{second:02};00\t{HELLO}\n" for second in (10, 20, 30))
    found = read_scc(HEADER + lines + f"01:00:40:00\t{HELLO}\n")
    assert found.events[3].start_s - found.events[2].start_s == pytest.approx(300 * FRAME_S)


TWO = f"00:00:01:00\t{HELLO}\n\n00:00:03:00\t{EDM}\n"


@pytest.mark.parametrize(
    "text",
    [
        HEADER + TWO,
        TWO,
        "\ufeff" + HEADER + TWO,
        "\n\n" + HEADER + "\n\n" + TWO,
        (HEADER + TWO).replace("\n", "\r\n"),
        (HEADER + TWO).replace("\n", "\r"),
        HEADER + TWO.upper(),
        HEADER.upper() + TWO.replace("\t", "  "),
        (HEADER + TWO).replace("\n\n", "\n"),
        (HEADER + TWO).replace("\n", " \t\n"),
        HEADER + TWO.replace("9470 9470 c845", "94709470c845"),
        "SCENARIST_SCC v1.1\n" + TWO,
        HEADER + TWO.replace("c845 4c4c 4f80 942f 942f", "4845 4c4c 4f00 142f 142f"),  # no parity
        HEADER + TWO.replace("c845 4c4c 4f80 942f 942f", "48c5 cccc cf00 142f 142f"),  # even parity
        HEADER + "00:00:03:00\t942c\n00:00:01:00\t8080 8080 94ae 9420 8080 9470 c845 4c4c 4f80 942f\n",  # not doubled
    ],
    ids=range(15),
)
def test_variants_of_a_file(text: str) -> None:
    assert read_scc(text).events == (event(39, 90, "HELLO"),)


def test_pop_on() -> None:
    second = f"{ENM} {RCL} {ROW_14} {typed('I SEE.')} {ROW_15} {typed('-SO DO I.')} {EOC}"
    text = file((30, HELLO), (90, second), (200, EDM))
    # The second caption has 8 doubled codes and 8 pairs before its EOC: pair 16, at frame 90 + 2 * 4 + 3 + 5.
    assert captions(text) == [(39, 106, "HELLO"), (106, 200, "I SEE.\n-SO DO I.")]


def test_what_is_erased_or_overwritten_before_it_is_shown_is_not_shown() -> None:
    assert text_of(f"{typed('NO')} {ENM} {ROW_15} {typed('YES')}") == "YES"
    assert text_of(f"{typed('NO')} {BS} {BS} {typed('YES')}") == "YES"
    assert text_of(f"{typed('YES NO')} {code(0x1470)} {TO2} {code(0x1721)} {DER}") == "YES"
    assert text_of(f"{typed('WORST')} {ROW_15} {typed('FI')}") == "FIRST"


def test_a_caption_without_an_end_ends_with_the_next_or_after_16_seconds() -> None:
    assert captions(file((30, HELLO), (60, HELLO))) == [(39, 69, "HELLO"), (69, 69 + 480, "HELLO")]
    assert captions(file((30, HELLO), (3000, HELLO), (3100, EDM)))[0] == (39, 39 + 480, "HELLO")


def test_erasing_for_the_next_caption_is_no_end_of_its_own() -> None:
    flip = f"{EDM} {EOC}"
    text = file((30, HELLO), (3000, HELLO.replace("942f 942f", flip)), (3600, HELLO.replace("942f 942f", flip)))
    assert captions(text)[:2] == [(39, 39 + 480, "HELLO"), (3011, 3011 + 480, "HELLO")]


def test_a_caption_that_is_erased_late_lasts_that_long() -> None:
    assert captions(file((30, HELLO), (3000, EDM))) == [(39, 3000, "HELLO")]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("9137 9137 20c1 2080 9137 9137", "♪ A ♪"),
        (f"{typed('CAFE')} {code(0x1221)}", "CAFÉ"),
        (f"{typed('ES')} {code(0x1334)}", "Eß"),
        (f"{typed('CAFE')} {code(0x1221)} {typed(' NOIR')}", "CAFÉ NOIR"),
        (f"{typed('A-')} {code(0x122A)}", "A—"),
        (code(0x133C), "┏"),
        ("2a5c 5e5f 607b 7d7e", "áéíóúçÑñ"),
        (f"{typed('A')} {code(0x1139)} {typed('B')}", "A B"),
        (f"{typed('I')} {ITALICS} {typed('SAID')} {PLAIN} {typed('NO')}", "I <i>SAID</i> NO"),
        (f"{typed('AND')} {ITALICS} {typed(' SO ')} {PLAIN} {typed('ON')}", "AND <i>SO</i> ON"),
        (f"{ROW_14} {typed('ONE')} {ROW_15_ITALIC} {typed('TWO')}", "ONE\n<i>TWO</i>"),
        (f"{typed('A')} {TO2} {typed('B')}", "A B"),
        (f"{typed('A')} {code(0x1022)} {typed('B')}", "AB"),
        (f"{typed('THE FOX ')} {ROW_14} {typed('  THE  DOG')}", "THE DOG\nTHE FOX"),
    ],
)
def test_characters(words: str, text: str) -> None:
    assert text_of(words) == text


def test_a_caption_of_notes_alone_is_read() -> None:
    assert text_of("9137 9137") == "♪"


@pytest.mark.parametrize("mode", [RU2, RU3, RU4])
def test_rolled_lines_have_their_own_times(mode: str) -> None:
    lines = [f"{mode} {CR} {ROW_15} {typed(text)}" for text in ("ONE.", "TWO.", "THREE")]
    # Text begins with the seventh pair.
    assert captions(file((30, lines[0]), (90, lines[1]), (150, lines[2]), (240, EDM))) == [
        (36, 96, "ONE."),
        (96, 156, "TWO."),
        (156, 240, "THREE"),
    ]


def test_rolled_lines_sent_as_they_are_typed() -> None:
    lines = [(30, f"{RU2} {ROW_15}"), (40, typed("ONE ")), (80, typed("TWO")), (100, CR), (130, typed("3"))]
    assert captions(file(*lines)) == [(40, 130, "ONE TWO"), (130, 130 + 480, "3")]


def test_rolled_lines_without_carriage_returns() -> None:
    lines = [(30, f"{RU2} {ROW_15} {typed('LONGER')}"), (90, f"{RU2} {ROW_15} {typed('ONE')}"), (150, EDM)]
    assert captions(file(*lines)) == [(34, 94, "LONGER"), (94, 150, "ONE")]


def test_rolling_erases_what_popped_on() -> None:
    text = file((30, HELLO), (90, f"{RU2} {CR} {ROW_15} {typed('A')}"), (120, EDM))
    assert captions(text) == [(39, 90, "HELLO"), (96, 120, "A")]


def test_painted_captions() -> None:
    both = f"{RDC} {ROW_14} {typed('ONE')} {ROW_15} {typed('TWO')}"
    later = f"{RDC} {ROW_15} {typed('MORE')}"
    assert captions(file((30, both), (90, later), (120, EDM))) == [(34, 94, "ONE\nTWO"), (94, 120, "MORE")]


def test_a_caption_painted_word_by_word_is_one() -> None:
    lines = [(30, f"{RDC} {ROW_15} {typed('ONE ')}"), (60, typed("TWO ")), (90, typed("THREE")), (120, EDM)]
    assert captions(file(*lines)) == [(34, 120, "ONE TWO THREE")]


def test_modes_follow_each_other() -> None:
    paint, roll = f"{RDC} {ROW_15} {typed('PAINT')}", f"{RU3} {CR} {ROW_15} {typed('ROLL')}"
    text = file((30, HELLO), (100, paint), (200, EDM), (300, roll), (400, HELLO), (500, EDM))
    expected = [(39, 104, "HELLO"), (104, 200, "PAINT"), (306, 409, "ROLL"), (409, 500, "HELLO")]
    assert captions(text) == expected


def test_text_mode_is_no_caption() -> None:
    assert captions(file((30, f"{TR} {typed('WEATHER')}"), (90, HELLO), (120, EDM))) == [(99, 120, "HELLO")]


@pytest.mark.parametrize(
    ("rows", "at_top"), [((ROW_1,), True), ((ROW_7,), True), ((ROW_8,), False), ((ROW_1, ROW_15), False)]
)
def test_the_upper_half_is_rows_1_to_7(rows: tuple[str, ...], at_top: bool) -> None:
    words = " ".join(f"{row} {typed('A')}" for row in rows)
    assert [event.at_top for event in read_scc(file((30, f"{RCL} {words} {EOC}"))).events] == [at_top]
    if len(rows) == 1:
        rolled = read_scc(file((30, f"{RU2} {CR} {words}"), (90, f"{RU2} {CR} {words}")))
        assert [event.at_top for event in rolled.events] == [at_top, at_top]


def test_other_channels_are_told_and_not_read() -> None:
    spanish = f"{code(0x1C20)} {code(0x1C70)} {typed('HOLA')} {code(0x1C2F)}"
    found = read_scc(file((30, HELLO), (60, spanish), (90, f"{code(0x1C2C)} {EDM}")))
    assert found.events == (event(39, 92, "HELLO"),)
    assert found.warnings == ("the captions of CC1 were read, those of CC2 were not",)


def test_extended_data_are_no_captions() -> None:
    data = f"{pair(0x01, 0x03)} {typed('A FILM')} {pair(0x0F, 0x1D)}"
    assert captions(file((30, f"{data} {HELLO}"), (90, EDM))) == [(44, 90, "HELLO")]


@pytest.mark.parametrize("bits", [0x0800, 0x0100, 0x0900], ids=["CC2", "CC3", "CC4"])
def test_a_file_of_another_channel_is_read(bits: int) -> None:
    moved = [code(value | bits) for value in (0x142E, 0x1420)], code(0x142F | bits), code(0x142C | bits)
    row = code(0x1470 | bits & 0x0800)
    words = f"{' '.join(moved[0])} {row} {typed('HELLO')} {moved[1]}"
    assert captions(file((30, words), (90, moved[2]))) == [(39, 90, "HELLO")]


def test_a_line_waits_until_the_one_before_it_is_sent() -> None:
    assert captions(file((30, HELLO), (35, HELLO), (90, EDM))) == [(39, 50, "HELLO"), (50, 90, "HELLO")]


def test_lines_out_of_order_are_sorted() -> None:
    found = read_scc(file((90, EDM), (30, HELLO)))
    assert found.events == (event(39, 90, "HELLO"),)
    assert found.warnings == ("1 lines are earlier than the line before: read in the order of their times",)


@pytest.mark.parametrize("bad", ["00:00:05:30", "00:00:60:00", "00:99:00:00", "00:00:05", "soon", "0a:00:00:00"])
def test_a_line_without_a_time_is_counted(bad: str) -> None:
    found = read_scc(HEADER + TWO + f"{bad}\t{HELLO}\n")
    assert [event.text for event in found.events] == ["HELLO"]
    assert found.unreadable == 1


def test_a_damaged_word_loses_its_characters_alone() -> None:
    found = read_scc((HEADER + TWO).replace("4c4c", "4cxc"))
    assert found.events == (event(39, 90, "HEO"),)
    assert found.warnings == ("1 of its words are not hexadecimal and were left out",)


def test_a_file_that_starts_within_a_caption() -> None:
    assert captions(file((30, f"{ROW_15} {typed('HELLO')} {EOC}"), (90, EDM))) == [(35, 90, "HELLO")]


@pytest.mark.parametrize("text", ["", "hello", "1\n00:00:01,000 --> 00:00:02,000\nHi", "WEBVTT", "\0\0"])
def test_what_is_not_scc_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not Scenarist SCC"):
        read_scc(text)


def test_a_file_without_captions_has_no_events() -> None:
    assert read_scc(HEADER) == Events((), hour_s=3603.6)


WORDS = st.lists(st.integers(0, 0xFFFF).map("{:04x}".format) | st.sampled_from([RCL, EOC, EDM, RU2, CR, RDC, BS]))
LETTERS = st.text(st.characters(min_codepoint=65, max_codepoint=90), min_size=1, max_size=32)


@given(st.text() | st.lists(st.tuples(st.integers(0, 10**5), WORDS.map(" ".join))).map(lambda lines: file(*lines)))
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        found = read_scc(text)
    except InputError:
        return
    assert all(0 <= event.start_s < event.end_s and event.text.strip() for event in found.events)
    assert all(a.end_s <= b.start_s for a, b in zip(found.events, found.events[1:], strict=False))


@given(st.lists(LETTERS, min_size=1, max_size=8))
def test_what_is_written_is_read(texts: list[str]) -> None:
    lines = [(100 * n, f"{ENM} {RCL} {ROW_15} {typed(text)} {EOC}") for n, text in enumerate(texts)]
    shows = [100 * n + 6 + (len(text) + 1) // 2 for n, text in enumerate(texts)]
    erased = [(100 * n + 80, EDM) for n in range(len(texts))]
    expected = [(show, end, text) for show, (end, _), text in zip(shows, erased, texts, strict=True)]
    assert captions(file(*sorted([*lines, *erased]))) == expected


@given(st.integers(0, 9), st.text(st.characters(exclude_characters="\n\r"), max_size=40) | WORDS.map(" ".join))
def test_a_damaged_line_does_not_lose_the_others(at_line: int, damage: str) -> None:
    lines = [f"{at(1800 * n)}\t{ENM} {RCL} {ROW_15} {typed(f'LINE {n}')} {EOC} {typed('')}\n" for n in range(10)]
    erasing = [f"{at(1800 * n + 90)}\t{EDM}\n" for n in range(10)]
    timed = damage if damage[:1] not in set("0123456789") else f"{at(1800 * at_line)}\t{damage}"
    rest = [line for both in zip(lines, erasing, strict=True) for line in both]
    rest[2 * at_line] = timed + "\n"
    found = read_scc(HEADER + "".join(rest))
    kept = {event.text for event in found.events if event.end_s - event.start_s < 4}
    assert {f"LINE {n}" for n in range(10) if n != at_line} <= kept
