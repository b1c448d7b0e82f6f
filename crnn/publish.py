"""Make of a training's checkpoint the small file that only serves: header and weights in half precision."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from crnn.checkpoint import HEADER, SERVING, read_checkpoint
from transforms.records import InputError

EXAMPLES = """examples:
  python -m crnn.publish model.ckpt small.ckpt
The small file tags, exports and starts a fine-tuning as the large one does; it cannot resume the training."""


def published(path: str) -> bytes:
    """Give the small file's content for the checkpoint at ``path``.

    Raises:
        InputError: it cannot be read.
    """
    checkpoint = read_checkpoint(path)
    weights = {name: value.half() if value.is_floating_point() else value for name, value in checkpoint.weights.items()}
    # What is lost below half precision's range is next to nothing; above it there is nothing.
    if overflowing := [name for name, value in weights.items() if not torch.isfinite(value).all()]:
        raise InputError(f"{path}: {', '.join(overflowing)} cannot be held in half precision")
    buffer = io.BytesIO()
    torch.save({HEADER: checkpoint.header.plain(), SERVING: weights}, buffer)
    return buffer.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``python -m crnn.publish``; give the exit status."""
    parser = argparse.ArgumentParser(
        "crnn.publish", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", help="made by smad train")
    parser.add_argument("output", help="the small file")
    args = parser.parse_args(argv)
    try:
        data = published(args.checkpoint)
    except InputError as error:
        print(f"crnn.publish: {error}", file=sys.stderr)
        return 2
    Path(args.output).write_bytes(data)
    print(f"{args.output}: {len(data) / 2**20:.2f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
