"""The grid that everything else stands on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import frames
from transforms.frames import exact_div, frame_count, seconds


def test_the_grid_of_the_contract() -> None:
    assert (frames.SAMPLE_RATE_HZ, frames.FRAMES_PER_S, frames.FRAME_S) == (16_000, 5, 0.2)
    assert (frames.FRAME_SAMPLES, frames.SEGMENT_SAMPLES) == (3_200, 320_000)
    assert (frames.SEGMENT_HOPS, frames.SEGMENT_FRAMES) == (800, 100)


def test_a_grid_that_does_not_tile_is_refused() -> None:
    assert exact_div(800, 8) == 100
    with pytest.raises(ValueError, match="801 is not a multiple of 8"):
        exact_div(801, 8)


@pytest.mark.parametrize(("samples", "count"), [(0, 0), (1, 1), (3_199, 1), (3_200, 1), (3_201, 2), (320_000, 100)])
def test_frame_count(samples: int, count: int) -> None:
    assert frame_count(samples) == count


@given(st.integers(0, 10**12))
def test_frames_cover_all_samples_and_no_frame_is_idle(samples: int) -> None:
    count = frame_count(samples)
    assert (count - 1) * frames.FRAME_SAMPLES < samples <= count * frames.FRAME_SAMPLES or samples == count == 0


def test_seconds() -> None:
    assert seconds(24_000) == 1.5
