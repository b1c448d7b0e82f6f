"""The card of a data set: what was prepared, in words, figures and a picture, beside the shards themselves."""

from __future__ import annotations

import glob
import sys
from collections.abc import Mapping

from tqdm import tqdm

from pipelines.card_figures import Row
from pipelines.card_text import PICTURE, headlines, markdown
from transforms import storage


def make_card(output: str, settings: Mapping[str, str]) -> None:
    """Write ``card.md`` and ``card.png`` of all that lies in ``output``, and print the most important lines.

    Raises:
        InputError: the output cannot be listed.
    """
    from pipelines.card_picture import draw  # noqa: PLC0415 - matplotlib takes a second to import

    output = output.rstrip("/")
    rows, failures = _ledger(output), storage.read_failures(output)
    lines = headlines(rows, failures)
    storage.write_bytes(f"{output}/{PICTURE}", draw(rows, lines[0]))
    storage.write_bytes(f"{output}/card.md", markdown(rows, failures, settings).encode())
    print("\n".join([f"card: {output}/card.md", *(f"  {line}" for line in lines)]), file=sys.stderr)


def _ledger(output: str) -> list[Row]:
    paths = storage.match(f"{glob.escape(output)}/titles/*.parquet")
    bar = tqdm(storage.read_tables(paths), total=len(paths), desc="card", unit="title", disable=None)
    rows = [row for found in bar for row in found or ()]
    return sorted(rows, key=lambda row: row["title_id"])
