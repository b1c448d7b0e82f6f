"""The rules by which sources become labels: one table of numbers (``rules.toml``), which users may replace in part."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from importlib import resources
from typing import Any

from transforms.records import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Rule:
    """What some kinds of evidence say of a class; the head of ``rules.toml`` tells what the fields mean."""

    evidence: tuple[str, ...]
    weight: float
    target: float = 1.0
    disputed: float | None = None
    edge_s: float = 0.0
    edge_weight: float = 1.0
    open_s: float = 0.0
    far_s: float | None = None
    far_weight: float = 0.0


@dataclass(frozen=True)
class SyncRules:
    """How a file is brought to the sound; the head of ``[sync]`` in ``rules.toml`` tells what the fields mean."""

    reach_s: float
    rates: Mapping[float, float]
    own_score: float
    found_score: float
    rival_score: float
    few_spans: int
    doubtful_trust: float


@dataclass(frozen=True)
class LabelRules:
    """The classes in their order, each one's rules from the first to the last word, and the numbers beside them.

    words: further words of descriptions, by the name of their kind.
    """

    classes: tuple[str, ...]
    rules: Mapping[str, tuple[Rule, ...]]
    words: Mapping[str, tuple[str, ...]]
    quiet_dbfs: float
    sync: SyncRules


def read_rules(data: bytes | None = None, name: str = "") -> LabelRules:
    """Read the rules of the program, with what a user's TOML file puts in their place.

    Raises:
        InputError: the file is not TOML, or a table, key or value of it is not what it must be.
    """
    try:
        tables = tomllib.loads(resources.files("transforms").joinpath("rules.toml").read_text("utf-8"))
        for key, value in tomllib.loads(data.decode("utf-8-sig")).items() if data else ():
            tables[_one_of(key, tables, "table")] = {**tables[key], **value} if isinstance(value, dict) else value
        return _rules(**tables)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{name}: is not TOML: {error}") from error
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{name}: {error}; the program's own transforms/rules.toml shows how it is written") from error


def _rules(
    classes: list[str], rules: dict[str, Any], words: dict[str, Any], quiet: dict[str, Any], sync: dict[str, Any]
) -> LabelRules:
    _check(bool(classes) and len(set(_texts(classes, "classes"))) == len(classes), "classes are not different names")
    for label in classes:
        _check(label in rules, f"the class {label!r} has no rules")
    margins = _numbers(sync.pop("rates"), None, "rates")
    rates = {float(Fraction(rate)): margin for rate, margin in margins.items()}
    _check(all(0.5 < rate < 2 for rate in rates), "rates are not between 0.5 and 2")
    return LabelRules(
        tuple(classes),
        {label: tuple(_rule(label, row) for row in rules[label]) for label in classes},
        {name: _texts(found, name) for name, found in words.items()},
        _numbers(quiet, ("level_dbfs",), "quiet")["level_dbfs"],
        SyncRules(rates=rates, **_numbers(sync, [f.name for f in fields(SyncRules) if f.name != "rates"], "sync")),
    )


def _rule(label: str, row: dict[str, Any]) -> Rule:
    evidence = _texts(row.pop("evidence", []), f"the evidence of {label}")
    _check(bool(evidence), f"a rule of {label} names no evidence")
    for name, value in row.items():
        _one_of(name, [field.name for field in fields(Rule)], f"a rule of {label}")
        _check(isinstance(value, int | float) and value >= 0, f"{name} of {label} is not a number from 0 on")
        _check(value <= 1 or name.endswith("_s"), f"{name} of {label} is above 1")
    _check("weight" in row and row.get("target", 1) in (0, 1), f"a rule of {label} has no weight, or a target between")
    return Rule(evidence, **row)


def _numbers(table: dict[str, Any], names: Sequence[str] | None, what: str) -> dict[str, Any]:
    for name, value in table.items():
        _one_of(name, table if names is None else names, what)
        _check(isinstance(value, int | float), f"{name} of {what} is not a number")
    return table


def _texts(found: Any, what: str) -> tuple[str, ...]:
    _check(
        isinstance(found, list) and all(isinstance(text, str) and text for text in found),
        f"{what}: not a list of texts",
    )
    return tuple(found)


def _one_of(name: str, known: Iterable[str], what: str) -> str:
    _check(name in known, f"{what} {name!r} is unknown (there are {', '.join(known)})")
    return name


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)
