"""Which side of the experiment a title is on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import SPLITS, Failure, Title
from transforms.split import divide, split_of

SHARES = (0.7, 0.2, 0.1)


def sides(titles: Iterable[Title | Failure], shares: tuple[float, ...] = SHARES) -> dict[str, str]:
    return {item.title_id: item.split for item in divide(titles, shares) if isinstance(item, Title)}


def warnings(titles: Iterable[Title | Failure]) -> list[Failure]:
    return [item for item in divide(titles, SHARES) if isinstance(item, Failure)]


def catalog(films: int, shows: int = 0, episodes: int = 8) -> list[Title]:
    """Make films in one to three languages, and shows in two, whose versions are known by other things each."""
    languages = ("en", "fr", "de")
    versions = [
        Title(f"film {number}-{language}", (f"film{number}.{language}.wav",), language)
        for number in range(films)
        for language in languages[: 1 + number % 3]
    ]
    return versions + [
        Title(f"{show}/{number}/{track}", (f"{show}.{number}.mkv",), series=f"show {show}", audio_track=(str(track),))
        for show in range(shows)
        for number in range(episodes)
        for track in range(2)
    ]


@given(st.text(min_size=1), st.sampled_from(SPLITS))
def test_what_the_catalog_states_is_obeyed(name: str, split: str) -> None:
    assert sides([Title(name, ("a.wav",), series="s", split=split)], (1, 0, 0)) == {name: split}


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_a_series_is_on_one_side(series: str, one: str, other: str) -> None:
    titles = [Title(f"1{one}", ("a.wav",), series=series), Title(f"2{other}", ("b.wav",), series=series)]
    together = set(sides(titles).values())
    assert len(together) == 1
    assert {split for title in titles for split in sides([title]).values()} == together


@given(st.text(min_size=1), st.text(min_size=1))
def test_only_the_name_counts(title_id: str, audio: str) -> None:
    # A language that the name does not end in.
    other = Title(title_id, ("b.wav",), language=f"{title_id}fr", genre="news")
    assert sides([Title(title_id, (audio,))]) == sides([other])


@pytest.mark.parametrize(("shares", "split"), [((1, 0, 0), "train"), ((0, 1, 0), "valid"), ((0, 0, 1), "test")])
def test_a_side_of_all_takes_all(shares: tuple[float, ...], split: str) -> None:
    assert {split_of(f"film {number}", shares) for number in range(200)} == {split}


def test_shares_are_met() -> None:
    found = Counter(split_of(f"film {number}", SHARES) for number in range(5000))
    # Five standard deviations of a binomial are 0.033 at most.
    assert [found[split] / 5000 for split in SPLITS] == pytest.approx(SHARES, abs=0.033)


def test_shares_are_met_by_linked_titles() -> None:
    titles = catalog(films=4000, shows=1000)
    found = Counter(sides(titles).values())
    assert [found[split] / len(titles) for split in SPLITS] == pytest.approx(SHARES, abs=0.05)


@given(st.text(min_size=1), st.floats(0.1, 0.5), st.floats(0, 0.4))
def test_a_larger_share_never_moves_a_title_out(name: str, share: float, more: float) -> None:
    if split_of(name, (share, 1 - share, 0)) == "train":
        assert split_of(name, (share + more, 1 - share - more, 0)) == "train"


def test_shares_need_not_sum_to_one() -> None:
    names = [f"film {number}" for number in range(100)]
    assert [split_of(name, (8, 1, 1)) for name in names] == [split_of(name, (0.8, 0.1, 0.1)) for name in names]


def test_versions_and_episodes_are_on_one_side() -> None:
    found = sides(catalog(films=300, shows=50))
    for prefix in [f"film {number}-" for number in range(300)] + [f"{show}/" for show in range(50)]:
        assert len({split for name, split in found.items() if name.startswith(prefix)}) == 1
    assert set(found.values()) == set(SPLITS)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    titles = catalog(films=100, shows=20)
    mixed = list(titles)
    Random(seed).shuffle(mixed)
    assert sides(mixed) == sides(titles)


def test_a_growing_catalog_moves_nothing() -> None:
    titles = catalog(films=300, shows=50)
    grown = sides(titles)
    for part in (titles[::2], titles[:100], titles[-7:]):
        found = sides(part)
        assert found == {name: grown[name] for name in found}


class TestStatedSplits:
    def test_the_others_of_the_work_follow(self) -> None:
        titles = [Title(f"heat-{language}", (f"{language}.wav",), language) for language in ("de", "en", "fr")]
        for split in SPLITS:
            stated = [*titles[:2], Title("heat-fr", ("f.wav",), "fr", split=split)]
            assert set(sides(stated).values()) == {split}
            assert warnings(stated) == []

    def test_a_contradiction_is_a_warning_and_most_decide_for_the_rest(self) -> None:
        stated = ["train", "test", "test", "", ""]
        titles = [Title(f"e{number}", (f"{number}.wav",), series="s", split=s) for number, s in enumerate(stated)]
        expected = {"e0": "train", **{f"e{number}": "test" for number in range(1, 5)}}
        assert sides(titles) == sides(reversed(titles)) == expected
        [warning] = warnings(reversed(titles))
        assert (warning.title_id, warning.uri, warning.stage, warning.severity) == ("e0", "0.wav", "catalog", "warning")
        assert warning.message == (
            "states another split than other titles of its series or work (train: e0; test: e1, e2); "
            "give all of them the same"
        )

    def test_of_as_many_the_first_decides(self) -> None:
        titles = [Title(f"e{s}", (f"{s}.wav",), series="s", split=s) for s in ("test", "valid", "")]
        assert sides(titles)["e"] == "valid"

    def test_a_long_contradiction_is_told_in_short(self) -> None:
        titles = [Title(f"e{n}", ("x.wav",), split="test" if n else "train") for n in range(8)]
        [warning] = warnings(titles)
        assert "(train: e0; test: e1, e2, e3, e4, e5 and 2 more)" in warning.message


def test_failures_are_passed_on() -> None:
    lost = Failure("row 3", "c.csv", "catalog", "InputError", "has no audio")
    assert list(divide([lost], SHARES)) == [lost]
