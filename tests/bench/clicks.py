"""How late a click comes, at the start of a file and after two hours, in ms, by codec and container.

Run: python tests/bench/clicks.py [--hours H] [codec …]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from transforms.sound.load import load

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import Track, lateness_ms, make_clicks, write_long_file  # type: ignore[import-not-found]

RATE_HZ = 16_000  # of what load gives
# Written here: codec → containers, for two hours of mono at 44.1 kHz (Opus: 48 kHz), whose stamps must be rounded.
LONG = {
    "aac": "aac mkv mp4 mov ts flv avi asf",
    "ac3": "ac3 mkv mp4 ts mpg avi wav",
    "eac3": "eac3 mkv mp4 ts",
    "mp2": "mp2 mkv ts mpg avi wav",
    "libmp3lame": "mp3 mkv mp4 ts avi flv",
    "libopus": "ogg mkv webm mp4 ts",
    "flac": "mkv mp4",
    "pcm_s16le": "wav w64 mkv mov avi",
    "pcm_s24be": "aiff caf mov",
}
# Written by the ffmpeg command from five seconds: what PyAV has no encoder for.
COMMAND = {
    "dca": "dts mkv mp4 ts mpg wav avi",
    "truehd": "thd mkv mp4 ts",
    "mlp": "mlp mkv",
    "libvorbis": "ogg mkv mp4",
    "s302m": "ts",
    "libtwolame": "mp2 ts",
}


def main() -> int:
    """Print the table; the exit status says whether all were within a millisecond."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("codecs", nargs="*", default=[*LONG, *COMMAND])
    args = parser.parse_args()
    worst = 0.0
    print(f"{'codec':12}{'container':10}{'start, ms':>10}{f'{args.hours:g} h, ms':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for codec in args.codecs:
            for suffix in (LONG | COMMAND)[codec].split():
                path = Path(folder) / f"a.{suffix}"
                times_s = long_file(path, codec, args.hours) if codec in LONG else short_file(path, codec)
                if times_s is None:
                    print(f"{codec:12}{suffix:10}{'skipped: cannot be written here':>32}")
                    continue
                found = lateness(path, times_s)
                print(f"{codec:12}{suffix:10}" + "".join(f"{ms:10.2f}" for ms in found), flush=True)
                worst = max([worst, *np.abs(np.nan_to_num(found, nan=1e3))])
                path.unlink()
    print(f"worst: {worst:.2f} ms")
    return int(worst > 1)


def lateness(path: Path, times_s: list[float]) -> list[float]:
    """Load the file and look for its clicks."""
    samples = load(str(path))[0].samples
    return [lateness_ms(samples, RATE_HZ, at_s) for at_s in times_s]


def long_file(path: Path, codec: str, hours: float) -> list[float]:
    """Write a click at the start and one after hours."""
    rate_hz = 48_000 if codec == "libopus" else 44_100
    return list(write_long_file(path, Track(np.zeros((1, 0), np.float32), rate_hz, codec), hours * 3600))


def short_file(path: Path, codec: str) -> list[float] | None:
    """Write a click with the ffmpeg command, if there is one and it can."""
    if (ffmpeg := shutil.which("ffmpeg")) is None:
        return None
    wave = path.with_name("in.wav")
    soundfile.write(wave, make_clicks([1.0], 2.0, channels=2).T, 48_000, subtype="PCM_24")
    kind = ["-f", {"thd": "truehd"}.get(path.suffix[1:], "")] if path.suffix == ".thd" else []
    command = [ffmpeg, "-loglevel", "error", "-y", "-i", str(wave), "-c:a", codec, "-strict", "-2", *kind, str(path)]
    return [1.0] if subprocess.run(command, check=False, capture_output=True).returncode == 0 else None


if __name__ == "__main__":
    raise SystemExit(main())
