"""One file that serves: what is written is what is read, and what is no checkpoint says so."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import crnn
from crnn.checkpoint import HEADER, SERVING, SHIPPED, VERSION, Header, flush_denormals, header_of, read_checkpoint
from crnn.model import CRNN, Config
from transforms.activity import RAW, Decision
from transforms.records import InputError

DECISIONS = (RAW, Decision(0.6, 0.2, 0.4, 0.8))
SMALL = Config(mels=16, channels=(2, 4, 4), recurrent=8, decisions=DECISIONS)


@pytest.fixture
def trained() -> CRNN:
    torch.manual_seed(1)
    return CRNN(SMALL).eval()


@pytest.fixture
def save(tmp_path: Path, trained: CRNN) -> Callable[..., str]:
    def write(**changes: Any) -> str:
        header = Header(SMALL, "digest of the shards", {"valid_loss": 0.5}).plain()
        content = {HEADER: header, SERVING: trained.state_dict(), **changes}
        torch.save({key: value for key, value in content.items() if value is not None}, tmp_path / "m.ckpt")
        return str(tmp_path / "m.ckpt")

    return write


def test_round_trip(save: Callable[..., str], trained: CRNN) -> None:
    checkpoint = read_checkpoint(save())
    assert checkpoint.header == Header(SMALL, "digest of the shards", {"valid_loss": 0.5})
    model = checkpoint.model()
    assert not model.training
    wave = torch.randn(1, 32_000, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(model(wave), trained(wave), atol=1e-6)


def test_load_serves(save: Callable[..., str]) -> None:
    activity = crnn.load(save()).tag(np.zeros(16_000, np.float32), 16_000)
    assert activity.decisions == DECISIONS
    assert activity.probability.shape == (2, 5)


def test_the_name_tells_one_content_from_another(save: Callable[..., str], trained: CRNN) -> None:
    first = read_checkpoint(save()).name
    assert first == read_checkpoint(save()).name
    with torch.no_grad():
        trained.linear.bias.add_(1)
    assert read_checkpoint(save()).name != first
    assert first.startswith("m.ckpt@")


def test_the_header_is_of_plain_types(save: Callable[..., str]) -> None:
    content = torch.load(save(), weights_only=True)
    assert content[HEADER]["version"] == VERSION
    assert header_of(content).config == SMALL


class Trap:
    """An object that writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


def test_reading_runs_no_code(save: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a checkpoint of smad"):
        read_checkpoint(save(extra=Trap(str(tmp_path / "sprung"))))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({HEADER: None}, "it has no smad header"),
        ({HEADER: "x"}, "it has no smad header"),
        ({HEADER: {"version": VERSION + 1}}, f"its version is {VERSION + 1}, this program reads {VERSION}"),
        ({HEADER: {"version": VERSION}}, "config"),
        ({HEADER: {"version": VERSION, "config": {"no": 1}, "data_digest": "", "metrics": {}}}, "decisions"),
        ({HEADER: {"version": VERSION, "config": SMALL.plain() | {"no": 1}, "data_digest": "", "metrics": {}}}, "'no'"),
        ({SERVING: None}, SERVING),
    ],
)
def test_what_lacks_something_is_refused(save: Callable[..., str], changes: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=rf"m\.ckpt: is not a checkpoint of smad .*{what}.*make one with smad train"):
        read_checkpoint(save(**changes))


@pytest.mark.parametrize(
    "content", [b"", b"garbage", bytes(5000), b"PK\x03\x04 torn"], ids=["none", "text", "0", "zip"]
)
def test_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.ckpt: is not a checkpoint of smad"):
        read_checkpoint(str(tmp_path / "x.ckpt"))


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_torn_file_is_refused(save: Callable[..., str], share: float) -> None:
    path = Path(save())
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match="not a checkpoint of smad"):
        read_checkpoint(str(path))


def test_something_else_that_torch_saved_is_refused(tmp_path: Path) -> None:
    contents: list[Any] = [torch.zeros(3), [1, 2], {"state_dict": {}}, 5]
    for content in contents:
        torch.save(content, tmp_path / "x.ckpt")
        with pytest.raises(InputError, match="not a checkpoint of smad"):
            read_checkpoint(str(tmp_path / "x.ckpt"))


@pytest.mark.parametrize("name", ["none.ckpt", "none/none.ckpt", "."])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be opened as a checkpoint .*make one with smad train"):
        read_checkpoint(str(tmp_path / name))


@pytest.mark.parametrize("uri", ["foo://bucket/m.ckpt", "s3://bucket/m.ckpt"])
def test_a_place_that_cannot_be_reached_is_refused(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)  # as where it is not installed
    with pytest.raises(InputError, match="cannot be opened as a checkpoint"):
        read_checkpoint(uri)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_weights_have_names(name: str) -> None:
    if resources.files("crnn").joinpath(f"weights/{name}.ckpt").is_file():
        assert read_checkpoint(name).model().config.classes == ("speech", "music")
        assert read_checkpoint(name).name.startswith(f"{name}@")
    else:
        with pytest.raises(InputError, match=f"no weights {name} ship with this version: give a file"):
            read_checkpoint(name)


def test_denormals_become_zero_and_nothing_else_changes(trained: CRNN) -> None:
    weight = trained.linear.weight
    before = weight.detach().clone()
    with torch.no_grad():
        weight[0, :4] = torch.tensor([1e-40, -1e-38, 1e-31, 1e-29])
    counts = [buffer for buffer in trained.buffers() if not buffer.is_floating_point()]
    assert counts  # counters of the normalizations: they must be left alone
    flush_denormals(trained)
    assert weight[0, :4].tolist() == pytest.approx([0, 0, 0, 1e-29], rel=1e-6, abs=0)
    assert torch.equal(weight[0, 4:], before[0, 4:])
    assert torch.equal(weight[1:], before[1:])
    smallest = torch.finfo(torch.float32).tiny
    for tensor in (*trained.parameters(), *trained.buffers()):
        assert not ((tensor != 0) & (tensor.abs() < smallest)).any()
