"""The rules by which sources become labels: one table of numbers (``rules.toml``), which users may replace in part."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from importlib import resources
from typing import Any

from transforms.records import InputError
from transforms.subtitles.vocabulary import Vocabulary

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_EVIDENCE = ("subtitles", "cue_sheet", "dialogue", "lyrics", "cue", "vocal_cue", "quiet")


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
    far_s: float = math.inf
    far_weight: float = 0.0
    lost_s: float = math.inf


@dataclass(frozen=True)
class SyncRules:
    """How a file is brought to the sound; the head of ``[sync]`` in ``rules.toml`` tells what the fields mean."""

    reach_s: float
    rates: Mapping[float, float]
    own_score: float
    found_score: float
    rival_score: float
    few_spans: float
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
    default = tomllib.loads(resources.files("transforms.labels").joinpath("rules.toml").read_text("utf-8"))
    try:
        own = tomllib.loads(data.decode("utf-8-sig")) if data else {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{name}: is not TOML: {error}") from error
    try:
        return _label_rules(_replaced(default, own))
    except ValueError as error:
        raise InputError(
            f"{name}: {error}; the program's own transforms/labels/rules.toml shows how it is written"
        ) from error


def _replaced(default: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Put a user's tables over the default ones, key by key."""
    _check_known(own, default, "tables")
    classes = _texts(own.get("classes", default["classes"]), "classes")
    tables = {name: _table(own.get(name, {}), name) for name in default if name != "classes"}
    _check_known(tables["rules"], classes, "[rules]")
    for name in ("quiet", "sync"):
        _check_known(tables[name], default[name], f"[{name}]")
    return {"classes": classes} | {name: {**default[name], **table} for name, table in tables.items()}


def _label_rules(tables: Mapping[str, Any]) -> LabelRules:
    classes, rows, sync = tables["classes"], tables["rules"], dict(tables["sync"])
    if not classes or len(set(classes)) < len(classes) or not all(re.fullmatch(r"\w[\w-]*", name) for name in classes):
        raise ValueError(f"classes are {list(classes)}: give different names of letters, digits, - and _")
    words = {name: _texts(found, f"[words] {name}") for name, found in tables["words"].items()}
    known = (*_EVIDENCE, *Vocabulary.of(words).all_kinds)
    margins = _table(sync.pop("rates"), "[sync] rates")
    rates = {_rate(rate): _number(margin, f"[sync] rates: {rate}: its score") for rate, margin in margins.items()}
    numbers = {name: _number(value, f"[sync] {name}") for name, value in sync.items()}
    return LabelRules(
        classes,
        {label: tuple(_rules_of(label, rows.get(label), known)) for label in classes},
        words,
        _number(tables["quiet"]["level_dbfs"], "[quiet] level_dbfs"),
        SyncRules(rates=rates, **numbers),
    )


def _rules_of(label: str, rows: Any, evidence: Collection[str]) -> Iterator[Rule]:
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"[rules] {label}: the class has no list of rules")
    for number, row in enumerate(rows, start=1):
        where = f"[rules] {label}, rule {number}"
        known = [field.name for field in fields(Rule)]
        _check_known(_table(row, where), known, where)
        found = _texts(row.get("evidence", []), f"{where}: evidence")
        _check_known(found, evidence, f"{where}: evidence")
        values = {key: _number(value, f"{where}: {key}") for key, value in row.items() if key != "evidence"}
        if not found or "weight" not in values:
            raise ValueError(f"{where}: has no {'weight' if found else 'evidence'}")
        if values.get("target", 1) not in (0, 1):
            raise ValueError(f"{where}: target is neither 0 nor 1")
        yield Rule(found, **values)


def _number(value: Any, where: str) -> float:
    """Check a number by how its name ends: levels are at most 0, times, scores and counts at least, shares 0…1."""
    level, counted = where.endswith("_dbfs"), where.endswith(("_s", "score", "_spans"))
    low, high = -math.inf if level else 0, 0 if level else math.inf if counted else 1
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{where} is {value!r}: give a number from {low} to {high}")
    return float(value)


def _rate(text: str) -> float:
    try:
        rate = float(Fraction(text))
    except (ValueError, ArithmeticError):
        rate = 0.0
    if not 0.5 < rate < 2:
        raise ValueError(f"[sync] rates: {text!r} is not a ratio between 1/2 and 2")
    return rate


def _texts(found: Any, where: str) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(text, str) and text for text in found):
        raise ValueError(f"{where}: is not a list of texts")
    return tuple(found)


def _table(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError(f"{where}: is not a table")
    return found


def _check_known(names: Iterable[str], known: Collection[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{where}: {name!r} is unknown (known: {', '.join(known)})")
