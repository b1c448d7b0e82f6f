"""What it costs to bring 5.1 sound to leveled mono at 16 kHz: time against the ffmpeg command, memory for three hours.

Run: SMAD_DATA=… python tests/bench/front_end.py [--minutes 20] [--rounds 3] [--hours 3] [--output DIR] [--ffmpeg PATH]…

The files are made once and kept in the output folder (encoding is slow: about an hour of sound in five minutes). CPU
seconds are those of user and system, of all threads and children. The memory of a load is the sum of the peaks of its
process and of all its children, above what the process held after its imports; it needs Linux.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import select
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

SOURCE = Path("catalog") / "le-phare-s01e01.eac3"  # a bare stream: repeated, it is a longer stream
SOURCE_S = 80
LIMIT_RATIO = 1.25
LIMIT_MB = 450
SAMPLE_S = 0.2
RATE_HZ = 48_000
# In the order of cost to encode: AAC takes a minute for half an hour of sound.
CODECS = {
    "eac3": ["-c:a", "copy"],
    "ac3": ["-c:a", "ac3", "-b:a", "448k"],
    "flac": ["-c:a", "flac", "-compression_level", "5"],
    "opus": ["-c:a", "libopus", "-b:a", "256k", "-mapping_family", "1", "-af", "aformat=channel_layouts=5.1"],
    "m4a": ["-c:a", "aac", "-b:a", "384k"],
}
# Stereo, 5.1, 7.1, and 16 speakers that have a place in the mix.
MASKS = {2: 0x3, 6: 0x3F, 8: 0x63F, 16: 0x2002D7FF}
# Loads a file as the jobs do, and tells what it cost. It waits after the imports, its decoder's too, to be measured.
LOADER = """
import json, resource, sys, tempfile, time
import numpy as np, soundfile
from transforms.sound.apart import read_apart
from transforms.sound.load import keep
from transforms.records import InputError

with tempfile.NamedTemporaryFile(suffix=".wav") as short:
    soundfile.write(short, np.full(48000, 0.1), 48000)
    keep(read_apart([short.name]))

def cpu_s():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return [part.ru_utime + part.ru_stime for part in used]

print(flush=True)
sys.stdin.readline()
before, started = cpu_s(), time.monotonic()
try:
    audio, damage = keep(read_apart([sys.argv[1]]))
    held, said = len(audio.samples), "; ".join(map(str, damage))
except InputError as error:
    held, said = 0, f"refused: {error}"
