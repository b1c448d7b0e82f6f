"""How fast programmes are mixed, against how fast they are read back from shards: CPU time, one core.

Run: SMAD_DATA=… python tests/bench/mix.py
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from transforms.frames import SAMPLE_RATE_HZ, SEGMENT_SAMPLES, seconds
from transforms.mix.corpus import read_corpus
from transforms.mix.library import Library
from transforms.mix.programme import compose
from transforms.segment import segment
from transforms.tables import flac, unflac

PROGRAMMES = 16
LENGTH = 300 * SAMPLE_RATE_HZ


def main() -> int:
    """Print × real time of mixing, with clips decoded on the way and kept, and of reading FLAC."""
    if "SMAD_DATA" not in os.environ:
        print("skipped: SMAD_DATA names no folder of recordings")
        return 0
    root = Path(os.environ["SMAD_DATA"]) / "corpus"
    clips = read_corpus((root / "corpus.csv").read_bytes(), (root / "activity.csv").read_bytes(), str(root))
    library = Library([clip for clip in clips if clip.split == "train"])
    took_s, samples = [], np.zeros(0, np.int16)
    for number in range(PROGRAMMES):
        started = time.process_time()
        made = compose(np.random.default_rng([0, number]), library, LENGTH)
        took_s.append(time.process_time() - started)
        samples = np.rint(made.wave * 32767).astype(np.int16)
    half = PROGRAMMES // 2
    for name, part in (("first half, most clips decoded anew", took_s[:half]), ("second half", took_s[half:])):
        print(f"mixing, {name}: {half * seconds(LENGTH) / sum(part):.0f} × real time")
    encoded = [flac(part) for part in segment(samples)]
    started = time.process_time()
    for data in encoded:
        unflac(data)
    read = len(encoded) * seconds(SEGMENT_SAMPLES) / (time.process_time() - started)
    print(f"reading shards: {read:.0f} × real time, {read * sum(took_s) / PROGRAMMES / seconds(LENGTH):.0f} × mixing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
