"""Whether subtitles of whole films are brought to the sound: programmes of 20 and 60 minutes made of real recordings.

Five kinds of programme, from talk to a nearly silent film, with music and noise under and between the lines; subtitles
with the timing noise of real ones, and 20 % of the lines missing. Shares of files that are kept as they are, put right
within 0.2 s over the whole length after being moved, and refused where they are another programme's.

Run: SMAD_DATA=… python tests/bench/sync.py [--minutes 20,60] [--programmes N]
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transforms.frames import SAMPLE_RATE_HZ
from transforms.labels.rules import read_rules
from transforms.labels.synchronize import LINES, synchronize
from transforms.records import Interval, Reading, Sync
from transforms.sound.load import load
from transforms.sound.speech_curve import speech_curve

RULES = read_rules().sync
RIGHT_S = 0.2
SPEECH_RMS = 0.05
MISSED = 0.2
Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Kind:
    """A kind of programme: shares of its scenes, pauses between lines, how often and how loud music lies under them."""

    dialogue: float
    music: float
    pause_s: float
    under: float
    under_db: tuple[float, float]


KINDS = {
    "talk": Kind(0.9, 0.05, 0.8, 0.2, (-20, -10)),
    "drama": Kind(0.55, 0.2, 2.0, 0.5, (-15, -5)),
    "action": Kind(0.15, 0.4, 2.5, 0.8, (-10, 3)),
    "documentary": Kind(0.8, 0.15, 4.0, 1.0, (-15, -3)),
    "nearly silent": Kind(0.05, 0.5, 4.0, 0.7, (-10, 0)),
}
Moves = dict[str, list[tuple[float, float]]]
MOVES: Moves = {
    "shifted": [(1.0, shift) for shift in (-55.0, -20.0, -3.0, 3.0, 20.0, 55.0)],
    "0.1 %": [(rate, shift) for rate in (1.001, 1 / 1.001) for shift in (0.0, 11.0)],
    "4 %": [(rate, shift) for rate in (25 / 24, 24 / 25) for shift in (0.0, 11.0)],
}


def main() -> int:
    """Print a table for each length."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", default="20,60")
    parser.add_argument("--programmes", type=int, default=3, help="of each kind [%(default)s]")
    args = parser.parse_args()
    if "SMAD_DATA" not in os.environ:
        print("skipped: SMAD_DATA names no folder of recordings")
        return 0
    for minutes in map(float, args.minutes.split(",")):
        print(
            f"\n{minutes:g} minutes: right within {RIGHT_S} s when moved; verdicts on others' files, and on torn ones"
        )
        print(
            f"{'':25}{'scores':>14}  kept" + "".join(f"{name:>10}" for name in MOVES) + "   exchanged   half 10 s off"
        )
        for name, kind in KINDS.items():
            print_row(name, [programme(kind, minutes * 60, seed) for seed in range(args.programmes)])
    return 0


def print_row(name: str, made: list[tuple[NDArray[np.float32], list[Interval], float]]) -> None:
    """Print what became of one kind's files."""
    own = [sync_of(lines, curve, duration_s) for curve, lines, duration_s in made]
    scores = " ".join(f"{sync.score:.1f}" for sync in own)
    kept = np.mean([(sync.verdict, sync.offset_s, sync.rate) == ("kept", 0, 1) for sync in own])
    shares = [np.mean([is_right(one, move) for one in made for move in moves]) for moves in MOVES.values()]
    others = [sync_of(made[i - 1][1], curve, duration_s) for i, (curve, _, duration_s) in enumerate(made)]
    halves = [sync_of(later_half(lines, duration_s), curve, duration_s) for curve, lines, duration_s in made]
    print(
        f"{name:15}{scores:>24}{kept:6.2f}"
        + "".join(f"{share:10.3f}" for share in shares)
        + f"{verdicts(others):>12}   {verdicts(halves)}",
        flush=True,
    )


def verdicts(found: list[Sync]) -> str:
    """Count verdicts, in short."""
    return ", ".join(f"{count} {verdict}" for verdict, count in Counter(sync.verdict for sync in found).items())


def later_half(lines: list[Interval], duration_s: float) -> list[Interval]:
    """Move the lines of the second half, as an advertisement does."""
    return [
        Interval(i.start_s + 10 * (i.start_s > duration_s / 2), i.end_s + 10 * (i.start_s > duration_s / 2), i.kind)
        for i in lines
    ]


def sync_of(lines: list[Interval], curve: Wave, duration_s: float) -> Sync:
    """Bring lines to the sound."""
    sync = synchronize(Reading(tuple(lines)), LINES, curve, duration_s, RULES).sync
    assert sync is not None
    return sync


def is_right(one: tuple[Wave, list[Interval], float], move: tuple[float, float]) -> bool:
    """Tell whether a file that says t for rate · t + offset is put right."""
    curve, lines, duration_s = one
    rate, offset_s = move
    moved = [Interval((i.start_s - offset_s) / rate, (i.end_s - offset_s) / rate, i.kind) for i in lines]
    sync = sync_of([i for i in moved if i.start_s >= 0], curve, duration_s)
    errors = [abs((sync.rate - rate) * t + sync.offset_s - offset_s) for t in (0.0, duration_s / rate)]
    return sync.verdict in ("kept", "moved") and max(errors) <= RIGHT_S


