"""``smad train``: fit the CRNN to shards of labelled segments."""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import fsspec
import lightning
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, Timer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from crnn.checkpoint import Checkpoint, read_checkpoint
from crnn.dataset import ShardFiles, find_shards
from crnn.features import FRONT_ENDS
from crnn.model import NETWORKS, Config
from crnn.progress import EpochLines, WaitShare
from crnn.ranks import pool_batch_norms
from crnn.saving import Saver, WholeFiles
from crnn.training import Recipe, Shards, Training
from transforms.activity import RAW
from transforms.records import InputError
from transforms.shares import share

EXAMPLES = """examples:
  smad train --shards shards --output model.ckpt
  smad train --shards shards,more-shards --output model.ckpt --epochs 200 --batch-size 32
  smad train --shards shards --output model.ckpt --devices 4 --workers 6 --batch-size 32
  smad train --shards shards --output mine.ckpt --init default --epochs 10
The same command again resumes an interrupted training where it was last saved, also within an epoch, as if nothing
had happened. On several devices a step takes --batch-size segments on each, and is what one step of as many segments
together would be. What --init begins from serves until an epoch is better on the validation split; a run that is
resumed does not begin again. Watch it: tensorboard --logdir model.ckpt.logs
exit status: 0 trained; 2 the shards or options cannot be used"""
# The learning rate from trained weights on: what they know is to stay.
FINE_RATE = 1e-4


