"""The command line: help with examples, and errors that say what is wrong, with exit status 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import VERBS, main


def status(*argv: str) -> int:
    try:
        return main(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else -1


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_examples_and_exit_status(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(verb, "--help") == 0
    text = capsys.readouterr().out
    assert f"usage: smad {verb}" in text
    assert f"  smad {verb}" in text.split("examples:")[1]
    assert "exit status: 0" in text


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--help") == 0
    text = capsys.readouterr().out
    assert all(f"\n  {verb} " in text for verb in VERBS)


def test_no_verb_shows_the_usage_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert status() == 2
    assert "usage: smad VERB" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["tga"], "there is no verb 'tga'"),
        (["prepare", "--catalog", "c.csv"], "required: --output"),
        (["prepare", "--catalog", "none.csv", "--output", "o"], "none.csv: cannot be opened (No such file"),
        (["prepare", "--catalog", "c.csv", "--output", "o", "--splits", "1,2"], "give three shares"),
        (["prepare", "--catalog", "c.csv", "--output", "o", "--max-failed", "2"], "not a share between 0 and 1"),
        (["prepare", "--catalog", "c.csv", "--output", "o", "--splitz=1,0,0"], "neither an option of smad prepare nor"),
        (["prepare", "--catalog", "c.csv", "--output", "o", "--splits", "a,b,c"], "give three shares"),
        (
            ["prepare", "--catalog", "c.csv", "--output", "o", "--max-failed", "few"],
            "few is not a share between 0 and 1",
        ),
        (["train", "--shards", "s", "--output", "m.ckpt", "--balance", "x"], "x is not a share between 0 and 1"),
        (["tag", "a.wav", "--output", "o", "--checkpoint", "none.ckpt"], "none.ckpt: cannot be opened as a checkpoint"),
        (["tag", "--output", "o"], "required: INPUT"),
        (["evaluate", "--activity", "a", "--truth", "none.csv", "--output", "o"], "none.csv: cannot be opened"),
        (["train", "--shards", "s", "--output", "m.ckpt", "--balance", "2"], "not a share between 0 and 1"),
        (["train", "--shards", "nowhere", "--output", "m.ckpt"], "nowhere: no segments in train/*.parquet"),
    ],
)
def test_errors_say_what_is_wrong(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status(*argv) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_catalog_without_its_columns_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "catalog.csv").write_text("id,file\n1,a.wav\n", encoding="utf-8")
    assert status("prepare", "--catalog", str(tmp_path / "catalog.csv"), "--output", str(tmp_path / "out")) == 2
    assert "no column audio and no column title_id" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--output", "catalog.csv"], "--output catalog.csv: is no folder that can be written to"),
        (["--output", "out", "--activity", "nowhere"], "--activity nowhere: holds no tables of activity"),
    ],
)
def test_folders_are_looked_at_first(
    options: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("catalog.csv").write_text("title_id,audio\n1,a.wav\n", encoding="utf-8")
    assert status("prepare", "--catalog", "catalog.csv", *options) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.csv"]


def test_a_verb_is_a_module_too() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pipelines.prepare", "--help"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0
    assert "usage: smad prepare" in result.stdout


@pytest.mark.parametrize("status", [0, 1, 2])
def test_the_program_ends_at_once_with_its_status_and_all_that_it_said(status: int) -> None:
    # A daemon thread that never ends would be killed inside C++ code, and take the program with it.
    said = f"import atexit; atexit.register(print, 'late'); print('said'); leave({status})"
    ending = f"from runners.worker import leave; {said}"
    done = subprocess.run([sys.executable, "-c", ending], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, "said\n", "")
