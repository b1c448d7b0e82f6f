"""Overlapping windows, and one curve out of their scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.frames import FRAME_SAMPLES, SEGMENT_FRAMES, SEGMENT_SAMPLES, frame_count
from transforms.stitch import OVERLAP_FRAMES, stitch, window_starts, windows

EDGES = [1, 3_199, 3_200, 3_201, SEGMENT_SAMPLES - 1, SEGMENT_SAMPLES, SEGMENT_SAMPLES + 1]
LENGTHS = st.one_of(st.sampled_from(EDGES), st.integers(1, 12 * SEGMENT_SAMPLES))


def slices(curve: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Give each window's part of [classes, F]; past the end of the title a window says 0."""
    padded = np.pad(curve, ((0, 0), (0, SEGMENT_FRAMES)))
    return np.stack([padded[:, start : start + SEGMENT_FRAMES] for start in window_starts(samples)])


@pytest.mark.parametrize(
    ("samples", "starts"),
    [
        (0, [0]),
        (1, [0]),
        (SEGMENT_SAMPLES, [0]),
        (SEGMENT_SAMPLES + 1, [0, 1]),
        (180 * FRAME_SAMPLES, [0, 80]),
        (181 * FRAME_SAMPLES, [0, 80, 81]),
        (300 * FRAME_SAMPLES, [0, 80, 160, 200]),
    ],
)
def test_starts(samples: int, starts: list[int]) -> None:
    assert window_starts(samples) == starts


@given(LENGTHS)
def test_windows_cover_every_sample_and_overlap(samples: int) -> None:
    starts = window_starts(samples)
    pieces = windows(np.zeros(samples, np.int16))
    assert len(pieces) == len(starts)
    assert starts[0] == 0
    assert starts[-1] * FRAME_SAMPLES + len(pieces[-1]) == samples
    assert all(len(piece) == SEGMENT_SAMPLES for piece in pieces[:-1])
    assert 0 < len(pieces[-1]) <= SEGMENT_SAMPLES
    assert all(0 < step <= SEGMENT_FRAMES - OVERLAP_FRAMES for step in np.diff(starts))


@given(LENGTHS)
def test_windows_are_views_of_their_place(samples: int) -> None:
    whole = (np.arange(samples) % 31_991).astype(np.int16)
    for start, piece in zip(window_starts(samples), windows(whole), strict=True):
        assert np.array_equal(piece, whole[start * FRAME_SAMPLES : start * FRAME_SAMPLES + len(piece)])
        assert np.shares_memory(piece, whole)


@given(LENGTHS, st.integers(0, 2**32))
def test_slices_of_a_curve_are_stitched_back_to_it(samples: int, seed: int) -> None:
    curve = np.random.default_rng(seed).random((2, frame_count(samples)), np.float32)
    assert stitch(slices(curve, samples), samples) == pytest.approx(curve, abs=1e-6)


@given(LENGTHS, st.floats(0, 1))
def test_constant_scores_stay_constant(samples: int, score: float) -> None:
    scores = np.full((len(window_starts(samples)), 2, SEGMENT_FRAMES), score, np.float32)
    assert stitch(scores, samples) == pytest.approx(score, abs=1e-6)


@given(LENGTHS, st.integers(0, 2**32))
def test_each_frame_lies_between_what_its_windows_say(samples: int, seed: int) -> None:
    starts = window_starts(samples)
    scores = np.random.default_rng(seed).random((len(starts), 1, SEGMENT_FRAMES), np.float32)
    low, high = np.full((2, starts[-1] + SEGMENT_FRAMES), [[np.inf], [-np.inf]])
    for start, score in zip(starts, scores, strict=True):
        part = slice(start, start + SEGMENT_FRAMES)
        low[part], high[part] = np.minimum(low[part], score[0]), np.maximum(high[part], score[0])
    stitched = stitch(scores, samples)[0]
    assert len(stitched) == frame_count(samples)
    assert (stitched >= low[: len(stitched)] - 1e-6).all()
    assert (stitched <= high[: len(stitched)] + 1e-6).all()


def test_the_cross_fade_by_hand() -> None:
    samples = 180 * FRAME_SAMPLES  # two windows, 20 frames in both
    scores = np.stack([np.zeros((1, SEGMENT_FRAMES)), np.ones((1, SEGMENT_FRAMES))]).astype(np.float32)
    stitched = stitch(scores, samples)[0]
    assert not stitched[:80].any()
    assert stitched[80:100] == pytest.approx([k / 21 for k in range(1, 21)])
    assert (stitched[100:] == 1).all()


def test_no_sound_has_no_frames() -> None:
    assert stitch(np.zeros((1, 2, SEGMENT_FRAMES), np.float32), 0).shape == (2, 0)


def test_scores_of_another_title_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        stitch(np.zeros((2, 2, SEGMENT_FRAMES), np.float32), SEGMENT_SAMPLES)
