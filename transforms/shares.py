"""Shares between 0 and 1, as command lines write them."""

from __future__ import annotations

from argparse import ArgumentTypeError


def share(text: str) -> float:
    """Read a share between 0 and 1.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return value
