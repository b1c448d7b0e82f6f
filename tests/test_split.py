"""Which side of the experiment a title is on."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import SPLITS, Title
from transforms.split import split_of


@given(st.text(min_size=1), st.sampled_from(SPLITS))
def test_what_the_catalog_states_is_obeyed(name: str, split: str) -> None:
    assert split_of(Title(name, ("a.wav",), series="s", split=split), (1, 0, 0)) == split


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_a_series_is_on_one_side(series: str, one: str, other: str) -> None:
    assert split_of(Title(one, ("a.wav",), series=series)) == split_of(Title(other, ("b.wav",), series=series))


@given(st.text(min_size=1), st.text(min_size=1))
def test_only_the_name_counts(title_id: str, audio: str) -> None:
    assert split_of(Title(title_id, (audio,))) == split_of(Title(title_id, ("b.wav",), language="fr", genre="news"))


@pytest.mark.parametrize(("shares", "split"), [((1, 0, 0), "train"), ((0, 1, 0), "valid"), ((0, 0, 1), "test")])
def test_a_side_of_all_takes_all(shares: tuple[float, ...], split: str) -> None:
    assert {split_of(Title(f"film {number}", ("a.wav",)), shares) for number in range(200)} == {split}


def test_shares_are_met() -> None:
    sides = Counter(split_of(Title(f"film {number}", ("a.wav",)), (0.7, 0.2, 0.1)) for number in range(5000))
    # Five standard deviations of a binomial are 0.033 at most.
    assert [sides[split] / 5000 for split in SPLITS] == pytest.approx([0.7, 0.2, 0.1], abs=0.033)


@given(st.text(min_size=1), st.floats(0.1, 0.5), st.floats(0, 0.4))
def test_a_larger_share_never_moves_a_title_out(name: str, share: float, more: float) -> None:
    title = Title(name, ("a.wav",))
    if split_of(title, (share, 1 - share, 0)) == "train":
        assert split_of(title, (share + more, 1 - share - more, 0)) == "train"


def test_shares_need_not_sum_to_one() -> None:
    titles = [Title(f"film {number}", ("a.wav",)) for number in range(100)]
    assert [split_of(title, (8, 1, 1)) for title in titles] == [split_of(title, (0.8, 0.1, 0.1)) for title in titles]
