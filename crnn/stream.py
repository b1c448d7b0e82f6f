"""Live use: sound comes in blocks of any size, and a frame's probabilities go out as soon as they are known."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crnn.features import EDGE_SAMPLES
from crnn.model import CRNN, Config
from transforms.frames import FRAME_SAMPLES, HOP_SAMPLES, POOL_HOPS, frame_count, seconds
from transforms.records import InputError


def look_ahead_hops(config: Config) -> int:
    """Count the hops after a frame that its convolutions hear: Σ (1 + residuals[i]) · 2^i over the stages i.

    Each convolution hears one step further, and a step of stage i is 2^i hops, as i poolings by 2 lie before it.
    """
    return sum((1 + residuals) * 2**stage for stage, residuals in enumerate(config.residuals))


def latency_samples(config: Config) -> int:
    """Count the samples from a frame's end to the last one that must be there before it is answered.

    look_ahead_hops · HOP_SAMPLES + EDGE_SAMPLES + delay_frames · FRAME_SAMPLES; with the frame itself, FRAME_SAMPLES
    more, it is the longest that a sound waits for its answer.
    """
    return look_ahead_hops(config) * HOP_SAMPLES + EDGE_SAMPLES + config.delay_frames * FRAME_SAMPLES


class Stream:
    """Tag sound while it comes in: the same as the model says of the whole, whatever the size of the blocks.

    Frames go through the network one by one, each with as many hops around it as its convolutions hear. Between them
    are kept: samples and bands that are heard again, PCEN's level, and the recurrent state; so memory does not grow.

    Args:
        model: a network without the future (``bidirectional=False``).

    Raises:
        InputError: the network is bidirectional.
    """

    def __init__(self, model: CRNN) -> None:
        if model.config.bidirectional:
            raise InputError("a bidirectional network has to hear all before it answers: stream one like live")
        self.model = model.eval()
        self.latency_s = seconds(latency_samples(model.config))
        self._ahead = look_ahead_hops(model.config)
        self._behind = math.ceil(self._ahead / POOL_HOPS) * POOL_HOPS
        self._start()

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a block [n] at 16 kHz, full scale 1.0, of any length; give the probabilities [classes, k], k ≥ 0.

        They are those of the next k frames. What is no number is silence, and what is beyond full scale is clipped:
        one bad sample would be remembered for ever.
        """
        if samples.ndim != 1:
            raise ValueError(f"a block is one channel [n], not {list(samples.shape)}")
        block = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=1.0, neginf=-1.0).clip(-1, 1)
        self._pushed += len(block)
        return self._answer(self._heard(block))

    def finish(self) -> NDArray[np.float32]:
        """Give the probabilities [classes, k] of the rest, the last frame filled up with silence, and start anew.

        All in all there are ceil(samples / FRAME_SAMPLES) frames.
        """
        missing = frame_count(self._pushed) * FRAME_SAMPLES - self._pushed
        parts = [self._answer(self._heard(np.zeros(missing + EDGE_SAMPLES, np.float32)))]
        if self._pushed:
            with torch.inference_mode():
                parts.append(self._answer(self._rest()))
        self._start()
        return np.concatenate(parts, 1)

    def _start(self) -> None:
        self._pushed = 0
        self._frames = 0
        self._samples = np.zeros(EDGE_SAMPLES, np.float32)
        self._level: Tensor | None = None
        self._hidden: Tensor | None = None
        # From _behind hops before the next frame on, or from the first hop.
        self._bands = self.model.linear.weight.new_empty(1, self.model.norm.num_features, 0)

    def _heard(self, block: NDArray[np.float32]) -> list[Tensor]:
        """Give the probabilities [classes] of all steps of the recurrence that can be taken after this block."""
        self._samples = np.concatenate([self._samples, block])
        steps = []
        with torch.inference_mode():
            while len(self._samples) >= (hops := self._hops_wanted()) * HOP_SAMPLES + 2 * EDGE_SAMPLES:
                self._see(hops)
                steps.append(self._step())
        return steps

    def _hops_wanted(self) -> int:
        """Count the hops that the next frame lacks: POOL_HOPS, but for the first one, which needs those ahead, too."""
        return POOL_HOPS + (self._ahead if self._frames == 0 else 0)

    def _see(self, hops: int) -> None:
        """Turn the first samples into bands."""
        used = hops * HOP_SAMPLES
        wave = torch.from_numpy(self._samples[: used + 2 * EDGE_SAMPLES]).to(self._bands.device)[None]
        self._samples = self._samples[used:]
        front, self._level = self.model.front_end.continued(self.model.mel.of_padded(wave), self._level)
        self._bands = torch.cat([self._bands, self.model.norm(front)], -1)

    def _step(self) -> Tensor:
        """Take the next frame through the network and forget what no later one hears."""
        before = min(self._frames * POOL_HOPS, self._behind)
        frames = self.model.frames(self._bands[..., : before + POOL_HOPS + self._ahead])
        at = before // POOL_HOPS
        states, self._hidden = self.model.recurrent(frames[:, at : at + 1], self._hidden)
        self._frames += 1
        if before == self._behind:
            self._bands = self._bands[..., POOL_HOPS:]
        # Here and not for several at once: vector units and what they leave over differ in the last bit.
        probability: Tensor = self.model.linear(states[0, 0]).sigmoid()
        return probability

    def _rest(self) -> list[Tensor]:
        """Take the steps after the last sample: there are no hops ahead but the silence that the delay waits for."""
        hops = (len(self._samples) - 2 * EDGE_SAMPLES) // HOP_SAMPLES
        if hops:
            self._see(hops)
        self._bands = self.model.followed(self._bands)
        steps = frame_count(self._pushed) + self.model.config.delay_frames
        return [self._step() for _ in range(self._frames, steps)]

    def _answer(self, steps: list[Tensor]) -> NDArray[np.float32]:
        """Leave out the steps before the first answer."""
        first = self._frames - len(steps)
        known = steps[max(0, self.model.config.delay_frames - first) :]
        if not known:
            return np.zeros((len(self.model.config.classes), 0), np.float32)
        probability: NDArray[np.float32] = torch.stack(known, 1).cpu().numpy()
        return probability
