"""``smad mix`` end to end: shards hold what composing gives directly, and a second run adds but never changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines import mix
from transforms import storage
from transforms.frames import frame_count
from transforms.labels.spans import coverage
from transforms.mix.corpus import read_corpus
from transforms.mix.library import Library
from transforms.mix.programme import compose
from transforms.ptransforms.mix import title_of
from transforms.records import SPLITS, InputError
from transforms.tables import SCENES, SHARDS, unflac

LOCAL = ["--direct_num_workers=1"]
# Ten programmes of six seconds.
SIZE = ["--minutes", "0.1", "--hours", "0.0166", "--seed", "3"]


def run(corpus: Path, output: Path, *size: str) -> int:
    return mix.main(["--corpus", str(corpus), "--output", str(output), *size, *LOCAL])


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def shards(output: Path) -> dict[str, Path]:
    return {path.stem: path for split in SPLITS for path in sorted((output / split).glob("*.parquet"))}


@pytest.fixture(scope="module")
def mixed(clean_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("mixed")
    assert run(clean_corpus, output, *SIZE) == 0
    return output


def test_shards_hold_what_composing_gives(mixed: Path, clean_corpus: Path) -> None:
    clips = read_corpus(clean_corpus.read_bytes(), None, str(clean_corpus.parent))
    libraries = {split: Library([clip for clip in clips if clip.split == split]) for split in SPLITS}
    assert len(shards(mixed)) == 10
    for name, path in shards(mixed).items():
        number = int(name.rsplit("-", 1)[1])
        made = compose(np.random.default_rng([3, number]), libraries[path.parent.name], 6 * 16_000)
        [row] = rows(path)
        samples = unflac(row["audio"])
        assert np.abs(samples - made.wave.clip(-1, 1 - 2**-15) * 32_768).max() <= 0.5
        for target, weight, label in zip(row["targets"], row["weights"], row["classes"], strict=True):
            expected = coverage((i for i in made.activity if i.kind == label), frame_count(len(samples)))
            assert np.array_equal(np.array(target[:30], np.float32), expected)
            assert weight == [1.0] * 30 + [0.0] * 70
        assert (row["title_id"], row["language"], row["split"]) == (name, made.language, path.parent.name)
        assert (row["duration_s"], row["gain_db"], row["label_source"]) == (6, 0, "annotations")
        found = [(scene["kind"], scene["start_s"], scene["end_s"]) for scene in rows(mixed / "scenes" / path.name)]
        assert found == [(scene.kind, scene.start_s, scene.end_s) for scene in made.scenes]


def test_tables_have_their_columns(mixed: Path) -> None:
    for path in shards(mixed).values():
        assert pq.read_schema(path).equals(SHARDS)
        assert pq.read_schema(mixed / "scenes" / path.name).equals(SCENES)
    assert storage.read_failures(str(mixed)) == []
    assert len(list((mixed / "titles").iterdir())) == 10


def test_the_number_tells_the_split(mixed: Path) -> None:
    assert {name for name, path in shards(mixed).items() if path.parent.name != "train"} == {"mix-3-00009"}
    assert [n for n in range(60) if title_of(n, 0).split == "valid"] == [9, 29, 49]
    assert [n for n in range(60) if title_of(n, 0).split == "test"] == [19, 39, 59]


def test_more_hours_add_and_the_first_stay(mixed: Path, clean_corpus: Path) -> None:
    stamps = {name: path.stat().st_mtime_ns for name, path in shards(mixed).items()}
    assert run(clean_corpus, mixed, *SIZE) == 0
    assert {name: path.stat().st_mtime_ns for name, path in shards(mixed).items()} == stamps
    assert run(clean_corpus, mixed, "--minutes", "0.1", "--hours", "0.0183", "--seed", "3") == 0
    after = {name: path.stat().st_mtime_ns for name, path in shards(mixed).items()}
    assert set(after) - set(stamps) == {"mix-3-00010"}
    assert {name: after[name] for name in stamps} == stamps
    (mixed / "train" / "mix-3-00010.parquet").unlink()


def test_another_run_gives_the_same_bytes(mixed: Path, clean_corpus: Path, tmp_path: Path) -> None:
    assert run(clean_corpus, tmp_path, "--minutes", "0.1", "--hours", "0.0049", "--seed", "3") == 0
    assert len(shards(tmp_path)) == 3
    for name, path in shards(tmp_path).items():
        assert rows(path) == rows(shards(mixed)[name])


def test_a_clip_that_cannot_be_read_is_left_out_with_a_warning(
    write_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    corpus = write_corpus(tmp_path / "corpus", singing=False)
    # Two of the three speakers that a programme can have.
    for name in ("speech0.wav", "speech1.flac"):
        (corpus.parent / name).write_bytes(bytes(range(256)) * 40)
    assert run(corpus, tmp_path / "out", "--minutes", "0.4", "--hours", "0.0132") == 0
    assert len(shards(tmp_path / "out")) == 2
    assert [len(rows(path)) for path in shards(tmp_path / "out").values()] == [2, 2]
    found = storage.read_failures(str(tmp_path / "out"))
    assert found
    for row in found:
        assert (row["severity"], row["stage"], row["error"]) == ("warning", "mix", "ClipError")
        assert row["uri"].startswith(f"{corpus.parent}/speech")
        assert row["message"].startswith(row["uri"])
        assert row["message"].endswith("it was left out")


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as stop:
        mix.main(argv)
    assert stop.value.code == 2
    return capsys.readouterr().err


class TestBadInput:
    def test_what_is_not_there(self, clean_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        none, corpus, output = str(tmp_path / "none.csv"), str(clean_corpus), ["--output", str(tmp_path / "out")]
        assert f"{none}: cannot be opened (No such file" in refused(capsys, "--corpus", none, *output)
        message = refused(capsys, "--corpus", corpus, "--activity", none, *output)
        assert f"{none}: cannot be opened" in message
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ("path,class\na.wav,speech\n", "has no column speaker_or_artist, duration_s"),
            ("path,class,speaker_or_artist,duration_s\na.wav,speech,a,?\n", "a.wav: its duration_s, '?'"),
            ("path,class,speaker_or_artist,duration_s\na.wav,song,a,1\n", "holds no clip whose class is"),
        ],
    )
    def test_a_table(self, table: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "c.csv").write_text(table, encoding="utf-8")
        said = refused(capsys, "--corpus", str(tmp_path / "c.csv"), "--output", str(tmp_path / "out"))
        assert f"{tmp_path / 'c.csv'}: {message}" in said

    @pytest.mark.parametrize("option", ["--hours", "--minutes"])
    def test_no_time(self, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        said = refused(capsys, "--corpus", "c.csv", "--output", str(tmp_path / "out"), option, "0")
        assert "error: --hours and --minutes must be above 0" in said

    def test_a_side_without_music_is_an_error_of_its_programmes(
        self, write_corpus: Callable[..., Path], tmp_path: Path
    ) -> None:
        corpus = write_corpus(tmp_path / "corpus")
        table = corpus.read_text(encoding="utf-8").replace(",music,", ",other,")
        corpus.write_text(table, encoding="utf-8")
        assert run(corpus, tmp_path / "out", "--minutes", "0.1", "--hours", "0.0016") == 1
        [row] = storage.read_failures(str(tmp_path / "out"))
        assert row["message"] == f"{corpus}: has no music on this side; add clips, or state their split"
        assert issubclass(InputError, ValueError)


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        mix.main(["--help"])
    said = capsys.readouterr().out
    assert stop.value.code == 0
    assert "smad mix --corpus corpus.csv --output mixed --hours 40" in said.split("examples:")[1]
    assert "duration_s" in said
