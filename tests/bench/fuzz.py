"""Damage small media files in many ways and load each: only a refusal or sound may come of it.

Run: python tests/bench/fuzz.py [--cases 5000] [--seed 0] [--workers 2] [--output bad-files] [--replay FILE]

Every case is loaded in another process, which may crash, hang or swallow the memory. A bad case is kept with what came
of it. It needs Linux; with ``SMAD_DATA`` the first pieces of real titles are damaged, too.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import faulthandler
import functools
import io
import json
import os
import queue
import selectors
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from transforms.frames import SAMPLE_RATE_HZ
from transforms.records import Audio, InputError
from transforms.sound.load import load

Random = np.random.Generator

LIMIT_S = 20.0
LIMIT_MB = 600
KILL_MB = 3000
LONGEST_S = 24 * 3600
# All cases are made of files of a second; so much more is a clock gone wrong.
STRETCHED_S = 60
HEADERS = (48, 128, 512)
EDGE = 4096
REAL_PIECE = 1 << 16
GOOD = ("loaded", "loaded with damage", "refused")
# What absurd counts, rates and durations look like, in 2, 4 and 8 bytes.
EXTREMES = (0, 1, -1, 2**15 - 1, 2**31 - 1, 2**63 - 1)

# 48 kHz as containers write it, and in the same form what no sound has.
RATES = (
    *(
        (struct.pack(form, 48_000), [struct.pack(form, rate_hz) for rate_hz in (0, 1, 10, 2**31 - 1, 2**32 - 1)])
        for form in ("<I", ">I")
    ),
    *(
        (struct.pack(form, 48_000), [struct.pack(form, rate_hz) for rate_hz in (0, 1, 10, 2**16 - 1)])
        for form in ("<H", ">H")
    ),
    *(
        (struct.pack(form, 48_000), [struct.pack(form, rate_hz) for rate_hz in (0, 1, 1e-3, -1, 1e30, np.nan, np.inf)])
        for form in ("<d", ">d", "<f", ">f")
    ),
    (bytes.fromhex("400ebb80"), [bytes.fromhex(rate) for rate in ("3fff8000", "00000000", "403e8000", "7fff8000")]),
    (bytes.fromhex("0bb8"), [bytes.fromhex(rate) for rate in ("0000", "0001", "ffff")]),  # FLAC: of 20 bits the first
)


@dataclass(frozen=True)
class Form:
    """A container and a codec. Video lies beside the sound where the container is never without it."""

    suffix: str
    muxer: str
    codec: str
    options: tuple[tuple[str, str], ...] = ()
    picture: str = ""


FASTSTART = (("movflags", "faststart"),)
FRAGMENTED = (("movflags", "frag_keyframe+delay_moov"),)
FORMS = {
    "wav": Form("wav", "wav", "pcm_s16le"),
    "wav-adpcm": Form("wav", "wav", "adpcm_ms"),
    "rf64": Form("wav", "wav", "pcm_s24le", (("rf64", "always"),)),
    "w64": Form("w64", "w64", "pcm_s16le"),
    "aiff": Form("aiff", "aiff", "pcm_s16be"),
    "au": Form("au", "au", "pcm_s16be"),
    "caf": Form("caf", "caf", "alac"),
    "flac": Form("flac", "flac", "flac"),
    "wavpack": Form("wv", "wv", "wavpack"),
    "tta": Form("tta", "tta", "tta"),
    "mp2": Form("mp2", "mp2", "mp2"),
    "mp3": Form("mp3", "mp3", "libmp3lame"),
    "adts": Form("aac", "adts", "aac"),
    "latm": Form("latm", "latm", "aac"),
    "ac3": Form("ac3", "ac3", "ac3"),
    "eac3": Form("eac3", "eac3", "eac3"),
    "m4a": Form("m4a", "ipod", "aac"),
    "m4a-alac": Form("m4a", "ipod", "alac"),
    "mp4": Form("mp4", "mp4", "aac", FASTSTART, picture="mpeg4"),
    "mp4-fragmented": Form("mp4", "mp4", "eac3", FRAGMENTED),
    "mov": Form("mov", "mov", "pcm_s24le"),
    "mkv": Form("mkv", "matroska", "ac3", picture="mpeg4"),
    "mka": Form("mka", "matroska", "flac"),
    "webm": Form("webm", "webm", "libopus"),
    "ogg-opus": Form("opus", "ogg", "libopus"),
    "ogg-flac": Form("oga", "ogg", "flac"),
    "ts": Form("ts", "mpegts", "aac", picture="mpeg2video"),
    "mpg": Form("mpg", "mpeg", "mp2"),
    "vob": Form("vob", "vob", "ac3"),
    "avi": Form("avi", "avi", "libmp3lame", picture="mpeg4"),
    "flv": Form("flv", "flv", "aac"),
    "mxf": Form("mxf", "mxf", "pcm_s24le", picture="mpeg2video"),
    "wma": Form("wma", "asf", "wmav2"),
    "nut": Form("nut", "nut", "mp2"),
}


@dataclass(frozen=True)
class File:
    """A media file in memory."""

    form: str
    suffix: str
    data: bytes


@dataclass(frozen=True)
class Outcome:
    """What came of loading a file: one of ``GOOD``, or what went wrong."""

    kind: str
    detail: str = ""
    held_s: float = 0.0
    growth_mb: float = 0.0


def whole_files() -> dict[str, File]:
    """Make a valid file of a second, stereo, of every form, Ogg Vorbis among them."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: File(name, form.suffix, written(form, Path(folder, name))) for name, form in FORMS.items()}
    vorbis = io.BytesIO()
    soundfile.write(vorbis, sound().T, 48_000, format="OGG", subtype="VORBIS")
    return files | {"ogg-vorbis": File("ogg-vorbis", "ogg", vorbis.getvalue())}


