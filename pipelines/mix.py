"""``smad mix``: clean speech, singing, music and noise become programmes with exact labels, as shards."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

import apache_beam as beam

from pipelines import job
from runners.worker import leave
from transforms import storage
from transforms.labels.rules import read_rules
from transforms.ptransforms.labels import CutSegments, LabelFrames
from transforms.ptransforms.mix import Compose, Corpus, clips_of, title_of
from transforms.ptransforms.read import SkipDone
from transforms.ptransforms.write import WriteShards, write_failures
from transforms.records import InputError

EXAMPLES = """examples:
  smad mix --corpus corpus.csv --output mixed --hours 40
  smad mix --corpus corpus.csv --activity activity.csv --output mixed --hours 2 --seed 7
  smad mix --corpus gs://bucket/musan.csv --output gs://bucket/mixed --hours 1000 --runner=DataflowRunner ...
A corpus is a CSV with path (relative to it), class (speech, singing, music or noise), speaker_or_artist, duration_s,
and optionally language, accompanied (a singer with a band), note, split. Clips of one maker stay on one side.
The same corpus, seed and length give the same programmes, whatever runs them; more hours add to them."""
# Changes when the same numbers give other programmes.
VERSION = 1


def build(root: beam.Pipeline, args: argparse.Namespace) -> None:
    """Wire numbers → programmes → segments → labels → shards."""
    corpus = _corpus(args)
    settings = repr(
        [VERSION, args.seed, args.minutes, storage.digest(corpus.excluded, [corpus.table, corpus.activity])]
    )
    numbers = root | beam.Create(range(_programmes(args))) | beam.Reshuffle()
    titles, bad_ledger = (
        numbers | beam.Map(title_of, args.seed) | SkipDone(args.output, settings, ("title_id", "split"))
    )
    programmes, bad_mixes = titles | Compose(corpus, args.seed, 60 * args.minutes, args.output)
    labelled, bad_labels = programmes | CutSegments() | LabelFrames(read_rules())
    _, bad_writes = labelled | WriteShards(args.output)
    failures = {"ledger": bad_ledger, "mixes": bad_mixes, "labels": bad_labels, "writes": bad_writes}
    write_failures(args.output, failures)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``smad mix``; give the exit status."""
    parser = job.parser("mix", __doc__, EXAMPLES)
    parser.add_argument("--corpus", required=True, metavar="CSV", help="the table of clips")
    parser.add_argument(
        "--activity", default="", metavar="CSV", help="path, start_s, end_s, label: where voices are active"
    )
    parser.add_argument("--hours", type=float, default=1.0, help="of programmes in all [%(default)s]")
    parser.add_argument("--minutes", type=float, default=5.0, help="length of a programme [%(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn [%(default)s]")
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="TEXT", help="leave out clips whose note holds this"
    )
    args, beam_args = job.parse(parser, argv)
    if min(args.hours, args.minutes) <= 0:
        parser.error("--hours and --minutes must be above 0")
    try:
        clips_of(_corpus(args))
    except InputError as error:
        parser.error(str(error))
    programmes = _programmes(args)
    summary = job.run(lambda root, _: build(root, args), beam_args, args.output, programmes, "mix")
    return summary.exit_status(args.max_failed)


def _corpus(args: argparse.Namespace) -> Corpus:
    return Corpus(args.corpus, args.activity, tuple(args.exclude))


def _programmes(args: argparse.Namespace) -> int:
    count: int = math.ceil(args.hours * 60 / args.minutes)
    return count


if __name__ == "__main__":
    leave(main())
