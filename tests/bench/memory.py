"""Peak memory of a worker that prepares, and of one that tags, two-hour 5.1 titles, two a worker.

Run: SMAD_DATA=… python tests/bench/memory.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from crnn.train import train
from crnn.training import Recipe

SOURCE = Path("catalog") / "le-phare-s01e01.eac3"  # a bare stream: repeated, it is a longer stream
SUBTITLES = Path("catalog") / "le-phare-s01e01.fr.srt"
SOURCE_S = 80
LENGTH_S = 7200
WORKERS = 2
TITLES = [f"film-{number}" for number in range(2 * WORKERS)]
LIMIT_MB = 1200


def main() -> int:
    """Print the peaks, and their ratio to the limit."""
    if "SMAD_DATA" not in os.environ:
        print("skipped: SMAD_DATA names no folder of recordings")
        return 0
    data = Path(os.environ["SMAD_DATA"])
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        catalog = write_catalog(data, output)
        workers = [f"--direct_num_workers={WORKERS}"]
        smad("prepare", "--catalog", catalog, "--output", output / "shards", "--splits", "1,0,0", *workers)
        smad("prepare", "--catalog", data / SOURCE, "--output", output / "short", "--splits", "1,0,0")
        train([str(output / "short")], str(output / "model.ckpt"), Recipe(epochs=1, device="cpu"))
        smad("tag", catalog, "--checkpoint", output / "model.ckpt", "--output", output / "tags", *workers)
        for verb, ledger in (("prepare", output / "shards"), ("tag", output / "tags")):
            peak_mb = max(pq.read_table(ledger / "titles")["peak_rss_mb"].to_pylist())
            print(f"smad {verb}: {peak_mb:.0f} MB a worker, {peak_mb / LIMIT_MB:.2f} of the limit of {LIMIT_MB} MB")
    return 0


def write_catalog(data: Path, output: Path) -> Path:
    """Write the long titles and a catalog of them."""
    for name in TITLES:
        (output / f"{name}.eac3").write_bytes((data / SOURCE).read_bytes() * (LENGTH_S // SOURCE_S))
    rows = [f"{name},{name}.eac3,{data / SUBTITLES}" for name in TITLES]
    catalog = output / "catalog.csv"
    catalog.write_text("\n".join(["title_id,audio,subtitles", *rows]) + "\n", encoding="utf-8")
    return catalog


def smad(*arguments: object) -> None:
    """Run a verb; its failure ends the benchmark."""
    subprocess.run([sys.executable, "-m", "pipelines.cli", *map(str, arguments)], check=True)


if __name__ == "__main__":
    sys.exit(main())
