"""``smad evaluate``: score what was tagged against manual annotations, class by class, at 10 ms."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam

from pipelines import job
from runners.worker import leave
from transforms import storage
from transforms.inputs import read_inputs
from transforms.ptransforms.read import ReadCatalog
from transforms.ptransforms.score import CountSegments, SumCounts, WriteScores
from transforms.ptransforms.write import write_failures
from transforms.records import InputError, Title

EXAMPLES = """examples:
  smad evaluate --activity tags --truth catalog.csv --output scores
  smad evaluate --activity tags --truth catalog.csv --output scores --json | jq .speech.f_score
precision, recall and F-score are shares; error rate is (deletions + insertions) / reference, and those two are its
parts: all pooled over the titles' 10 ms segments, as sed_eval's class-wise segment-based metrics. Of the classes that
were tagged, speech, music and those that any truth file names are scored, in every title; where a truth file is of
other classes than that, the catalog's column annotated names them."""
COLUMNS = ("precision", "recall", "f_score", "error_rate", "deletions", "insertions")
PICTURED = 12


def build(root: beam.Pipeline, args: argparse.Namespace) -> None:
    """Wire catalog → counts → pooled scores."""
    titles, bad_rows = root | ReadCatalog([args.truth])
    counts, bad_titles = titles | CountSegments(args.activity)
    counts | SumCounts() | WriteScores(args.output)
    write_failures(args.output, {"rows": bad_rows, "titles": bad_titles})


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``smad evaluate``; give the exit status."""
    parser = job.parser("evaluate", __doc__, EXAMPLES)
    parser.add_argument("--activity", required=True, help="the output folder of smad tag")
    parser.add_argument("--truth", required=True, help="a catalog whose rows name a truth file")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON instead of a table")
    args, beam_args = job.parse(parser, argv)
    try:
        titles = [item for item in read_inputs([args.truth]) if isinstance(item, Title)]
    except InputError as error:
        parser.error(str(error))
    storage.delete(f"{args.output.rstrip('/')}/failures")
    # Reading a few small tables a title is no work for which to start processes.
    summary = job.run(lambda root, _: build(root, args), beam_args, args.output, 1, "evaluate")
    scores = read_scores(args.output)
    _publish(scores, titles, args)
    return summary.exit_status(args.max_failed)


def read_scores(output: str) -> dict[str, Any]:
    """Read an evaluation back: {class: {figure: value}} pooled, and the same ``by_language`` and ``by_title``."""
    scores: dict[str, Any] = {"by_language": {}, "by_title": {}}
    for row in storage.read_table(f"{output.rstrip('/')}/scores.parquet") or []:
        group, name, label = row.pop("group"), row.pop("name"), row.pop("class")
        place = scores if group == "all" else scores[f"by_{group}"].setdefault(name, {})
        place[label] = row
    return scores


def table(scores: dict[str, Any]) -> str:
    """Lay the scores out as a table of text, pooled first, then by language and by title."""
    pooled = {key: value for key, value in scores.items() if not key.startswith("by_")}
    width = max(map(len, pooled), default=0) + 2
    lines = [f"{'':24} {'class':{width}}" + "".join(f"{name:>12}" for name in COLUMNS)]
    lines += _lines("all titles", pooled, width)
    for group in ("language", "title"):
        for name, figures in scores[f"by_{group}"].items():
            lines += _lines(f"{group} {name or '(none)'}", figures, width)
    return "\n".join(lines)


def _lines(name: str, figures: dict[str, dict[str, float | None]], width: int) -> list[str]:
    return [
        f"{name:24} {label:{width}}"
        + "".join(f"{'–' if row[c] is None else format(row[c], '.3f'):>12}" for c in COLUMNS)
        for label, row in figures.items()
    ]


def _publish(scores: dict[str, Any], titles: list[Title], args: argparse.Namespace) -> None:
    text = json.dumps(scores, indent=1)
    print(text if args.json else table(scores))
    if storage.is_remote(args.output):
        return
    from pipelines.report import draw  # noqa: PLC0415 - matplotlib takes a second to import

    (Path(args.output) / "scores.json").write_text(text, encoding="utf-8")
    picture = Path(args.output) / "timelines.png"
    if draw(titles[:PICTURED], args.activity, picture):
        print(f"picture of the first {min(len(titles), PICTURED)} titles: {picture}", file=sys.stderr)


if __name__ == "__main__":
    leave(main())
