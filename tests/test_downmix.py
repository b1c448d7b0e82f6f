"""ITU-R BS.775 by hand: mono = 0.7071 L + 0.7071 R + C + 0.5 Ls + 0.5 Rs, and nothing of the LFE."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.downmix import COEFFICIENTS, coefficients, downmix, is_stated, layout_name
from transforms.records import InputError

H = 0.70710678

BY_HAND = {
    "FC": [1],
    "FL FR": [H, H],
    "FL FR FC": [H, H, 1],
    "FL FR LFE": [H, H, 0],
    "FL FR BL BR": [H, H, 0.5, 0.5],
    "FL FR SL SR": [H, H, 0.5, 0.5],
    "FL FR FC BL BR": [H, H, 1, 0.5, 0.5],
    "FL FR FC LFE BL BR": [H, H, 1, 0, 0.5, 0.5],
    "FL FR FC LFE SL SR": [H, H, 1, 0, 0.5, 0.5],
    "FL FR FC LFE BL BR SL SR": [H, H, 1, 0, 0.5, 0.5, 0.5, 0.5],
    "FL FR FC LFE BL BR FLC FRC": [H, H, 1, 0, 0.5, 0.5, H, H],
}


@pytest.mark.parametrize("layout", BY_HAND)
def test_a_sample_in_one_channel_comes_out_with_its_gain(layout: str) -> None:
    names = tuple(layout.split())
    mixed = downmix(np.eye(len(names), dtype=np.float32), names)
    assert mixed == pytest.approx(BY_HAND[layout], abs=1e-7)
    assert layout_name(names) == layout


def test_the_order_of_channels_is_that_of_the_file() -> None:
    film = ("FL", "FC", "FR", "SL", "SR", "LFE")  # L C R Ls Rs LFE
    assert coefficients(film) == pytest.approx([H, 1, H, 0.5, 0.5, 0])


def test_the_lfe_does_not_count() -> None:
    samples = np.zeros((6, 10), np.float32)
    samples[3] = 1
    assert not downmix(samples, ("FL", "FR", "FC", "LFE", "SL", "SR")).any()


def test_opposite_phases_cancel_but_each_alone_is_heard() -> None:
    samples = np.array([[1, 1, 0], [-1, 0, 1]], np.float32)
    assert downmix(samples, ("FL", "FR")) == pytest.approx([0, H, H])


@pytest.mark.parametrize(
    ("count", "assumed"),
    [
        (1, "FC"),
        (2, "FL FR"),
        (4, "FL FR BL BR"),
        (6, "FL FR FC LFE BL BR"),
        (8, "FL FR FC LFE BL BR SL SR"),
    ],
)
def test_an_unstated_layout_is_assumed_from_the_count_and_said_so(count: int, assumed: str) -> None:
    unnamed = ("NONE",) * count
    assert not is_stated(unnamed)
    assert layout_name(unnamed) == f"{assumed} (assumed)"
    assert coefficients(unnamed) == pytest.approx(coefficients(tuple(assumed.split())))


@pytest.mark.parametrize("count", [9, 24, 96_000])
def test_many_unnamed_channels_are_refused_in_a_short_message(count: int) -> None:
    with pytest.raises(InputError, match=f"{count} channels.*deliver 7.1 at most") as refusal:
        coefficients(("NONE",) * count)
    assert len(str(refusal.value)) < 200


@given(st.lists(st.sampled_from(sorted(COEFFICIENTS)), min_size=2, max_size=16, unique=True), st.integers(0, 2**32))
def test_the_mix_is_linear_and_bounded_by_the_sum_of_gains(names: list[str], seed: int) -> None:
    random = np.random.default_rng(seed)
    one, other = random.uniform(-1, 1, (2, len(names), 50)).astype(np.float32)
    layout = tuple(names)
    together = downmix(one + other, layout)
    assert together == pytest.approx(downmix(one, layout) + downmix(other, layout), abs=1e-5)
    assert np.abs(downmix(one, layout)).max() <= coefficients(layout).sum() + 1e-6
