"""Open a title's audio with FFmpeg (PyAV) and yield it block by block, on the title's own timeline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, BinaryIO

import av
import numpy as np
from av.audio.plane import AudioPlane
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from numpy.typing import NDArray

from transforms.records import InputError

BLOCK_S = 1.0
# Containers round their time stamps (Matroska: to 1 ms) and packets jitter; only a larger step is a real gap.
GAP_S = 0.05
LONGEST_GAP_S = 3600.0
# Packets overlap by less; where the stamps fall back further (joined MPEG-TS, DVD), new sound follows.
LONGEST_OVERLAP_S = 1.0
# Their time stamps count from the start of the programme; elsewhere (MP3, MPEG-TS, bare streams) from any number.
ABSOLUTE_CONTAINERS = ("matroska", "mov")
SAMPLE_TYPES = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "s64": np.int64, "flt": np.float32, "dbl": np.float64}


@dataclass(frozen=True)
class Block:
    """A run of decoded sound.

    samples: [C, n] float32, full scale 1.0; layout: the channels' FFmpeg names, ``NONE`` where the file states none.
    """

    samples: NDArray[np.float32]
    layout: tuple[str, ...]
    rate_hz: int

    @property
    def form(self) -> tuple[tuple[str, ...], int]:
        """Layout and rate: what must stay the same for two blocks to be joined."""
        return self.layout, self.rate_hz


@dataclass
class AudioFile:
    """One audio track of a media file. Use it as a context manager and iterate ``blocks()`` once.

    source: a path or a seekable binary file. track: index among the audio tracks, or a language code; empty for the one
    that is flagged as default, or the first. After the iteration ``damage`` holds what went wrong on the way.

    Raises:
        InputError: nothing in the file can be decoded as audio, or the track does not exist.
    """

    source: str | BinaryIO
    track: str = ""
    damage: list[str] = field(default_factory=list)

    def __enter__(self) -> AudioFile:
        try:
            # With its protocol: FFmpeg takes "Mission: Impossible.mkv" for a file of the protocol "Mission".
            source = f"file:{self.source}" if isinstance(self.source, str) else self.source
            self._container: InputContainer = av.open(source, "r", metadata_errors="ignore")
        except (av.error.FFmpegError, OSError) as error:
            lacking = isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError)
            remedy = "check the path and its permissions" if lacking else "deliver a complete audio file"
            raise InputError(f"cannot be opened as audio: {_reason(error)}; {remedy}") from error
        try:
            self._stream = _choose(self._container, self.track)
        except InputError:
            self._container.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def declared_s(self) -> float | None:
        """Give the duration that the file states, in seconds; None where it states none."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        # Matroska states a track's own duration in a tag only; the container's is that of its longest track.
        if stated := re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", self._stream.metadata.get("DURATION", "")):
            return int(stated[1]) * 3600 + int(stated[2]) * 60 + float(stated[3])
        return None if self._container.duration is None else self._container.duration / av.time_base

    def blocks(self) -> Iterator[Block]:
        """Yield the track in blocks of about a second; sample 0 is time 0, gaps are filled with silence."""
        return _grouped(self._on_timeline())

    def _frames(self) -> Iterator[av.AudioFrame]:
        bad_packets = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError) as error:
                self.damage.append(f"reading stopped early: {_reason(error)}")
                break
            if packet is None:
                break
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                bad_packets += 1
        if bad_packets:
            self.damage.append(f"{bad_packets} packets could not be decoded and are silent")

    def _on_timeline(self) -> Iterator[Block]:
        position, rate_hz = 0, 0
        origin_s = self._origin_s()
        jumps_s: list[float] = []
        missing_s = 0.0
        for frame in self._frames():
            if rate_hz and frame.rate != rate_hz:
                position = round(position * frame.rate / rate_hz)
            rate_hz = frame.rate
            block = Block(_samples(frame), tuple(c.name for c in frame.layout.channels), rate_hz)
            start = position if frame.time is None else round((frame.time - origin_s) * rate_hz)
            gap_s = (start - position) / rate_hz
            if gap_s > LONGEST_GAP_S or (position and gap_s < -LONGEST_OVERLAP_S):
                jumps_s.append(gap_s)
                origin_s += gap_s
                start = position
            elif position and gap_s > GAP_S:
                missing_s += gap_s
            for part in _placed(block, position, start):
                position += part.samples.shape[1]
                yield part
        if missing_s:
            self.damage.append(f"{missing_s:.1f} s of it are missing and silent")
        if jumps_s:
            self.damage.append(
                f"its time stamps jump {len(jumps_s)} times, first by {jumps_s[0]:.0f} s; the sound was joined there"
            )

    def _origin_s(self) -> float:
        if self._container.format.name.startswith(ABSOLUTE_CONTAINERS):
            return 0.0
        return (self._container.start_time or 0) / av.time_base


def _placed(block: Block, position: int, start: int) -> Iterator[Block]:
    """Put ``block`` at sample ``start`` when ``position`` samples are out: pad a gap, trim what lies before."""
    gap = start - position
    if abs(gap) <= (GAP_S * block.rate_hz if position else 0):
        yield block
    elif gap < 0:
        kept = block.samples[:, -gap:]
        if kept.size:
            yield Block(kept, *block.form)
    else:
        piece = round(BLOCK_S * block.rate_hz)
        for at in range(0, gap, piece):
            yield Block(np.zeros((len(block.samples), min(piece, gap - at)), np.float32), *block.form)
        yield block


def _choose(container: InputContainer, track: str) -> AudioStream:
    tracks = container.streams.audio
    if not tracks:
        raise InputError("holds no audio track; deliver a file with sound")
    if not track:
        return next((stream for stream in tracks if stream.disposition & Disposition.default), tracks[0])
    for index, stream in enumerate(tracks):
        if track in (str(index), stream.language):
            return stream
    held = ", ".join(f"{index} ({stream.language or 'no language'})" for index, stream in enumerate(tracks))
    raise InputError(f"has no audio track {track!r}; it holds: {held}")


def _samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    channels, kind = frame.layout.nb_channels, SAMPLE_TYPES[frame.format.name.removesuffix("p")]
    # Not frame.to_ndarray(): it looks for a null pointer behind the planes, and behind eight (7.1) there is none.
    count = channels if frame.format.is_planar else 1
    planes: list[Any] = [AudioPlane(frame, index) for index in range(count)]
    length = frame.samples * channels // count
    data: NDArray[Any] = np.stack([np.frombuffer(plane, kind, length) for plane in planes])
    if not frame.format.is_planar:
        data = data.reshape(-1, channels).T
    if data.dtype.kind == "f":
        return np.nan_to_num(data.astype(np.float32), copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
    middle, full_scale = (128, 128) if data.dtype == np.uint8 else (0, 2 ** (8 * data.itemsize - 1))
    return ((data.astype(np.float32) - middle) / full_scale).astype(np.float32, copy=False)


def _grouped(pieces: Iterator[Block]) -> Iterator[Block]:
    """Join the codec's small frames: the steps after this one cost per block."""
    group: list[Block] = []
    length = 0
    for piece in pieces:
        if group and (piece.form != group[0].form or length >= BLOCK_S * piece.rate_hz):
            yield _join(group)
            group, length = [], 0
        group.append(piece)
        length += piece.samples.shape[1]
    if group:
        yield _join(group)


def _join(group: list[Block]) -> Block:
    return Block(np.concatenate([piece.samples for piece in group], axis=1), *group[0].form)


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
