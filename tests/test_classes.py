"""A third class, by a file of rules alone, through all the jobs; and what happens where classes do not agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
from numpy.typing import NDArray

import crnn.train
from crnn.checkpoint import read_checkpoint
from crnn.train import train
from crnn.training import Recipe
from pipelines import evaluate, prepare, tag
from pipelines.report import COLOURS, OTHER_COLOURS, colours_of
from transforms.activity import RAW
from transforms.records import InputError
from transforms.storage import read_failures

# Lightning's hints are not about these tests.
pytestmark = pytest.mark.filterwarnings(r"ignore::Warning:lightning\..*")
WriteShard = Callable[..., Path]
LOCAL = "--direct_num_workers=1"
THREE = ["speech", "music", "effects"]
# Of a line or two nobody can tell whether they fit the sound; here they do.
RULES = """
classes = ["speech", "music", "effects"]
[rules]
effects = [
  { evidence = ["subtitles"], target = 0, weight = 0.1 },
  { evidence = ["effects_description"], weight = 0.5, edge_s = 0.2, edge_weight = 0.25 },
  { evidence = ["quiet"], target = 0, weight = 1, disputed = 0.5 },
]
[words]
effects = ["kerplunk*"]
[sync]
doubtful_trust = 1
"""
SECONDS = 24
# What is heard in each title. In "calm" no effect is, though they were listened for; in "plain" nobody did so.
HEARD = {
    "busy": [(1, 6, "speech"), (5, 12, "music"), (14, 15, "effects"), (18, 20, "effects")],
    "loud": [(2, 8, "speech"), (10, 20, "music"), (21, 23, "effects")],
    "calm": [(1, 9, "speech"), (8, 16, "music")],
    "plain": [(3, 9, "speech"), (12, 20, "music")],
}
SPLIT = {"busy": "train", "loud": "valid", "calm": "test", "plain": "train"}


def sound(heard: list[tuple[int, int, str]]) -> NDArray[np.float64]:
    """Make buzzes that come and go as syllables do, chords, and bursts of noise, over a faint hiss."""
    random, time_s = np.random.default_rng(len(heard)), np.arange(SECONDS * 16_000) / 16_000
    voices = {
        "speech": np.sign(np.sin(2 * np.pi * 120 * time_s)) * np.clip(np.sin(2 * np.pi * 4 * time_s), 0, 1) / 5,
        "music": sum(np.sin(2 * np.pi * pitch * time_s) for pitch in (220, 277, 330)) / 15,
        "effects": random.standard_normal(len(time_s)) / 10,
    }
    wave = random.standard_normal(len(time_s)) / 1000
    for start, end, label in heard:
        wave[start * 16_000 : end * 16_000] += voices[label][start * 16_000 : end * 16_000]
    return wave


def table(heard: list[tuple[int, int, str]]) -> str:
    return "\n".join(["start_s,end_s,class", *(f"{start},{end},{label}" for start, end, label in heard), ""])


@dataclass(frozen=True)
class Run:
    """What the jobs made of the catalog."""

    folder: Path

    @property
    def catalog(self) -> str:
        return str(self.folder / "catalog.csv")

    def rows(self, *place: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(self.folder.joinpath(*place)).to_pylist()
        return found

    def labels(self, split: str, title: str, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give targets and weights of a class in the first segment."""
        row = self.rows("shards", split, f"{title}.parquet")[0]
        return np.array(row["targets"][index]), np.array(row["weights"][index])

    def scores(self, name: str = "scores") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name / "scores.json").read_text(encoding="utf-8"))
        return found


