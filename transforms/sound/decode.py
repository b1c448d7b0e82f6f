"""Open one audio track of a media file with FFmpeg (PyAV) and yield it block by block, on the title's timeline."""

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
from av.stream import Discard, Disposition
from numpy.typing import NDArray

from transforms.objects import reason
from transforms.records import InputError
from transforms.sound.priming import Track, mpeg_audio_layer, origin_s, stamps_hold
from transforms.sound.timeline import Stamped, Timeline, steady

BLOCK_S = 1.0
# Beyond these no sound is recorded: a damaged header states them.
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1_000, 768_000
MOST_CHANNELS = 64
# Float files may pass full scale; by 42 dB they do only where bits are damaged.
LOUDEST = 128.0
# A small damaged file can decode to days of silence; a day is the longest that archives keep in one file.
LONGEST_S = 24 * 3600.0
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


def open_media(source: str | BinaryIO) -> InputContainer:
    """Open a media file, by path or as a seekable binary file.

    Raises:
        InputError: it is not there, or FFmpeg finds nothing in it that it knows.
    """
    try:
        # With its protocol: FFmpeg takes "Mission: Impossible.mkv" for a file of the protocol "Mission".
        return av.open(f"file:{source}" if isinstance(source, str) else source, "r", metadata_errors="ignore")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        lacking = isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError)
        remedy = "check the path and its permissions" if lacking else "deliver a complete audio file"
        raise InputError(f"cannot be opened as audio: {reason(error)}; {remedy}") from error


@dataclass
class AudioFile:
    """One audio track of a media file. Use it as a context manager and iterate ``blocks()`` once.

    source: a path or a seekable binary file. track: index among its audio tracks. After the iteration ``damage`` holds
    what went wrong on the way.

    Raises:
        InputError: nothing in the file can be decoded as audio.
    """

    source: str | BinaryIO
    track: int = 0
    damage: list[str] = field(default_factory=list)
    _opening: Any = field(default=None, init=False)
    _lost: int = field(default=0, init=False)

    def __enter__(self) -> AudioFile:
        self._container = open_media(self.source)
        self._stream: AudioStream = self._container.streams.audio[self.track]
        if self._stream.codec_context is None:
            self._container.close()
            raise InputError("is coded in a way that FFmpeg has no decoder for; deliver another format")
        for other in self._container.streams:
            if other.index != self._stream.index:
                other.discard = Discard.all  # a film's picture is not even read, where the container allows it
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
        """Yield the track in blocks of about a second; sample 0 is time 0, gaps are filled with silence.

        Raises:
            InputError: the file states a rate or a number of channels that no recording has.
        """
        timeline = Timeline(in_frames=not _codec(self._stream)[0].startswith("pcm"))
        # The codec's small frames are joined: the steps after this one cost per block.
        group: _Group | None = None
        for stamped in steady(self._stamped()):
            frame = stamped.frame
            gap = timeline.gap(stamped.stamp_s, frame.samples, frame.rate)
            if group and (gap or not group.takes(frame)):
                yield group.block()
                group = None
            if gap > 0:
                yield from _silence(gap, frame)
            group = group or _Group(frame)
            group.add(frame)
            if gap < 0:
                late, group = group.block(), None
                if -gap < frame.samples:
                    yield Block(late.samples[:, -gap:], *late.form)
            if timeline.position > LONGEST_S * frame.rate:
                self.damage.append(f"is longer than {LONGEST_S / 3600:.0f} h; the rest was not used")
                break
        if group:
            yield group.block()
        self.damage += timeline.damage()

    def _stamped(self) -> Iterator[Stamped[av.AudioFrame]]:
        believed = stamps_hold(self._container.format.name, _codec(self._stream)[0])
        origin_s: float | None = None
        for frame in self._frames():
            _check(frame)
            if origin_s is None:
                origin_s = self._origin_s(frame)
                follows_s = frame.time
            follows_s = frame.time if believed or follows_s is None else follows_s + self._lost * _length_s(frame)
            self._lost = 0
            yield Stamped(frame, None if follows_s is None else follows_s - origin_s, _length_s(frame))
            follows_s = None if follows_s is None else follows_s + _length_s(frame)

    def _frames(self) -> Iterator[av.AudioFrame]:
        lost_packets, bad_frames = 0, 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError) as error:
                self.damage.append(f"reading stopped early: {reason(error)}")
                break
            except IndexError:  # PyAV, at the end of a file in which a stream appears that its start did not name
                break
            if packet is None:
                break
            if self._opening is None:
                self._opening = packet
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                lost_packets += 1
                self._lost += 1
                continue
            for frame in frames:
                bad_frames += frame.is_corrupt
                if frame.samples:
                    yield frame
        if lost_packets:
            self.damage.append(f"{lost_packets} packets could not be decoded and are silent")
        if bad_frames:
            self.damage.append(f"{bad_frames} frames are damaged")

    def _origin_s(self, first: av.AudioFrame) -> float:
        codec, rate_hz = _codec(self._stream)
        layer = mpeg_audio_layer(codec, bytes(self._opening))
        tracks = [Track(layer, rate_hz, _start_s(self._stream) or 0.0, first.time)]
        for other in _seen_or_heard(self._container):
            start_s = _start_s(other)
            if other.index != self._stream.index and start_s is not None:
                tracks.append(Track(*_codec(other), start_s))
        return origin_s(self._container.format.name, tracks, self._opening.has_sidedata("skip_samples"))


