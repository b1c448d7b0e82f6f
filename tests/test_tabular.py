"""Tables as people lay them out."""

from collections.abc import Sequence

from transforms.text.tabular import Row, Table, find_table, read_table


def known(cells: Sequence[str]) -> int:
    return len({"in", "out", "use", "timecode in"} & {cell.strip().lower() for cell in cells})


def rows(*texts: str) -> list[Row]:
    return [Row(line, tuple(text.split(","))) for line, text in enumerate(texts, start=1)]


def test_the_delimiter_is_the_one_that_gives_the_most_columns() -> None:
    for delimiter in ",;\t|":
        table = read_table(f"a, b; c\nin{delimiter}out\n1{delimiter}2\n", known)
        assert table is not None
        assert table.header == ("in", "out")
        assert table.rows == (Row(3, ("1", "2")),)


def test_what_stands_above_the_header_is_kept_and_empty_rows_are_not() -> None:
    table = find_table(rows("A film", ",", "in,out", " ,", "1,2"), known)
    assert table == Table(("in", "out"), (Row(5, ("1", "2")),), (Row(1, ("A film",)),))


def test_a_header_in_two_rows() -> None:
    table = find_table(rows("no,timecode,,use", ",in,out", "1,2,3,4"), known)
    assert table is not None
    assert table.header == ("no", "timecode in", "out", "use")
    assert table.rows == (Row(3, ("1", "2", "3", "4")),)


def test_a_row_of_values_is_no_part_of_the_header() -> None:
    table = find_table(rows("in,out,", "1,2,use"), known)
    assert table is not None
    assert table.rows == (Row(2, ("1", "2", "use")),)


def test_no_header_is_no_table() -> None:
    assert read_table("a,b\n1,2\n", known) is None
    assert find_table([], known) is None


def test_a_cell_that_is_not_there_is_empty() -> None:
    row = Row(1, (" a ",))
    assert (row[0], row[1], row[None]) == ("a", "", "")
