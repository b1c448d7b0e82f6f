"""An epoch's order: every segment once, whoever reads it."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.order import LANES, Share, deal, lane_count, turns

SIZES = st.lists(st.integers(0, 16), max_size=60)
Segment = tuple[int, int]


def order(sizes: list[int], lanes: int) -> list[Segment]:
    """Give the (group, row) of an epoch's segments in the order that they come."""
    rows = [
        [(piece.turn, row) for piece in lane for row in range(piece.first, piece.last)] for lane in deal(sizes, lanes)
    ]
    return [rows[turn % lanes][turn // lanes] for turn in range(sum(sizes))]


def of_rank(sizes: list[int], rank: int, ranks: int, workers: int, start: int = 0) -> list[int]:
    """Give the numbers of a rank's segments, as its workers take turns."""
    shares = [turns(sum(sizes), Share(rank, ranks, worker, workers), start) for worker in range(workers)]
    longest = max(len(share) for share in shares)
    return [share[at] for at in range(longest) for share in shares if at < len(share)]


@given(SIZES, st.integers(1, 40))
def test_lanes_hold_every_segment_once_and_are_equally_long(sizes: list[int], lanes: int) -> None:
    dealt = deal(sizes, lanes)
    lengths = [sum(piece.last - piece.first for piece in lane) for lane in dealt]
    assert len(dealt) == lanes
    assert max(lengths) - min(lengths) <= 1
    assert lengths == sorted(lengths, reverse=True)
    everything = [(group, row) for group, size in enumerate(sizes) for row in range(size)]
    in_lanes = [(p.turn, row) for p in chain.from_iterable(dealt) for row in range(p.first, p.last)]
    assert in_lanes == everything
    assert sorted(order(sizes, lanes)) == everything


@given(SIZES, st.integers(1, 40))
def test_no_more_than_a_group_a_lane_is_read_twice(sizes: list[int], lanes: int) -> None:
    assert sum(len(lane) for lane in deal(sizes, lanes)) <= sum(size > 0 for size in sizes) + lanes - 1


@given(SIZES, st.integers(1, 5), st.integers(1, 5), st.integers(0, 50))
def test_ranks_and_workers_divide_an_epoch(sizes: list[int], ranks: int, workers: int, start: int) -> None:
    total = sum(sizes)
    parts = [of_rank(sizes, rank, ranks, workers, start) for rank in range(ranks)]
    assert len({len(part) for part in parts}) == 1
    together = [segment for at in zip(*parts, strict=True) for segment in at]
    assert together[: max(0, total - start * ranks)] == list(range(start * ranks, total))
    assert len(together) - max(0, total - start * ranks) < ranks


@given(SIZES, st.integers(1, 5), st.integers(1, 5), st.integers(0, 50))
def test_no_two_readers_share_a_lane(sizes: list[int], ranks: int, workers: int, start: int) -> None:
    lanes = lane_count(ranks * workers)
    readers = [
        {turn % lanes for turn in turns(sum(sizes), Share(rank, ranks, worker, workers), start)}
        for rank in range(ranks)
        for worker in range(workers)
    ]
    assert sum(map(len, readers)) == len(set().union(*readers))


@given(SIZES, st.integers(2, 4), st.integers(1, 4))
def test_batches_of_ranks_are_one_larger_batch(sizes: list[int], ranks: int, size: int) -> None:
    alone, parts = of_rank(sizes, 0, 1, 1), [of_rank(sizes, rank, ranks, 3) for rank in range(ranks)]
    for number in range(sum(sizes) // (ranks * size)):
        mine = alone[number * ranks * size : (number + 1) * ranks * size]
        assert sorted(chain.from_iterable(part[number * size : (number + 1) * size] for part in parts)) == mine


def test_a_batch_mixes_groups() -> None:
    epoch = order([16] * 100, LANES)
    for at in range(0, 1600, 16):
        assert len({group for group, _ in epoch[at : at + 16]}) == 16


@pytest.mark.parametrize(("readers", "lanes"), [(1, 24), (2, 24), (5, 25), (16, 32), (24, 24), (25, 25)])
def test_lanes_go_evenly_into_readers(readers: int, lanes: int) -> None:
    assert lane_count(readers) == lanes
