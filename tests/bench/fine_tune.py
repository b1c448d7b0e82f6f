"""What fine-tuning on a catalog's own noisy labels does to a checkpoint: tags of titles that it was not tuned on.

The real catalog is prepared as a user would; of its titles one group after the other is held out, another one
validates, and the rest is trained on from the checkpoint's weights. Each title is tagged before and after, and the
counts of all are pooled. Series stay together. With --mixed so many programmes of --shards are trained on, too, and two
of its valid split validate.

Run: SMAD_DATA=… python tests/bench/fine_tune.py [--checkpoint CKPT] [--learning-rate LR…] [--epochs N…]
    [--bootstrap SHARE…] [--shards MIXED --mixed N…] [--folds N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import torch
from measures.detectors import smad  # type: ignore[import-not-found]
from measures.films import Film, read_films  # type: ignore[import-not-found]
from measures.report import table, text  # type: ignore[import-not-found]
from measures.scores import POOLED, Tally, add_counts, scores_of  # type: ignore[import-not-found]
from real_catalog import smad as run_smad  # type: ignore[import-not-found]
from real_catalog import write_catalogs

from crnn.checkpoint import SERVING, read_checkpoint
from crnn.train import FINE_RATE, train
from crnn.training import Recipe
from transforms.metrics import Counts
from transforms.records import CLASSES, InputError

FOLDS = (
    ("il-molo", "mosaic"),
    ("le-phare-s01e01", "le-phare-s01e02"),
    ("harbor-s01e01", "harbor-s01e02", "harbor-s01e03"),
    ("changcheng", "more"),
    ("de-dijk", "muntele", "strasse"),
)
VALID_MIXED = 2
# What is scored of each tuning: what serves, the best by validation; and the last epoch, whatever validation says.
SERVED, LAST = "served", "last"


@dataclass(frozen=True)
class Setting:
    """How to tune. mixed: how many mixed programmes are trained on, too."""

    learning_rate: float
    epochs: int
    bootstrap: float
    mixed: int

    def __str__(self) -> str:
        text = f"{self.learning_rate:g} × {self.epochs}"
        text += f", bootstrap {self.bootstrap:g}" if self.bootstrap else ""
        return text + (f", {self.mixed} mixed" if self.mixed else "")


@dataclass
class Outcome:
    """What a setting came to. chosen: the epoch that serves in each fold, -1 being the start."""

    tally: Tally = field(default_factory=lambda: defaultdict(Counts))
    chosen: list[int] = field(default_factory=list)


def main() -> int:
    """Print the table, a line a setting as soon as it is known."""
    args = arguments()
    if "SMAD_DATA" not in os.environ:
        print("skipped: SMAD_DATA names no folder of recordings")
        return 0
    try:
        read_checkpoint(args.checkpoint)
    except InputError as error:
        print(f"skipped: {error}")
        return 0
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    figures = measure(args)
    if args.json:
        Path(args.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="default", help="[the shipped weights]")
    parser.add_argument("--learning-rate", nargs="+", type=float, default=[FINE_RATE])
    parser.add_argument("--epochs", nargs="+", type=int, default=[10])
    parser.add_argument("--bootstrap", nargs="+", type=float, default=[0.0])
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--shards", help="made by smad mix")
    parser.add_argument("--mixed", nargs="+", type=int, default=[0], help="how many of their titles to train on, too")
    parser.add_argument("--folds", type=int, default=len(FOLDS), help="hold out so many groups [%(default)s: all]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", help="where prepared shards are kept for another run [nowhere]")
    parser.add_argument("--json", help="write all figures to this file, too")
    return parser.parse_args()


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Prepare, tag before, and tune and tag by every setting."""
    catalog = Path(os.environ["SMAD_DATA"]) / "catalog" / "catalog.csv"
    heard = [title for fold in FOLDS[: args.folds] for title in fold]
    films = {film.title_id: film for film in read_films(catalog) if film.title_id in heard}
    with tempfile.TemporaryDirectory(prefix="smad-tune-") as folder:
        shards = prepared(catalog, Path(args.work or folder))
        before = Outcome()
        tag(before, SERVED, args.checkpoint, films.values())
        figures = {"before": report("before", before)}
        for values in product(args.learning_rate, args.epochs, args.bootstrap, args.mixed):
            setting, outcome = Setting(*values), Outcome()
            for number, held_out in enumerate(FOLDS[: args.folds]):
                place = Path(folder) / str(setting) / str(number)
                parts = laid_out(place, shards, number, mixed_shards(args.shards, setting.mixed))
                output = tuned(place, parts, setting, args)
                outcome.chosen.append(int(read_checkpoint(str(output)).header.metrics["epoch"]))
                for name, path in ((SERVED, output), (LAST, last_epoch(output))):
                    tag(outcome, name, str(path), [films[title] for title in held_out])
            figures[str(setting)] = asdict(setting) | report(str(setting), outcome)
    print(result_table(figures))
    return figures


