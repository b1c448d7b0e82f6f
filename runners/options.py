"""How a job meets its engine: this machine's cores unless ``--runner`` names another."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions, WorkerOptions
from apache_beam.portability.api import beam_provision_api_pb2
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo, FnApiRunner
from apache_beam.runners.portability.portable_runner import JobServiceHandle
from apache_beam.runners.runner import PipelineRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

LOCAL_RUNNERS = (None, "FnApiRunner", "DirectRunner")


def check_beam_args(parser: argparse.ArgumentParser, beam_args: Sequence[str]) -> None:
    """Refuse what is an option neither of the verb nor of Beam, by the parser's own error (exit status 2)."""
    known = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for options in PipelineOptions.__subclasses__():
        if "_add_argparse_args" in vars(options):
            try:
                options._add_argparse_args(known)
            except argparse.ArgumentError:  # some of Beam's own option classes share a name
                continue
    unknown = known.parse_known_args(list(beam_args))[1]
    if unknown:
        parser.error(f"neither an option of {parser.prog} nor of Apache Beam: {' '.join(unknown)}")


def engine(beam_args: Sequence[str], titles: int) -> tuple[PipelineRunner | None, PipelineOptions, int]:
    """Choose the runner, its options, and how many workers share this machine (1 on a remote engine).

    Locally the FnApiRunner is named explicitly, as Beam's default may download another engine; it gets a process a
    core, and no extra process where there is only one title.
    """
    options = PipelineOptions(list(beam_args))
    if options.view_as(StandardOptions).runner not in LOCAL_RUNNERS:
        return None, options, 1
    direct = options.view_as(DirectOptions)
    asked = any(arg.startswith("--direct_num_workers") for arg in beam_args)
    workers = (direct.direct_num_workers if asked else min(os.cpu_count() or 1, titles)) or os.cpu_count() or 1
    direct.direct_num_workers = workers
    harness = options.view_as(WorkerOptions)
    harness.default_sdk_harness_log_level = harness.default_sdk_harness_log_level or "ERROR"
    processes = workers > 1 and not any(arg.startswith("--direct_running_mode") for arg in beam_args)
    return _fn_api_runner(options, processes), options, workers


def _fn_api_runner(options: PipelineOptions, processes: bool) -> FnApiRunner:
    # Without it worker processes do not see the pipeline's options, among them those of the object stores.
    encoded = JobServiceHandle.encode_pipeline_options(options.get_all_options())
    provision = ExtendedProvisionInfo(beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded))
    if not processes:
        return FnApiRunner(provision_info=provision)
    _let_workers_import()
    worker = SubprocessSDKEnvironment.from_command_string(f"{shlex.quote(sys.executable)} -m runners.worker")
    return FnApiRunner(worker, provision_info=provision)


def _let_workers_import() -> None:
    """Hand this program's place to the worker processes: they do not inherit ``sys.path``."""
    here = str(Path(__file__).resolve().parent.parent)
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if here not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [here, *paths]))
