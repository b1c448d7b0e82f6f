"""Files that end before they should say so themselves."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from transforms.sound.ending import cut_off
from transforms.sound.load import load

FORMATS = {
    "wav": "WAV",
    "rf64": "RF64",
    "w64": "W64",
    "caf": "CAF",
    "ogg": "OGG",
}


@pytest.fixture(params=FORMATS)
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 4 * 48_000)
    path = tmp_path / f"whole.{request.param}"
    soundfile.write(path, noise, 48_000, format=FORMATS[request.param])
    return path


def test_a_whole_file_is_whole(whole: Path) -> None:
    assert cut_off(io.BytesIO(whole.read_bytes())) is None
    assert load(str(whole))[1] == []


@pytest.mark.parametrize("tenth", range(2, 10))
def test_at_every_tenth_the_loss_is_told(whole: Path, tenth: int) -> None:
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) * tenth // 10])
    found = cut_off(io.BytesIO(whole.read_bytes()))
    assert found is not None
    audio, damage = load(str(whole))
    assert found.message in damage
    if whole.suffix == ".ogg":  # its pages are long
        assert 0.4 * tenth - 1 < len(audio.samples) / 16_000 < 0.4 * tenth + 0.2
    else:
        assert len(audio.samples) / 16_000 == pytest.approx(0.4 * tenth, abs=0.25)
        assert found.present == pytest.approx(tenth / 10, abs=0.001)
        assert audio.expected_s == pytest.approx(4, rel=0.06)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_recording_that_never_knew_its_size_has_lost_nothing(size: int, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(48_000), 48_000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[4:8] = size.to_bytes(4, "little")
    assert cut_off(io.BytesIO(data)) is None


def test_a_transport_stream_that_ends_within_a_packet(media: Any, tone: Any) -> None:
    data = media.write("a.ts", tone(440, 1), codec="mp2").read_bytes()
    assert cut_off(io.BytesIO(data)) is None
    assert cut_off(io.BytesIO(data[:-100])) is not None


@given(st.binary(max_size=300), st.sampled_from([b"", b"RIFF", b"RF64", b"caff\0\0\0\0", b"OggS", b"\x47"]))
def test_any_bytes_are_answered(data: bytes, start: bytes) -> None:
    cut_off(io.BytesIO(start + data))
