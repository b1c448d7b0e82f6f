"""Bad input gives clear rows, loses nothing else, and shows in the exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from crnn.train import train
from crnn.training import Recipe
from pipelines import evaluate, prepare, tag
from transforms.storage import read_failures

LOCAL = "--direct_num_workers=1"
GOOD = "1\n00:00:01,000 --> 00:00:03,000\nWe sail at six.\n"
REVERSED = "2\n00:00:05,000 --> 00:00:04,000\nNo, at seven.\n"
OVERLAPPING = "3\n00:00:02,000 --> 00:00:03,500\nWho says so?\n"
LATIN_1 = "1\n00:00:01,000 --> 00:00:03,000\nÀ bientôt, chère amie, où étiez-vous passée ?\n".encode("cp1252")

# title_id → audio, subtitles, cue sheet of its row, and the row of failures it must give: stage, severity, words.
CASES: dict[str, tuple[str, str, str, tuple[str, str, str] | None]] = {
    "good": ("good.wav", "good.srt", "", None),
    "missing": ("nowhere.wav", "", "", ("load", "error", "No such file")),
    "text": ("notes.wav", "", "", ("load", "error", "cannot be opened as audio")),
    "empty": ("empty.wav", "", "", ("load", "error", "cannot be opened as audio")),
    "folder": ("folder.wav", "", "", ("load", "error", "cannot be opened as audio")),
    "silent-film": ("film.mp4", "", "", ("load", "error", "no audio track")),
    "beheaded": ("beheaded.mp4", "", "", ("load", "error", "cannot be opened as audio")),
    "truncated": ("truncated.flac", "", "", ("load", "warning", "s of 6.0 s")),
    "wrong-encoding": ("good.wav", "latin1.srt", "", ("subtitles", "warning", "cp1252")),
    "binary-subtitles": ("good.wav", "film.mp4", "", ("subtitles", "warning", "")),
    "no-subtitles": ("good.wav", "nowhere.srt", "", ("subtitles", "warning", "No such file")),
    "reversed": ("good.wav", "reversed.srt", "", ("subtitles", "warning", "end before they begin")),
    "overlapping": ("good.wav", "overlapping.srt", "", ("subtitles", "warning", "overlap")),
    "durations-only": ("good.wav", "", "durations.csv", ("cue_sheet", "warning", "deliver a sheet with in and out")),
    "bad-fps": ("good.wav", "", "", ("catalog", "error", "cue_sheet_fps is 'often'")),
    "": ("good.wav", "", "", ("catalog", "error", "has no title_id")),
}
LOST = {name for name, case in CASES.items() if case[3] and case[3][1] == "error"}


@pytest.fixture
def catalog(media: Any, tone: Any, tmp_path: Path) -> Path:
    """Write the catalog of ``CASES`` and its files; the first title stands in it twice."""
    media.write("good.wav", tone(440, seconds=6))
    whole = media.write("whole.flac", tone(440, seconds=6) + tone(3000, seconds=6), codec="flac", sample_format="s16")
    (tmp_path / "truncated.flac").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    media.tracks("film.mp4", [], picture=True)
    (tmp_path / "beheaded.mp4").write_bytes((tmp_path / "film.mp4").read_bytes()[2000:])
    (tmp_path / "notes.wav").write_text("This is no film.\n" * 100, encoding="utf-8")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "good.srt").write_text(GOOD, encoding="utf-8")
    (tmp_path / "reversed.srt").write_text(f"{GOOD}\n{REVERSED}", encoding="utf-8")
    (tmp_path / "overlapping.srt").write_text(f"{GOOD}\n{OVERLAPPING}", encoding="utf-8")
    (tmp_path / "latin1.srt").write_bytes(LATIN_1)
    (tmp_path / "durations.csv").write_text("Seq,Title,Usage,Duration\n1,Theme,BI,0:24\n", encoding="utf-8")
    rows = ["title_id,audio,subtitles,cue_sheet,cue_sheet_fps,split"]
    for name, (audio, subtitles, cue_sheet, _) in CASES.items():
        rows.append(f"{name},{audio},{subtitles},{cue_sheet},{'often' if name == 'bad-fps' else ''},train")
    (tmp_path / "catalog.csv").write_text("\n".join([*rows, "good,good.wav,,,,train"]) + "\n", encoding="utf-8")
    return tmp_path / "catalog.csv"


@pytest.fixture
def checkpoint(tmp_path: Path, write_shard: Any) -> Path:
    """Make a checkpoint that can tag, however badly."""
    write_shard(tmp_path / "lesson", "train", "lesson", segments=1)
    train([str(tmp_path / "lesson")], str(tmp_path / "m.ckpt"), Recipe(epochs=1, device="cpu"))
    return tmp_path / "m.ckpt"


def failures(output: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in read_failures(str(output)):
        if row["stage"] != "sync":  # one line, and a tone for a voice: nobody can tell whether they fit
            found.setdefault(row["title_id"], []).append(row)
    return found


def test_prepare_does_the_rest_and_says_what_is_wrong(catalog: Path, tmp_path: Path) -> None:
    output = tmp_path / "shards"
    assert prepare.main(["--catalog", str(catalog), "--output", str(output), LOCAL]) == 1
    found = failures(output)
    for name, (*_, expected) in CASES.items():
        rows = found.get(name or f"row {list(CASES).index(name) + 1}", [])
        if name == "good":  # only its second row is at fault
            (row,) = rows
            assert (row["stage"], row["severity"]) == ("catalog", "error")
            assert "stands twice" in row["message"]
            continue
        assert expected is not None
        (row,) = rows
        assert (row["stage"], row["severity"]) == expected[:2]
        assert expected[2] in row["message"]
        assert row["uri"]
    prepared = {path.stem for path in (output / "train").glob("*.parquet")}
    assert prepared == set(CASES) - LOST


def test_what_was_refused_is_unknown_and_the_rest_is_known(catalog: Path, tmp_path: Path) -> None:
    output = tmp_path / "shards"
    prepare.main(["--catalog", str(catalog), "--output", str(output), LOCAL])

    def labels(name: str) -> tuple[Any, Any, str]:
        (row,) = pq.read_table(output / "train" / f"{name}.parquet").to_pylist()
        return np.array(row["targets"]), np.array(row["weights"]), row["label_source"]

    for name in ("durations-only", "no-subtitles", "binary-subtitles"):
        assert not labels(name)[1].any()
        assert labels(name)[2] == "none"
    for name in ("good", "reversed"):
        targets, weights, source = labels(name)
        assert source == "subtitles"
        assert targets[0, 5:15].all()
        assert targets[0].sum() == pytest.approx(10)
        assert weights[0, 8] == 0.5  # of one line nobody can tell whether it fits the sound
        assert not weights[0, 30:].any()  # past the end of its 6 s
        assert not weights[1].any()  # nobody spoke of music
    assert labels("overlapping")[0][0].sum() == pytest.approx(12.5)


def test_the_exit_status_follows_the_tolerated_share(catalog: Path, tmp_path: Path) -> None:
    arguments = ["--catalog", str(catalog), "--output", str(tmp_path / "shards"), LOCAL]
    lost, all_titles = len(LOST) + 1, len(CASES) + 1
    assert prepare.main([*arguments, "--max-failed", str(lost / all_titles)]) == 0
    assert prepare.main([*arguments, "--max-failed", str((lost - 1) / all_titles)]) == 1


def test_a_mended_title_leaves_the_failures(catalog: Path, tmp_path: Path, media: Any, tone: Any) -> None:
    output = tmp_path / "shards"
    arguments = ["--catalog", str(catalog), "--output", str(output), LOCAL]
    prepare.main(arguments)
    assert "missing" in failures(output)
    media.write("nowhere.wav", tone(440, seconds=6))
    text = catalog.read_text(encoding="utf-8").replace("often", "25")
    catalog.write_text(text, encoding="utf-8")
    prepare.main(arguments)
    assert {"missing", "bad-fps"}.isdisjoint(failures(output))
    assert "reversed" in failures(output)  # it was not done again, and its warning still stands
    assert (output / "train" / "missing.parquet").exists()


def test_tag_does_the_rest_and_says_what_is_wrong(catalog: Path, checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "tags"
    assert tag.main([str(catalog), "--output", str(output), "--checkpoint", str(checkpoint), LOCAL]) == 1
    found = failures(output)
    assert {name for name, rows in found.items() if rows[0]["severity"] == "error"} >= LOST - {""}
    for table in ("activity", "segments", "titles"):
        assert {path.stem for path in (output / table).glob("*.parquet")} == set(CASES) - LOST
    assert [row["severity"] for row in found["truncated"]] == ["warning"]


def test_evaluate_names_the_titles_it_cannot_score(
    catalog: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "truth.csv").write_text("start_s,end_s,class\n1.0,3.0,speech\n", encoding="utf-8")
    tag.main([str(tmp_path / "good.wav"), "--output", str(tmp_path / "tags"), "--checkpoint", str(checkpoint)])
    rows = "title_id,audio,truth\ngood,good.wav,truth.csv\nuntagged,x.wav,truth.csv\nuntold,good.wav,\n"
    (tmp_path / "reference.csv").write_text(rows, encoding="utf-8")
    arguments = ["--activity", str(tmp_path / "tags"), "--truth", str(tmp_path / "reference.csv"), LOCAL]
    assert evaluate.main([*arguments, "--output", str(tmp_path / "scores")]) == 1
    found = failures(tmp_path / "scores")
    assert "run smad tag first" in found["untagged"][0]["message"]
    assert "has no truth" in found["untold"][0]["message"]
    assert "title good" in capsys.readouterr().out
