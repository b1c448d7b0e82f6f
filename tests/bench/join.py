"""Time and memory of joining many titles with their subtitles and cue sheets in Beam, as ``smad prepare`` does it.

All but the sound: the catalog, its ledger, the files of each title. Few titles beside many show whether memory grows.

Run: python tests/bench/join.py [--titles N] [--events N]
"""

from __future__ import annotations

import argparse
import logging
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
from apache_beam.metrics import Metrics, MetricsFilter

from runners.options import engine
from transforms.cue_sheets.sheet import read_cue_sheet
from transforms.labels.rules import read_rules
from transforms.ptransforms.read import LABEL_COLUMNS, SOUND_COLUMNS, ReadCatalog, SkipDone
from transforms.ptransforms.sources import ReadAnnotations, ReadCueSheets, ReadTimedText
from transforms.records import Reading, TitleSources
from transforms.subtitles.timed_text import read_timed_text

CUES = 40
TEXTS = 20  # different subtitle files; each title has a copy of one
FEW = 100  # the few titles are so many times fewer
SAMPLE_S, LINE_S = 0.25, 15.0
WORDS = "the we go to night ship and you know what never captain sail six home again Anna tell her I am sorry too late"
DESCRIPTIONS = ("[soft music playing]", "[door slams]", "(PHONE RINGS)", "[musique douce]")


@dataclass(frozen=True)
class Usage:
    """What a run took; peak_mb: of all its processes, shared pages counted once."""

    took_s: float
    peak_mb: float


def main() -> int:
    """Print time and memory for one worker in this process and for two processes, few titles and many."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--titles", type=int, default=5000)
    parser.add_argument("--events", type=int, default=1000, help="subtitle events of each title")
    parser.add_argument("--run", nargs=2, metavar=("WORKERS", "FOLDER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        run(int(args.run[0]), Path(args.run[1]), args.titles)
        return 0
    few = max(args.titles // FEW, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_titles(folder, args.titles, args.events)
        for count in (few, args.titles):
            write_catalog(folder, count)
        for workers in (1, 2):
            compare(folder, workers, few, args.titles)
    return 0


def compare(folder: Path, workers: int, few: int, many: int) -> None:
    """Print what few titles and many cost, and how it grows."""
    first, last = (measured(workers, folder, count) for count in (few, many))
    more_ms, more_kb = (
        1e3 * (b - a) / max(many - few, 1) for a, b in ((first.took_s, last.took_s), (first.peak_mb, last.peak_mb))
    )
    cells = "   ".join(f"{n} titles {u.took_s:.1f} s {u.peak_mb:.0f} MB" for n, u in ((few, first), (many, last)))
    print(
        f"{workers} worker{'s' * (workers > 1)}: {cells}   a title more {more_ms:.1f} ms {more_kb:.1f} KB", flush=True
    )


def measured(workers: int, folder: Path, titles: int) -> Usage:
    """Run one pipeline in a process of its own, and watch it and the processes below it."""
    command = [sys.executable, __file__, "--titles", str(titles), "--run", str(workers), str(folder)]
    began, told, peak_mb = time.monotonic(), time.monotonic(), 0.0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            peak_mb = max(peak_mb, now_mb := shared_mb(process.pid))
            if time.monotonic() - told >= LINE_S:
                told = time.monotonic()
                print(f"  {titles} titles: {told - began:.0f} s, {now_mb:.0f} MB", file=sys.stderr, flush=True)
            time.sleep(SAMPLE_S)
    if process.returncode:
        raise SystemExit("failed")
    return Usage(time.monotonic() - began, peak_mb)


def shared_mb(pid: int) -> float:
    """Sum the memory of a process and of all below it, their shared pages counted once; 0 for those that have ended."""
    process = Path(f"/proc/{pid}")
    try:
        lines = (process / "smaps_rollup").read_text(encoding="ascii").splitlines()
        children = [child for task in (process / "task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return 0.0
    own_kb = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return own_kb / 1000 + sum(shared_mb(int(child)) for child in children)


def run(workers: int, folder: Path, titles: int) -> None:
    """Run the first half of ``smad prepare`` on the local engine, and check that nothing was lost."""
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    runner, options, _ = engine([f"--direct_num_workers={workers}"], titles)
    pipeline = beam.Pipeline(runner=runner, options=options)
    catalog, _ = pipeline | ReadCatalog([str(folder / f"{titles}.csv")])
    columns = SOUND_COLUMNS + LABEL_COLUMNS
    todo, _ = catalog | beam.Reshuffle() | SkipDone(str(folder / "output"), "", columns)
    text, _ = todo | beam.Map(TitleSources) | ReadTimedText({})
    cues, _ = text | ReadCueSheets()
    sources, _ = cues | ReadAnnotations(read_rules().classes)
    _ = sources | "Count" >> beam.Map(count)
    result = pipeline.run()
    result.wait_until_finish()
    found = result.metrics().query(MetricsFilter().with_namespace("bench"))["counters"]
    joined = {row.key.metric.name: row.result for row in found}
    text, cues = ready_made(folder)
    assert joined["titles"] == titles
    assert joined["cues"] == titles * len(cues.intervals)
    assert joined["events"] > 0.9 * titles * len(text.intervals)


def count(sources: TitleSources) -> None:
    """Count what has been joined."""
    assert sources.text
    assert sources.cues
    Metrics.counter("bench", "titles").inc()
    Metrics.counter("bench", "events").inc(len(sources.text[0].intervals))
    Metrics.counter("bench", "cues").inc(len(sources.cues.intervals))


def ready_made(folder: Path) -> tuple[Reading, Reading]:
    """Read the sources of the first title."""
    text, cues = ((folder / f"{name_of(0)}{suffix}").read_bytes() for suffix in (".srt", ".csv"))
    return read_timed_text(text, ".srt"), read_cue_sheet(cues, 25)


def write_titles(folder: Path, titles: int, events: int) -> None:
    """Write each title's subtitles and cue sheet, and one file of sound that is never opened."""
    chance = random.Random(0)
    texts = [subrip(events, chance) for _ in range(TEXTS)]
    for number in range(titles):
        (folder / f"{name_of(number)}.srt").write_text(texts[number % TEXTS], encoding="utf-8")
        (folder / f"{name_of(number)}.csv").write_text(cue_sheet(chance), encoding="utf-8")
    (folder / "sound.wav").touch()
    print(f"{titles} titles of {events} events: {len(texts[0].encode()) / 1000:.0f} KB of SubRip each", flush=True)


