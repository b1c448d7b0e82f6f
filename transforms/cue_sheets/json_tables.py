"""Tables in JSON: a list of objects, wherever in a document it stands, or JSON Lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from transforms.records import InputError
from transforms.text.tabular import Known, Row, Table

_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\]])")
_NO_CUES = re.compile(r'"[^"]*cues?[^"]*"\s*:\s*\[\s*\]', re.IGNORECASE)
_DEPTH = 12
Record = dict[str, str]


def is_json(text: str) -> bool:
    """Tell JSON from a table whose first cell begins with a bracket."""
    return bool(_JSON.match(text))


def read_json_table(text: str, known: Known) -> Table | None:
    """Find the list of objects with the most ``known`` keys; what holds them is the table's rows above.

    Objects within an object are laid flat ("timecode": {"in": …} is "timecode in"). A list within objects of a list,
    as the times of a work, is one table with those of its siblings, each row with the values of its parent, too.

    Raises:
        InputError: the text is not JSON.
    """
    document = _load(text)
    lists: dict[tuple[str, ...], list[Record]] = {}
    for path, record in _records(document, (), {}):
        lists.setdefault(path, []).append(record)
    above = tuple(Row(0, pair) for pair in _flat(document).items()) if isinstance(document, Mapping) else ()
    best = max(
        (_table(records, above) for records in lists.values()), key=lambda table: known(table.header), default=None
    )
    if best and known(best.header):
        return best
    if _NO_CUES.search(text):
        return Table(("in", "out"), (), above)
    single = _table([_flat(document)], ()) if isinstance(document, Mapping) else None
    return single if single and known(single.header) else None


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise InputError("its JSON is nested too deep: deliver a list of cues") from None
    except ValueError as error:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            raise InputError(f"it is neither JSON nor JSON Lines ({error}): export it again") from error


def _records(node: Any, path: tuple[str, ...], parent: Record) -> Iterator[tuple[tuple[str, ...], Record]]:
    """Give the objects of all lists, each with the path of its list."""
    if len(path) > _DEPTH:
        return
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _records(value, (*path, key), parent)
    elif isinstance(node, list):
        for item in filter(lambda item: isinstance(item, Mapping), node):
            record = parent | _flat(item)
            yield path, record
            yield from _records(item, (*path, "*"), record)


def _flat(node: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Record:
    record: Record = {}
    for key, value in node.items():
        if isinstance(value, Mapping) and depth < _DEPTH:
            record |= _flat(value, f"{prefix}{key} ", depth + 1)
        elif not isinstance(value, Mapping | list):
            record[f"{prefix}{key}"] = _text(value)
    return record


def _text(value: str | float | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    return "" if value is None else str(value)


def _table(records: list[Record], above: tuple[Row, ...]) -> Table:
    header = tuple(dict.fromkeys(key for record in records for key in record))
    rows = (Row(line, tuple(record.get(key, "") for key in header)) for line, record in enumerate(records, start=1))
    return Table(header, tuple(rows), above)
