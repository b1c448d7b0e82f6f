"""EBU STL: files put together byte by byte from the tables of EBU Tech 3264."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.subtitles.ebu_stl import read_ebu_stl
from transforms.subtitles.events import Event, Events

Label = tuple[int, int, int, int]
ONE: Label = (0, 0, 1, 0)
TWO: Label = (0, 0, 2, 5)


def general(
    disk_format: bytes = b"STL25.01",
    *,
    standard: bytes = b"1",
    table: bytes = b"00",
    blocks: bytes = b"00001",
    start: bytes = b"00000000",
    rows: bytes = b"23",
) -> bytes:
    head = b"850" + disk_format + standard + table + b"09" + b" " * 222  # CPN, DFC, DSC, CCT, LC, titles and dates
    counts = blocks + b"00001" + b"001" + b"40" + rows + b"1" + start  # TNB, TNS, TNG, MNC, MNR, TCS, TCP
    return (head + counts).ljust(1024)


def block(
    text: bytes,
    begin: Label = ONE,
    end: Label = TWO,
    number: int = 1,
    *,
    extension: int = 0xFF,
    cumulative: int = 0,
    row: int = 20,
    comment: int = 0,
) -> bytes:
    fields = (0, number, extension, cumulative, *begin, *end, row, 2, comment, text.ljust(112, b"\x8f"))
    return struct.pack("<BHBB4B4BBBB112s", *fields)


def read(*blocks: bytes, **how: bytes) -> Events:
    return read_ebu_stl(general(blocks=b"%05d" % len(blocks), **how) + b"".join(blocks))


def events(*blocks: bytes, **how: bytes) -> list[tuple[float, float, str]]:
    found = read(*blocks, **how)
    assert found.unreadable == 0
    assert found.warnings == ()
    return [(round(e.start_s, 9), round(e.end_s, 9), e.text) for e in found.events]


def text_of(text: bytes, table: bytes = b"00") -> str:
    ((_, _, read),) = events(block(text), table=table)
    return read


def test_an_event() -> None:
    found = read(block(b"\x0b\x0bHello.\x0a\x0a"))
    assert found == Events((Event(1.0, 2.2, "Hello."),))


@pytest.mark.parametrize(
    ("disk_format", "begin", "start_s", "warning"),
    [
        (b"STL25.01", (1, 2, 3, 4), 3723.16, None),
        (b"STL24.01", (1, 0, 0, 12), 3600.5, "stated as 24"),
        (b"STL23.01", (1, 0, 0, 0), 3603.6, None),
        (b"STL30.01", (1, 0, 0, 0), 107892 * 1001 / 30000, "read as drop frame"),
        (b"STL50.01", (0, 0, 1, 49), 1.98, None),
        (b"STL99.01", (0, 0, 1, 5), 1.2, "read at 25"),
    ],
)
def test_frame_rates(disk_format: bytes, begin: Label, start_s: float, warning: str | None) -> None:
    found = read(block(b"Hello", begin, (2, 0, 0, 0)), disk_format=disk_format)
    assert found.events[0].start_s == pytest.approx(start_s, abs=1e-9)
    assert len(found.warnings) == bool(warning)
    assert not warning or warning in found.warnings[0]


def test_labels_that_drop_frame_timecode_has_not_are_non_drop() -> None:
    found = read(
        block(b"One", (1, 0, 0, 0), (1, 1, 0, 0)), block(b"Two", (1, 1, 0, 1), (1, 2, 0, 9)), disk_format=b"STL30.01"
    )
    assert found.events[0].start_s == pytest.approx(3603.6, abs=1e-9)
    assert "non-drop" in found.warnings[0]


def test_times_count_from_the_start_of_the_programme() -> None:
    first, zero = block(b"Hello", (10, 0, 1, 0), (10, 0, 2, 5)), block(b"STORY 7", (0, 0, 0, 0), (0, 0, 0, 8), number=0)
    assert events(first, start=b"10000000") == [(1.0, 2.2, "Hello")]
    assert events(first, start=b"09595900") == [(2.0, 3.2, "Hello")]
    assert events(first, start=b"        ") == [(36001.0, 36002.2, "Hello")]
    assert events(first, start=b"99999999") == [(36001.0, 36002.2, "Hello")]
    found = read(zero, first, block(b"Bye", (10, 0, 3, 0), (10, 0, 4, 0)), start=b"10000000")
    assert [event.text for event in found.events] == ["Hello", "Bye"]
    assert "1 events lie before" in found.warnings[0]


def test_a_start_after_the_events_is_not_theirs() -> None:
    found = read(block(b"Hello"), block(b"Bye", (0, 0, 3, 0), (0, 0, 4, 0)), start=b"10000000")
    assert [event.start_s for event in found.events] == [1.0, 3.0]
    assert "start (TCP) of 36000 s" in found.warnings[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"Caf\xc2e, gar\xcbcon, No\xc8el", "Café, garçon, Noël"),
        (b"\xcfskoda \xcaAngstr\xc8om \xcel\xcea \xcdo\xcd\x55", "škoda Ångström l\u0328ą őŰ"),
        (b"\xc2wyr \xc8w", "ẃyr ẅ"),
        (b"\xd5 La la \xd5", "♪ La la ♪"),
        (b"\xa1S\xc2i! \xbfNo? \xfb\xf9\xf1\xe9\xea", "¡Sí! ¿No? ßøæØŒ"),
        (b"\xaaHi\xba \xa9so\xb9 \xd0", "“Hi” ‘so’ —"),
        (b"A\xc2", "A"),
        (b"A\xa6B", "A\ufffdB"),
    ],
)
def test_latin_characters(text: bytes, expected: str) -> None:
    assert text_of(text) == expected


@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        (b"01", b"\xbf\xe0\xd8\xd2\xd5\xe2", "Привет"),
        (b"02", b"\xe5\xd1\xcd\xc8\xc7", "مرحبا"),
        (b"03", b"\xc3\xe5\xe9\xdc", "Γειά"),
        (b"04", b"\xf9\xec\xe5\xed", "שלום"),
    ],
)
def test_tables_of_other_scripts(table: bytes, text: bytes, expected: str) -> None:
    assert text_of(text, table) == expected


def test_an_unknown_table_is_read_as_latin_and_said() -> None:
    found = read(block(b"Caf\xc2e"), table=b"  ")
    assert found.events[0].text == "Café"
    assert "character table" in found.warnings[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"One\x8atwo", "One\ntwo"),
        (b"\x0d\x0b\x0bOne\x0a\x0a\x8a\x8a\x0d\x0b\x0btwo\x0a\x0a", "One\ntwo"),
        (b"\x03Yellow\x07white", "Yellow white"),
        (b"\x1d\x06\x1cHi", "Hi"),
        (b"\x80Hello\x81 you.", "<i>Hello</i> you."),
        (b"Say \x80hello\x8ayou\x81.", "Say <i>hello\nyou</i>."),
        (b"\x80\x80Hello\x8f\x81", "<i>Hello</i>"),
        (b"\x84\x82Boxed\x83\x85", "Boxed"),
        (b"One\x8f\x8frubbish", "One"),
        (b"  One   two  \x8a\x8a", "One two"),
    ],
)
def test_codes(text: bytes, expected: str) -> None:
    assert text_of(text) == expected


@pytest.mark.parametrize("text", [b"", b" ", b"\x80\x81", b"\0" * 112, b"\x0b\x0b\x8a\x0a", b"\x1a" * 112])
def test_empty_blocks_are_no_events(text: bytes) -> None:
    assert events(block(text, (99, 0, 0, 0)), block(b"Hello")) == [(1.0, 2.2, "Hello")]


def test_comments_and_user_data_are_no_events() -> None:
    others = [block(b"Check this", comment=1), block(b"Data", extension=0xFE), block(b"?", extension=0xF3)]
    assert events(*others, block(b"Hello")) == [(1.0, 2.2, "Hello")]


def test_a_text_may_go_on_in_more_blocks() -> None:
    parts = [block(b"A" * 112, extension=0), block(b"B" * 111 + b"\xc2", extension=1), block(b"e\x8aend")]
    between = block(b"user data", extension=0xFE)
    assert [text for _, _, text in events(parts[0], between, *parts[1:])] == ["A" * 112 + "B" * 111 + "é\nend"]


def test_a_text_whose_last_block_is_missing_is_kept() -> None:
    blocks = block(b"One ", extension=0), block(b"Two", (0, 0, 3, 0), (0, 0, 4, 0), number=2)
    assert events(*blocks) == [(1.0, 2.2, "One"), (3.0, 4.0, "Two")]
    assert events(*reversed(blocks)) == [(3.0, 4.0, "Two"), (1.0, 2.2, "One")]


def test_each_of_a_cumulative_set_has_its_own_time() -> None:
    begins: list[Label] = [(0, 0, 1, 0), (0, 0, 2, 0), (0, 0, 4, 0), (0, 0, 9, 0)]
    ends: list[Label] = [(0, 0, 6, 0), (0, 0, 0, 0), (0, 0, 6, 0), (0, 0, 10, 0)]
    values = zip((b"One", b"Two", b"Three", b"Four"), begins, ends, (1, 2, 3, 4), (1, 2, 3, 0), strict=True)
    expected = [(1.0, 2.0, "One"), (2.0, 4.0, "Two"), (4.0, 6.0, "Three"), (9.0, 10.0, "Four")]
    assert events(*(block(t, b, e, n, cumulative=c) for t, b, e, n, c in values)) == expected


def test_events_that_overlap_keep_their_times() -> None:
    blocks = block(b"One", (0, 0, 1, 0), (0, 0, 4, 0)), block(b"Two", (0, 0, 2, 0), (0, 0, 3, 0), number=2)
    assert events(*blocks) == [(1.0, 4.0, "One"), (2.0, 3.0, "Two")]


@pytest.mark.parametrize(
    ("standard", "rows", "row", "text", "at_top"),
    [
        (b"1", b"23", 1, b"One", True),
        (b"1", b"23", 11, b"One", True),
        (b"1", b"23", 12, b"One", False),
        (b"1", b"23", 10, b"One\x8a\x8aTwo", False),
        (b"2", b"99", 20, b"One", False),
        (b"0", b"99", 20, b"One", True),
        (b"0", b"11", 5, b"One", True),
        (b"0", b"11", 6, b"One", False),
        (b"0", b"  ", 11, b"One", True),
        (b" ", b"00", 12, b"One", False),
        (b"0", b"99", 0, b"One", False),
    ],
)
def test_the_upper_half(standard: bytes, rows: bytes, row: int, text: bytes, at_top: bool) -> None:
    assert [event.at_top for event in read(block(text, row=row), standard=standard, rows=rows).events] == [at_top]


@pytest.mark.parametrize("bad", [(0, 0, 1, 25), (0, 0, 60, 0), (0, 60, 0, 0), (24, 0, 0, 0), (255, 255, 255, 255)])
def test_a_subtitle_without_a_time_is_counted(bad: Label) -> None:
    found = read(block(b"Lost", begin=bad), block(b"Lost too", end=bad), block(b"Hello"))
    assert [event.text for event in found.events] == ["Hello"]
    assert found.unreadable == 2


def test_an_end_before_the_begin_is_left_as_it_is() -> None:
    assert events(block(b"Hello", TWO, ONE)) == [(2.2, 1.0, "Hello")]


@pytest.mark.parametrize(
    ("stated", "rest", "warning"),
    [
        (b"00002", b"", None),
        (b"00001", b"", None),
        (b"     ", b"", None),
        (b"2    ", b"", None),
        (b"00002", b"\x1a", None),
        (b"00002", b"\0" * 40, None),
        (b"00003", b"", "states 3 blocks and holds 2"),
        (b"00002", block(b"Cut off")[:100], "last block is cut off"),
    ],
)
def test_counts_and_ends(stated: bytes, rest: bytes, warning: str | None) -> None:
    found = read_ebu_stl(general(blocks=stated) + block(b"One") + block(b"Two") + rest)
    assert [event.text for event in found.events] == ["One", "Two"]
    assert found.unreadable == 0
    assert len(found.warnings) == bool(warning)
    assert not warning or warning in found.warnings[0]


@pytest.mark.parametrize(
    "data", [b"", b"solid model", b"$FontName = Arial\n00:00:01:00 , 00:00:02:00 , Hi", b"\0" * 2000]
)
def test_what_is_not_ebu_stl_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not EBU STL"):
        read_ebu_stl(data)


def test_a_file_without_blocks_has_no_events() -> None:
    assert read_ebu_stl(general(blocks=b"00000")) == Events(())
    assert read_ebu_stl(b"850STL25.01") == Events((), 0, ("its character table (CCT) is unknown: read as Latin",))


@given(st.binary(max_size=1500), st.booleans(), st.sampled_from([b"STL25.01", b"STL30.01"]))
def test_anything_is_read_or_refused(data: bytes, headed: bool, disk_format: bytes) -> None:
    try:
        found = read_ebu_stl(general(disk_format) + data if headed else data)
    except InputError:
        assert not headed
        return
    assert all(event.text.strip() for event in found.events)


@given(st.binary(min_size=1024, max_size=1024))
def test_any_general_information_is_read(data: bytes) -> None:
    found = read_ebu_stl(data[:3] + b"STL25.01" + data[11:] + block(b"Hello"))
    assert len(found.events) == 1


@given(st.integers(0, 9), st.binary(min_size=128, max_size=128), st.sampled_from([b"STL25.01", b"STL30.01"]))
def test_a_damaged_block_does_not_lose_the_others(at: int, damage: bytes, disk_format: bytes) -> None:
    blocks = [block(b"Line %d" % n, (0, 0, n, 3), (0, 0, n, 20), number=n) for n in range(10)]
    whole = [event for event in read(*blocks, disk_format=disk_format).events if event.text != f"Line {at}"]
    blocks[at] = damage
    assert set(whole) <= set(read(*blocks, disk_format=disk_format).events)
