"""``smad onnx``: write the network as an ONNX file, from sound to probabilities, to be used without Python or torch."""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import sys
import warnings
from collections.abc import Sequence

import fsspec
import torch

from crnn.checkpoint import read_checkpoint
from crnn.model import CRNN
from crnn.onnx_graph import OPSET, Tagger
from transforms.frames import FRAME_S, FRAME_SAMPLES, SAMPLE_RATE_HZ
from transforms.records import InputError

EXAMPLES = """examples:
  smad onnx --output smad.onnx
  smad onnx --checkpoint model.ckpt --output model.onnx
Its input is wave [batch, samples], float32, mono, 16 kHz, full scale 1.0, of any length, at about -27 LKFS; its output
probability [batch, classes, frames], a frame each 0.2 s. Its metadata name the classes and what else there is to know.
exit status: 0 written; 2 the checkpoint or the output cannot be used, or the package lacks its extra onnx"""
NEEDED = ("onnx", "onnxscript")
# What the exporter looks at: more than one of everything, or it takes one for a constant.
EXAMPLE = (2, 32 * FRAME_SAMPLES)


def to_onnx(model: CRNN, name: str) -> bytes:
    """Give the content of an ONNX file that does what the model does. name: of the checkpoint, for the metadata.

    Raises:
        InputError: onnx or onnxscript is not installed.
    """
    missing = [package for package in NEEDED if importlib.util.find_spec(package) is None]
    if missing:
        raise InputError(f"{' and '.join(missing)} not installed: pip install 'smad[onnx]'")
    dynamic = {"wave": {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch, about itself
        program = torch.export.export(Tagger(model).eval(), (torch.zeros(EXAMPLE),), dynamic_shapes=dynamic)
        # Not optimized: to torch's optimizer, 1e-8 is 0, and so is the floor of the bands. A runtime does it better.
        made = torch.onnx.export(
            program,
            input_names=["wave"],
            output_names=["probability"],
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    assert made is not None
    made.model.metadata_props.update(metadata(model, name))
    content: bytes = made.model_proto.SerializeToString()
    return content


def metadata(model: CRNN, name: str) -> dict[str, str]:
    """Give what a user of the file has to know; ``config`` is JSON, with the classes and where they begin and end."""
    return {
        "sample_rate_hz": str(SAMPLE_RATE_HZ),
        "frame_s": str(FRAME_S),
        "classes": ",".join(model.config.classes),
        "config": json.dumps(model.config.plain()),
        "checkpoint": name,
    }


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    made = argparse.ArgumentParser(
        "smad onnx", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--output", required=True, help="the ONNX file to write")
    made.add_argument("--checkpoint", help="made by smad train [the shipped weights]")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``smad onnx``; give the exit status."""
    args = parser().parse_args(argv)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        checkpoint = read_checkpoint(args.checkpoint)
        _write(args.output, to_onnx(checkpoint.model(), checkpoint.name))
    except InputError as error:
        print(f"smad onnx: {error}", file=sys.stderr)
        return 2
    print(f"onnx: {args.output}")
    return 0


def _write(path: str, content: bytes) -> None:
    try:
        with fsspec.open(path, "wb") as file:
            file.write(content)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"--output {path}: cannot be written ({error})") from error


if __name__ == "__main__":
    sys.exit(main())