def write_catalog(folder: Path) -> Path:
    """Write the catalog, its sound, and for all titles but "plain" annotations, which are their truth, too."""
    rows = ["title_id,audio,split,annotations,truth,annotated,subtitles,cue_sheet"]
    for name, heard in HEARD.items():
        soundfile.write(folder / f"{name}.wav", sound(heard), 16_000)
        (folder / f"{name}.csv").write_text(table(heard), encoding="utf-8")
        told = f"{name}.csv,{name}.csv,{';'.join(THREE) if name == 'calm' else ''},,"
        if name == "plain":
            told = f",{name}.csv,speech;music,plain.srt,cues.csv"
        rows.append(f"{name},{name}.wav,{SPLIT[name]},{told}")
    (folder / "plain.srt").write_text("1\n00:00:03,000 --> 00:00:09,000\nWe sail at six.\n", encoding="utf-8")
    (folder / "cues.csv").write_text("Title,Usage,In,Out\nTheme,BI,00:00:12,00:00:20\n", encoding="utf-8")
    (folder / "catalog.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    return folder / "catalog.csv"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("classes")
    write_catalog(folder)
    made = Run(folder)
    preparing = ["--catalog", made.catalog, "--output", f"{folder}/shards", "--rules", f"{folder}/rules.toml", LOCAL]
    assert prepare.main(preparing) == 0
    train([f"{folder}/shards"], f"{folder}/m.ckpt", Recipe(epochs=2, batch_size=2, device="cpu"))
    assert tag.main([made.catalog, "--output", f"{folder}/tags", "--checkpoint", f"{folder}/m.ckpt", LOCAL]) == 0
    scoring = ["--activity", f"{folder}/tags", "--truth", made.catalog, "--output", f"{folder}/scores", LOCAL]
    assert evaluate.main(scoring) == 0
    return made


def test_shards_are_of_three_classes(run: Run) -> None:
    for name, split in SPLIT.items():
        for row in run.rows("shards", split, f"{name}.parquet"):
            assert row["classes"] == THREE
            assert np.shape(row["targets"]) == np.shape(row["weights"]) == (3, 100)


def test_annotations_speak_of_what_they_name_and_of_what_was_listened_for(run: Run) -> None:
    targets, weights = run.labels("train", "busy", 2)
    assert np.flatnonzero(targets).tolist() == [*range(70, 75), *range(90, 100)]
    assert (weights == 1).all()
    targets, weights = run.labels("test", "calm", 2)
    assert not targets.any()
    assert (weights == 1).all()


def test_without_annotations_the_rules_of_the_class_decide(run: Run) -> None:
    targets, weights = run.labels("train", "plain", 2)
    assert not targets.any()
    assert weights == pytest.approx(0.1)
    targets, weights = run.labels("train", "plain", 1)
    assert np.flatnonzero(targets).tolist() == list(range(60, 100))
    assert (weights[[*range(57), *range(63, 97)]] == 1).all()


def test_the_checkpoint_has_them_and_a_decision_for_each(run: Run) -> None:
    config = read_checkpoint(f"{run.folder}/m.ckpt").header.config
    assert (list(config.classes), config.decisions) == (THREE, (RAW, RAW, RAW))


def test_all_three_are_tagged(run: Run) -> None:
    for name in HEARD:
        (row,) = run.rows("tags", "activity", f"{name}.parquet")
        assert row["classes"] == THREE
        assert np.shape(row["probability"]) == (3, 5 * SECONDS)
        assert {found["class"] for found in run.rows("tags", "segments", f"{name}.parquet")} <= set(THREE)


def test_all_three_are_scored_in_every_title_that_was_listened_to_for_them(run: Run) -> None:
    scores = run.scores()
    assert list(scores) == ["by_language", "by_title", "effects", "music", "speech"]
    assert scores["effects"]["reference_s"] == pytest.approx(5)
    assert {name: sorted(found) for name, found in scores["by_title"].items()} == {
        name: sorted(THREE if name != "plain" else THREE[:2]) for name in HEARD
    }
    assert scores["by_title"]["calm"]["effects"]["reference_s"] == 0
    assert scores["by_title"]["calm"]["effects"]["recall"] is None
    assert not read_failures(f"{run.folder}/scores")


def test_where_no_truth_names_a_class_it_is_not_scored(run: Run, tmp_path: Path) -> None:
    catalog = run.folder / "two.csv"
    catalog.write_text("title_id,audio,truth\nplain,plain.wav,plain.csv\n", encoding="utf-8")
    scoring = ["--activity", f"{run.folder}/tags", "--truth", str(catalog), "--output", str(tmp_path / "scores"), LOCAL]
    assert evaluate.main(scoring) == 0
    assert list(Run(tmp_path).scores()) == ["by_language", "by_title", "music", "speech"]


def test_they_are_drawn_and_printed(run: Run) -> None:
    assert (run.folder / "scores" / "timelines.png").read_bytes().startswith(b"\x89PNG")
    lines = evaluate.table(run.scores()).splitlines()
    assert [line.split()[2] for line in lines[1:4]] == ["effects", "music", "speech"]
    assert len({len(line) for line in lines}) == 1


def test_every_class_has_a_colour_of_its_own() -> None:
    names = [f"c{number}" for number in range(len(OTHER_COLOURS))]
    assert len(set(colours_of(["speech", *names, "music"]).values())) == len(names) + 2
    assert colours_of(["effects", "music"]) == COLOURS | {"effects": OTHER_COLOURS[0]}
    assert set(colours_of([*names, "more", "speech"])) == {*names, "more", *COLOURS}


def test_descriptions_in_subtitles_are_evidence(tmp_path: Path) -> None:
    write_catalog(tmp_path)
    lines = ["1\n00:00:03,000 --> 00:00:09,000\nWe sail at six.\n", "2\n00:00:14,000 --> 00:00:16,000\n[door slams]\n"]
    lines.append("3\n00:00:18,000 --> 00:00:20,000\n[kerplunking]\n")
    (tmp_path / "plain.srt").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "one.csv").write_text("title_id,audio,subtitles,split\na,plain.wav,plain.srt,train\n", encoding="utf-8")
    preparing = ["--catalog", f"{tmp_path}/one.csv", "--rules", f"{tmp_path}/rules.toml"]
    assert prepare.main([*preparing, "--output", f"{tmp_path}/shards", LOCAL]) == 0
    targets, weights = Run(tmp_path).labels("train", "a", 2)
    assert np.flatnonzero(targets).tolist() == [*range(70, 80), *range(90, 100)]
    by_hand = [0.1] * 100
    by_hand[70:80] = by_hand[90:100] = [0.25] + [0.5] * 8 + [0.25]  # the middle of a frame at an edge is 0.1 s off it
    assert weights == pytest.approx(by_hand)


