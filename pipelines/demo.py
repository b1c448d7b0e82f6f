"""``smad demo``: the whole path on the small catalog of the package, ending with a picture and a table."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

from crnn import train
from pipelines import evaluate, prepare, tag
from runners.worker import leave
from transforms.catalog import read_catalog
from transforms.records import Title

EXAMPLES = """examples:
  smad demo
  smad demo --output /tmp/demo --epochs 20
exit status: 0 all went well, else that of the step that did not"""
EPOCHS = 6
CAVEAT = """
The package's weights were adapted here to three one-minute titles, by their subtitles and cue sheets alone, as a
catalog's own would be. Three of the four titles are those they were adapted to; only {held_out} was held out.
The films of the demo are synthetic: what the weights do on recordings is told in crnn/weights/README.md."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``smad demo``; give the exit status."""
    parser = argparse.ArgumentParser(
        "smad demo", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", default="demo-output", help="the folder that takes everything [%(default)s]")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="passes over the three titles [%(default)s]")
    args = parser.parse_args(argv)
    catalog = Path(str(resources.files("pipelines.demo_catalog"))) / "catalog.csv"
    for verb, run, arguments in _steps(str(catalog), Path(args.output), args.epochs):
        print(f"\n── smad {verb} {' '.join(arguments)}", flush=True)
        if status := run(arguments):
            return status
    _close(catalog, Path(args.output))
    return 0


Step = tuple[str, Callable[[Sequence[str]], int], list[str]]


def _steps(catalog: str, output: Path, epochs: int) -> list[Step]:
    shards, checkpoint, tags, scores = (str(output / name) for name in ("shards", "demo.ckpt", "tags", "scores"))
    fit = ["--shards", shards, "--init", "default", "--output", checkpoint, "--epochs", str(epochs)]
    fit += ["--batch-size", "4", "--overwrite"]
    return [
        ("prepare", prepare.main, ["--catalog", catalog, "--output", shards]),
        ("train", train.main, fit),
        ("tag", tag.main, [catalog, "--output", tags, "--checkpoint", checkpoint]),
        ("evaluate", evaluate.main, ["--activity", tags, "--truth", catalog, "--output", scores]),
    ]


def _close(catalog: Path, output: Path) -> None:
    titles = [item for item in read_catalog(catalog.read_bytes(), str(catalog)) if isinstance(item, Title)]
    print(CAVEAT.format(held_out=", ".join(title.title_id for title in titles if title.split == "test")))
    print("\nWhat there is to look at:")
    for what, name in (
        ("the picture", "scores/timelines.png"),
        ("the scores", "scores/scores.json"),
        ("intervals of speech and music", "tags/segments/"),
        ("a probability each 200 ms", "tags/activity/"),
        ("labelled 20 s segments", "shards/"),
        ("what they are made of", "shards/card.md"),
        ("the checkpoint", "demo.ckpt"),
    ):
        print(f"  {what:32}{(output / name).resolve()}{'/' * name.endswith('/')}")


if __name__ == "__main__":
    leave(main())
