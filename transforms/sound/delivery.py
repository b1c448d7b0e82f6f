"""A title's sound as it was delivered: one track of one file, or a file or a track for each channel or pair."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from transforms.records import InputError
from transforms.sound.channels import joined_layout
from transforms.sound.decode import AudioFile, Block, open_media
from transforms.sound.ending import cut_off
from transforms.sound.tracks import choose_tracks, describe

Source = str | BinaryIO
Layout = tuple[str, ...]
# All channels, [C, n]; what each source says of its own; their rate in Hz.
Sound = tuple[NDArray[np.float32], tuple[Layout, ...], int]
# The files of a programme end together, but for the padding of a codec's last frame.
UNEVEN_S = 0.1


@dataclass
class Delivery:
    """All that holds a title's channels. Use it as a context manager and iterate ``blocks()`` once.

    files: paths or seekable binary files; tracks: of the one file, or of each; layout: the channels' FFmpeg names in
    order of files, tracks, channels, or empty: as the files say. After the iteration ``damage`` holds what went wrong;
    present: the share of their bytes that is there, as far as the files tell; guesses: what was taken for the
    programme where neither the catalog nor the file says it.

    Raises:
        InputError: a file, its sound or a track is not there.
    """

    files: Sequence[Source]
    tracks: Sequence[str] = ()
    layout: Layout = ()
    damage: list[str] = field(default_factory=list)
    present: float = 1.0
    guesses: list[str] = field(default_factory=list)

    def __enter__(self) -> Delivery:
        with contextlib.ExitStack() as stack:
            self._parts = [stack.enter_context(part) for part in self._chosen()]
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def declared_s(self) -> float | None:
        """Give the longest duration that a file states, in seconds; None where none is stated."""
        return max(filter(None, (part.declared_s() for part in self._parts)), default=None)

    def blocks(self) -> Iterator[Block]:
        """Yield all channels together in blocks of up to about a second; sample 0 is time 0.

        Raises:
            InputError: the channels do not fit the stated layout, or the files differ in rate.
        """
        paths = [_name(file) for file in self.files] if len(self.files) > 1 else []
        stated: tuple[Layout, ...] = ()
        for samples, layouts, rate_hz in self._alone() if len(self._parts) == 1 else self._side_by_side():
            if layouts != stated:
                stated, layout = layouts, joined_layout(layouts, paths, self.layout)
            yield Block(samples, layout, rate_hz)
        for part, name in zip(self._parts, self._names(), strict=True):
            self.damage += [f"{name}: {text}" if len(self._parts) > 1 else text for text in part.damage]

    def _chosen(self) -> Iterator[AudioFile]:
        one_each = len(self.tracks) == len(self.files) > 1
        for index, file in enumerate(self.files):
            with self._naming(file):
                self._look_at_the_end(file)
                with open_media(_apart(file)) as container:
                    tracks = [describe(stream) for stream in container.streams.audio]
                wanted = self.tracks[index : index + 1] if one_each else self.tracks
                choice = choose_tracks(tracks, wanted, len(self.layout) if len(self.files) == 1 else 0)
                if choice.warning:
                    self.guesses.append(choice.warning)
                yield from (AudioFile(_apart(file), track) for track in choice.indices)

    def _look_at_the_end(self, file: Source) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            bytes_of = stack.enter_context(Path(file).open("rb")) if isinstance(file, str) else _Reader(file)
            if bytes_of.seekable() and (found := cut_off(bytes_of)):  # type: ignore[arg-type]
                self.damage.append(found.message)
                self.present = min(self.present, found.present)

    @contextlib.contextmanager
    def _naming(self, file: Source) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            if len(self.files) == 1:
                raise
            raise InputError(f"{_name(file)}: {error}") from error

    def _names(self) -> list[str]:
        several = len(self.files) > 1
        return [PurePath(_name(part.source)).name if several else f"track {part.track}" for part in self._parts]

    def _alone(self) -> Iterator[Sound]:
        for block in self._parts[0].blocks():
            yield block.samples, (block.layout,), block.rate_hz

    def _side_by_side(self) -> Iterator[Sound]:
        channels = [_Channels(part.blocks(), name) for part, name in zip(self._parts, self._names(), strict=True)]
        while live := [part for part in channels if part.fill()]:
            if len({part.block.rate_hz for part in channels}) > 1:
                rates = ", ".join(f"{part.name} {part.block.rate_hz} Hz" for part in channels)
                raise InputError(f"its channels differ in sample rate ({rates}); deliver them at one")
            length = min(part.left for part in live)
            samples = np.concatenate([part.take(length) for part in channels])
            yield samples, tuple(part.block.layout for part in channels), channels[0].block.rate_hz
        lengths_s = {part.name: part.taken / part.block.rate_hz for part in channels}
        if max(lengths_s.values()) - min(lengths_s.values()) > UNEVEN_S:
            told = ", ".join(f"{name} {length_s:.1f} s" for name, length_s in lengths_s.items())
            self.damage.append(f"its channels differ in length ({told}); the short ones end in silence")


class _Channels:
    """One source of several: what of its present block is not yet taken."""

    def __init__(self, blocks: Iterator[Block], name: str) -> None:
        self._blocks, self.name = blocks, name
        self.left, self.taken = 0, 0
        self.block = Block(np.zeros((0, 0), np.float32), (), 0)

    def fill(self) -> bool:
        """See to it that there is something to take; False at the end."""
        if not self.left and (block := next(self._blocks, None)):
            self.block, self.left = block, block.samples.shape[1]
        if not self.block.layout:
            raise InputError(f"{self.name}: holds no decodable sound; deliver a complete audio file")
        return self.left > 0

    def take(self, length: int) -> NDArray[np.float32]:
        if not self.left:
            return np.zeros((len(self.block.layout), length), np.float32)
        at = self.block.samples.shape[1] - self.left
        self.left -= length
        self.taken += length
        return self.block.samples[:, at : at + length]


class _Reader(io.RawIOBase):
    """A place of its own in a file that several read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at = file, 0
        self.name = getattr(file, "name", "the file")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._at)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            offset, whence = self._at + offset, io.SEEK_SET
        self._at = self._file.seek(offset, whence)
        return self._at


def _apart(source: Source) -> Source:
    return source if isinstance(source, str) else _Reader(source)  # type: ignore[return-value]


def _name(source: Source) -> str:
    return source if isinstance(source, str) else str(getattr(source, "name", "the file"))
