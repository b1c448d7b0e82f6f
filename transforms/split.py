"""Put titles on the sides of an experiment, by a stable digest: the same title always on the same side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from transforms.records import SPLITS, Title

DEFAULT_SHARES = (0.8, 0.1, 0.1)


def split_of(title: Title, shares: Sequence[float] = DEFAULT_SHARES) -> str:
    """Give ``train``, ``valid`` or ``test`` by ``shares``; a whole series goes to one side.

    A split that the catalog states is obeyed.
    """
    if title.split:
        return title.split
    name = title.series or title.title_id
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64 * sum(shares)
    for split, share in zip(SPLITS, shares, strict=True):
        if place < share:
            return split
        place -= share
    return SPLITS[0]
