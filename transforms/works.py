"""Find the titles of a catalog that are one work: episodes of a series, versions of a film in several languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from transforms.records import Title

_EPISODE = re.compile(r"(.*?[^-._ /])[-._ /]+s\d{1,4}[-._ /]?e\d{1,4}(?![^\W_]).*", re.IGNORECASE | re.DOTALL)


def works(titles: Sequence[Title]) -> list[tuple[Title, ...]]:
    """Group titles that share a series, a ``work``, a file of audio, a cue sheet or a name, directly or through others.

    A title's name is its id without its own language at the end, ``heat`` of ``heat-en``, ``heat.fr``, ``heat_en-US``;
    and without an episode and what follows: ``harbor`` of ``harbor-s01e02`` and ``harbor.S1E3.the-letter``.
    """
    places: dict[tuple[str, str], int] = {}
    links = [(row, places.setdefault(key, len(places))) for row, title in enumerate(titles) for key in _keys(title)]
    if not links:
        return []
    # A graph whose nodes are the titles and, after them, what they share.
    rows, columns = np.array(links).T
    size = len(titles) + len(places)
    graph = sparse.coo_array((np.ones(len(rows), np.int8), (rows, columns + len(titles))), shape=(size, size))
    count, groups = sparse.csgraph.connected_components(graph, directed=False)
    found: list[list[Title]] = [[] for _ in range(count)]
    for title, group in zip(titles, groups, strict=False):
        found[group].append(title)
    return [tuple(group) for group in found]


def work_name(work: Sequence[Title]) -> str:
    """Name a work: by its series, or else its ``work``, or else its titles' names; of several by the first in order.

    So a new episode or version nearly always leaves the name as it was, whatever the order of the rows: series and
    works are named alike in all their titles, and a name without its language is that of the other languages, too. It
    changes only where works that were apart become one, or by a title with another name, and an earlier one.
    """
    for names in ({title.series for title in work}, {title.work for title in work}, map(_name, work)):
        if given := [name for name in names if name]:
            return min(given)
    raise ValueError("there are no titles")


def _keys(title: Title) -> Iterator[tuple[str, str]]:
    stated = {"series": title.series, "work": title.work, "cue_sheet": title.cue_sheet, "name": _name(title)}
    yield from ((kind, value) for kind, value in stated.items() if value)
    yield from (("audio", path) for path in title.audio)


def _name(title: Title) -> str:
    language = "[-_]".join(map(re.escape, re.split("[-_]", title.language)))
    named = re.fullmatch(f"(.*[^-._ /])[-._ /]+{language}", title.title_id, re.IGNORECASE | re.DOTALL)
    name = named[1] if title.language and named else title.title_id
    episode = _EPISODE.fullmatch(name)
    return episode[1] if episode else name
