"""Bring a title's sound to the form that training and tagging share: mono, 16 kHz, 16 bit, −27 LKFS ±2 LU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.frames import seconds
from transforms.records import Audio, InputError
from transforms.sound.decode import Block
from transforms.sound.delivery import Delivery, Source
from transforms.sound.level import Keeper, Piece, quantize
from transforms.sound.loudness import delivery_gain_db
from transforms.sound.mono import MonoSignal

# A file that ends this much before its stated duration has lost its tail.
MISSING_TAIL_S = 0.5


@dataclass(frozen=True)
class Measured:
    """What is known of a title's sound when all of it was read, but for the samples."""

    loudness_lkfs: float
    programme_lkfs: float
    channels: int
    layout: str
    declared_s: float | None = None
    present: float = 1.0
    damage: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    cpu_s: float = 0.0
    peak_rss_mb: float = 0.0


def load(
    files: Source | Sequence[Source], tracks: Sequence[str] = (), layout: Sequence[str] = (), exact: bool = False
) -> tuple[Audio, list[str]]:
    """Decode, downmix, resample and level a title's sound; also say what of it is damaged.

    files, tracks, layout: as in ``Delivery``. exact: bring it to −27 LKFS even where it is within ±2 LU of it.

    Raises:
        InputError: no audio can be had from the files.
    """
    paths = [files] if isinstance(files, str) or not isinstance(files, Sequence) else files
    return keep(read_sound(paths, tracks, tuple(layout)), exact)


def load_wave(wave: NDArray[np.float32], rate_hz: int) -> Audio:
    """Do the same with samples in memory: [T] or [C, T] float32, full scale 1.0, channels in WAVE order.

    Raises:
        InputError: there are no samples, they are integers, or too many channels to mix.
    """
    if not np.issubdtype(np.asarray(wave).dtype, np.floating):
        raise InputError(f"samples are {np.asarray(wave).dtype}; deliver float32, full scale 1.0")
    channels = np.nan_to_num(np.atleast_2d(np.asarray(wave, np.float32)), nan=0.0, posinf=1.0, neginf=-1.0)
    pieces = (channels[:, at : at + rate_hz] for at in range(0, channels.shape[1], rate_hz))
    signal = MonoSignal(Block(piece, ("NONE",) * len(channels), rate_hz) for piece in pieces)
    return keep(_read(signal))[0]


def read_sound(
    files: Sequence[Source], tracks: Sequence[str] = (), layout: tuple[str, ...] = ()
) -> Iterator[Piece | Measured]:
    """Yield a title's mono signal piece by piece, and last what was measured of it.

    Raises:
        InputError: no audio can be had from the files.
    """
    with Delivery(files, tracks, layout) as delivery:
        yield from _read(MonoSignal(delivery.blocks()), delivery)


def _read(signal: MonoSignal, delivery: Delivery | None = None) -> Iterator[Piece | Measured]:
    for wave in signal.pieces():
        yield quantize(wave)
    yield Measured(
        signal.loudness_lkfs(),
        signal.programme_lkfs(),
        signal.channels,
        signal.layout,
        delivery.declared_s() if delivery else None,
        delivery.present if delivery else 1.0,
        tuple(delivery.damage) if delivery else (),
        tuple(delivery.guesses) if delivery else (),
    )


def keep(sound: Iterable[Piece | Measured], exact: bool = False) -> tuple[Audio, list[str]]:
    """Keep what ``read_sound`` yields, level it, and say what of it is damaged.

    Raises:
        InputError: it is shorter than a sample.
    """
    keeper = Keeper()
    for part in sound:
        if isinstance(part, Piece):
            keeper.push(part)
        else:
            measured = part
    gain_db = delivery_gain_db(measured.loudness_lkfs, exact)
    samples = keeper.levelled(gain_db)
    held_s = seconds(len(samples))
    if not held_s:
        raise InputError("holds no decodable sound; deliver a complete audio file")
    expected_s = _expected_s(measured, held_s)
    damage = list(measured.damage)
    if expected_s is not None and expected_s - held_s > MISSING_TAIL_S:
        damage.append(f"ends at {held_s:.1f} s of {expected_s:.1f} s; what is there was used")
    return Audio(
        samples,
        measured.loudness_lkfs,
        gain_db,
        measured.channels,
        measured.layout,
        measured.programme_lkfs,
        keeper.limited_s,
        expected_s,
        measured.cpu_s,
        measured.peak_rss_mb,
        measured.guesses,
    ), damage


def _expected_s(measured: Measured, held_s: float) -> float | None:
    declared_s, present = measured.declared_s, measured.present
    if declared_s is None or abs(declared_s * present - held_s) < abs(declared_s - held_s):
        return declared_s
    # FFmpeg has reckoned this duration (a WAV's) from the bytes that are there.
    return declared_s / present
