"""ITU-R BS.775 by hand: mono = 0.7071 L + 0.7071 R + C + 0.5 Ls + 0.5 Rs, and nothing of the LFE."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.sound.downmix import ASSUMED_LAYOUTS, COEFFICIENTS, coefficients, downmix, is_stated, layout_name

H = 0.70710678

BY_HAND = {
    "FC": [1],
    "LFE": [1],
    "FL FR": [H, H],
    "DL DR": [H, H],
    "BIL BIR": [H, H],
    "FL FR FC": [H, H, 1],
    "FL FR LFE": [H, H, 0],
    "FL FR FC BC": [H, H, 1, H],
    "FL FR BL BR": [H, H, 0.5, 0.5],
    "FL FR SL SR": [H, H, 0.5, 0.5],
    "FL FR FC BL BR": [H, H, 1, 0.5, 0.5],
    "FL FR FC LFE BL BR": [H, H, 1, 0, 0.5, 0.5],
    "FL FR FC LFE SL SR": [H, H, 1, 0, 0.5, 0.5],
    "FL FR FC LFE BC SL SR": [H, H, 1, 0, H, 0.5, 0.5],
    "FL FR FC LFE BL BR SL SR": [H, H, 1, 0, 0.5, 0.5, 0.5, 0.5],
    "FL FR FC LFE BL BR FLC FRC": [H, H, 1, 0, 0.5, 0.5, H, H],
    "FL FR FC LFE SL SR TFL TFR TBL TBR": [H, H, 1, 0, *[0.5] * 6],
    "FL FR FC LFE BL BR SL SR TFL TFR TBL TBR": [H, H, 1, 0, *[0.5] * 8],
    "FL FR FC LFE SL SR DL DR": [H, H, 1, 0, 0.5, 0.5, 0, 0],
    "DL DR LFE": [H, H, 0],
    "FL FR UNSD UNSD": [H, H, 0, 0],
    "AMBI0 AMBI1 AMBI2 AMBI3": [1, 0, 0, 0],
    "AMBI0 AMBI1 AMBI2 AMBI3 FL FR": [1, 0, 0, 0, H, H],
}
# All that FFmpeg has a name for, but plain counts of channels.
LAYOUTS = (
    *("mono", "stereo", "downmix", "binaural", "2.1", "3.0", "3.0(back)", "3.1", "3.1.2", "4.0", "4.1", "quad"),
    *("quad(side)", "5.0", "5.0(side)", "5.1", "5.1(side)", "5.1.2", "5.1.2(back)", "5.1.4", "6.0", "6.0(front)"),
    *("6.1", "6.1(back)", "6.1(front)", "hexagonal", "7.0", "7.0(front)", "7.1", "7.1(wide)", "7.1(wide-side)"),
    *("7.1.2", "7.1.4", "7.2.3", "9.1.4", "9.1.6", "octagonal", "cube", "hexadecagonal", "22.2"),
    *(
        "TTL+TTR+SSL+SSR+SDL+SDR+WL+WR",
        "ambisonic 1",
        "ambisonic 2",
        "ambisonic 3",
        "ambisonic 1+stereo",
        "AMBI0",
        "FR",
        "LFE",
    ),
)


def names_of(layout: str) -> tuple[str, ...]:
    return tuple(channel.name for channel in av.AudioLayout(layout).channels)


@pytest.mark.parametrize("layout", BY_HAND)
def test_a_sample_in_one_channel_comes_out_with_its_gain(layout: str) -> None:
    names = tuple(layout.split())
    mixed = downmix(np.eye(len(names), dtype=np.float32), names)
    assert mixed == pytest.approx(BY_HAND[layout], abs=1e-7)
    assert layout_name(names) == layout


def test_the_order_of_channels_is_that_of_the_file() -> None:
    film = ("FL", "FC", "FR", "SL", "SR", "LFE")  # L C R Ls Rs LFE
    assert coefficients(film) == pytest.approx([H, 1, H, 0.5, 0.5, 0])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_ffmpeg_has_its_mix(layout: str) -> None:
    names = names_of(layout)
    assert is_stated(names)
    gains = dict(zip(names, coefficients(names), strict=True))
    assert "(assumed)" not in layout_name(names)
    # What stands left counts as much as its counterpart right.
    mirror = {name: name[:-1] + "R" if name.endswith("L") else name.replace("LC", "RC") for name in names}
    assert all(gains[name] == gains[other] for name, other in mirror.items() if other in gains)
    if len(names) > 1:
        assert {name for name, gain in gains.items() if gain == 0} == {
            name for name in names if name.startswith(("LFE", "AMBI")) and name != "AMBI0"
        }


@pytest.mark.parametrize(
    ("centre", "side"), [("FC", "FL"), ("BC", "BL"), ("BFC", "BFL"), ("TFC", "TFL"), ("TC", "TSL"), ("TBC", "TBL")]
)
def test_a_centre_is_heard_as_from_both_sides_at_3_db_less(centre: str, side: str) -> None:
    assert COEFFICIENTS[centre] == pytest.approx(2 * H * COEFFICIENTS[side])


def test_a_plane_wave_in_ambisonics_is_heard_alike_from_everywhere() -> None:
    azimuth = np.linspace(0, 2 * np.pi, 16)
    sound = np.stack([np.ones(16), np.sin(azimuth), np.zeros(16), np.cos(azimuth)])  # ACN, SN3D: W Y Z X
    assert downmix(sound.astype(np.float32), names_of("ambisonic 1")) == pytest.approx(np.ones(16), abs=1e-6)


def test_the_lfe_does_not_count() -> None:
    samples = np.zeros((6, 10), np.float32)
    samples[3] = 1
    assert not downmix(samples, ("FL", "FR", "FC", "LFE", "SL", "SR")).any()


def test_opposite_phases_cancel_but_each_alone_is_heard() -> None:
    samples = np.array([[1, 1, 0], [-1, 0, 1]], np.float32)
    assert downmix(samples, ("FL", "FR")) == pytest.approx([0, H, H])


ASSUMED = {
    1: "FC",
    2: "FL FR",
    3: "FL FR FC",
    4: "FL FR BL BR",
    5: "FL FR FC BL BR",
    6: "FL FR FC LFE BL BR",
    7: "FL FR FC LFE BC SL SR",
    8: "FL FR FC LFE BL BR SL SR",
    10: "FL FR FC LFE SL SR TFL TFR TBL TBR",
    12: "FL FR FC LFE BL BR SL SR TFL TFR TBL TBR",
}


@pytest.mark.parametrize("unnamed", ["NONE", "UNK", "USR64"])
@pytest.mark.parametrize("count", ASSUMED)
def test_an_unstated_layout_is_assumed_from_the_count_and_said_so(count: int, unnamed: str) -> None:
    layout = (unnamed,) * count
    assert not is_stated(layout)
    assert layout_name(layout) == f"{ASSUMED[count]} (assumed)"
    assert coefficients(layout) == pytest.approx(coefficients(tuple(ASSUMED[count].split())))


def test_the_table_of_counts_is_all_that_is_assumed() -> None:
    assert {count: " ".join(names) for count, names in ASSUMED_LAYOUTS.items()} == ASSUMED


def test_of_ten_channels_both_common_deliveries_mix_alike() -> None:
    assert np.array_equal(coefficients(names_of("7.1.2")), coefficients(ASSUMED_LAYOUTS[10]))


@pytest.mark.parametrize("layout", [("UNSD", "UNSD"), ("LFE", "LFE2"), ("FL", "NONE"), ("AMBI1", "AMBI2")])
def test_names_that_leave_nothing_to_hear_state_nothing(layout: tuple[str, ...]) -> None:
    assert coefficients(layout) == pytest.approx([H, H])
    assert layout_name(layout) == "FL FR (assumed)"


@pytest.mark.parametrize("count", [9, 11, 16, 24, 96_000])
def test_many_unnamed_channels_are_refused_in_a_short_message(count: int) -> None:
    with pytest.raises(InputError, match=f"{count} channels.*state audio_layout") as refusal:
        coefficients(("NONE",) * count)
    assert len(str(refusal.value)) < 250


@given(st.lists(st.sampled_from(sorted(COEFFICIENTS)), min_size=1, max_size=15, unique=True), st.integers(0, 2**32))
def test_the_mix_is_linear_and_bounded_by_the_sum_of_gains(others: list[str], seed: int) -> None:
    names = [*(name for name in others if name != "FC"), "FC"]
    random = np.random.default_rng(seed)
    one, other = random.uniform(-1, 1, (2, len(names), 50)).astype(np.float32)
    layout = tuple(names)
    together = downmix(one + other, layout)
    assert together == pytest.approx(downmix(one, layout) + downmix(other, layout), abs=1e-5)
    assert np.abs(downmix(one, layout)).max() <= coefficients(layout).sum() + 1e-6
