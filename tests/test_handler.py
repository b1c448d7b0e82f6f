"""The handler that RunInference drives, called as Beam calls it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from crnn.handler import CrnnHandler
from crnn.train import train
from crnn.training import Recipe
from transforms.frames import SEGMENT_SAMPLES
from transforms.records import InputError, Title, TitleFacts, TitleWindows


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, write_shard: Any) -> str:
    folder = tmp_path_factory.mktemp("handler")
    write_shard(folder / "lesson", "train", "lesson", segments=1)
    train([str(folder / "lesson")], str(folder / "m.ckpt"), Recipe(epochs=1, device="cpu"))
    return str(folder / "m.ckpt")


def title(windows: int) -> TitleWindows:
    facts = TitleFacts(Title("a", ("a.wav",)), windows * SEGMENT_SAMPLES, -27.0, 0.0, 1, "FC", 0.5)
    random = np.random.default_rng(windows)
    pieces = tuple(random.integers(-3000, 3000, SEGMENT_SAMPLES).astype(np.int16) for _ in range(windows))
    return TitleWindows(facts, pieces)


def test_a_title_comes_back_as_its_facts_and_scores(checkpoint: str) -> None:
    handler = CrnnHandler(checkpoint)
    model = handler.load_model()
    batch = [title(5), title(1)]
    results = list(handler.run_inference(batch, model))
    assert [result.example for result in results] == [item.facts for item in batch]
    for item, result in zip(batch, results, strict=True):
        scores, cpu_s = result.inference
        assert np.array_equal(scores, model.scores(item.pieces))
        assert cpu_s > 0


def test_the_callers_thread_keeps_its_denormals(checkpoint: str) -> None:
    handler = CrnnHandler(checkpoint)
    list(handler.run_inference([title(1)], handler.load_model()))
    assert float(torch.tensor(1e-40) * 1) != 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_not_replaced(checkpoint: str) -> None:
    with pytest.raises(InputError, match="has no device cuda"):
        CrnnHandler(checkpoint, device="cuda").load_model()
