"""What the model is worth: beside its peers on the real catalog and on mixed programmes, at other levels, and how fast.

Run: SMAD_DATA=… python tests/bench/model.py [--checkpoint CKPT…] [--shards SHARDS[,SHARDS]] [--json FILE]

Several checkpoints are compared side by side; without one the shipped weights are measured. The peers are TVSM's
published network and silero-vad. It takes about four minutes, most of them TVSM's;
--without-peers leaves those out. CPU seconds are those of the process: run it alone on a core to trust a speed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from measures.detectors import Detector, smad  # type: ignore[import-not-found]
from measures.films import read_films  # type: ignore[import-not-found]
from measures.peers import peers  # type: ignore[import-not-found]
from measures.report import catalog_tables, gain_table, scene_tables, speed_table  # type: ignore[import-not-found]
from measures.scenes import scene_figures  # type: ignore[import-not-found]
from measures.scores import catalog_figures, gain_figures  # type: ignore[import-not-found]
from measures.speed import speed_figures  # type: ignore[import-not-found]

from transforms.records import InputError


def main() -> int:
    """Print the tables as they are ready."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", nargs="+", default=[], help="one or more [the shipped weights]")
    parser.add_argument("--shards", default="", help="mixed programmes, whose test split is heard too")
    parser.add_argument("--without-peers", action="store_true", help="measure the checkpoints only")
    parser.add_argument("--json", help="write all figures to this file, too")
    args = parser.parse_args()
    if "SMAD_DATA" not in os.environ:
        print("skipped: SMAD_DATA names no folder of recordings")
        return 0
    data = Path(os.environ["SMAD_DATA"])
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    models = checkpoints(args.checkpoint, parser)
    detectors = models + ([] if args.without_peers else peers(data))
    if not detectors:
        print("skipped: there is nothing to measure")
        return 0
    figures = measure(data, args.shards.split(",") if args.shards else [], detectors, models)
    if args.json:
        Path(args.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


def checkpoints(paths: list[str], parser: argparse.ArgumentParser) -> list[Detector]:
    """Give a detector a checkpoint, named after its file, or by its path where several files have one name.

    Without paths that is the shipped one, or none where none ships.
    """
    stems = [Path(path).stem for path in paths]
    names = [stem if stems.count(stem) == 1 else path for stem, path in zip(stems, paths, strict=True)]
    try:
        return [smad(path, name) for path, name in zip(paths, names, strict=True)] or [smad(None, "smad")]
    except InputError as error:
        if paths:
            parser.error(str(error))
        print(f"the model is left out: {error}")
        return []


def measure(data: Path, shards: list[str], detectors: list[Detector], models: list[Detector]) -> dict[str, Any]:
    """Measure and print everything; give the figures."""
    films, hearing = read_films(data / "catalog" / "catalog.csv"), [one for one in detectors if one.decisions]
    figures: dict[str, Any] = {"catalog": catalog_figures(films, hearing)}
    show(*catalog_tables(figures["catalog"]))
    if shards:
        figures["scenes"] = scene_figures(shards, hearing)
        show(*scene_tables(figures["scenes"]))
    figures["gain"] = gain_figures(films, hearing, figures["catalog"]["scores"])
    show(gain_table(figures["gain"]))
    figures["speed"] = speed_figures(films, detectors)
    figures["size"] = {one.name: (one.parameters, one.bytes) for one in detectors}
    show(speed_table(figures["speed"], figures["size"], [one.name for one in models]))
    return figures


def show(*tables: str) -> None:
    """Print tables at once: the next one may take a minute."""
    print(*tables, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
