"""Live use: the answers of a stream are those of the whole, whatever the blocks, and come when they should."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crnn.features import FRONT_ENDS
from crnn.model import CRNN, NETWORKS, Config, fused
from crnn.stream import Stream, latency_samples, look_ahead_hops
from transforms.frames import FRAME_SAMPLES, frame_count
from transforms.records import InputError

Wave = NDArray[np.float32]
SMALL = Config(mels=16, channels=(4, 8, 8), residuals=(0, 0, 1), projection=8, recurrent=12, bidirectional=False)
KINDS = st.tuples(st.sampled_from(sorted(FRONT_ENDS)), st.sampled_from([0, 1, 3]))


def sound(samples: int, seed: int = 0) -> Wave:
    """Make noise and a tone that come and go, with silence between them."""
    random = np.random.default_rng(seed)
    time_s = np.arange(samples) / 16_000
    noise = random.uniform(-0.5, 0.5, samples) * (0.01 + (time_s % 3 < 1))
    tone = 0.3 * np.sin(2 * np.pi * 440 * time_s) * (time_s % 2 < 1)
    return ((noise + tone) * (time_s % 5 < 4)).astype(np.float32)


@cache
def network(config: Config) -> CRNN:
    """Make a network that has heard some sound, and whose answers differ much from frame to frame."""
    torch.manual_seed(0)
    made = CRNN(config).train()
    with torch.no_grad():
        for seed in range(8):
            made(torch.from_numpy(sound(10 * FRAME_SAMPLES, seed) * 2.0 ** -(seed % 3))[None])
        made.linear.weight *= 16
    return fused(made)


def small(kind: tuple[str, int]) -> CRNN:
    return network(replace(SMALL, front_end=kind[0], delay_frames=kind[1]))


def whole(model: CRNN, wave: Wave) -> Wave:
    filled = np.pad(wave, (0, frame_count(len(wave)) * FRAME_SAMPLES - len(wave)))
    with torch.inference_mode():
        probability: Wave = model(torch.from_numpy(filled)[None])[0].sigmoid().numpy()
    return probability


def streamed(model: CRNN, wave: Wave, cuts: list[int]) -> Wave:
    stream = Stream(model)
    return np.concatenate([*map(stream.push, np.split(wave, sorted(cuts))), stream.finish()], 1)


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_live_says_of_a_stream_what_it_says_of_the_whole(front_end: str) -> None:
    model, wave = network(replace(NETWORKS["live"], front_end=front_end)), sound(200_123)
    expected = whole(model, wave)
    assert expected.std() > 0.02  # or this would say little
    found = streamed(model, wave, list(range(0, len(wave), 1600)))
    assert found.shape == expected.shape == (2, 63)
    assert np.abs(found - expected).max() <= 1e-5


@settings(max_examples=40)
@given(KINDS, st.integers(1, 30 * FRAME_SAMPLES), st.data())
def test_the_size_of_the_blocks_does_not_matter(kind: tuple[str, int], samples: int, data: st.DataObject) -> None:
    model, wave = small(kind), sound(samples)
    cuts = data.draw(st.lists(st.integers(0, samples), max_size=20))
    found = streamed(model, wave, cuts)
    assert np.array_equal(found, streamed(model, wave, []))
    assert found.shape == (2, frame_count(samples))
    assert np.abs(found - whole(model, wave)).max() <= 1e-5


@pytest.mark.parametrize("residuals", [(0, 0, 0), (1, 0, 2), (2, 1, 0)])
def test_any_network_has_the_look_ahead_that_the_formula_says(residuals: tuple[int, int, int]) -> None:
    model, wave = network(replace(SMALL, residuals=residuals)), sound(60_000)
    assert np.abs(streamed(model, wave, [17, 40_000]) - whole(model, wave)).max() <= 1e-5
    changed, end = wave.copy(), 5 * FRAME_SAMPLES + latency_samples(model.config)
    changed[end:] = -0.9
    assert np.array_equal(whole(model, changed)[:, :5], whole(model, wave)[:, :5])
    changed[end - 400 :] = -0.9
    assert not np.array_equal(whole(model, changed)[:, 4], whole(model, wave)[:, 4])


def test_the_latency_by_hand() -> None:
    # light's convolutions, of steps of 1, 2, 4 and 4 hops of 25 ms; 19.5 ms of window; a second of delay.
    assert look_ahead_hops(NETWORKS["live"]) == 11
    assert Stream(network(NETWORKS["live"])).latency_s == pytest.approx(0.275 + 0.0195 + 1.0)
    assert look_ahead_hops(Config()) == 7


@given(KINDS)
def test_a_frame_is_answered_as_soon_as_the_latency_says(kind: tuple[str, int]) -> None:
    stream = Stream(small(kind))
    wanted = latency_samples(stream.model.config)
    assert stream.push(sound(FRAME_SAMPLES + wanted - 1)).shape == (2, 0)
    assert stream.push(sound(1)).shape == (2, 1)
    assert stream.push(sound(FRAME_SAMPLES - 1)).shape == (2, 0)
    assert stream.push(sound(2 * FRAME_SAMPLES + 1)).shape == (2, 3)


@given(KINDS, st.sampled_from([0, 1, 399, 400, 3199, 3200, 3201, 9600]))
def test_short_and_silent_streams(kind: tuple[str, int], samples: int) -> None:
    model, wave = small(kind), np.zeros(samples, np.float32)
    found = streamed(model, wave, [])
    assert found.shape == (2, frame_count(samples))
    assert np.isfinite(found).all()
    if samples:
        assert np.abs(found - whole(model, wave)).max() <= 1e-5


@given(KINDS)
def test_after_its_end_a_stream_starts_anew(kind: tuple[str, int]) -> None:
    stream = Stream(small(kind))
    first = [stream.push(sound(30_000)), stream.finish()]
    assert stream.finish().shape == (2, 0)
    second = [stream.push(sound(30_000)), stream.finish()]
    assert np.array_equal(np.concatenate(first, 1), np.concatenate(second, 1))


def test_what_it_keeps_does_not_grow() -> None:
    stream, kept = Stream(small(("pcen", 3))), set[tuple[int, int]]()
    for second in range(20):
        stream.push(sound(5 * FRAME_SAMPLES, second))
        kept.add((len(stream._samples), stream._bands.shape[-1]))
    assert len(kept) == 1


def test_bad_numbers_are_forgotten() -> None:
    model, wave = small(("pcen", 0)), sound(20 * FRAME_SAMPLES)
    broken = wave.copy()
    broken[1000:1003] = np.nan, np.inf, 1e30
    found = streamed(model, broken, [])
    assert np.isfinite(found).all()
    wave[1000:1003] = 0, 1, 1
    assert np.array_equal(found, streamed(model, wave, []))


@pytest.mark.parametrize("shape", [(2, 100), (100, 1), ()])
def test_a_block_has_one_channel(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a block is one channel"):
        Stream(small(("log_mel", 0))).push(np.zeros(shape, np.float32))


@pytest.mark.parametrize("name", ["reference", "light"])
def test_a_network_that_hears_the_future_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="bidirectional network has to hear all before it answers"):
        Stream(CRNN(NETWORKS[name]))
