"""A training that is killed and begun again ends as if nothing had happened."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from crnn.saving import WholeFiles

KILLED = Path(__file__).with_name("killed.py")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, write_shard: Callable[..., Path]) -> Path:
    """Train to ``straight.ckpt`` in one go, and to ``broken.ckpt`` in eight."""
    folder = tmp_path_factory.mktemp("trained")
    write_shard(folder, "train", "a", segments=9)
    write_shard(folder, "train", "b", segments=4, first=10)
    write_shard(folder, "valid", "c", segments=2, first=20)
    files = [str(folder / name) for name in ("straight.ckpt", "broken.ckpt")]
    done = subprocess.run(
        [sys.executable, str(KILLED), str(folder), *files],
        capture_output=True,
        text=True,
        check=True,
        cwd=KILLED.parents[1],
    )
    assert done.stdout.split() == ["0", *[str(-signal.SIGKILL)] * 7, "0"], done.stderr
    return folder


def losses(folder: Path, name: str) -> dict[int, float]:
    """Give the training loss that is logged for an epoch's last step; the last to be logged counts."""
    events = EventAccumulator(str(folder / f"{name}.ckpt.logs"))
    events.Reload()
    return {event.step: event.value for event in events.Scalars("train_loss")}


def assert_same(one: Any, other: Any, place: str = "") -> None:
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), place
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            assert_same(one[key], other[key], f"{place}/{key}")
    else:
        assert one == other, place


def test_weights_and_optimizer_are_the_same_to_the_bit(trained: Path) -> None:
    straight, broken = (torch.load(trained / f"{name}.ckpt", weights_only=True) for name in ("straight", "broken"))
    assert straight["global_step"] == 21
    for part in ("global_step", "epoch", "state_dict", "serving", "smad", "valid_losses", "lr_schedulers"):
        assert_same(straight[part], broken[part], part)
    for one, other in zip(straight["optimizer_states"], broken["optimizer_states"], strict=True):
        assert_same(one, other)


def test_the_log_tells_the_same_losses(trained: Path) -> None:
    assert losses(trained, "straight") == losses(trained, "broken")
    assert len(losses(trained, "straight")) == 3


def test_only_whole_files_have_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new folder" / "m.ckpt"
    WholeFiles().save_checkpoint({"a": 1}, path)

    def half(checkpoint: Any, file: Any) -> None:
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="no space"):
        WholeFiles().save_checkpoint({"a": 2}, path)
    assert torch.load(path) == {"a": 1}


def test_elsewhere_the_file_system_makes_it_whole() -> None:
    WholeFiles().save_checkpoint({"a": 1}, "memory://folder/m.ckpt")
    assert WholeFiles().load_checkpoint("memory://folder/m.ckpt", weights_only=True) == {"a": 1}
