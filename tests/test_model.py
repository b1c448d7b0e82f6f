"""The network: its shape and size, and that tagging does not depend on what it must not depend on."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from crnn.features import FRONT_ENDS
from crnn.model import CRNN, NETWORKS, Config, fused
from transforms.activity import RAW, Activity, Decision
from transforms.frames import FRAME_SAMPLES, SEGMENT_FRAMES, SEGMENT_SAMPLES
from transforms.records import InputError
from transforms.stitch import stitch, windows

Wave = NDArray[np.float32]
DECISIONS = (RAW, Decision(0.6, 0.2, 0.4, 0.8), RAW)


def programme(seconds: float, rate_hz: int = 16_000, seed: int = 0) -> Wave:
    """Make noise and chords that take turns every few seconds."""
    random = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    chord = sum(np.sin(2 * np.pi * pitch * time_s) for pitch in (220, 277, 330)) / 3
    hiss = random.standard_normal(len(time_s)) / 3
    return (0.3 * np.where(time_s % 7 < 3, chord + hiss / 30, hiss)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> CRNN:
    """Make a network of random weights whose normalizations have seen sound, so that its answers differ."""
    torch.manual_seed(0)
    made = CRNN().train()
    with torch.no_grad():
        for seed in range(12):
            made(torch.from_numpy(programme(6.4, seed=seed))[None] * 0.3)
        made.linear.weight *= 8
    return made.eval()


def test_shape(model: CRNN) -> None:
    with torch.no_grad():
        assert model(torch.zeros(3, SEGMENT_SAMPLES)).shape == (3, 2, 100)
        assert model(torch.zeros(1, 5 * FRAME_SAMPLES)).shape == (1, 2, 5)


def test_size() -> None:
    # Convolutions 288 + 18,432 + 73,728 and their norms 448; GRU layers of 2 · 3 · 128 · (1024 + 128 + 2) and
    # 2 · 3 · 128 · (256 + 128 + 2); linear 512 + 2.
    by_hand = 288 + 18_432 + 73_728 + 448 + 886_272 + 296_448 + 514
    assert sum(weight.numel() for weight in CRNN().parameters()) == by_hand == 1_276_130


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mels": 60}, "does not tile"),
        ({"channels": (8, 8)}, "2 convolutions do not pool 8 hops"),
        ({"channels": (8, 8, 8, 8)}, "4 convolutions do not pool 8 hops"),
        ({"residuals": (1,)}, "3 convolutions with 1 numbers of residuals"),
        ({"front_end": "mfcc"}, "there is no front end 'mfcc'; there are log_mel, pcen, both"),
    ],
)
def test_a_network_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CRNN(Config(**changes))


@pytest.mark.parametrize("name", NETWORKS)
def test_merged_for_serving_it_says_the_same(name: str) -> None:
    torch.manual_seed(0)
    made, wave = CRNN(NETWORKS[name]).train(), torch.from_numpy(programme(6.4))[None]
    with torch.no_grad():
        for factor in (0.1, 0.3, 1.0):
            made(wave * factor)
        served = fused(made)
        assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in served.modules())
        assert torch.allclose(served(wave), made.eval()(wave), atol=1e-5)


def test_what_ships_is_small() -> None:
    assert sum(weight.numel() for weight in CRNN(NETWORKS["light"]).parameters()) < 1_500_000


@pytest.mark.parametrize("delay", [0, 1, 5])
def test_without_the_future_it_hears_no_further_than_the_convolutions_and_its_delay(delay: int) -> None:
    torch.manual_seed(0)
    live = CRNN(replace(NETWORKS["live"], delay_frames=delay)).eval()
    wave = torch.from_numpy(programme(8))[None]
    later = wave.clone()
    later[:, 25 * FRAME_SAMPLES :] = 0
    with torch.no_grad():
        assert live(wave).shape == (1, 2, 40)
        assert torch.allclose(live(later)[..., : 22 - delay], live(wave)[..., : 22 - delay], atol=1e-6)
        assert not torch.allclose(live(later)[..., 25 - delay], live(wave)[..., 25 - delay], atol=1e-5)


def test_a_delay_shifts_the_answers() -> None:
    torch.manual_seed(0)
    live, wave = CRNN(replace(NETWORKS["live"], delay_frames=0)).eval(), torch.from_numpy(programme(8))[None]
    with torch.no_grad():
        at_once = live(wave)
        live.config = NETWORKS["live"]
        assert torch.allclose(live(wave)[..., :-7], at_once[..., 5:-2], atol=1e-6)


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_what_follows_is_silence_in_training_too(front_end: str) -> None:
    config = replace(NETWORKS["live"], front_end=front_end)
    live = CRNN(config).train()
    with torch.no_grad():
        for factor in (0.1, 0.3, 1.0):
            live(torch.from_numpy(programme(6.4))[None] * factor)
        mean = live.norm.state_dict()["running_mean"].clone()
        rows = live.norm.num_features
        added = live.followed(torch.zeros(2, rows, 80))[..., 80:]
        silence = live.eval().features(torch.zeros(1, 3 * FRAME_SAMPLES))[..., -1:]
    assert added.shape == (2, rows, 40)
    assert torch.allclose(added, silence.expand_as(added), atol=1e-5)
    assert torch.equal(live.norm.state_dict()["running_mean"], mean)


@pytest.mark.parametrize("changes", [{"delay_frames": 1}, {"delay_frames": -1, "bidirectional": False}])
def test_only_a_network_without_the_future_waits(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="only networks without the future wait"):
        Config(**changes)


def test_a_smaller_network_of_other_classes() -> None:
    config = Config(mels=32, channels=(4, 8, 8), recurrent=16, classes=("a", "b", "c"), decisions=DECISIONS)
    small = CRNN(config).eval()
    activity = small.tag(programme(3), 16_000)
    assert activity.probability.shape[0] == 3
    assert (activity.classes, activity.decisions) == (("a", "b", "c"), DECISIONS)


@pytest.mark.parametrize("classes", [("a",), ("a", "b", "c")])
def test_every_class_has_a_decision(classes: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"{len(classes)} classes with 2 decisions"):
        Config(classes=classes)


def test_config_survives_plain_types() -> None:
    plain = Config(classes=("a",), decisions=(Decision(0.5, 0.25, 0.2, 0.4),)).plain()
    assert all(not isinstance(value, tuple) for value in plain.values())
    assert plain["classes"] == ["a"]
    assert plain["decisions"] == [{"on": 0.5, "off": 0.25, "min_on_s": 0.2, "min_off_s": 0.4}]


def test_the_answer_is_always_the_same(model: CRNN) -> None:
    wave = programme(5)
    model.train()  # as training leaves it
    one, other = model.tag(wave, 16_000), model.tag(wave, 16_000)
    assert not model.training
    assert np.array_equal(one.probability, other.probability)
    assert one.probability.std() > 0.02  # or the other tests here would say little


@pytest.mark.parametrize(("seconds", "frames"), [(0.0001, 1), (1.01, 6), (20, 100), (20.1, 101)])
def test_every_fifth_of_a_second_is_tagged(model: CRNN, seconds: float, frames: int) -> None:
    activity = model.tag(programme(seconds), 16_000)
    assert activity.probability.shape == (2, frames)
    assert activity.duration_s == pytest.approx(round(seconds * 16_000) / 16_000)
    assert ((activity.probability >= 0) & (activity.probability <= 1)).all()


def test_stereo_at_44_100_hz(model: CRNN) -> None:
    wave = np.stack([programme(6, 44_100, 1), programme(6, 44_100, 2)])
    activity = model.tag(wave, 44_100)
    assert activity.probability.shape == (2, 30)
    assert activity.duration_s == pytest.approx(6, abs=1e-3)
    assert activity.classes == ("speech", "music")
    assert all(0 <= segment.start_s < segment.end_s <= activity.duration_s for segment in activity.segments())


def test_stereo_of_twice_the_same_is_mono(model: CRNN) -> None:
    wave = programme(6)
    assert_close(model.tag(wave, 16_000), model.tag(np.stack([wave, wave]), 16_000), 0.02)


@pytest.mark.parametrize("factor", [0.25, 0.5, 2])
def test_the_level_of_the_file_does_not_matter(model: CRNN, factor: float) -> None:
    wave = programme(12)
    assert_close(model.tag(wave, 16_000), model.tag(wave * np.float32(factor), 16_000), 0.02)


def test_silence_before_moves_the_answer_by_as_much(model: CRNN) -> None:
    wave = programme(12)
    later = model.tag(np.concatenate([np.zeros(16_000, np.float32), wave]), 16_000)
    one, other = model.tag(wave, 16_000).probability, later.probability[:, 5:]
    assert np.abs(one - other)[:, 15:-15].max() < 0.02


def test_windows_agree_with_the_whole(model: CRNN) -> None:
    samples = (programme(40) * 3000).astype(np.int16)
    stitched = stitch(model.scores(windows(samples)), len(samples))
    with torch.inference_mode():
        whole = torch.sigmoid(model(torch.from_numpy(samples / np.float32(32768))[None]))[0].numpy()
    difference = np.abs(stitched - whole)
    assert stitched.shape == whole.shape == (2, 200)
    assert difference.mean() < 0.005
    assert difference.max() < 0.05


def test_the_size_of_a_batch_does_not_matter(model: CRNN) -> None:
    random = np.random.default_rng(0)
    lengths = (SEGMENT_SAMPLES, SEGMENT_SAMPLES, 5, SEGMENT_SAMPLES, SEGMENT_SAMPLES, 100_000)
    pieces = [random.integers(-3000, 3000, length).astype(np.int16) for length in lengths]
    together = model.scores(pieces)
    assert together.shape == (6, 2, SEGMENT_FRAMES)
    for piece, scores in zip(pieces, together, strict=True):
        assert model.scores([piece])[0] == pytest.approx(scores, abs=1e-4)


def test_silence_and_noise_of_bad_numbers_are_tagged(model: CRNN) -> None:
    broken = programme(3)
    broken[::1000] = np.nan
    for wave in (np.zeros(48_000, np.float32), broken, programme(3) * np.float32(1e6)):
        assert np.isfinite(model.tag(wave, 16_000).probability).all()


@pytest.mark.parametrize("shape", [(0,), (2, 0), (24, 16_000)])
def test_what_is_no_programme_is_refused(model: CRNN, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"deliver|state audio_layout"):
        model.tag(np.zeros(shape, np.float32), 16_000)


def test_a_file_and_its_samples_are_tagged_alike(model: CRNN, media: Any, tone: Callable[..., Wave]) -> None:
    from transforms.sound.load import load

    wave = np.stack([programme(5, 48_000, 1), tone(300, 5)])
    audio, _ = load(str(media.write("a.wav", wave, layout="stereo")))
    probability = stitch(model.scores(windows(audio.samples)), len(audio.samples))
    assert model.tag(wave, 48_000).probability == pytest.approx(probability, abs=0.01)


def assert_close(one: Activity, other: Activity, tolerance: float) -> None:
    assert one.probability.shape == other.probability.shape
    assert np.abs(one.probability - other.probability).max() < tolerance
