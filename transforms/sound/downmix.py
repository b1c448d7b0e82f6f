"""Mix any channel layout to mono by ITU-R BS.775-4, the LFE left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transforms.records import InputError

HALF_POWER = float(np.sqrt(0.5))
# mono = 0.7071 (Lo + Ro), with Lo = L + 0.7071 C + 0.7071 Ls and no LFE (BS.775-4, table 2): in front 0.7071 a pair and
# 1 a centre, which feeds both sides at -3 dB; a surround pair 0.5, a surround centre 0.7071 by the same rule.
# What BS.775 does not know is placed by its role (BS.2051): what stands at or below the picture is front; all that is
# beside, behind or above the listener carries ambience as the surrounds do.
FRONT_PAIRS = ("FL", "FR", "FLC", "FRC", "WL", "WR", "BFL", "BFR")
FRONT_CENTRES = ("FC", "BFC")
SURROUND_PAIRS = (
    *("SL", "SR", "BL", "BR", "SDL", "SDR", "SSL", "SSR"),
    *("TFL", "TFR", "TSL", "TSR", "TBL", "TBR", "TTL", "TTR"),
)
SURROUND_CENTRES = ("BC", "TC", "TFC", "TBC")
# Lt Rt or Lo Ro, and headphones: whole mixes of their own.
FOLD_DOWNS = ("DL", "DR", "BIL", "BIR")
# FFmpeg's names of ambisonic channels. W, the omnidirectional one, is the sound of all directions at one point;
# the others (up to order 7) are figures of eight and finer, whose sum over all directions is zero.
OMNIDIRECTIONAL = "AMBI0"
DIRECTIONAL = tuple(f"AMBI{number}" for number in range(1, 64))
UNUSED = "UNSD"  # FFmpeg's name of a channel that is declared empty
COEFFICIENTS: dict[str, float] = {
    **dict.fromkeys((*FRONT_PAIRS, *FOLD_DOWNS), HALF_POWER),
    **dict.fromkeys((*FRONT_CENTRES, OMNIDIRECTIONAL), 1.0),
    **dict.fromkeys(SURROUND_PAIRS, 0.5),
    **dict.fromkeys(SURROUND_CENTRES, HALF_POWER),
    **dict.fromkeys(("LFE", "LFE2", *DIRECTIONAL, UNUSED), 0.0),
}
# The WAVE order for a count of channels, assumed where a file states no layout. Ten and twelve are the immersive
# deliveries 5.1.4 (of 7.1.2, the bed of Atmos, the mix is the same) and 7.1.4. Other counts hold several programmes
# about as often as one, or have no order in common.
ASSUMED_LAYOUTS: dict[int, tuple[str, ...]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
    10: ("FL", "FR", "FC", "LFE", "SL", "SR", "TFL", "TFR", "TBL", "TBR"),
    12: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR", "TFL", "TFR", "TBL", "TBR"),
}


def is_stated(layout: tuple[str, ...]) -> bool:
    """Tell whether a file names its channels, by names that have a place in the mix and not only outside of it."""
    return all(name in COEFFICIENTS for name in layout) and (len(layout) == 1 or any(map(COEFFICIENTS.get, layout)))


def coefficients(layout: tuple[str, ...]) -> NDArray[np.float32]:
    """Give each channel's gain in the mono mix: [C] float32. A channel alone is taken as it is.

    A fold-down beside the channels that it was made of (5.1 with Lt Rt) adds nothing.

    Raises:
        InputError: no layout is stated and none can be assumed for the count.
    """
    if len(layout) == 1:
        return np.ones(1, np.float32)
    names = layout if is_stated(layout) else ASSUMED_LAYOUTS.get(len(layout))
    if names is None:
        raise InputError(
            f"has {len(layout)} channels of no known layout: it cannot be mixed; "
            "state audio_layout in the catalog, as 'L R C LFE Ls Rs' or '7.1.4', with - for a channel to leave out"
        )
    gains = {name: COEFFICIENTS[name] for name in names}
    if any(gain for name, gain in gains.items() if name not in FOLD_DOWNS):
        gains |= dict.fromkeys(FOLD_DOWNS, 0.0)
    return np.array([gains[name] for name in names], np.float32)


def layout_name(layout: tuple[str, ...]) -> str:
    """Name a layout for the record, and say when it was assumed: ``FL FR FC LFE BL BR (assumed)``."""
    if is_stated(layout):
        return " ".join(layout)
    return " ".join(ASSUMED_LAYOUTS.get(len(layout), layout)) + " (assumed)"


def downmix(samples: NDArray[np.float32], layout: tuple[str, ...]) -> NDArray[np.float32]:
    """Mix [C, n] float32 to mono [n] float32; it may exceed full scale by the sum of the coefficients."""
    # One pass of BLAS: faster than to add up the channels that are heard, for all layouts.
    return coefficients(layout) @ samples