def programme(kind: Kind, duration_s: float, seed: int) -> tuple[Wave, list[Interval], float]:
    """Make a programme: its curve, the lines of its subtitles, its length."""
    random = np.random.default_rng([seed, round(duration_s), round(100 * kind.dialogue)])
    total = round(duration_s * SAMPLE_RATE_HZ)
    sound = bed("noise", total, 0.7, (-30, -12), random)
    spoken: list[tuple[float, float]] = []
    at_s = random.uniform(5, 40)
    while at_s < duration_s - 30:
        end_s = min(at_s + random.uniform(20, 90), duration_s - 10)
        span = slice(round(at_s * SAMPLE_RATE_HZ), round(end_s * SAMPLE_RATE_HZ))
        scene = random.choice(3, p=[kind.dialogue, kind.music, 1 - kind.dialogue - kind.music])
        if scene == 0:
            spoken += talk(sound, at_s, end_s, kind.pause_s, random)
        if scene == 1 or (scene == 0 and random.random() < kind.under):
            level = (-8, 3) if scene == 1 else kind.under_db
            sound[span] += bed("music", span.stop - span.start, 1.0, level, random)
        at_s = end_s + random.uniform(0, 10)
    sound *= 0.045 / np.sqrt(np.mean(sound**2))
    samples = np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)
    return speech_curve(samples), subtitles(spoken, random), duration_s


def talk(
    sound: Wave, at_s: float, end_s: float, pause_s: float, random: np.random.Generator
) -> list[tuple[float, float]]:
    """Put lines of a few speakers into the sound, and say where."""
    clips = [voices()[index] for index in random.choice(len(voices()), 3)]
    spoken: list[tuple[float, float]] = []
    while True:
        path, active = clips[random.integers(3)]
        start_s, stop_s = active[random.integers(len(active))]
        stop_s = min(stop_s, start_s + random.uniform(1, 6))
        if at_s + stop_s - start_s > end_s:
            return spoken
        line = level(
            recording(path)[round(start_s * SAMPLE_RATE_HZ) : round(stop_s * SAMPLE_RATE_HZ)], random.normal(0, 3)
        )
        first = round(at_s * SAMPLE_RATE_HZ)
        sound[first : first + len(line)] += line
        spoken.append((at_s, at_s + len(line) / SAMPLE_RATE_HZ))
        at_s = spoken[-1][1] + 0.1 + random.exponential(pause_s)


def bed(label: str, total: int, share: float, db: tuple[float, float], random: np.random.Generator) -> Wave:
    """Lay recordings of a class one after the other, each at a level of its own."""
    sound, at = np.zeros(total, np.float32), 0
    paths = recordings(label)
    while at < total:
        part = recording(paths[random.integers(len(paths))])[: min(40 * SAMPLE_RATE_HZ, total - at)]
        if random.random() < share:
            sound[at : at + len(part)] = level(part, random.uniform(*db))
        at += max(len(part), SAMPLE_RATE_HZ)
    return sound


def level(wave: Wave, db: float) -> Wave:
    """Bring a recording to a level against that of speech."""
    return np.asarray(wave * (SPEECH_RMS * 10 ** (db / 20) / (np.sqrt(np.mean(wave**2)) + 1e-6)), np.float32)


def subtitles(spoken: list[tuple[float, float]], random: np.random.Generator) -> list[Interval]:
    """Write lines as subtitlers do: in-times near the voice or at a cut before it, late out-times, pauses swallowed."""
    lines: list[Interval] = []
    for start, end in spoken:
        if random.random() < MISSED:
            continue
        begin = start + random.uniform(-0.12, 0.12) - (random.random() < 0.2) * random.uniform(0, 0.4)
        until = max(end + random.uniform(0, 0.5), begin + 5 / 6)
        if lines and begin - lines[-1].end_s < 0.4 and until - lines[-1].start_s < 7:
            lines[-1] = Interval(lines[-1].start_s, until, "dialogue")
        else:
            lines.append(Interval(max(begin, lines[-1].end_s + 0.08 if lines else 0), until, "dialogue"))
    return [line for line in lines if line.end_s > line.start_s]


@cache
def voices() -> list[tuple[str, list[tuple[float, float]]]]:
    """Give the clips of speech with the stretches of at least a second where the voice is active."""
    active: dict[str, list[tuple[float, float]]] = {}
    for row in rows("activity.csv"):
        span = float(row["start_s"]), float(row["end_s"])
        if row["path"].startswith("speech/") and span[1] - span[0] >= 1:
            active.setdefault(row["path"], []).append(span)
    return list(active.items())


@cache
def recordings(label: str) -> list[str]:
    """Give the paths of a class."""
    return [row["path"] for row in rows("corpus.csv") if row["class"] == label]


@cache
def recording(path: str) -> Wave:
    """Read a clip."""
    samples = load(str(corpus() / path))[0].samples
    return np.asarray(samples / 32768, np.float32)


def rows(name: str) -> list[dict[str, str]]:
    """Read a table of the corpus."""
    with (corpus() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def corpus() -> Path:
    """Say where the recordings are."""
    return Path(os.environ["SMAD_DATA"]) / "corpus"


if __name__ == "__main__":
    started = time.monotonic()
    status = main()
    print(f"{time.monotonic() - started:.0f} s")
    sys.exit(status)
