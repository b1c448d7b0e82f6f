"""What the noisy labels of a catalog cost, and what each remedy buys, where the truth is known.

Programmes with exact labels are given the subtitles and cue sheets that a catalog would hold, with all their faults,
and labelled as smad prepare labels them. The same network is then trained from scratch, by the same recipe, on

  exact      the exact labels
  at word    the noisy ones, every frame of which anything is known at weight 1
  weighted   the noisy ones with the weights of the rules
  bootstrap  those, a share of each target being what the network itself says
  relabelled those, but where the weighted network is sure and the labels are not, it is believed

and scored on held-out programmes with exact labels, and on the real catalog if SMAD_DATA is set.

With --init a trained network is fine-tuned instead of one from scratch, and scored before. With --worn all programmes,
the held-out ones, too, sound like old prints, as a catalog may that is unlike all that the network has heard.

Run: python tests/bench/noisy_labels.py --shards MIXED [--titles N] [--epochs N] [--arms ARM…] [--seeds N] [--json FILE]
    [--init default --learning-rate 1e-4] [--worn]
MIXED: made by smad mix. Where it has no scenes/, nobody is taken to sing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from measures.catalog_noise import Noise, cue_sheet, subtitles  # type: ignore[import-not-found]
from measures.detectors import smad  # type: ignore[import-not-found]
from measures.films import Film, read_films  # type: ignore[import-not-found]
from measures.frame_scores import frame_counts, heard, labels  # type: ignore[import-not-found]
from measures.report import table  # type: ignore[import-not-found]
from measures.scores import POOLED, catalog_figures  # type: ignore[import-not-found]
from measures.worn import worn  # type: ignore[import-not-found]
from numpy.typing import NDArray

import crnn
from crnn.train import train
from crnn.training import Recipe
from transforms.frames import frame_count
from transforms.labels.label import cut, label_frames
from transforms.labels.rules import read_rules
from transforms.records import CLASSES
from transforms.sound.quiet import quiet
from transforms.storage import match, read_table, table_path, write_table
from transforms.tables import SHARDS, flac, unflac

RULES = read_rules()
SUNG = ("song", "a_cappella")
ARMS = ("exact", "at word", "weighted", "bootstrap", "relabelled")
BOOTSTRAP = 0.3
SURE, UNSURE_WEIGHT, BELIEVED_WEIGHT = 0.9, 0.5, 0.7
Values = NDArray[np.float32]
Row = dict[str, Any]


def main() -> int:
    """Print a table of the labels, and one of what is learnt from them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", help="made by smad mix: its train split is learnt, valid and test are held out")
    parser.add_argument("--titles", type=int, default=12, help="how many to learn [%(default)s]")
    parser.add_argument("--held-out", type=int, default=24, help="how many titles to score on, at most [%(default)s]")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--init", default="", help="a checkpoint to begin from [from scratch]")
    parser.add_argument("--worn", action="store_true", help="make all programmes sound like old prints")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--seeds", type=int, default=1, help="trainings an arm [%(default)s]")
    parser.add_argument("--json", help="write all figures to this file, too")
    args = parser.parse_args()
    if not args.shards or not match(f"{args.shards}/train/*.parquet"):
        print("skipped: --shards names no mixed programmes")
        return 0
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    figures = measure(args)
    if args.json:
        Path(args.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Label, train and score; print a line as soon as an arm is done."""
    played = aged if args.worn else list
    exact = [played(read_title(path)) for path in match(f"{args.shards}/train/*.parquet")[: args.titles]]
    noisy = [catalog_labels(rows, args.shards, np.random.default_rng(n)) for n, rows in enumerate(exact)]
    held_out = [played(rows) for rows in islice(held_out_rows(args.shards), args.held_out)]
    films = read_films(Path(os.environ["SMAD_DATA"]) / "catalog" / "catalog.csv") if "SMAD_DATA" in os.environ else []
    figures: dict[str, Any] = {"noise": asdict(Noise()), "labels": label_figures(exact, noisy), "arms": []}
    print(labels_table(figures["labels"]), flush=True)
    labelled = {"exact": exact, "noisy": noisy}
    recipe = Recipe(args.epochs, args.batch_size, args.learning_rate, device="cpu")
    if args.init:
        figures["arms"].append({"arm": "before", "seed": 0, "cpu_s": 0.0, **scored(args.init, held_out, films)})
        print(json.dumps(figures["arms"][-1]), flush=True)
    with tempfile.TemporaryDirectory(prefix="smad-noisy-") as folder:
        for seed in range(args.seeds):
            for arm in args.arms:
                found = trained(Path(folder), arm, labelled, replace(recipe, seed=seed), args.init)
                figures["arms"].append(
                    {"arm": arm, "seed": seed, **found, **scored(found["checkpoint"], held_out, films)}
                )
                print(json.dumps(figures["arms"][-1]), flush=True)
    print(arms_table(figures["arms"]))
    return figures


def read_title(path: str) -> list[Row]:
    """Read a title's segments in their order."""
    return sorted(read_table(path) or [], key=lambda row: float(row["start_s"]))


def aged(rows: Sequence[Row]) -> list[Row]:
    """Make a title sound like an old print, the same one each time."""
    pieces = [unflac(row["audio"]) for row in rows]
    whole = worn(np.concatenate(pieces), np.random.default_rng(crc32(rows[0]["title_id"].encode())))
    cuts = np.cumsum([len(piece) for piece in pieces])[:-1]
    return [row | {"audio": flac(part)} for row, part in zip(rows, np.split(whole, cuts), strict=True)]


def held_out_rows(shards: str) -> Iterator[list[Row]]:
    """Read the titles of the valid and the test split."""
    for split in ("valid", "test"):
        yield from map(read_title, match(f"{shards}/{split}/*.parquet"))


def catalog_labels(rows: Sequence[Row], shards: str, random: np.random.Generator) -> list[Row]:
    """Label a title's segments by what a catalog would hold of it."""
    samples = np.concatenate([unflac(row["audio"]) for row in rows])
    truth = dict(zip(rows[0]["classes"], np.concatenate([np.array(row["targets"]) for row in rows], 1), strict=True))
    scenes = read_table(table_path(shards, "scenes", rows[0]["title_id"])) or []
    songs = [(scene["start_s"], scene["end_s"]) for scene in scenes if scene["kind"] in SUNG]
    said = {
        "subtitles": subtitles(truth["speech"], songs, Noise(), random),
        "cue_sheet": cue_sheet(truth["music"], songs, Noise(), random),
        "sound": quiet(samples, RULES.quiet_dbfs),
    }
    found = label_frames(frame_count(len(samples)), said, RULES)
    return [relabel(row, *cut(found, index)) for index, row in enumerate(rows)]


def relabel(row: Row, targets: Values, weights: Values) -> Row:
    """Give a segment other labels."""
    return row | {"targets": list(targets), "weights": list(weights)}


def relabelled(targets: Values, weights: Values, probability: Values) -> tuple[Values, Values]:
    """Believe a network where it is sure and the labels are not, or say the opposite: targets and weights."""
    says = (probability >= 0.5).astype(np.float32)
    sure = np.abs(probability - 0.5) >= SURE - 0.5
    doubtful = (weights < UNSURE_WEIGHT) | (np.abs(targets - probability) >= SURE)
    taken = sure & doubtful
    return np.where(taken, says, targets), np.where(taken, np.float32(BELIEVED_WEIGHT), weights)


def trained(folder: Path, arm: str, labelled: dict[str, list[list[Row]]], recipe: Recipe, init: str) -> dict[str, Any]:
    """Train an arm; give where its checkpoint is and how long it took."""
    started = time.process_time()
    noisy = labelled["noisy"]
    titles = labelled.get(arm, noisy)
    if arm == "at word":
        titles = [[relabel(row, row["targets"], np.sign(row["weights"])) for row in rows] for rows in noisy]
    if arm == "relabelled":
        model = crnn.load(trained(folder, "weighted", labelled, recipe, init)["checkpoint"])
        titles = [sure_labels(rows, heard(model, rows)) for rows in noisy]
    output = str(folder / f"{arm}-{recipe.seed}.ckpt")
    if not Path(output).exists():
        for number, rows in enumerate(titles):
            write_table(str(folder / arm / "train" / f"{number:04d}.parquet"), SHARDS, rows)
        train([str(folder / arm)], output, replace(recipe, bootstrap=BOOTSTRAP * (arm == "bootstrap")), init=init)
    return {"checkpoint": output, "cpu_s": time.process_time() - started}


def sure_labels(rows: Sequence[Row], probability: Values) -> list[Row]:
    """Relabel a title's segments by what a network heard in them."""
    return [
        relabel(row, *relabelled(np.array(row["targets"]), np.array(row["weights"]), here))
        for row, here in zip(rows, probability, strict=True)
    ]


def scored(checkpoint: str, held_out: Sequence[list[Row]], films: Sequence[Film]) -> dict[str, Any]:
    """Give F-score and error rate a class at 0.5, on mixed programmes by frames, on films at 10 ms."""
    rows, model = [row for rows in held_out for row in rows], crnn.load(checkpoint)
    counts = frame_counts(heard(model, rows), labels(rows, "targets"), labels(rows, "weights"))
    scores = {"mixed": {label: one.scores() for label, one in zip(rows[0]["classes"], counts, strict=True)}}
    if films:
        by_class = catalog_figures(films, [smad(checkpoint, "model")])["scores"]["model at 0.5"]
        scores["films"] = {label: by_class[label][POOLED] for label in CLASSES}
    return scores


def label_figures(exact: Sequence[list[Row]], noisy: Sequence[list[Row]]) -> dict[str, Any]:
    """Say how good the noisy labels are: what is known of a class, and scores of all that and of what is worth more."""
    rows, named = [[row for title in titles for row in title] for titles in (exact, noisy)]
    truth, targets, weights = labels(rows, "targets"), labels(named, "targets"), labels(named, "weights")
    figures = {}
    for place, label in enumerate(rows[0]["classes"]):
        at = np.s_[:, place : place + 1]
        figures[label] = {
            "known": float((weights[at] > 0).mean()),
            "all": frame_counts(targets[at], truth[at], weights[at])[0].scores(),
            "weight ≥ 0.5": frame_counts(targets[at], truth[at], np.floor(2 * weights[at]))[0].scores(),
        }
    return figures


def labels_table(figures: dict[str, Any]) -> str:
    """Lay the quality of the labels out."""
    rows = [
        [label, part, by["known"], *(by[part][name] for name in ("precision", "recall", "f_score", "error_rate"))]
        for label, by in figures.items()
        for part in ("all", "weight ≥ 0.5")
    ]
    text: str = table("The noisy labels, 200 ms", ["", "frames", "known", "P", "R", "F", "ER"], rows)
    return text


def arms_table(arms: Sequence[dict[str, Any]]) -> str:
    """Lay the arms out, a row a training."""
    places = [place for place in ("mixed", "films") if place in arms[0]]
    header = ["", "seed", *(f"{p} {label} {n}" for p in places for label in CLASSES for n in ("F", "ER")), "CPU s"]
    rows = []
    for arm in arms:
        cells = [arm[p][label][name] for p in places for label in CLASSES for name in ("f_score", "error_rate")]
        rows.append([arm["arm"], arm["seed"], *cells, arm["cpu_s"]])
    text: str = table("What is learnt: held-out programmes at 200 ms, the real catalog at 10 ms, at 0.5", header, rows)
    return text


if __name__ == "__main__":
    sys.exit(main())
