"""Decoding in a child process gives the same sound, and takes nothing with it when it dies."""

import contextlib
import io
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from transforms.records import InputError
from transforms.sound import apart
from transforms.sound.apart import DecoderDied, read_apart
from transforms.sound.level import Piece
from transforms.sound.load import Measured, keep, load

Wave = NDArray[np.float32]


@pytest.fixture
def film(media: Any, tone: Callable[..., Wave]) -> Path:
    channels = np.stack([tone(pitch, 5) for pitch in (440, 550, 660, 60, 770, 880)])
    path: Path = media.write("film.mp4", channels, codec="aac", layout="5.1")
    return path


def decoder_pid() -> int:
    pid: int = apart._of_this_thread.decoder._process.pid
    return pid


def test_is_what_this_process_would_have_read(film: Path) -> None:
    here, damage = load(str(film))
    there, there_damage = keep(read_apart([str(film)]))
    assert np.array_equal(there.samples, here.samples)
    assert (there.loudness_lkfs, there.programme_lkfs, there.layout) == (
        here.loudness_lkfs,
        here.programme_lkfs,
        here.layout,
    )
    assert (there.channels, there.expected_s, there_damage) == (6, here.expected_s, damage)
    assert there.cpu_s > 0


def test_one_decoder_serves_many_titles(film: Path) -> None:
    keep(read_apart([str(film)]))
    first = decoder_pid()
    keep(read_apart([str(film)]))
    assert decoder_pid() == first


@contextlib.contextmanager
def opened(data: bytes) -> Iterator[BinaryIO]:
    yield io.BytesIO(data)


def test_after_a_long_title_its_memory_is_let_go(media: Any, tone: Callable[..., Wave], monkeypatch: Any) -> None:
    monkeypatch.setattr(apart, "LONG", 16_000)
    keep(read_apart([str(media.write("a.wav", tone(440, 2)))]))
    assert apart._of_this_thread.decoder is None


def test_a_remote_file_is_read_through_the_parent(film: Path) -> None:
    data = film.read_bytes()  # its index is at the end
    audio, damage = keep(read_apart(["gs://films/film.mp4"], remote={"gs://films/film.mp4": lambda: opened(data)}))
    assert np.array_equal(audio.samples, load(str(film))[0].samples)
    assert damage == []


class Failing(io.BytesIO):
    """A connection that breaks after ``good`` bytes, with an exception of the store's own."""

    def __init__(self, data: bytes, good: int) -> None:
        super().__init__(data)
        self.good = good

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= self.good:
            raise RuntimeError("503 the bucket is on fire")
        return super().read(size)


def test_a_remote_file_that_fails_midway_is_refused_to_be_read_again(media: Any, tone: Callable[..., Wave]) -> None:
    data = media.write("a.flac", tone(440, 60) + tone(5555, 60), codec="flac").read_bytes()
    remote = {"s3://films/a.flac": lambda: contextlib.nullcontext(Failing(data, len(data) // 2))}
    parts = read_apart(["s3://films/a.flac"], remote=remote)
    assert isinstance(next(parts), Piece)
    with pytest.raises(InputError, match=r"could not be read from its store: 503 the bucket is on fire; run again"):
        list(parts)


def test_a_remote_file_that_fails_at_once_is_refused() -> None:
    remote = {"s3://films/a.flac": lambda: contextlib.nullcontext(Failing(b"", 0))}
    with pytest.raises(InputError, match="503 the bucket is on fire"):
        keep(read_apart(["s3://films/a.flac"], remote=remote))


def test_a_refusal_is_the_same(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file") as refusal:
        keep(read_apart([str(tmp_path / "none.wav")]))
    assert not isinstance(refusal.value, DecoderDied)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_crash_is_a_failure_of_the_title_and_the_next_is_read(
    film: Path, number: signal.Signals, media: Any, tone: Callable[..., Wave]
) -> None:
    parts = read_apart([str(media.write("long.wav", tone(440, 240, 16_000), rate_hz=16_000))])
    assert isinstance(next(parts), Piece)
    os.kill(decoder_pid(), number)
    with pytest.raises(DecoderDied, match=f"crashed the decoder \\({number.name}\\)"):
        list(parts)
    assert isinstance(list(read_apart([str(film)]))[-1], Measured)


def test_one_that_died_while_it_was_idle_is_no_loss(film: Path) -> None:
    keep(read_apart([str(film)]))
    os.kill(decoder_pid(), signal.SIGKILL)
    apart._of_this_thread.decoder._process.wait()
    assert keep(read_apart([str(film)]))[1] == []


def test_an_accident_of_the_decoders_own_is_told(film: Path) -> None:
    with pytest.raises(DecoderDied, match=r"breaks the decoder \(TypeError: .*; deliver it again"):
        list(read_apart([str(film)], layout=cast(Any, [["no", "names"]] * 6)))


def test_a_decoder_that_hangs_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "film.wav")  # nobody ever writes to it
    with pytest.raises(DecoderDied, match="gave no sound"):
        list(read_apart([str(tmp_path / "film.wav")], stall_s=2))


def test_what_a_damaged_file_left_in_the_decoder_is_not_for_the_next(film: Path, media: Any, tone: Any) -> None:
    whole = media.write("a.flac", tone(440, 6) + tone(5555, 6), codec="flac").read_bytes()
    (media.folder / "cut.flac").write_bytes(whole[: len(whole) // 2])
    keep(read_apart([str(film)]))
    before = apart._of_this_thread.decoder
    assert keep(read_apart([str(media.folder / "cut.flac")]))[1]
    assert apart._of_this_thread.decoder is not before


def test_a_decoder_ends_with_its_parent(film: Path) -> None:
    keep(read_apart([str(film)]))
    decoder = apart._of_this_thread.decoder
    decoder._connection.close()  # as when the parent is killed
    assert decoder._process.wait(timeout=30) == 0
    apart._of_this_thread.decoder = None
