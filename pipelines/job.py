"""What every Beam job does around its pipeline: options, a look at the inputs, progress, summary, exit status."""

from __future__ import annotations

import argparse
import contextlib
import glob
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.runners.runner import PipelineResult
from tqdm import tqdm

from runners.options import check_beam_args, engine
from transforms import storage
from transforms.inputs import read_inputs
from transforms.ptransforms.guard import METRICS
from transforms.records import InputError, Title
from transforms.shares import share

POLL_S = 0.5
# Where there is no terminal for a progress bar, a plain line this often.
LINE_S = 30.0
SHOWN_FAILURES = 10
EXIT_STATUS = """exit status: 0 done; 1 done, but more titles failed than --max-failed tolerates (see failures/);
2 nothing was done: the command, or an input as a whole, cannot be used"""


def parser(verb: str, description: str | None, examples: str) -> argparse.ArgumentParser:
    """Start the command line of a job; every Beam option may follow its own."""
    made = argparse.ArgumentParser(
        f"smad {verb}",
        description=description,
        epilog=f"{examples}\nAny option of Apache Beam may follow, as --runner=FlinkRunner.\n{EXIT_STATUS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--output", required=True, help="the folder that takes the tables")
    made.add_argument(
        "--max-failed",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="share of titles that may fail before the exit status says so, 0 to 1 [%(default)s]",
    )
    return made


def add_exact_level(made: argparse.ArgumentParser) -> None:
    """Add the option of the jobs that load sound."""
    made.add_argument(
        "--exact-level",
        action="store_true",
        help="bring every title to -27 LKFS [only those that are not within 2 LU of it]",
    )


def parse(made: argparse.ArgumentParser, argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """Split a command line into the verb's own arguments and Beam's."""
    args, beam_args = made.parse_known_args(argv)
    check_beam_args(made, beam_args)
    storage.use_options(beam_args)  # the inputs are looked at before there is a pipeline
    if not storage.is_writable(args.output):
        made.error(f"--output {args.output}: is no folder that can be written to; check the path and its permissions")
    return args, beam_args


@dataclass(frozen=True)
class Summary:
    """How many titles a run did, found done already, and lost; and the warnings about parts of titles."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    warnings: int = 0
    audio_s: int = 0

    def exit_status(self, max_failed: float) -> int:
        """Give 1 when the share of failed titles is above ``max_failed``."""
        titles = self.done + self.skipped + self.failed
        return int(self.failed > max_failed * titles)


def count_titles(inputs: Sequence[str]) -> int:
    """Count the usable titles of the inputs.

    Raises:
        InputError: an input is not there or cannot be read as a whole.
    """
    return sum(isinstance(item, Title) for item in read_inputs(inputs))


def run(
    build: Callable[[beam.Pipeline, int], None], beam_args: Sequence[str], output: str, titles: int, verb: str
) -> Summary:
    """Build a pipeline (given the workers that share this machine), run it to its end, and sum it up."""
    runner, options, workers = engine(beam_args, titles)
    storage.delete(storage.failures_folder(output, ""))  # rows of the catalog are judged anew by every run
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    started = time.monotonic()
    pipeline = beam.Pipeline(runner=runner, options=options)
    build(pipeline, workers)
    with _progress(output, titles, verb):
        result = pipeline.run()
        result.wait_until_finish()
    summary = _summary(result)
    _report(summary, output, verb, time.monotonic() - started)
    return summary


def _summary(result: PipelineResult) -> Summary:
    found = result.metrics().query(MetricsFilter().with_namespace(METRICS))["counters"]
    counts = {row.key.metric.name: 0 for row in found}
    for row in found:
        counts[row.key.metric.name] += row.result
    return Summary(**{name: counts.get(name, 0) for name in vars(Summary())})


def _report(summary: Summary, output: str, verb: str, took_s: float) -> None:
    print(
        f"{verb}: {summary.done} titles done ({summary.audio_s / 3600:.2f} h of audio in {took_s:.0f} s), "
        f"{summary.skipped} up to date, {summary.failed} failed, {summary.warnings} warnings → {output}",
        file=sys.stderr,
    )
    rows = storage.read_failures(output)
    for row in rows[:SHOWN_FAILURES]:
        print(f"  {row['severity']} {row['title_id']} [{row['stage']}] {row['uri']}: {row['message']}", file=sys.stderr)
    if len(rows) > SHOWN_FAILURES:
        print(f"  and {len(rows) - SHOWN_FAILURES} more in {output}/failures", file=sys.stderr)


@contextlib.contextmanager
def _progress(output: str, titles: int, verb: str) -> Iterator[None]:
    """Show the titles finished so far, by the rows of the ledger: it tells the same on every engine."""
    poll_s = LINE_S if storage.is_remote(output) else POLL_S
    begun, stop = time.time(), threading.Event()
    bar = tqdm(total=titles, desc=verb, unit="title", disable=None)

    def watch() -> None:
        told = time.monotonic()
        while not stop.wait(poll_s):
            done = _written_since(output, begun)
            if not bar.disable:
                bar.update(done - bar.n)
            elif time.monotonic() - told >= LINE_S:
                told = time.monotonic()
                print(f"{verb}: {done} of {titles} titles written so far", file=sys.stderr, flush=True)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        bar.update(_written_since(output, begun) - bar.n)
        bar.close()


def _written_since(output: str, begun: float) -> int:
    if storage.is_remote(output):
        with contextlib.suppress(InputError):  # the run is not to end for the want of its progress
            return storage.count_since(f"{glob.escape(output.rstrip('/'))}/titles/*.parquet", begun - 1)
        return 0
    ledger = Path(output) / "titles"
    return sum(path.stat().st_mtime >= begun - 1 for path in ledger.glob("*.parquet")) if ledger.is_dir() else 0
