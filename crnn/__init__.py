"""The model: features, network, training, checkpoint.

>>> import crnn
>>> model = crnn.load("model.ckpt")
>>> activity = model.tag(wave, rate_hz)
>>> activity.probability, activity.segments()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crnn.model import CRNN

__all__ = ["load"]


def load(path: str | None = None) -> CRNN:
    """Load a model to tag with: the checkpoint at ``path``, or the shipped weights.

    Raises:
        InputError: there is no such checkpoint, or it cannot be read.
    """
    from crnn.checkpoint import read_checkpoint  # noqa: PLC0415 - torch takes seconds to import

    return read_checkpoint(path).model()