def prepared(catalog: Path, work: Path) -> dict[str, Path]:
    """Prepare all titles, and give where the shard of each is."""
    run_smad("prepare", "--catalog", write_catalogs(catalog, work)["all"], "--output", work / "shards")
    found = {path.stem: path for split in ("train", "test") for path in (work / "shards" / split).glob("*.parquet")}
    return {title: found[title] for fold in FOLDS for title in fold}


def laid_out(folder: Path, shards: Mapping[str, Path], number: int, mixed: Mapping[str, list[Path]]) -> list[str]:
    """Put together what fold ``number`` trains and validates on, the next group of titles validating."""
    held_out, valid = FOLDS[number], FOLDS[(number + 1) % len(FOLDS)]
    for title, path in shards.items():
        if title not in held_out:
            link(path, folder / "catalog" / ("valid" if title in valid else "train"))
    for split, paths in mixed.items():
        for path in paths:
            link(path, folder / "mixed" / split)
    return [str(folder / "catalog"), str(folder / "mixed")]


def mixed_shards(folder: str | None, count: int) -> dict[str, list[Path]]:
    """Choose mixed programmes to train on, and a few to validate on."""
    counts = {"train": count, "valid": VALID_MIXED * bool(count)}
    return {split: sorted(Path(folder or ".").glob(f"{split}/*.parquet"))[:some] for split, some in counts.items()}


def tuned(folder: Path, shards: list[str], setting: Setting, args: argparse.Namespace) -> Path:
    """Fine-tune the checkpoint."""
    output, rate = folder / "tuned.ckpt", setting.learning_rate
    recipe = Recipe(setting.epochs, args.batch_size, rate, bootstrap=setting.bootstrap, seed=args.seed, device="cpu")
    train(shards, str(output), recipe, init=args.checkpoint)
    return output


def link(path: Path, folder: Path) -> None:
    """Put a shard into a folder, too."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / path.name).symlink_to(path.resolve())


def last_epoch(checkpoint: Path) -> Path:
    """Write a checkpoint that serves the weights of its last epoch."""
    content, path = torch.load(checkpoint, weights_only=True), checkpoint.with_name("last.ckpt")
    own = "model."
    content[SERVING] = {k.removeprefix(own): v for k, v in content["state_dict"].items() if k.startswith(own)}
    torch.save(content, path)
    return path


def tag(outcome: Outcome, name: str, checkpoint: str, films: Iterable[Film]) -> None:
    """Add what a checkpoint finds in films, by its own decisions and at 0.5."""
    detector = smad(None if checkpoint == "default" else checkpoint, name)
    for film in films:
        for row, found in detector.find(film.wave).items():
            add_counts(outcome.tally, row, film, found, detector.classes)


def report(name: str, outcome: Outcome) -> dict[str, Any]:
    """Give an outcome's figures, and print them at once."""
    scores = {row: {label: by[label][POOLED] for label in CLASSES} for row, by in scores_of(outcome.tally).items()}
    rows = list(result_rows(name, scores, outcome.chosen))
    print(*("  ".join(map(text, row)) for row in rows), sep="\n", flush=True)
    return {"scores": scores, "chosen": outcome.chosen}


def result_rows(name: str, scores: Mapping[str, Any], chosen: Sequence[int]) -> Iterator[list[Any]]:
    """Give the cells of a setting, a row for each set of weights and way to decide."""
    for row, by in scores.items():
        epochs = " ".join(map(str, chosen)) if row == SERVED else ""
        yield [
            f"{name}: {row}",
            *(by[label][score] for label in CLASSES for score in ("f_score", "error_rate")),
            epochs,
        ]


def result_table(figures: Mapping[str, Any]) -> str:
    """Lay all settings out."""
    header = [
        "learning rate × epochs",
        *(f"{label} {score}" for label in CLASSES for score in ("F", "ER")),
        "epochs served",
    ]
    rows = [row for name, one in figures.items() for row in result_rows(name, one["scores"], one["chosen"])]
    made: str = table("Titles that were not tuned on, 10 ms, pooled (epoch -1 is the start)", header, rows)
    return made


if __name__ == "__main__":
    sys.exit(main())
