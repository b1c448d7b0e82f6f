"""A local worker process: Beam's own, without its start-up chatter on the user's terminal."""

from __future__ import annotations

import logging
import sys


def hush() -> None:
    """Drop Beam's remark, made on every import, that the BigQuery client of its ``gcp`` extra is not installed."""
    logging.getLogger().addFilter(lambda record: "apitools not found" not in record.getMessage())


def main() -> None:
    """Run the SDK harness that the launcher has described in the environment."""
    hush()
    logging.getLogger("__main__").setLevel(logging.ERROR)
    from apache_beam.runners.worker import sdk_worker_main  # noqa: PLC0415 - only after the filter

    logging.getLogger(sdk_worker_main.__name__).setLevel(logging.ERROR)
    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