def test_other_rules_label_all_titles_anew(run: Run, tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path)
    preparing = ["--catalog", str(catalog), "--output", f"{tmp_path}/shards", LOCAL]
    assert prepare.main(preparing) == 0
    assert Run(tmp_path).rows("shards", "train", "busy.parquet")[0]["classes"] == THREE[:2]
    assert prepare.main([*preparing, "--rules", f"{tmp_path}/rules.toml"]) == 0
    here, there = (found.rows("shards", "train", "busy.parquet") for found in (Run(tmp_path), run))
    assert here == there


def test_two_classes_that_were_tagged_are_scored_of_three_that_are_true(
    run: Run, tmp_path: Path, write_shard: WriteShard
) -> None:
    write_shard(tmp_path / "lesson", "train", "lesson", segments=1)
    train([f"{tmp_path}/lesson"], f"{tmp_path}/m.ckpt", Recipe(epochs=1, device="cpu"))
    assert tag.main([run.catalog, "--output", f"{tmp_path}/tags", "--checkpoint", f"{tmp_path}/m.ckpt", LOCAL]) == 0
    scoring = ["--activity", f"{tmp_path}/tags", "--truth", run.catalog, "--output", f"{tmp_path}/scores", LOCAL]
    assert evaluate.main(scoring) == 0
    scores = Run(tmp_path).scores()
    assert list(scores) == ["by_language", "by_title", "music", "speech"]
    assert scores["music"]["reference_s"] == run.scores()["music"]["reference_s"]
    told = {row["title_id"]: (row["severity"], row["message"]) for row in read_failures(f"{tmp_path}/scores")}
    assert told == {
        "busy": ("warning", "2 rows were left out: unknown class (known: speech, music); first in line 4"),
        "loud": ("warning", "1 rows were left out: unknown class (known: speech, music); first in line 4"),
        "calm": ("warning", "annotated names effects: no such class (known: speech, music)"),
    }


class TestShardsThatDiffer:
    def test_are_not_trained_on_together(
        self, run: Run, tmp_path: Path, write_shard: WriteShard, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write_shard(tmp_path, "train", "other", segments=1)
        shards = f"{run.folder}/shards,{tmp_path}"
        assert crnn.train.main(["--shards", shards, "--output", f"{tmp_path}/m.ckpt", "--device", "cpu"]) == 2
        said = "shards differ in their classes (speech, music; speech, music, effects): prepare all of them by the same"
        assert said in capsys.readouterr().err

    def test_are_not_validated_on(self, run: Run, tmp_path: Path, write_shard: WriteShard) -> None:
        write_shard(tmp_path, "train", "a", segments=1)
        loud = tmp_path / "valid" / "loud.parquet"
        loud.parent.mkdir()
        loud.write_bytes((run.folder / "shards" / "valid" / "loud.parquet").read_bytes())
        with pytest.raises(InputError, match="are of speech, music, those to validate on of speech, music, effects"):
            train([str(tmp_path)], f"{tmp_path}/m.ckpt", Recipe(epochs=1, device="cpu"))

    def test_do_not_go_on_with_a_checkpoint(self, run: Run, tmp_path: Path, write_shard: WriteShard) -> None:
        write_shard(tmp_path, "train", "a", segments=1)
        with pytest.raises(InputError, match="was trained on other shards"):
            train([str(tmp_path)], f"{run.folder}/m.ckpt", Recipe(epochs=1, device="cpu"))


@pytest.mark.parametrize("rules", ["nowhere.toml", "catalog.csv"])
def test_rules_that_cannot_be_read_stop_the_job(
    run: Run, tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(run.folder / rules)
    with pytest.raises(SystemExit) as done:
        prepare.main(["--catalog", run.catalog, "--output", str(tmp_path / "shards"), "--rules", place])
    assert done.value.code == 2
    assert rules in capsys.readouterr().err
    assert not (tmp_path / "shards").exists()
