"""The order in which an epoch takes the segments of row groups, and its division over ranks and loader workers.

The row groups, in a drawn order, are one long row of segments, which is cut into lanes of equal length. The epoch
takes a segment of each lane in turn: a batch mixes as many titles as it has segments, and of each lane no more than a
row group has to be in memory. Segment p of the epoch is segment p // lanes of lane p % lanes. Rank r of R takes the
segments p with p % R = r, so that R batches of B are one batch of R · B; its workers take these in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

LANES = 24


@dataclass(frozen=True)
class Piece:
    """Segments ``first`` … ``last`` − 1 of a row group, as mixed. turn: its place in the epoch's order of groups."""

    turn: int
    first: int
    last: int


@dataclass(frozen=True)
class Share:
    """Whose part of an epoch it is: rank ``rank`` of ``ranks``, and its worker ``worker`` of ``workers``."""

    rank: int = 0
    ranks: int = 1
    worker: int = 0
    workers: int = 1


def lane_count(readers: int, least: int = LANES) -> int:
    """Give the smallest multiple of ``readers`` that is at least ``least``: no lane belongs to two readers."""
    return -(-least // readers) * readers


def deal(sizes: Sequence[int], lanes: int) -> list[list[Piece]]:
    """Cut row groups of ``sizes`` segments, one after another, into lanes that differ by a segment at most.

    A group may end one lane and begin the next. Lane k has (total + lanes − 1 − k) // lanes segments.
    """
    ends = np.cumsum([0, *sizes])
    lengths = [(int(ends[-1]) + lanes - 1 - lane) // lanes for lane in range(lanes)]
    edges = np.cumsum([0, *lengths])
    return [_cut(ends, int(first), int(last)) for first, last in pairwise(edges)]


def turns(segments: int, share: Share, start: int = 0) -> range:
    """Give the segments of an epoch that fall to a share, once each rank has taken ``start`` of its own.

    All ranks get equally many: up to ranks − 1 of these numbers are no less than ``segments``, and to be made up.
    """
    stop = -(-segments // share.ranks) * share.ranks
    return range((start + share.worker) * share.ranks + share.rank, stop, share.ranks * share.workers)


def _cut(ends: np.ndarray[tuple[int], np.dtype[np.int64]], first: int, last: int) -> list[Piece]:
    turn, pieces = int(np.searchsorted(ends, first, "right")) - 1, []
    while first < last:
        begin, end = int(ends[turn]), int(ends[turn + 1])
        if end > first:
            pieces.append(Piece(turn, first - begin, min(last, end) - begin))
            first = min(last, end)
        turn += 1
    return pieces
