"""Cut a title into the 20 s segments of the shards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SEGMENT_SAMPLES


def segment(samples: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    """Cut [T] samples into ceil(T / SEGMENT_SAMPLES) views; the last one may be shorter."""
    return [samples[start : start + SEGMENT_SAMPLES] for start in range(0, len(samples), SEGMENT_SAMPLES)]
