"""``smad train`` with a small network that draws nothing at random; for test_ranks."""

from __future__ import annotations

import sys

import torch

import crnn.train
from crnn.model import NETWORKS, Config
from crnn.training import Recipe, Training

SMALL = Config(mels=16, channels=(4, 8, 8), recurrent=8, dropout=0.0)


class Unmasked(Training):
    """Training without masks."""

    def __init__(self, config: Config, recipe: Recipe, data_digest: str, steps: int) -> None:
        super().__init__(config, recipe, data_digest, steps)
        self.masks = torch.nn.Sequential()


if __name__ == "__main__":
    NETWORKS["light"] = SMALL
    setattr(crnn.train, "Training", Unmasked)  # noqa: B010
    sys.exit(crnn.train.main())
