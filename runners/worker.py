"""A local process of Beam's, without its chatter at the start and its accidents at the end."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import NoReturn


def hush() -> None:
    """Drop what is said on every import, and to no use.

    Beam remarks that the BigQuery client of its ``gcp`` extra is not installed, Google's library that Python is old.
    """
    logging.getLogger().addFilter(lambda record: "apitools not found" not in record.getMessage())
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"google\.api_core")


def leave(status: int) -> NoReturn:
    """End the program with this exit status, at once.

    Beam leaves daemon threads inside gRPC's C++ behind; one that wakes while Python takes itself down is aborted there,
    and the program with it (status 134), although all its work is done.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    """Run the SDK harness that the launcher has described in the environment."""
    hush()
    logging.getLogger("__main__").setLevel(logging.ERROR)
    from apache_beam.runners.worker import sdk_worker_main  # noqa: PLC0415 - only after the filter

    logging.getLogger(sdk_worker_main.__name__).setLevel(logging.ERROR)
    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
