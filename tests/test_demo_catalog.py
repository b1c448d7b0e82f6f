"""The demo catalog as it ships: complete, small, decodable, and with a truth that can be one."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import av
import pytest

import pipelines.demo_catalog

FOLDER = Path(pipelines.demo_catalog.__file__).parent
SIZE_LIMIT_BYTES = 6_500_000
LAYOUTS = {"night-ferry": "5.1(side)", "nochnoy-poezd": "stereo", "ultima-carta": "5.1", "der-garten": "stereo"}


@cache
def rows() -> dict[str, dict[str, str]]:
    with (FOLDER / "catalog.csv").open(encoding="utf-8", newline="") as file:
        return {row["title_id"]: row for row in csv.DictReader(file)}


@cache
def duration_s(title_id: str) -> float:
    with av.open(str(FOLDER / rows()[title_id]["audio"])) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def truth(title_id: str, label: str) -> list[tuple[float, float]]:
    with (FOLDER / rows()[title_id]["truth"]).open(encoding="utf-8", newline="") as file:
        return [(float(row["start_s"]), float(row["end_s"])) for row in csv.DictReader(file) if row["class"] == label]


def overlap_s(title_id: str) -> float:
    pairs = [(s, m) for s in truth(title_id, "speech") for m in truth(title_id, "music")]
    return sum(max(0.0, min(s[1], m[1]) - max(s[0], m[0])) for s, m in pairs)


def test_the_catalog_names_the_four_titles_and_only_files_that_exist() -> None:
    assert rows().keys() == LAYOUTS.keys()
    for row in rows().values():
        for column in ("audio", "subtitles", "cue_sheet", "truth"):
            assert not row[column] or (FOLDER / row[column]).is_file(), row[column]
    assert sum(bool(row["cue_sheet"]) for row in rows().values()) >= 3


def test_three_titles_train_and_one_tests() -> None:
    assert sorted(row["split"] for row in rows().values()) == ["test", "train", "train", "train"]


@pytest.mark.parametrize(("title_id", "layout"), LAYOUTS.items())
def test_media_decode_at_48_khz_in_the_stated_layout(title_id: str, layout: str) -> None:
    with av.open(str(FOLDER / rows()[title_id]["audio"])) as container:
        frame = next(container.decode(audio=0))
    assert (frame.sample_rate, frame.layout.name) == (48_000, layout)
    assert 60 <= duration_s(title_id) <= 80


@pytest.mark.parametrize("label", ["speech", "music"])
@pytest.mark.parametrize("title_id", LAYOUTS)
def test_truth_is_sorted_disjoint_and_inside_the_title(title_id: str, label: str) -> None:
    intervals = truth(title_id, label)
    assert intervals
    edges = [edge for interval in intervals for edge in interval]
    assert edges == sorted(set(edges))
    assert edges[0] >= 0
    assert edges[-1] <= duration_s(title_id)


def test_the_tested_title_has_speech_over_music() -> None:
    tested = next(title_id for title_id, row in rows().items() if row["split"] == "test")
    assert overlap_s(tested) > 10


def test_media_stay_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in (FOLDER / "media").iterdir()) < SIZE_LIMIT_BYTES
