"""``smad prepare``: a catalog with subtitles and cue sheets becomes labelled shards."""

from __future__ import annotations

import argparse
import glob
import sys
from collections.abc import Sequence
from dataclasses import asdict

import apache_beam as beam

from pipelines import job
from pipelines.card import make_card
from runners.worker import leave
from transforms import storage
from transforms.labels.rules import LabelRules, read_rules
from transforms.ptransforms.labels import CutSegments, LabelFrames, Synchronize
from transforms.ptransforms.read import LABEL_COLUMNS, SOUND_COLUMNS, ReadCatalog, SkipDone
from transforms.ptransforms.sources import ReadAnnotations, ReadCueSheets, ReadTimedText
from transforms.ptransforms.title import LoadTitle
from transforms.ptransforms.write import WriteShards, write_failures
from transforms.records import SPLITS, InputError, TitleSources
from transforms.split import DEFAULT_SHARES

EXAMPLES = """examples:
  smad prepare --catalog catalog.csv --output shards
  smad prepare --catalog catalog.csv --output shards --splits 0.9,0.1,0
  smad prepare --catalog catalog.csv --output shards --rules rules.toml --activity tags
  smad prepare --catalog gs://bucket/catalog.jsonl --output gs://bucket/shards --runner=DataflowRunner ..."""


def build(root: beam.Pipeline, args: argparse.Namespace) -> None:
    """Wire catalog → sources → load → synchronize → segment → label → shards."""
    catalog, bad_rows = root | ReadCatalog([args.catalog], args.splits)
    rules: LabelRules = args.rules
    settings = repr([asdict(rules), args.exact_level, args.activity])
    # Titles are dealt out to the workers here, while they are small; from here to the shards nothing is shuffled.
    titles, bad_ledger = (
        catalog | beam.Reshuffle() | SkipDone(args.output, settings, SOUND_COLUMNS + LABEL_COLUMNS, args.activity)
    )

    text, bad_text = titles | beam.Map(TitleSources) | ReadTimedText(rules.words)
    cues, bad_cues = text | ReadCueSheets()
    sources, bad_annotations = cues | ReadAnnotations(rules.classes)

    loaded, bad_audio = sources | LoadTitle(args.exact_level)
    synchronous, bad_sync = loaded | Synchronize(rules.sync, args.activity)
    labelled, bad_labels = synchronous | CutSegments() | LabelFrames(rules)
    _, bad_writes = labelled | WriteShards(args.output)

    failures = {
        "rows": bad_rows,
        "ledger": bad_ledger,
        "text": bad_text,
        "cues": bad_cues,
        "annotations": bad_annotations,
        "audio": bad_audio,
        "sync": bad_sync,
        "labels": bad_labels,
        "writes": bad_writes,
    }
    write_failures(args.output, failures)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``smad prepare``; give the exit status."""
    parser = job.parser("prepare", __doc__, EXAMPLES)
    parser.add_argument("--catalog", required=True, help="CSV, JSON Lines or Parquet, or a folder or glob of audio")
    parser.add_argument(
        "--splits",
        type=_shares,
        default=DEFAULT_SHARES,
        metavar="TRAIN,VALID,TEST",
        help="shares of titles without a split of their own, by digest of the series, work or title [0.8,0.1,0.1]",
    )
    parser.add_argument(
        "--rules",
        metavar="FILE",
        help="TOML: classes, and what each source's word is worth [transforms/labels/rules.toml]",
    )
    parser.add_argument(
        "--activity",
        default="",
        metavar="DIR",
        help="of an earlier smad tag, to bring subtitles to the sound by",
    )
    job.add_exact_level(parser)
    args, beam_args = job.parse(parser, argv)
    try:
        args.rules_file = args.rules
        args.rules = _rules(args.rules)
        _check_activity(args.activity)
        titles = job.count_titles([args.catalog])
    except InputError as error:
        parser.error(str(error))
    summary = job.run(lambda root, _: build(root, args), beam_args, args.output, titles, "prepare")
    _make_card(args)
    return summary.exit_status(args.max_failed)


def _make_card(args: argparse.Namespace) -> None:
    settings = {
        "catalog": args.catalog,
        "splits": ", ".join(f"{split} {share:g}" for split, share in zip(SPLITS, args.splits, strict=True)),
        "rules": args.rules_file or "those of the program",
        "classes": ", ".join(args.rules.classes),
        "level": "-27 LKFS" if args.exact_level else "-27 LKFS ± 2 LU",
        "activity": args.activity or "none: subtitles were brought to a rough curve of the sound alone",
    }
    try:
        make_card(args.output, settings)
    except InputError as error:  # the shards are there all the same
        print(f"prepare: the card could not be made: {error}", file=sys.stderr)


def _check_activity(folder: str) -> None:
    if folder and not storage.match(f"{glob.escape(folder.rstrip('/'))}/activity/*.parquet"):
        raise InputError(f"--activity {folder}: holds no tables of activity; give the output folder of smad tag")


def _rules(path: str | None) -> LabelRules:
    if not path:
        return read_rules()
    try:
        data = storage.read_bytes(path)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return read_rules(data, path)


def _shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if len(shares) != len(SPLITS) or min(shares) < 0 or not sum(shares):
        raise argparse.ArgumentTypeError(f"{text!r}: give three shares, as 0.8,0.1,0.1")
    return shares


if __name__ == "__main__":
    leave(main())
