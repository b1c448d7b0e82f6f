"""Mix any channel layout to mono by ITU-R BS.775-4, the LFE left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transforms.records import InputError

HALF_POWER = float(np.sqrt(0.5))
# mono = 0.7071 (Lo + Ro), with Lo = L + 0.7071 C + 0.7071 Ls (BS.775-4, table 2).
COEFFICIENTS = {
    "FL": HALF_POWER,
    "FR": HALF_POWER,
    "FC": 1.0,
    "LFE": 0.0,
    "SL": 0.5,
    "SR": 0.5,
    "BL": 0.5,
    "BR": 0.5,
    "BC": HALF_POWER,
    "FLC": HALF_POWER,
    "FRC": HALF_POWER,
    "DL": HALF_POWER,
    "DR": HALF_POWER,
    "TFL": 0.5,
    "TFR": 0.5,
    "TBL": 0.5,
    "TBR": 0.5,
}
# The WAVE order for a count of channels, assumed where a file states no layout.
ASSUMED_LAYOUTS: dict[int, tuple[str, ...]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}


def is_stated(layout: tuple[str, ...]) -> bool:
    """Tell whether a file names its channels, by names that have a place in the mix."""
    return all(name in COEFFICIENTS for name in layout)


def coefficients(layout: tuple[str, ...]) -> NDArray[np.float32]:
    """Give each channel's gain in the mono mix: [C] float32.

    Raises:
        InputError: no layout is stated and none can be assumed for the count.
    """
    if len(layout) == 1:
        return np.ones(1, np.float32)
    names = layout if is_stated(layout) else ASSUMED_LAYOUTS.get(len(layout))
    if names is None:
        raise InputError(f"has {len(layout)} channels of no known layout: it cannot be mixed; deliver 7.1 at most")
    return np.array([COEFFICIENTS[name] for name in names], np.float32)


def layout_name(layout: tuple[str, ...]) -> str:
    """Name a layout for the record, and say when it was assumed: ``FL FR FC LFE BL BR (assumed)``."""
    if is_stated(layout):
        return " ".join(layout)
    return " ".join(ASSUMED_LAYOUTS.get(len(layout), layout)) + " (assumed)"


def downmix(samples: NDArray[np.float32], layout: tuple[str, ...]) -> NDArray[np.float32]:
    """Mix [C, n] float32 to mono [n] float32; it may exceed full scale by the sum of the coefficients."""
    return coefficients(layout) @ samples
