"""Which titles are one work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import Title
from transforms.works import work_name, works


def title(title_id: str, language: str = "", audio: Sequence[str] = (), **more: Any) -> Title:
    return Title(title_id, tuple(audio) or (f"{title_id}.wav",), language, **more)


def ids(titles: Sequence[Title]) -> set[frozenset[str]]:
    return {frozenset(one.title_id for one in work) for work in works(titles)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (title("a", series="s"), title("b", series="s")),
        (title("a", work="10.5240/7791-8534-2C23-9030-8610-5"), title("b", work="10.5240/7791-8534-2C23-9030-8610-5")),
        (title("a", audio=["x.mxf"], audio_track=("0",)), title("b", audio=["x.mxf"], audio_track=("1",))),
        (title("a", audio=["m_L.wav", "x.wav"]), title("b", audio=["n_L.wav", "x.wav"])),
        (title("a", cue_sheet="c.csv"), title("b", cue_sheet="c.csv")),
        (title("heat-en", "en"), title("heat.fr", "fr")),
        (title("heat_en-US", "en-US"), title("heat fr", "fr")),
        (title("heat_en_us", "en-US"), title("heat/FR", "fr")),
        (title("heat - en", "en"), title("heat", "fr")),
    ],
)
def test_titles_of_one_work(one: Title, other: Title) -> None:
    assert ids([one, other, title("c")]) == {frozenset({one.title_id, other.title_id}), frozenset("c")}
    assert work_name([one, other]) == work_name([other, one])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (title("a"), title("b")),
        (title("heat-en", "fr"), title("heat-fr", "en")),
        (title("heat-en"), title("heat-fr")),
        (title("heaten", "en"), title("heatfr", "fr")),
        (title("-en", "en"), title("-fr", "fr")),
        (title("en", "en"), title("fr", "fr")),
        (title("heat-en-US", "en"), title("heat-US", "US-en")),
        (title("a", series="x"), title("b", work="x")),
        (title("x", cue_sheet="c.csv"), title("c.csv")),
        (title("heat.x", "."), title("heat", "[")),
    ],
)
def test_titles_of_two_works(one: Title, other: Title) -> None:
    assert ids([one, other]) == {frozenset({one.title_id}), frozenset({other.title_id})}


def test_links_go_through_other_titles() -> None:
    chain = [
        title("pilot-en", "en", series="The Lighthouse"),
        title("pilot-fr", "fr", series="Le phare", cue_sheet="pilot.csv"),
        title("folge 1", "de", cue_sheet="pilot.csv", work="w"),
        title("film", work="w", audio=["x.mkv"]),
        title("commentary", audio=["x.mkv"]),
        title("another", work="v"),
    ]
    assert ids(chain) == {frozenset(one.title_id for one in chain[:-1]), frozenset({"another"})}
    assert work_name(chain[:-1]) == "Le phare"


def test_no_titles_are_no_works() -> None:
    assert works([]) == []


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("harbor-s01e01", "harbor-s01e02", True),
        ("harbor.S1E3.the-letter", "harbor_s02e10", True),
        ("harbor s01.e01", "harbor", True),
        ("harbor-s01e01-en", "harbor-s01e02-en", True),
        ("harbor-s01e01", "haven-s01e01", False),
        ("s01e01", "s01e02", False),
        ("harbor-s01", "harbor-s02", False),
        ("cs1e1", "cs1e2", False),
        ("apollo-s1e1x", "apollo-s1e2x", False),
    ],
)
def test_episodes_are_known_by_their_ids(one: str, other: str, together: bool) -> None:
    assert len(works([title(one, "en"), title(other, "en")])) == 2 - together


def test_a_work_is_named_by_what_a_new_version_has_too() -> None:
    heat = [title("heat-en", "en"), title("heat-fr", "fr"), title("heat", "it")]
    assert {work_name(heat[:count]) for count in (1, 2, 3)} == {"heat"}
    assert work_name([title("b", work="w"), title("a")]) == "w"
    assert work_name([title("b", work="w"), title("a", series="x")]) == "x"
    assert work_name([title("z", series="s"), title("y", series="t")]) == "s"


NAMES = st.sampled_from(["", "a", "b", "c", "d"])
TITLES = st.lists(
    st.builds(
        lambda name, language, series, work, file, cues: title(
            name, language, [file], series=series, work=work, cue_sheet=cues
        ),
        st.sampled_from([f"{name}{end}" for name in "klmnopqrst" for end in ("", "-en", ".fr")]),
        st.sampled_from(["", "en", "fr"]),
        NAMES,
        NAMES,
        st.sampled_from([f"{number}.wav" for number in range(20)]),
        NAMES,
    ),
    max_size=12,
    unique_by=lambda one: one.title_id,
)


@given(TITLES, st.randoms())
def test_the_order_of_the_rows_does_not_matter(titles: list[Title], random: object) -> None:
    mixed = list(titles)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert ids(mixed) == ids(titles)
    assert {work_name(work) for work in works(mixed)} == {work_name(work) for work in works(titles)}


@given(TITLES)
def test_every_title_is_in_one_work_and_what_it_shares_is_nowhere_else(titles: list[Title]) -> None:
    found = works(titles)
    assert sorted(one.title_id for work in found for one in work) == sorted(one.title_id for one in titles)
    for shared in ("series", "work", "cue_sheet", "audio"):
        values = [{getattr(one, shared) for one in work} - {""} for work in found]
        assert sum(map(len, values)) == len(set().union(*values))


@given(TITLES, TITLES)
def test_works_only_grow_together(titles: list[Title], more: list[Title]) -> None:
    known = {one.title_id for one in titles}
    grown = ids(titles + [one for one in more if one.title_id not in known])
    assert all(any(work <= larger for larger in grown) for work in ids(titles))
