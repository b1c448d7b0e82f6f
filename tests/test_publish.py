"""The small file that only serves says what the large one says."""

from pathlib import Path

import pytest
import torch

from crnn.checkpoint import HEADER, SERVING, Header, read_checkpoint
from crnn.model import CRNN, NETWORKS
from crnn.publish import main


@pytest.fixture
def large(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = CRNN(NETWORKS["light"])
    header = Header(NETWORKS["light"], "digest", {"valid_loss": 0.1})
    state = {"optimizer_states": [torch.zeros(2_000_000)]}
    torch.save({HEADER: header.plain(), SERVING: model.state_dict(), **state}, tmp_path / "large.ckpt")
    return tmp_path / "large.ckpt"


def test_it_is_small_and_says_the_same(large: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = tmp_path / "small.ckpt"
    assert main([str(large), str(small)]) == 0
    assert f"{small}: " in capsys.readouterr().out
    assert small.stat().st_size < 2 * 2**20 < large.stat().st_size
    one, other = read_checkpoint(str(large)), read_checkpoint(str(small))
    assert one.header == other.header
    wave = 0.1 * torch.randn(2, 64_000, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        said, says = (checkpoint.model()(wave).sigmoid() for checkpoint in (one, other))
    assert torch.allclose(said, says, atol=2e-3)
    assert {weight.dtype for weight in other.weights.values() if weight.is_floating_point()} == {torch.float32}


def test_what_does_not_fit_is_refused(large: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = torch.load(large, weights_only=True)
    content[SERVING]["linear.bias"][0] = 1e6
    torch.save(content, large)
    assert main([str(large), str(tmp_path / "small.ckpt")]) == 2
    assert "linear.bias cannot be held in half precision" in capsys.readouterr().err
    assert not (tmp_path / "small.ckpt").exists()


def test_what_is_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.ckpt").write_bytes(b"not one")
    assert main([str(tmp_path / "a.ckpt"), str(tmp_path / "b.ckpt")]) == 2
    assert "a.ckpt: is not a checkpoint of smad" in capsys.readouterr().err
