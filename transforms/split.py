"""Put titles on the sides of an experiment, by a stable digest: the same work always on the same side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from transforms.records import SPLITS, Failure, Title
from transforms.works import work_name, works

DEFAULT_SHARES = (0.8, 0.1, 0.1)
NAMED_TITLES = 5


def divide(titles: Iterable[Title | Failure], shares: Sequence[float]) -> Iterator[Title | Failure]:
    """Give every title a split by ``shares``, all titles of a work the same; failures are passed on.

    A split that the catalog states is obeyed, and the other titles of the work follow it. Where they state several,
    which is a warning, these follow the one that most of them state, or the first in order of ``SPLITS``.
    """
    given = list(titles)
    yield from (item for item in given if isinstance(item, Failure))
    for work in works([item for item in given if isinstance(item, Title)]):
        stated = [title.split for title in work if title.split]
        side = max(SPLITS, key=stated.count) if stated else split_of(work_name(work), shares)
        if len(set(stated)) > 1:
            yield _contradiction(work)
        yield from (replace(title, split=title.split or side) for title in work)


def split_of(name: str, shares: Sequence[float] = DEFAULT_SHARES) -> str:
    """Give ``train``, ``valid`` or ``test`` for a name, by ``shares``."""
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64 * sum(shares)
    for split, share in zip(SPLITS, shares, strict=True):
        if place < share:
            return split
        place -= share
    return SPLITS[0]


def _contradiction(work: Sequence[Title]) -> Failure:
    first, *_ = titles = sorted(work, key=lambda title: title.title_id)
    sides = {split: [title.title_id for title in titles if title.split == split] for split in SPLITS}
    said = "; ".join(f"{split}: {_some(ids)}" for split, ids in sides.items() if ids)
    text = f"states another split than other titles of its series or work ({said}); give all of them the same"
    return Failure(first.title_id, first.uri, "catalog", "Warning", text, "warning")


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:NAMED_TITLES]) + (f" and {len(ids) - NAMED_TITLES} more" if len(ids) > NAMED_TITLES else "")
