"""Decode in a process of its own: what a damaged file does to the decoder, it does not do to the run.

The child decodes, downmixes, resamples and measures; the parent keeps the sound, and reads remote files for the child.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

from transforms.frames import SAMPLE_RATE_HZ
from transforms.objects import reason
from transforms.records import InputError
from transforms.sound.level import Piece
from transforms.sound.load import Measured, read_sound

# A decoder that gives nothing for so long hangs.
STALL_S = 300.0
# The sound is kept by the parent; no sound file needs more than this to be decoded.
MOST_MEMORY = 4 << 30
# Pieces are sent so many at once: each message costs as much as a tenth of decoding a second.
TOGETHER = 10
# After so much sound, to start another decoder costs little against the work on it.
LONG = 600 * SAMPLE_RATE_HZ
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Open = Callable[[], AbstractContextManager[BinaryIO]]


class DecoderDied(InputError):  # noqa: N818 - it names what happened
    """The decoder crashed or hung on a file."""


@dataclass(frozen=True)
class Order:
    """What to read: as in ``Delivery``. remote: the files that the parent reads for the child."""

    files: tuple[str, ...]
    tracks: tuple[str, ...]
    layout: tuple[str, ...]
    remote: frozenset[str]


@dataclass(frozen=True)
class Want:
    """The child asks for ``count`` bytes of a file from ``offset`` on; with a count of −1, for its size."""

    file: str
    offset: int
    count: int


def read_apart(
    files: Sequence[str],
    tracks: Sequence[str] = (),
    layout: Sequence[str] = (),
    remote: Mapping[str, Open] | None = None,
    stall_s: float = STALL_S,
) -> Iterator[Piece | Measured]:
    """Do what ``read_sound`` does in a child process; ``remote`` opens those of the files that are no local paths.

    Raises:
        InputError: no audio can be had from the files.
        DecoderDied: the decoder crashed on them, or did nothing for ``stall_s``.
    """
    order = Order(tuple(files), tuple(tracks), tuple(layout), frozenset(remote or ()))
    decoder = _decoder()
    try:
        with contextlib.ExitStack() as stack:
            opened = {name: stack.enter_context(open_file()) for name, open_file in (remote or {}).items()}
            yield from decoder.read(order, opened, stall_s)
    finally:
        if not decoder.fit:
            _of_this_thread.decoder = None
            decoder.stop()


_of_this_thread = threading.local()


def _decoder() -> _Decoder:
    """Give this thread's decoder; a new one where there is none, or it has died since it was used."""
    decoder: _Decoder | None = getattr(_of_this_thread, "decoder", None)
    if decoder is None or not decoder.is_alive():
        decoder = _of_this_thread.decoder = _Decoder()
    return decoder


class _Decoder:
    """A child process that serves one order after another.

    fit: it may serve another, as it is not in the middle of a file, has not read what a damaged one held, and would not
    hold its memory for long while the sound is worked on.
    """

    def __init__(self) -> None:
        self.fit = True
        self._connection, theirs = Pipe()
        serve_it = f"from transforms.sound.apart import serve; serve({theirs.fileno()})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", serve_it],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env=os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        theirs.close()

    def read(self, order: Order, opened: Mapping[str, BinaryIO], stall_s: float) -> Iterator[Piece | Measured]:
        self._connection.send(order)
        self.fit, given = False, 0
        failed: OSError | None = None
        while True:
            message = self._receive(stall_s)
            if isinstance(message, Want):
                answer = _bytes_of(opened[message.file], message)
                failed = answer if isinstance(answer, OSError) else failed
                self._connection.send(answer)
                continue
            if isinstance(message, list):
                given += sum(len(piece.samples) for piece in message)
                yield from message
                continue
            if failed:  # not the file's fault, so it is no damage
                raise InputError(f"could not be read from its store: {reason(failed)}; run again when it can")
            if isinstance(message, Exception):
                self.fit = not given
                raise message
            self.fit = not message.damage and given < LONG
            yield message
            return

    def _receive(self, stall_s: float) -> Any:
        try:
            if self._connection.poll(stall_s):
                return self._connection.recv()
        except (EOFError, OSError) as error:
            raise DecoderDied(
                f"crashed the decoder ({self._cause()}); deliver it again, or in another format"
            ) from error
        raise DecoderDied(
            f"gave no sound for {stall_s:.0f} s, and was given up; deliver it again, or in another format"
        )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def _cause(self) -> str:
        status = self._process.wait()
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the program may be ending
            self.stop()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()


def _bytes_of(file: BinaryIO, want: Want) -> bytes | int | OSError:
    try:
        if want.count < 0:
            return file.seek(0, io.SEEK_END)
        file.seek(want.offset)
        return file.read(want.count)
    except Exception as error:  # whatever a store's client raises is a file that cannot be read
        return OSError(reason(error))


def serve(descriptor: int) -> None:
    """Be the child: take orders from the connection until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    connection: Connection[Any, Any] = Connection(descriptor)
    with contextlib.suppress(EOFError, OSError):
        while True:
            _carry_out(connection.recv(), connection)


def _carry_out(order: Order, connection: Connection[Any, Any]) -> None:
    began_s = time.process_time()
    lent: dict[str, Any] = {name: _Lent(name, connection) for name in order.remote}
    sound = read_sound([lent.get(name, name) for name in order.files], order.tracks, order.layout)
    try:
        while parts := list(islice(sound, TOGETHER)):
            pieces = [part for part in parts if isinstance(part, Piece)]
            if pieces:
                connection.send(pieces)
            if isinstance(parts[-1], Measured):
                connection.send(_with_cost(parts[-1], began_s))
    except InputError as error:
        connection.send(error)
    except MemoryError:
        connection.send(InputError("takes too much memory to be decoded: it is damaged; deliver it again"))
    except Exception as error:  # whatever it is, the parent is to hear of it
        connection.send(DecoderDied(f"breaks the decoder ({type(error).__name__}: {error}); deliver it again"))


def _with_cost(measured: Measured, began_s: float) -> Measured:
    return replace(measured, cpu_s=time.process_time() - began_s, peak_rss_mb=peak_rss_mb())


class _Lent(io.RawIOBase):
    """A file that the parent reads."""

    def __init__(self, name: str, connection: Connection[Any, Any]) -> None:
        self.name, self._connection, self._at = name, connection, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._asked(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = 0 if whence == io.SEEK_SET else self._at if whence == io.SEEK_CUR else self._asked(-1)
        self._at = start + offset
        return self._at

    def _asked(self, count: int) -> Any:
        self._connection.send(Want(self.name, self._at, count))
        answer = self._connection.recv()
        if isinstance(answer, OSError):
            raise answer
        return answer


def rss_mb() -> float:
    """Give the memory that this process holds now; where that is not told, the most it has held."""
    return _status_mb("VmRSS:") or peak_rss_mb()


def peak_rss_mb() -> float:
    """Give the peak memory of this process."""
    if peak_mb := _status_mb("VmHWM:"):  # a child's rusage holds what its parent had when it was forked
        return peak_mb
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def _status_mb(name: str) -> float:
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)
    return 0.0
