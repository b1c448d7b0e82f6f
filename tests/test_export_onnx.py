"""The network as ONNX Runtime runs it: the same probabilities, at any length, and what its file says of itself."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crnn.checkpoint import HEADER, SERVING, Header
from crnn.export_onnx import main, metadata, to_onnx
from crnn.features import FRONT_ENDS, MelBands
from crnn.model import CRNN, NETWORKS, Config
from crnn.onnx_graph import OnnxGru, ProductMelBands
from transforms.frames import FRAME_SAMPLES, HOP_SAMPLES
from transforms.records import InputError

onnxruntime = pytest.importorskip("onnxruntime")

Wave = NDArray[np.float32]
SMALL = Config(mels=16, channels=(2, 4, 4), recurrent=8, classes=("speech", "music"))


def sound(batch: int, samples: int, seed: int = 0) -> Wave:
    """Make noise whose level and pitch change, and a stretch of silence."""
    random = np.random.default_rng(seed)
    time_s = np.arange(samples) / 16_000
    noise = random.standard_normal((batch, samples)) * (0.02 + 0.2 * (time_s % 3 < 1))
    tones = np.sin(2 * np.pi * 440 * time_s) * 0.2 * (time_s % 2 < 1)
    return ((noise + tones) * (time_s % 5 < 4)).astype(np.float32)


def lively(config: Config) -> CRNN:
    """Make a network that has heard some sound, and whose answers differ much from frame to frame."""
    torch.manual_seed(0)
    made = CRNN(config).train()
    with torch.no_grad():
        for seed in range(8):
            made(torch.from_numpy(sound(2, 10 * FRAME_SAMPLES, seed)))
        made.linear.weight *= 16
    return made.eval()


def session(content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options)


@pytest.mark.parametrize("front_end", FRONT_ENDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_it_says_what_torch_says(name: str, front_end: str) -> None:
    model = lively(replace(NETWORKS[name], front_end=front_end))
    runtime = session(to_onnx(model, "m.ckpt@0123"))
    for batch, frames in ((1, 1), (1, 3), (2, 7), (5, 2), (3, 100), (1, 333)):
        wave = sound(batch, frames * FRAME_SAMPLES, frames)
        (found,) = runtime.run(["probability"], {"wave": wave})
        with torch.inference_mode():
            expected = model(torch.from_numpy(wave)).sigmoid().numpy()
        assert found.shape == expected.shape == (batch, 2, frames)
        assert np.abs(found - expected).max() < 1e-4
    assert expected.std() > 0.02  # or all this would say little


@pytest.fixture(scope="module")
def model() -> CRNN:
    return lively(SMALL)


@pytest.fixture(scope="module")
def runtime(model: CRNN) -> Any:
    return session(to_onnx(model, "m.ckpt@0123"))


class TestSmall:
    @settings(max_examples=25)
    @given(st.integers(1, 4), st.integers(1, 40 * FRAME_SAMPLES))
    def test_any_length_is_filled_up_with_silence(self, model: CRNN, runtime: Any, batch: int, samples: int) -> None:
        wave = sound(batch, samples)
        (found,) = runtime.run(None, {"wave": wave})
        frames = math.ceil(samples / FRAME_SAMPLES)
        filled = np.pad(wave, ((0, 0), (0, frames * FRAME_SAMPLES - samples)))
        with torch.inference_mode():
            expected = model(torch.from_numpy(filled)).sigmoid().numpy()
        assert found.shape == (batch, 2, frames)
        assert np.abs(found - expected).max() < 1e-4

    def test_the_file_says_what_it_is(self, model: CRNN, runtime: Any) -> None:
        (wave,), (probability,) = runtime.get_inputs(), runtime.get_outputs()
        assert (wave.name, wave.type, len(wave.shape)) == ("wave", "tensor(float)", 2)
        assert (probability.name, probability.shape[1]) == ("probability", 2)
        said = runtime.get_modelmeta().custom_metadata_map
        assert said == metadata(model, "m.ckpt@0123")
        assert (said["sample_rate_hz"], said["frame_s"], said["classes"]) == ("16000", "0.2", "speech,music")
        assert said["checkpoint"] == "m.ckpt@0123"
        assert json.loads(said["config"]) == model.config.plain()

    def test_the_verb_writes_a_file(self, model: CRNN, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        header = Header(SMALL, "digest").plain()
        torch.save({HEADER: header, SERVING: model.state_dict()}, tmp_path / "m.ckpt")
        output = tmp_path / "m.onnx"
        assert main(["--checkpoint", str(tmp_path / "m.ckpt"), "--output", str(output)]) == 0
        assert f"onnx: {output}" in capsys.readouterr().out
        said = session(output.read_bytes()).get_modelmeta().custom_metadata_map
        assert said["checkpoint"].startswith("m.ckpt@")
        assert main(["--checkpoint", str(tmp_path / "m.ckpt"), "--output", str(tmp_path)]) == 2
        assert "cannot be written" in capsys.readouterr().err

    def test_what_is_exported_is_left_as_it_was(self, model: CRNN, runtime: Any) -> None:
        assert isinstance(model.recurrent, torch.nn.GRU)
        assert type(model.mel) is MelBands


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_without_its_packages_it_says_what_to_install(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find: Callable[..., Any] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(InputError, match=rf"^{package} not installed: pip install 'smad\[onnx\]'"):
        to_onnx(CRNN(SMALL), "")


def test_a_missing_checkpoint_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--checkpoint", str(tmp_path / "none.ckpt"), "--output", str(tmp_path / "m.onnx")]) == 2
    assert "none.ckpt: cannot be opened as a checkpoint" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mels", [16, 64])
def test_bands_by_products_are_those_of_the_fft(mels: int) -> None:
    wave = torch.from_numpy(sound(2, 21 * HOP_SAMPLES))
    by_fft, by_products = MelBands(mels)(wave), ProductMelBands(mels)(wave)
    assert torch.allclose(by_products, by_fft, rtol=1e-4, atol=1e-7)


def test_gates_are_put_in_the_order_of_onnx() -> None:
    gru = torch.nn.GRU(2, 1, num_layers=2, bidirectional=True)
    made = {name: weight.tolist() for name, weight in OnnxGru(gru).named_buffers()}
    by_gate = [1, 0, 2]
    given_as = {name: weight.detach() for name, weight in gru.named_parameters()}
    assert made["w0"][1] == given_as["weight_ih_l0_reverse"][by_gate].tolist()
    assert made["b1"][0] == [*given_as["bias_ih_l1"][by_gate].tolist(), *given_as["bias_hh_l1"][by_gate].tolist()]
