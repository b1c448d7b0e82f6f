"""``smad tag``: tell of every fifth of a second of every title whether there is speech and music."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import apache_beam as beam
import torch
from apache_beam.ml.inference.base import RunInference

from crnn.checkpoint import Checkpoint, read_checkpoint
from crnn.handler import CrnnHandler
from pipelines import job
from runners.worker import leave
from transforms.activity import RAW
from transforms.ptransforms.guard import failure
from transforms.ptransforms.read import SOUND_COLUMNS, ReadCatalog, SkipDone
from transforms.ptransforms.title import LoadTitle, Stitch, Windows
from transforms.ptransforms.write import WriteActivity, write_failures
from transforms.records import Failure, InputError, TitleSources

EXAMPLES = """examples:
  smad tag film.mkv --output tags --checkpoint model.ckpt
  smad tag catalog.csv --output tags --checkpoint model.ckpt
  smad tag "archive/**/*.mxf" --output tags --checkpoint model.ckpt --max-failed 0.01"""


def build(root: beam.Pipeline, args: argparse.Namespace, checkpoint: Checkpoint, threads: int) -> None:
    """Wire catalog → load → windows → inference → stitch → activity, segments, titles."""
    config = checkpoint.header.config
    handler = CrnnHandler(args.checkpoint, args.device, threads)

    catalog, bad_rows = root | ReadCatalog(args.inputs)
    # Titles are dealt out to the workers here, while they are small; from here to the tables nothing is shuffled.
    settings = repr([checkpoint.name, args.exact_level, args.raw_threshold])
    titles, bad_ledger = catalog | beam.Reshuffle() | SkipDone(args.output, settings, SOUND_COLUMNS)
    sources = titles | beam.Map(TitleSources)
    loaded, bad_audio = sources | LoadTitle(args.exact_level)
    predicted, dead = loaded | Windows() | RunInference(handler).with_exception_handling()
    decisions = (RAW,) * len(config.classes) if args.raw_threshold else config.decisions
    activity = predicted | Stitch(config.classes, decisions)
    _, bad_writes = activity | WriteActivity(args.output, checkpoint.name)

    bad_inference = dead.failed_inferences | beam.FlatMap(_inference_failures)
    failures = {
        "rows": bad_rows,
        "ledger": bad_ledger,
        "audio": bad_audio,
        "inference": bad_inference,
        "writes": bad_writes,
    }
    write_failures(args.output, failures)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``smad tag``; give the exit status."""
    parser = job.parser("tag", __doc__, EXAMPLES)
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="catalog file, audio or video file, folder, or glob")
    parser.add_argument("--checkpoint", help="made by smad train [the weights of the package]")
    parser.add_argument(
        "--device", type=_device, default="cpu", help="cpu, cuda or cuda:N of the workers [%(default)s]"
    )
    parser.add_argument(
        "--raw-threshold",
        action="store_true",
        help="segments are where the probability is at least 0.5 [by the levels and times chosen in training]",
    )
    job.add_exact_level(parser)
    args, beam_args = job.parse(parser, argv)
    try:
        titles = job.count_titles(args.inputs)
        checkpoint = read_checkpoint(args.checkpoint)
    except InputError as error:
        parser.error(str(error))
    cores = os.cpu_count() or 1
    summary = job.run(
        lambda root, workers: build(root, args, checkpoint, max(1, cores // workers)),
        beam_args,
        args.output,
        titles,
        "tag",
    )
    return summary.exit_status(args.max_failed)


def _device(text: str) -> str:
    try:
        return str(torch.device(text))
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no device; give cpu, cuda or cuda:N") from error


def _inference_failures(dead: Any) -> list[Failure]:
    """Turn a dead batch, (its elements, (class, text, trace)), into failures."""
    batch, (kind, text, *_) = dead
    return [replace(failure(element, "inference", RuntimeError(text)), error=kind.__name__) for element in batch]


if __name__ == "__main__":
    leave(main())