def train(shards: Sequence[str], output: str, recipe: Recipe, overwrite: bool = False, init: str = "") -> None:
    """Fit a model to the shards below the folders and keep its checkpoint at ``output``; resume what is there.

    init: a checkpoint, or the name of a shipped one, to begin from. Its network is used, not the recipe's, and it
    serves until an epoch is better on the validation split.

    Raises:
        InputError: there are no shards, or they differ in their classes, or the checkpoint there was trained on others.
    """
    training, validation = _usable(shards, recipe.schedule)
    resumed = None if overwrite else _resumable(output, training.digest)
    lightning.seed_everything(recipe.seed, verbose=False)
    begun = _begun(resumed or init, training.classes) if init else None
    steps = recipe.epochs * -(-training.rows // (recipe.batch_size * recipe.devices))
    config = begun.header.config if begun else _config(recipe, training.classes)
    module = Training(config, recipe, training.digest, steps)
    if begun:
        module.model.load_state_dict(dict(begun.weights))
    if recipe.devices > 1:
        pool_batch_norms(module.model)
    data = Shards(training, validation, recipe)
    trainer = _trainer(
        output, recipe, has_validation=bool(validation.rows), validates_first=bool(begun) and not resumed
    )
    trainer.fit(module, data, ckpt_path=resumed, weights_only=True)


def _usable(shards: Sequence[str], schedule: str) -> tuple[ShardFiles, ShardFiles]:
    training, validation = find_shards(shards, "train"), find_shards(shards, "valid")
    if not training.rows:
        raise InputError(f"{', '.join(shards)}: no segments in train/*.parquet; make them with smad prepare")
    if validation.rows and validation.classes != training.classes:
        raise InputError(
            f"shards to train on are of {', '.join(training.classes)}, "
            f"those to validate on of {', '.join(validation.classes)}: prepare all of them by the same --rules"
        )
    if schedule == "plateau" and not validation.rows:
        raise InputError(f"{', '.join(shards)}: no segments in valid/*.parquet, which --schedule plateau goes by")
    return training, validation


def _config(recipe: Recipe, classes: tuple[str, ...]) -> Config:
    network, decisions = NETWORKS[recipe.network], (RAW,) * len(classes)
    return replace(network, front_end=recipe.front_end or network.front_end, classes=classes, decisions=decisions)


def _begun(path: str, classes: Sequence[str]) -> Checkpoint:
    begun = read_checkpoint(path)
    if begun.header.config.classes != classes:
        raise InputError(
            f"{path}: is of {', '.join(begun.header.config.classes)}, the shards are of {', '.join(classes)}: "
            "prepare them by the same --rules, or train without --init"
        )
    return begun


def _resumable(output: str, digest: str) -> str | None:
    system, path = fsspec.core.url_to_fs(output)
    if not system.exists(path):
        return None
    if read_checkpoint(output).header.data_digest != digest:
        raise InputError(f"{output}: was trained on other shards; give another --output, or --overwrite to start anew")
    return output


def _trainer(output: str, recipe: Recipe, has_validation: bool, validates_first: bool) -> lightning.Trainer:
    terminal = sys.stderr.isatty()
    callbacks: list[lightning.Callback] = [
        LearningRateMonitor("epoch"),
        WaitShare(),
        Saver(output, recipe.save_minutes),
    ]
    if recipe.max_minutes:
        callbacks.append(Timer(timedelta(minutes=recipe.max_minutes), interval="epoch", verbose=False))
    if recipe.patience and has_validation:
        callbacks.append(EarlyStopping("valid_loss", patience=recipe.patience))
    return lightning.Trainer(
        accelerator=recipe.device,
        devices=recipe.devices,
        strategy="ddp" if recipe.devices > 1 else "auto",
        plugins=[WholeFiles()],
        precision=recipe.precision,  # type: ignore[arg-type]
        max_epochs=recipe.epochs,
        callbacks=callbacks if terminal else [*callbacks, EpochLines()],
        logger=TensorBoardLogger(f"{output}.logs", name=None, version=""),
        gradient_clip_val=1.0,
        num_sanity_val_steps=-1 if validates_first else 0,
        log_every_n_steps=1,
        reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=terminal,
        enable_model_summary=False,
    )


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    made = argparse.ArgumentParser(
        "smad train", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--shards", required=True, help="folders made by smad prepare, comma-separated")
    made.add_argument("--output", required=True, help="the checkpoint file; an interrupted training resumes from it")
    made.add_argument("--overwrite", action="store_true", help="start anew where a checkpoint exists")
    made.add_argument(
        "--init", default="", metavar="CKPT", help="begin from a checkpoint, or from shipped weights by their name"
    )
    default = Recipe()
    made.add_argument("--epochs", type=int, default=default.epochs, help="passes over the data [%(default)s]")
    made.add_argument("--max-minutes", type=float, default=0.0, help="stop after so many minutes [no limit]")
    made.add_argument("--patience", type=int, default=0, help="stop after so many epochs without gain [never]")
    made.add_argument("--batch-size", type=int, default=default.batch_size, help="segments a step [%(default)s]")
    made.add_argument(
        "--learning-rate", type=float, help=f"its maximum [{default.learning_rate}; {FINE_RATE} with --init]"
    )
    made.add_argument("--weight-decay", type=float, default=default.weight_decay, help="of AdamW [%(default)s]")
    made.add_argument(
        "--schedule",
        default=default.schedule,
        choices=["cosine", "plateau"],
        help="how the rate falls: by a cosine over all epochs, or when the validation loss stays [%(default)s]",
    )
    made.add_argument("--save-minutes", type=float, default=default.save_minutes, help="save so often [%(default)s]")
    made.add_argument("--workers", type=int, default=0, help="loader processes a device [%(default)s: none of its own]")
    made.add_argument("--seed", type=int, default=0, help="of weights, order and masks [%(default)s]")
    made.add_argument(
        "--balance",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="draw languages by hours to the power of 1 - SHARE: 0 as the data are, 1 equally often [%(default)s]",
    )
    _add_network(made, default)
    made.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"], help="[%(default)s]")
    made.add_argument("--devices", type=int, default=1, help="how many to train on, a process each [%(default)s]")
    made.add_argument("--precision", default="32-true", choices=["32-true", "bf16-mixed"], help="[%(default)s]")
    return made


def _add_network(made: argparse.ArgumentParser, default: Recipe) -> None:
    """Add the options of what is trained, and of what is done to segments and targets before."""
    made.add_argument("--network", choices=NETWORKS, help=f"[{default.network}; that of --init]")
    made.add_argument("--front-end", choices=FRONT_ENDS, help="[the network's own; that of --init]")
    made.add_argument(
        "--gain-db",
        type=float,
        default=default.gain_db,
        help="segments are made so much louder, or up to three times as much softer [%(default)s]",
    )
    made.add_argument(
        "--mixup", type=share, default=default.mixup, help="share of segments mixed with others [%(default)s]"
    )
    made.add_argument("--crop-s", type=float, default=default.crop_s, help="of each segment that is used [%(default)s]")
    made.add_argument(
        "--bootstrap", type=share, default=0.0, help="share of the network's own say in noisy targets [%(default)s]"
    )


def _recipe(options: Mapping[str, Any], init: str) -> Recipe:
    given = {name: value for name, value in options.items() if value is not None}
    if init and given.keys() & {"network", "front_end"}:
        raise InputError("--init has a network of its own: leave out --network and --front-end")
    return Recipe(**({"learning_rate": FINE_RATE} if init else {}) | given)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``smad train``; give the exit status."""
    args = vars(parser().parse_args(argv))
    shards, (output, overwrite, init) = args.pop("shards").split(","), map(args.pop, ("output", "overwrite", "init"))
    # Lightning's hints on loader workers, devices and its own products are not the user's concern.
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")
    try:
        train(shards, output, _recipe(args, init), overwrite, init)
    except InputError as error:
        print(f"smad train: {error}", file=sys.stderr)
        return 2
    rank_zero_only(print)(f"checkpoint: {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
