"""Cutting a title into segments of 20 s."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.frames import SEGMENT_SAMPLES
from transforms.segment import segment


@pytest.mark.parametrize(
    ("samples", "lengths"),
    [(0, []), (1, [1]), (320_000, [320_000]), (320_001, [320_000, 1]), (800_000, [320_000, 320_000, 160_000])],
)
def test_lengths(samples: int, lengths: list[int]) -> None:
    assert [len(part) for part in segment(np.zeros(samples, np.int16))] == lengths


@given(st.integers(1, 5 * SEGMENT_SAMPLES))
def test_nothing_is_lost_repeated_or_copied(samples: int) -> None:
    whole = (np.arange(samples) % 31_991).astype(np.int16)
    parts = segment(whole)
    assert np.array_equal(np.concatenate(parts), whole)
    assert all(np.shares_memory(part, whole) for part in parts)