def real_pieces() -> dict[str, File]:
    """Take the first piece of every real title, where there are any."""
    folder = Path(os.environ["SMAD_DATA"], "catalog") if "SMAD_DATA" in os.environ else None
    titles = sorted(path for path in folder.iterdir() if path.is_file()) if folder else []
    pieces = {}
    for path in titles:
        if path.suffix in {".ac3", ".eac3", ".flac", ".m4a", ".mka", ".mkv", ".mov", ".mp3", ".mp4", ".ogg"}:
            with path.open("rb") as file:
                pieces[path.name] = File(path.stem, path.suffix[1:], file.read(REAL_PIECE))
    return pieces


@functools.cache
def sound() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Make a second of a chord in noise: [2, 48000] float32."""
    time_s = np.arange(48_000) / 48_000
    chord = np.sin(2 * np.pi * np.outer([220, 277, 330], time_s)).sum(axis=0) / 10
    noise = np.random.default_rng(0).normal(0, 0.02, (2, 48_000))
    return (np.stack([chord, chord[::-1]]) + noise).astype(np.float32)


def written(form: Form, path: Path) -> bytes:
    """Write a valid file and give its bytes."""
    with av.open(str(path), "w", format=form.muxer, options=dict(form.options)) as container:
        film = container.add_stream(form.picture, rate=25) if form.picture else None
        stream = container.add_stream(form.codec, rate=48_000, layout="stereo", bit_rate=128_000)
        if film is not None:
            assert isinstance(film, av.VideoStream)
            film.width, film.height, film.pix_fmt = 64, 64, "yuv420p"
            for number in range(25):
                picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")
                picture.pts, picture.time_base = number, Fraction(1, 25)
                container.mux(film.encode(picture))
            container.mux(film.encode(None))
        assert isinstance(stream, av.AudioStream)
        for at in range(0, 48_000, 1024):
            packed = np.ascontiguousarray(sound()[:, at : at + 1024].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def flip_bits(random: Random, data: bytes) -> bytes:
    """Turn one bit over, or in up to one byte of a hundred."""
    count = int(np.exp(random.uniform(0, np.log(max(2, len(data) // 100)))))
    return _flipped(random, data, random.integers(len(data), size=count))


def damage_header(random: Random, data: bytes) -> bytes:
    """Turn bits over in the first 200 bytes only."""
    return _flipped(random, data, random.integers(min(200, len(data)), size=random.integers(1, 20)))


def _flipped(random: Random, data: bytes, places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bytes:
    changed = bytearray(data)
    for at in places:
        changed[at] ^= 1 << int(random.integers(8))
    return bytes(changed)


def overwrite(random: Random, data: bytes) -> bytes:
    """Put a run of noise, zeros or ones over the data."""
    start, stop = _stretch(random, data)
    length = stop - start
    filler = (random.bytes(length), bytes(length), b"\xff" * length)[int(random.integers(3))]
    return data[:start] + filler + data[stop:]


def truncate(random: Random, data: bytes) -> bytes:
    """End at a tenth of the file, or anywhere."""
    if random.integers(2):
        return data[: len(data) * int(random.integers(10)) // 10]
    return data[: int(random.integers(len(data)))]


def delete(random: Random, data: bytes) -> bytes:
    """Leave a stretch out."""
    start, stop = _stretch(random, data)
    return data[:start] + data[stop:]


def duplicate(random: Random, data: bytes) -> bytes:
    """Say a stretch twice."""
    start, stop = _stretch(random, data)
    return data[:stop] + data[start:]


def swap(random: Random, data: bytes) -> bytes:
    """Exchange two neighbouring stretches."""
    first, second, third = sorted(int(at) for at in random.integers(len(data), size=3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def exaggerate(random: Random, data: bytes) -> bytes:
    """Set up to three integers near the start, or the end, to the least or the most that they can hold."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 4)):
        width = int(random.choice([2, 4, 8]))
        # Most of what counts lies in the first bytes.
        at = int(random.integers(max(1, min(int(random.choice(HEADERS)), len(data)) - width)))
        at -= at % 2 * int(random.integers(2))
        if random.integers(4) == 0:
            at = max(0, len(data) - max(HEADERS)) + at
        value = int(random.choice(EXTREMES)) & (2 ** (8 * width) - 1)
        changed[at : at + width] = value.to_bytes(width, "little" if random.integers(2) else "big")
    return bytes(changed)