def _length_s(frame: av.AudioFrame) -> float:
    return frame.samples / frame.rate


class _Group:
    """Frames of one form, copied to one array while they are still in the processor's cache."""

    def __init__(self, first: av.AudioFrame) -> None:
        self._form, self._layout, self._rate_hz = _form(first), _layout(first), first.rate
        kind = np.dtype(SAMPLE_TYPES[first.format.name.removesuffix("p")])
        # As many as fill it, where all frames are as long as the first: what is full is not copied again.
        self._capacity = max(1, round(BLOCK_S * first.rate) // first.samples) * first.samples
        self._filled = 0
        # Not frame.to_ndarray(): it looks for a null pointer behind the planes, and behind eight (7.1) there is none.
        planes = len(self._layout) if first.format.is_planar else 1
        self._data = np.empty((planes, self._capacity * len(self._layout) // planes), kind)
        self._rows = [memoryview(row).cast("B") for row in self._data]
        self._width = self._data.strides[0] // self._capacity  # bytes of a plane for one sample of all its channels

    def takes(self, frame: av.AudioFrame) -> bool:
        """Tell whether the frame is of the same form, and there is room for it."""
        return self._filled + frame.samples <= self._capacity and _form(frame) == self._form

    def add(self, frame: av.AudioFrame) -> None:
        """Copy the frame."""
        begin, size = self._filled * self._width, frame.samples * self._width
        for index, row in enumerate(self._rows):
            plane: Any = AudioPlane(frame, index)
            row[begin : begin + size] = memoryview(plane)[:size]
        self._filled += frame.samples

    def block(self) -> Block:
        """Give the frames as one block."""
        channels, planes = len(self._layout), len(self._data)
        data = self._data[:, : self._filled * channels // planes]
        if planes < channels:
            data = data.reshape(-1, channels).T
        return Block(_full_scale_1(data), self._layout, self._rate_hz)


def _form(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.rate


def _check(frame: av.AudioFrame) -> None:
    if not LOWEST_RATE_HZ <= frame.rate <= HIGHEST_RATE_HZ:
        raise InputError(f"states a sample rate of {frame.rate} Hz: its header is damaged; deliver it again")
    if frame.layout.nb_channels > MOST_CHANNELS:
        raise InputError(f"states {frame.layout.nb_channels} channels: its header is damaged; deliver it again")


def _silence(length: int, like: av.AudioFrame) -> Iterator[Block]:
    layout, piece = _layout(like), round(BLOCK_S * like.rate)
    for at in range(0, length, piece):
        yield Block(np.zeros((len(layout), min(piece, length - at)), np.float32), layout, like.rate)


def _layout(frame: av.AudioFrame) -> tuple[str, ...]:
    return tuple(channel.name for channel in frame.layout.channels)


def _full_scale_1(data: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # a damaged float64 becomes infinite, and that is dealt with below
        sound = np.ascontiguousarray(data, np.float32)
    if data.dtype.kind != "f":
        if data.dtype == np.uint8:
            sound -= 128
        sound *= np.float32(2 ** (1 - 8 * data.itemsize))
    elif not np.vdot(sound, sound) <= LOUDEST**2:  # may hold such a sample; so put, a NaN is found, too
        np.nan_to_num(sound, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
        np.clip(sound, -LOUDEST, LOUDEST, out=sound)
    return sound


def _seen_or_heard(container: InputContainer) -> list[Any]:
    """Give the streams that have a place in time: no cover pictures, subtitles or data."""
    moving = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    return [*container.streams.audio, *moving]


def _start_s(stream: Any) -> float | None:
    return None if stream.start_time is None else float(stream.start_time * stream.time_base)


def _codec(stream: Any) -> tuple[str, int]:
    context = stream.codec_context
    return (context.codec.canonical_name, context.sample_rate) if context and stream.type == "audio" else ("", 0)
