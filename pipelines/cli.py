"""The command line: ``smad VERB …``, a verb a job."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from runners.worker import hush, leave

VERBS = {
    "demo": ("pipelines.demo", "the whole path on the small catalog of the package, then the report"),
    "prepare": ("pipelines.prepare", "catalog, subtitles, cue sheets → labelled shards"),
    "mix": ("pipelines.mix", "clean speech, singing, music and noise → shards of programmes with exact labels"),
    "train": ("crnn.train", "shards → checkpoint"),
    "tag": ("pipelines.tag", "catalog or audio files + checkpoint → activity, segments, titles, failures"),
    "onnx": ("crnn.export_onnx", "checkpoint → ONNX file, from sound to probabilities"),
    "evaluate": ("pipelines.evaluate", "activity + truth → scores"),
}
USAGE = "\n".join(
    [
        "usage: smad VERB [options]     smad VERB --help tells more, with examples",
        "",
        "Speech and music activity detection for film and TV catalogs.",
        "",
        *(f"  {verb:10}{text}" for verb, (_, text) in VERBS.items()),
    ]
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb that the command line names; give its exit status."""
    args = list(sys.argv[1:] if argv is None else argv)
    if not args or args[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if args else 2
    if args[0] not in VERBS:
        print(f"smad: there is no verb {args[0]!r}\n{USAGE}", file=sys.stderr)
        return 2
    hush()
    # imported only now: Beam and torch take seconds
    status: int = importlib.import_module(VERBS[args[0]][0]).main(args[1:])
    return status


def run() -> NoReturn:
    """Be the program ``smad``."""
    leave(main())


if __name__ == "__main__":
    run()