def retune(random: Random, data: bytes) -> bytes:
    """Write another sample rate where the start or the end of the file seems to hold the right one."""
    start, middle, end = data[:EDGE], data[EDGE:-EDGE], data[EDGE:][-EDGE:]
    present = [(held, others) for held, others in RATES if held in start or held in end]
    if not present:
        return exaggerate(random, data)
    held, others = present[int(random.integers(len(present)))]
    other = others[int(random.integers(len(others)))]
    return start.replace(held, other) + middle + end.replace(held, other)


def _stretch(random: Random, data: bytes) -> tuple[int, int]:
    length = int(np.exp(random.uniform(0, np.log(max(2, len(data) / 2)))))
    start = int(random.integers(max(1, len(data) - length)))
    return start, start + length


MUTATIONS: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(flip_bits, damage_header, overwrite, truncate, delete, duplicate, swap, exaggerate, retune),
)


def mutant(files: Mapping[str, File], seed: int, number: int) -> tuple[str, bytes]:
    """Make the damaged file of a seed and a number; its name tells what it is: ``17-mkv-swap.mkv``."""
    random = np.random.default_rng([seed, number])
    names = sorted(files)
    file, other = (files[names[int(random.integers(len(names)))]] for _ in range(2))
    choice = int(random.integers(len(MUTATIONS) + 2))
    if choice == len(MUTATIONS):
        return f"{number}-{file.form}-glue-{other.form}.{file.suffix}", file.data + other.data
    if choice > len(MUTATIONS):
        return f"{number}-{file.form}-misname.{other.suffix}", file.data
    mutation = MUTATIONS[choice]
    return f"{number}-{file.form}-{mutation.__name__}.{file.suffix}", mutation(random, file.data)


def flaw(audio: Audio) -> str:
    """Tell what is wrong with loaded sound; nothing where it is sound."""
    if audio.samples.dtype != np.int16 or audio.samples.ndim != 1:
        return f"samples are {audio.samples.dtype} {audio.samples.shape}"
    if not 0 < len(audio.samples) <= LONGEST_S * SAMPLE_RATE_HZ:
        return f"{len(audio.samples) / SAMPLE_RATE_HZ:.0f} s long"
    if np.isnan(audio.loudness_lkfs) or audio.loudness_lkfs == np.inf or not np.isfinite(audio.gain_db):
        return f"loudness {audio.loudness_lkfs}, gain {audio.gain_db}"
    return ""


def examine(path: str) -> Outcome:
    """Load a file in this process."""
    before_mb = _own_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here on
    try:
        audio, damage = load(path)
    except InputError as error:
        kind, detail, held_s = "refused", str(error), 0.0
    except Exception as error:
        kind, detail, held_s = type(error).__name__, traceback.format_exc(), 0.0
    else:
        held_s = len(audio.samples) / SAMPLE_RATE_HZ
        kind, detail = "loaded with damage" if damage else "loaded", "; ".join(map(str, damage))
        if problem := flaw(audio):
            kind, detail = "INVALID", problem
        elif held_s > STRETCHED_S:
            kind, detail = "STRETCHED", f"{held_s:.0f} s; {detail}"
    return Outcome(kind, detail, held_s, _own_mb("VmHWM") - before_mb)


def _own_mb(what: str, pid: int | str = "self") -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    return 0.0


def family_mb(pid: int) -> float:
    """Give the memory that a process and its children hold, in MB."""
    try:
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _children(task)]
        return _own_mb("VmRSS", pid) + sum(family_mb(child) for child in children)
    except OSError:  # it ended meanwhile
        return 0.0


def _children(task: Path) -> list[str]:
    return (task / "children").read_text(encoding="ascii").split()