own_s, children_s = (now - then for now, then in zip(cpu_s(), before))
took_s = time.monotonic() - started
print(json.dumps({"own_s": own_s, "children_s": children_s, "took_s": took_s, "held": held, "said": said}), flush=True)
sys.stdin.readline()
"""


@dataclass(frozen=True)
class Usage:
    """What a process uses. shared_mb: a page that n processes share counts for 1/n; cpu_s: with its dead children."""

    peak_mb: float
    shared_mb: float
    cpu_s: float


@dataclass(frozen=True)
class Load:
    """What it took to load a file."""

    cpu_s: float
    children_s: float
    took_s: float
    held_s: float
    said: str
    peak_mb: float
    shared_mb: float


def ffmpegs(paths: list[str]) -> dict[str, str]:
    """Find ffmpeg commands by version: those that are named, the one on the path, and that of ``imageio_ffmpeg``."""
    found = [*paths, shutil.which("ffmpeg")]
    try:
        bundled: Any = importlib.import_module("imageio_ffmpeg")
        found.append(bundled.get_ffmpeg_exe())
    except ImportError:
        pass
    return {version(path): path for path in reversed(found) if path}


def version(ffmpeg: str) -> str:
    """Give the version that a command states, without what its packager adds: ``7.0.2``."""
    said = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True).stdout
    name = said.split()[2]
    return name.lstrip("n").partition("-")[0]


def encoded(data: Path, output: Path, minutes: int, ffmpeg: str) -> dict[str, Path]:
    """Make 5.1 files of that many minutes, of every codec, unless they are there."""
    stream = output / f"source-{minutes}.eac3"
    write_once(stream, lambda path: repeat(data / SOURCE, path, minutes * 60))
    files = {}
    for suffix, how in CODECS.items():
        command = [ffmpeg, "-nostdin", "-v", "error", "-y", "-i", str(stream), *how]
        files[suffix] = write_once(output / f"film-{minutes}.{suffix}", partial(encode, command))
    return files


def encode(command: list[str], path: Path) -> None:
    """Run ffmpeg to make a file."""
    subprocess.run([*command, str(path)], check=True)


def write_once(path: Path, make: Callable[[Path], None]) -> Path:
    """Make a file under another name and rename it, so that half a file is never taken for a whole one."""
    if not path.exists():
        unfinished = path.with_stem(f"{path.stem}-unfinished")
        make(unfinished)
        unfinished.rename(path)
    return path


def repeat(source: Path, path: Path, length_s: int) -> None:
    """Write a bare stream over and over, till it is at least so long."""
    piece = source.read_bytes()
    with path.open("wb") as file:
        for _ in range(-(-length_s // SOURCE_S)):
            file.write(piece)


def write_pcm(path: Path, channels: int, length_s: int) -> None:
    """Write a Wave64 file of silence, and a second of noise a minute; the silence takes no room on the disk."""
    size = channels * 2 * RATE_HZ * length_s
    form = struct.pack("<HHIIHH", 0xFFFE, channels, RATE_HZ, channels * 2 * RATE_HZ, channels * 2, 16)
    form += struct.pack("<HHI", 22, 16, MASKS[channels])  # WAVE_FORMAT_EXTENSIBLE
    form += bytes.fromhex("0100000000001000800000aa00389b71")  # KSDATAFORMAT_SUBTYPE_PCM
    rest = bytes.fromhex("f3acd3118cd100c04f8edb8a")  # every identifier is four letters and these
    head = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000") + struct.pack("<Q", 128 + size) + b"wave" + rest
    head += b"fmt " + rest + struct.pack("<Q", 24 + len(form)) + form + b"data" + rest + struct.pack("<Q", 24 + size)
    noise = np.random.default_rng(0).normal(0, 1000, (RATE_HZ, channels)).astype("<i2").tobytes()
    with path.open("wb") as file:
        file.write(head)
        for second in range(0, length_s, 60):
            file.seek(len(head) + second * len(noise))
            file.write(noise)
        file.truncate(len(head) + size)


def ffmpeg_s(ffmpeg: str, path: Path) -> float:
    """Give the CPU seconds of ffmpeg's own decoding, mixing and resampling."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [ffmpeg, "-nostdin", "-v", "error", "-i", str(path), "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def loaded(path: Path, watch: bool = False) -> Load:
    """Load a file in a fresh process. watch: look at its memory all the time, which costs a little."""
    with subprocess.Popen(
        [sys.executable, "-c", LOADER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        imported, peaks = family(process.pid), dict[int, Usage]()
        process.stdin.write("\n")
        process.stdin.flush()
        shared_mb = 0.0
        while not select.select([process.stdout], [], [], SAMPLE_S if watch else None)[0]:
            peaks |= (now := family(process.pid))
            shared_mb = max(shared_mb, total(now, "shared_mb") - total(imported, "shared_mb"))
        told = json.loads(process.stdout.readline())
        peaks |= (now := family(process.pid))
        # Children that still run are in no account of the process yet.
        living_s = children_s(now, process.pid) - children_s(imported, process.pid)
        process.communicate("\n")
    return Load(
        told["own_s"] + told["children_s"] + living_s,
        told["children_s"] + living_s,
        told["took_s"],
        told["held"] / 16_000,
        told["said"],
        total(peaks, "peak_mb") - total(imported, "peak_mb"),
        shared_mb,
    )


def children_s(usages: Mapping[int, Usage], pid: int) -> float:
    """Give the CPU seconds of all processes but the one."""
    return sum(usage.cpu_s for other, usage in usages.items() if other != pid)


def total(usages: Mapping[int, Usage], what: str) -> float:
    """Sum one of the usages."""
    return sum(float(getattr(usage, what)) for usage in usages.values())


def family(pid: int) -> dict[int, Usage]:
    """Tell what a process and all below it use, by their ids; those that end meanwhile are left out."""
    process = Path(f"/proc/{pid}")
    try:
        peak_mb = field_mb(process / "status", "VmHWM:")
        shared_mb = field_mb(process / "smaps_rollup", "Pss:")
        ticks = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:15]
        children = [child for task in (process / "task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return {}
    usages = {pid: Usage(peak_mb, shared_mb, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"))}
    for child in children:
        usages |= family(int(child))
    return usages


def field_mb(path: Path, name: str) -> float:
    """Read a line such as ``VmHWM:   123 kB``."""
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)


def compare(files: Mapping[str, Path], commands: Mapping[str, str], rounds: int) -> None:
    """Print the CPU seconds an hour of sound costs ffmpeg and us, taken in turns, and the ratios of the least."""
    print(
        f"{'file':6}"
        + "".join(f"{'ffmpeg ' + name:>14}" for name in commands)
        + f"{'smad':>10}{'children':>10}  ratios"
    )
    for suffix, path in files.items():
        theirs: dict[str, list[float]] = {name: [] for name in commands}
        ours: list[Load] = []
        for _ in range(rounds):
            for name, command in commands.items():
                theirs[name].append(ffmpeg_s(command, path))
            ours.append(loaded(path))
        best = min(ours, key=lambda load: load.cpu_s)
        if not best.held_s:
            print(f"{suffix:6}{best.said}", flush=True)
            continue
        an_hour = 3600 / best.held_s
        least = {name: min(seconds) for name, seconds in theirs.items()}
        row = f"{suffix:6}" + "".join(f"{seconds * an_hour:>14.1f}" for seconds in least.values())
        row += f"{best.cpu_s * an_hour:>10.1f}{best.children_s * an_hour:>10.1f}  "
        row += ", ".join(f"{best.cpu_s / seconds:.2f}" for seconds in least.values())
        print(f"{row} (limit {LIMIT_RATIO})" + (f"; {best.said}" if best.said else ""), flush=True)


def weigh(files: Mapping[str, Path]) -> None:
    """Print the peak of memory of loading each file."""
    for name, path in files.items():
        load = loaded(path, watch=True)
        ratio = f"{load.peak_mb / LIMIT_MB:.2f} of the limit of {LIMIT_MB} MB"
        print(
            f"{name}: {load.peak_mb:.0f} MB above the imports, {ratio} ({load.shared_mb:.0f} MB with shared pages once)"
            f", {load.held_s / 3600:.2f} h loaded in {load.took_s:.0f} s {load.said}",
            flush=True,
        )


def main() -> int:
    """Print time and memory, and their ratios to the limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=int, default=20, help="length of the files that are timed")
    parser.add_argument("--rounds", type=int, default=3, help="times that each is timed; the least counts")
    parser.add_argument("--hours", type=int, default=3, help="length of the files whose memory is measured, or 0")
    parser.add_argument("--output", type=Path, default=Path(tempfile.gettempdir(), "smad-front-end"))
    parser.add_argument("--ffmpeg", action="append", default=[], help="a command to compare with, beside those found")
    options = parser.parse_args()
    if "SMAD_DATA" not in os.environ:
        print("skipped: SMAD_DATA names no folder of recordings")
        return 0
    data, output = Path(os.environ["SMAD_DATA"]), options.output
    output.mkdir(parents=True, exist_ok=True)
    commands = ffmpegs(options.ffmpeg)
    if commands:
        files = encoded(data, output, options.minutes, next(iter(commands.values())))
        compare(files, commands, options.rounds)
    else:
        print("no times: there is no ffmpeg to compare with; install it, or pip install imageio-ffmpeg")
    length_s = 3600 * options.hours
    if not length_s:
        return 0
    stream = output / f"stream-{options.hours}.eac3"
    films = {"E-AC-3 5.1": write_once(stream, lambda path: repeat(data / SOURCE, path, length_s))}
    for channels in MASKS:
        path = output / f"pcm-{options.hours}-{channels}.w64"
        films[f"PCM, {channels} channels"] = write_once(path, partial(write_pcm, channels=channels, length_s=length_s))
    weigh(films)
    return 0


if __name__ == "__main__":
    sys.exit(main())
