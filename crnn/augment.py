"""What is done to a batch of segments before the network hears it: gain, mixtures, crops, masks.

All of it draws from torch's own generator, which the training job seeds anew for every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchaudio.transforms import FrequencyMasking, TimeMasking

from transforms.frames import FRAME_SAMPLES, POOL_HOPS, SEGMENT_FRAMES

Example = tuple[Tensor, Tensor, Tensor]
# A mask must not hide a whole word: the labels stay.
MASKED_HOPS = 3 * POOL_HOPS


@dataclass(frozen=True)
class Augmentation:
    """gain_db: every segment is made louder or softer by up to so much, three times as much downwards.

    mixup: share of segments to which another is added. crop_frames: of each segment that are used.
    """

    gain_db: float = 8.0
    mixup: float = 0.25
    crop_frames: int = SEGMENT_FRAMES


def augment(batch: Example, how: Augmentation) -> Example:
    """Draw gains, mixtures and crops for a batch: wave [B, T], targets and weights [B, classes, F]."""
    wave, targets, weights = mixed(batch, how.mixup)
    gain_db = how.gain_db * (1 - 4 * torch.rand(len(wave), 1, device=wave.device) ** 2)
    return cropped((wave * 10 ** (gain_db / 20), targets, weights), how.crop_frames)


def mixed(batch: Example, share: float) -> Example:
    """Add to a share of the segments the next one of the batch, 0 to 15 dB softer; what is heard is in either.

    A frame of the mixture is known where either part is known to be active, or both are known.
    """
    wave, targets, weights = batch
    if share <= 0 or len(wave) < 2:
        return batch
    chosen = (torch.rand(len(wave), 1, device=wave.device) < share).to(wave.dtype)
    gain = chosen * 10 ** (-0.75 * torch.rand(len(wave), 1, device=wave.device))
    other, its_targets, its_weights = (part.roll(1, 0) for part in batch)
    union = 1 - (1 - targets) * (1 - its_targets)
    known = torch.maximum(
        torch.maximum(weights * targets, its_weights * its_targets), torch.minimum(weights, its_weights)
    )
    pick = chosen[..., None]
    return wave + gain * other, torch.lerp(targets, union, pick), torch.lerp(weights, known, pick)


def cropped(batch: Example, frames: int) -> Example:
    """Take from each segment ``frames`` frames in a row, from a place drawn at random."""
    wave, targets, weights = batch
    total = targets.shape[-1]
    if frames >= total:
        return batch
    starts = torch.randint(total - frames + 1, (len(wave), 1), device=wave.device)
    places = starts + torch.arange(frames, device=wave.device)
    samples = starts * FRAME_SAMPLES + torch.arange(frames * FRAME_SAMPLES, device=wave.device)
    each = places[:, None].expand(-1, targets.shape[1], -1)
    return wave.gather(1, samples), targets.gather(2, each), weights.gather(2, each)


class SpecAugment(nn.Module):
    """Hide some bands and hops (Park et al., 2019), other ones for each segment, in all parts of a front end the same.

    Shape: [B, parts · mels, hops] → the same.
    """

    def __init__(self, mels: int) -> None:
        super().__init__()
        self.mels = mels
        bands = [FrequencyMasking(mels // 8, iid_masks=True) for _ in range(2)]
        hops = [TimeMasking(MASKED_HOPS, iid_masks=True) for _ in range(2)]
        self.masks = nn.Sequential(*bands, *hops)

    def forward(self, bands: Tensor) -> Tensor:
        """Set what is hidden to 0, the mean of the training data."""
        kept: Tensor = self.masks(bands.new_ones(len(bands), self.mels, bands.shape[-1]))
        return bands * kept.repeat(1, bands.shape[1] // self.mels, 1)
