"""The direction of imports, and the one place of the grid's numbers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What no module of a folder may import, and the modules that are excepted.
FORBIDDEN = {
    "transforms": {"torch", "torchaudio", "lightning", "crnn", "pipelines", "runners"},
    "crnn": {"pipelines", "runners"},
    "pipelines": set[str](),
    "runners": {"torch", "transforms", "crnn", "pipelines"},
}
BEAM_IN_TRANSFORMS = {"transforms/storage.py"}  # and all of transforms/ptransforms
BEAM_IN_CRNN = {"crnn/handler.py"}
GRID_NUMBERS = re.compile(r"\b(16_?000|320_?000|3_?200|24_?000)\b")


def modules(folder: str) -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "demo_catalog" not in path.parts]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_imports_go_one_way(folder: str) -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in modules(folder)
        for name in imported(path)
        if name.split(".")[0] in FORBIDDEN[folder]
    }
    assert not found


def test_beam_stays_in_its_modules() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for folder in ("transforms", "crnn")
        for path in modules(folder)
        if any(name.split(".")[0] == "apache_beam" for name in imported(path))
    }
    shells = {path.relative_to(ROOT).as_posix() for path in modules("transforms/ptransforms")}
    assert users - shells == BEAM_IN_TRANSFORMS | BEAM_IN_CRNN


def test_the_model_knows_no_beam_transforms() -> None:
    names = {name for path in modules("crnn") for name in imported(path)}
    assert not {name for name in names if name.startswith(("transforms.ptransforms", "transforms.storage"))}


def test_no_other_module_writes_the_numbers_of_the_grid() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in FORBIDDEN
        for path in modules(folder)
        if path.name != "frames.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if GRID_NUMBERS.search(line.split("#")[0]) and '"""' not in line
    ]
    assert not found