class Worker:
    """A process that loads file after file, and is replaced once it died or had to be killed."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        said, self._log = tempfile.mkstemp()
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )
        os.close(said)
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it has imported everything
        self._idle_mb = family_mb(self._process.pid)

    def examine(self, path: str) -> Outcome:
        """Load a file there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(path.encode() + b"\n")
        self._process.stdin.flush()
        started, peak_mb = time.monotonic(), 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not selector.select(0.1):
                peak_mb = max(peak_mb, family_mb(self._process.pid) - self._idle_mb)
                if peak_mb > KILL_MB:
                    return self._replaced("MEMORY", f"killed at {peak_mb:.0f} MB", peak_mb)
                if time.monotonic() - started > LIMIT_S:
                    self._process.send_signal(signal.SIGUSR1)
                    selector.select(0.5)
                    return self._replaced("HANG", f"killed after {LIMIT_S:.0f} s", peak_mb)
        answer = self._process.stdout.readline()
        if not answer:
            return self._replaced("CRASH", f"exit status {self._process.wait()}", peak_mb)
        outcome = Outcome(**json.loads(answer))
        peak_mb = max(peak_mb, outcome.growth_mb)
        if peak_mb > LIMIT_MB:
            outcome = Outcome("MEMORY", f"{outcome.kind}: {outcome.detail}", outcome.held_s, peak_mb)
        return outcome

    def _replaced(self, kind: str, detail: str, peak_mb: float) -> Outcome:
        self._end()
        said = Path(self._log).read_text(encoding="utf-8", errors="replace")[-4000:]
        Path(self._log).unlink()
        self._start()
        return Outcome(kind, f"{detail}\n{said}", growth_mb=peak_mb)

    def close(self) -> None:
        """End the process, and what it has started."""
        self._end()
        Path(self._log).unlink()

    def _end(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.stdin.close()


def serve() -> None:
    """Be a worker: a path a line in, an outcome a line out."""
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # tells where it hangs
    print(flush=True)
    for line in sys.stdin:
        print(json.dumps(asdict(examine(line.rstrip("\n")))), flush=True)


def outcomes(files: Mapping[str, File], seed: int, cases: int, workers: int) -> Iterator[tuple[str, bytes, Outcome]]:
    """Yield name, data and outcome of every case, in order of their numbers."""
    idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    for _ in range(workers):
        idle.put(Worker())

    def one(number: int) -> tuple[str, bytes, Outcome]:
        name, data = mutant(files, seed, number)
        worker = idle.get()
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, name)
                path.write_bytes(data)
                return name, data, worker.examine(str(path))
        finally:
            idle.put(worker)

    try:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            yield from pool.map(one, range(cases))
    finally:
        for _ in range(workers):
            idle.get().close()


def run(cases: int, seed: int, workers: int, output: Path) -> None:
    """Load all cases, print the counts by outcome, and keep the bad ones."""
    counts: collections.Counter[str] = collections.Counter()
    bad = 0
    longest_s = most_mb = 0.0
    started = time.monotonic()
    for name, data, outcome in outcomes(whole_files() | real_pieces(), seed, cases, workers):
        counts[outcome.kind] += 1
        longest_s, most_mb = max(longest_s, outcome.held_s), max(most_mb, outcome.growth_mb)
        if outcome.kind not in GOOD:
            bad += 1
            output.mkdir(parents=True, exist_ok=True)
            (output / name).write_bytes(data)
            report = {"seed": seed, "outcome": asdict(outcome)}
            (output / f"{name}.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
            print(f"\r{name}: {outcome.kind}: {outcome.detail.strip()[:200]!r}")
        print(f"\r{counts.total()} of {cases}, {bad} bad", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for kind, count in counts.most_common():
        print(f"{kind}: {count}")
    print(f"longest sound: {longest_s:.1f} s, {longest_s / STRETCHED_S:.2f} of the limit of {STRETCHED_S} s")
    print(f"most memory: {most_mb:.0f} MB, {most_mb / LIMIT_MB:.2f} of the limit of {LIMIT_MB} MB")
    print(f"{bad / cases:.4f} of {cases} cases are bad (limit 0), in {time.monotonic() - started:.0f} s")


def main() -> int:
    """Run the cases, or one again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path(tempfile.gettempdir(), "smad-fuzz"))
    parser.add_argument("--replay", type=Path, help="load this file only")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    elif options.replay:
        worker = Worker()
        print(json.dumps(asdict(worker.examine(str(options.replay))), indent=1).replace("\\n", "\n"))
        worker.close()
    else:
        run(options.cases, options.seed, options.workers, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