def write_catalog(folder: Path, titles: int) -> None:
    """Write a catalog of the first titles."""
    names = map(name_of, range(titles))
    rows = [f"{name},sound.wav,en,{name}.srt,{name}.csv,25" for name in names]
    lines = ["title_id,audio,language,subtitles,cue_sheet,cue_sheet_fps", *rows]
    (folder / f"{titles}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def name_of(number: int) -> str:
    """Name a title."""
    return f"title-{number:05}"


def subrip(events: int, chance: random.Random) -> str:
    """Make up a SubRip file: dialogue, a few lyrics and descriptions."""
    blocks, at_ms = [], 1000
    for number in range(1, events + 1):
        end_ms = at_ms + chance.randint(850, 6000)
        blocks.append(f"{number}\n{timecode(at_ms)} --> {timecode(end_ms)}\n{line(chance)}\n")
        at_ms = end_ms + chance.randint(80, 4000)
    return "\n".join(blocks)


def line(chance: random.Random) -> str:
    """Make up the text of an event."""
    lines = [" ".join(chance.choices(WORDS.split(), k=chance.randint(2, 7))).capitalize() for _ in range(2)]
    kind = chance.random()
    if kind < 0.05:
        return f"♪ {lines[0]} ♪"
    if kind < 0.10:
        return chance.choice(DESCRIPTIONS)
    if kind < 0.20:
        return f"- {lines[0]}?\n- {lines[1]}."
    return f"{lines[0]},\n{lines[1].lower()}." if kind < 0.50 else f"{lines[0]}."


def timecode(ms: int) -> str:
    """Write a time as SubRip does."""
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def cue_sheet(chance: random.Random) -> str:
    """Make up a cue sheet with timecode at 25 fps."""
    begins = sorted(chance.sample(range(7000), CUES))
    return "\n".join(["Title,Usage,TC In,TC Out", *(cue(number, at_s, chance) for number, at_s in enumerate(begins))])


def cue(number: int, at_s: int, chance: random.Random) -> str:
    """Make up a row of a cue sheet."""
    times: Iterable[str] = (
        f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}:{chance.randrange(25):02}"
        for s in (at_s, at_s + chance.randint(5, 120))
    )
    return ",".join([f"Cue {number}", chance.choice(["BI", "BI", "BV", "VI"]), *times])


if __name__ == "__main__":
    sys.exit(main())
