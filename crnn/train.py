"""``smad train``: fit the CRNN to shards of labelled segments."""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import fsspec
import lightning
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, Timer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from crnn.checkpoint import read_checkpoint
from crnn.dataset import ShardFiles, find_shards
from crnn.features import FRONT_ENDS
from crnn.model import NETWORKS
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
The same command again resumes an interrupted training where it was last saved, also within an epoch, as if nothing
had happened. On several devices a step takes --batch-size segments on each, and is what one step of as many segments
together would be. Watch it: tensorboard --logdir model.ckpt.logs
exit status: 0 trained; 2 the shards or options cannot be used"""


def train(shards: Sequence[str], output: str, recipe: Recipe, overwrite: bool = False) -> None:
    """Fit a model to the shards below the folders and keep its checkpoint at ``output``; resume what is there.

    Raises:
        InputError: there are no shards, or they differ in their classes, or the checkpoint there was trained on others.
    """
    training, validation = _usable(shards, recipe.schedule)
    resumed = None if overwrite else _resumable(output, training.digest)
    lightning.seed_everything(recipe.seed, verbose=False)
    classes = training.classes
    config = replace(
        NETWORKS[recipe.network],
        front_end=recipe.front_end,
        classes=classes,
        decisions=(RAW,) * len(classes),
    )
    steps = recipe.epochs * -(-training.rows // (recipe.batch_size * recipe.devices))
    module = Training(config, recipe, training.digest, steps)
    if recipe.devices > 1:
        pool_batch_norms(module.model)
    data = Shards(training, validation, recipe)
    trainer = _trainer(output, recipe, has_validation=bool(validation.rows))
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


def _resumable(output: str, digest: str) -> str | None:
    system, path = fsspec.core.url_to_fs(output)
    if not system.exists(path):
        return None
    if read_checkpoint(output).header.data_digest != digest:
        raise InputError(f"{output}: was trained on other shards; give another --output, or --overwrite to start anew")
    return output


def _trainer(output: str, recipe: Recipe, has_validation: bool) -> lightning.Trainer:
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
        num_sanity_val_steps=0,
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
    default = Recipe()
    made.add_argument("--epochs", type=int, default=default.epochs, help="passes over the data [%(default)s]")
    made.add_argument("--max-minutes", type=float, default=0.0, help="stop after so many minutes [no limit]")
    made.add_argument("--patience", type=int, default=0, help="stop after so many epochs without gain [never]")
    made.add_argument("--batch-size", type=int, default=default.batch_size, help="segments a step [%(default)s]")
    made.add_argument("--learning-rate", type=float, default=default.learning_rate, help="its maximum [%(default)s]")
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
    made.add_argument("--network", default=default.network, choices=NETWORKS, help="[%(default)s]")
    made.add_argument("--front-end", default=default.front_end, choices=FRONT_ENDS, help="[%(default)s]")
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
    made.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"], help="[%(default)s]")
    made.add_argument("--devices", type=int, default=1, help="how many to train on, a process each [%(default)s]")
    made.add_argument("--precision", default="32-true", choices=["32-true", "bf16-mixed"], help="[%(default)s]")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``smad train``; give the exit status."""
    args = vars(parser().parse_args(argv))
    shards, output, overwrite = args.pop("shards").split(","), args.pop("output"), args.pop("overwrite")
    # Lightning's hints on loader workers, devices and its own products are not the user's concern.
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")
    try:
        train(shards, output, Recipe(**args), overwrite)
    except InputError as error:
        print(f"smad train: {error}", file=sys.stderr)
        return 2
    rank_zero_only(print)(f"checkpoint: {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
