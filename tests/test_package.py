"""What setup.py ships is what the repository holds."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


def setup_arguments() -> dict[str, Any]:
    call = next(
        node
        for node in ast.walk(ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setup"
    )
    wanted = {"packages", "package_data", "entry_points", "python_requires"}
    return {kw.arg: ast.literal_eval(kw.value) for kw in call.keywords if kw.arg in wanted}


def test_every_package_is_listed() -> None:
    here = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for folder in ("transforms", "crnn", "pipelines", "runners")
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert set(setup_arguments()["packages"]) == here


def test_the_demo_catalog_is_package_data() -> None:
    folder = ROOT / "pipelines" / "demo_catalog"
    shipped = {
        path for glob in setup_arguments()["package_data"]["pipelines.demo_catalog"] for path in folder.glob(glob)
    }
    held = {path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.name for path in held - shipped if path.suffix != ".py"} == {"README.md"}


@pytest.mark.parametrize("name", ["labels/rules.toml", "subtitles/vocabulary.toml"])
def test_the_tables_of_the_labels_are_package_data(name: str) -> None:
    path = ROOT / "transforms" / name
    assert path.is_file()
    assert path.suffix == Path(*setup_arguments()["package_data"][f"transforms.{path.parent.name}"]).suffix


def test_the_command_line_is_an_entry_point() -> None:
    assert setup_arguments()["entry_points"] == {"console_scripts": ["smad = pipelines.cli:run"]}
