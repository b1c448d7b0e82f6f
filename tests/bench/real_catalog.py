"""The main job on a real catalog: prepare all titles, train on all but two, tag those two, score them on their truth.

Run: SMAD_DATA=… python tests/bench/real_catalog.py [--epochs N] [--output DIR]
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HELD_OUT = ("il-molo", "mosaic")
PATHS = ("audio", "subtitles", "cue_sheet", "truth")


def main() -> int:
    """Run the four verbs as a user would, and leave their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--output", default=tempfile.mkdtemp(prefix="smad-real-"))
    args = parser.parse_args()
    if "SMAD_DATA" not in os.environ:
        print("skipped: SMAD_DATA names no folder of recordings")
        return 0
    output = Path(args.output)
    catalogs = write_catalogs(Path(os.environ["SMAD_DATA"]) / "catalog" / "catalog.csv", output)
    shards, checkpoint, tags = output / "shards", output / "model.ckpt", output / "tags"
    smad("prepare", "--catalog", catalogs["all"], "--output", shards)
    smad("train", "--shards", shards, "--output", checkpoint, "--epochs", args.epochs, "--batch-size", 8)
    smad("tag", catalogs["held-out"], "--checkpoint", checkpoint, "--output", tags)
    smad("evaluate", "--activity", tags, "--truth", catalogs["held-out"], "--output", output / "scores")
    return 0


def write_catalogs(source: Path, output: Path) -> dict[str, Path]:
    """Write the catalog with absolute paths and a stated split, once whole and once with the held-out titles only."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {key: str(source.parent / row[key]) for key in PATHS if row[key]}
        row["split"] = "test" if row["title_id"] in HELD_OUT else "train"
    output.mkdir(parents=True, exist_ok=True)
    chosen = {"all": rows, "held-out": [row for row in rows if row["split"] == "test"]}
    return {name: write_csv(output / f"{name}.csv", part) for name, part in chosen.items()}


def write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def smad(*arguments: object) -> None:
    """Run a verb; its failure ends the benchmark."""
    print(f"\n── smad {' '.join(map(str, arguments))}", flush=True)
    subprocess.run([sys.executable, "-m", "pipelines.cli", *map(str, arguments)], check=True)


if __name__ == "__main__":
    sys.exit(main())
