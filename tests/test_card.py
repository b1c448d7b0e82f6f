"""The card of a data set: its sums, its words and its picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from pipelines import prepare
from pipelines.card import make_card
from pipelines.card_figures import Coverage, by_size, coverages, lag_s, lengths_s, troubles, verdicts
from pipelines.card_picture import draw
from pipelines.card_text import headlines, markdown
from transforms import storage, tables

LOCAL = "--direct_num_workers=1"


def row(title_id: str, hours: float = 1, language: str = "en", split: str = "train", **more: Any) -> dict[str, Any]:
    length_s = 3600 * hours
    figures = {"classes": ["speech", "music"], "known_s": [length_s, length_s / 2], "active_s": [length_s / 4, 0.0]}
    given = {"title_id": title_id, "duration_s": length_s, "language": language, "split": split, "loudness_lkfs": -25.0}
    known = {**figures, "weight_s": [length_s / 2, length_s / 2], "label_source": "subtitles", **given, **more}
    return dict.fromkeys(tables.PREPARED.names) | known


def synced(
    title_id: str, verdict: str, score: float | None, offset_s: float = 0.0, rate: float = 1.0
) -> dict[str, Any]:
    return row(title_id, sync=verdict, sync_score=score, offset_s=offset_s, rate=rate)


def lost(title_id: str, message: str, severity: str = "error", uri: str = "") -> dict[str, Any]:
    failure = {"title_id": title_id, "uri": uri, "stage": "load", "error": "InputError", "message": message}
    return failure | {"severity": severity, "kept_s": None, "expected_s": None}


UNLABELLED: dict[str, Any] = dict.fromkeys(("classes", "known_s", "active_s", "weight_s", "label_source"))
ROWS = [row("a", 3), row("b", 2, "de", "test"), row("c", 1, "", "valid", label_source="none"), row("d", 2, "de")]


class TestFigures:
    def test_lengths(self) -> None:
        assert lengths_s(ROWS, "language") == {("en",): 10_800, ("de",): 14_400, ("",): 3_600}
        assert lengths_s(ROWS, "language", "split")["de", "test"] == 7_200
        assert by_size(lengths_s(ROWS, "language", "split")) == ["de", "en", ""]

    def test_coverage(self) -> None:
        found = coverages(ROWS)
        assert found["speech",] == Coverage(28_800, 28_800, 7_200, 14_400)
        assert (found["speech",].known, found["speech",].heard, found["speech",].weight) == (1, 0.25, 0.5)
        assert (found["music",].known, found["music",].heard, found["music",].weight) == (0.5, 0, 1)
        assert Coverage().known == Coverage().heard == Coverage().weight == 0

    def test_titles_of_other_classes(self) -> None:
        others = [row("a"), row("b", classes=["song"], known_s=[360.0], active_s=[180.0], weight_s=[36.0])]
        found = coverages([*others, row("c", **UNLABELLED)])
        assert {label: one.length_s for (label,), one in found.items()} == {"speech": 3600, "music": 3600, "song": 3600}
        assert found["song",].known == pytest.approx(0.1)

    def test_failures_alike_are_one_trouble(self) -> None:
        failures = [
            *(lost(f"t{n}", f"/f/{n}.wav: has 'x{n}' at {n}:0{n}.5, not {n}", uri=f"/f/{n}.wav") for n in (3, 1, 2, 4)),
            lost("t1", "/f/1.wav: has 'y' at 1:02, not -5", uri="/f/1.wav"),
            *(lost(f"w{n}", "mp3 in UTF-8 is odd", "warning") for n in range(9)),
        ]
        [first, second] = troubles(failures)
        assert first.pattern == "FILE: has '…' at #, not #"
        assert (first.severity, first.count, first.titles, first.examples) == ("error", 5, 4, ("t1", "t2", "t3"))
        assert (second.pattern, second.count) == ("mp3 in UTF-# is odd", 9)

    def test_verdicts(self) -> None:
        rows = [synced("a", "kept", 9), synced("b", "kept", 8), synced("c", "untested", None), row("d")]
        assert {name: len(found) for name, found in verdicts(rows).items() if found} == {"kept": 2, "untested": 1}


@pytest.mark.parametrize(
    ("offset_s", "left_s"), [(0, 0), (-12, -12), (-3600, 0), (-3603.6, 0), (-36036, 0), (-3588, 12), (3598.5, -1.5)]
)
def test_whole_hours_are_no_lag(offset_s: float, left_s: float) -> None:
    assert lag_s(offset_s) == pytest.approx(left_s)


class TestWords:
    def test_the_headlines(self) -> None:
        rows = [*ROWS, synced("e", "moved", 8.0, 3598.5)]
        assert headlines(rows, [lost("x", "is empty"), lost("y", "odd", "warning")]) == [
            "5 titles, 9.00 h: train 6.00 h, valid 1.00 h, test 2.00 h",
            "3 languages: de 4.00 h, en 4.00 h, (none) 1.00 h",
            "labels: speech known 100% of the time (weight 0.50), heard in 25% of that; "
            "music known 50% of the time (weight 1.00), heard in 0% of that",
            "subtitles against the sound: 1 moved (of 5 titles)",
            "failures: 1 errors, 1 warnings; most: 1 × [load] is empty",
        ]

    def test_the_tables(self) -> None:
        rows = [*ROWS, synced("e", "moved", 8.0, 3598.5, 25 / 24), synced("f", "refused", 3.0)]
        text = markdown(rows, [lost("a|b", "x | y")], {"classes": "speech, music"})
        for line in (
            "| train | 4 | 7.00 | 70.0% |",
            "| de | 2.00 | 0.00 | 2.00 | 4.00 |",
            "| de | 60.0 / 240 | 0.0 / 120 |",
            "| speech | all | 100.0% | 0.50 | 25.0% |",
            "| none | 1 | 1.00 |",
            "| moved | 1 | 8.0 | 1.50 s | 1 |",
            "| refused | 1 | 3.0 | 0.00 s | 0 |",
            "| -25.0 LKFS | -25.0 LKFS | -25.0 LKFS | -25.0 LKFS | -25.0 LKFS |",
            "| error | load | InputError | x \\| y | 1 | 1 | a\\|b |",
            "| classes | speech, music |",
            "![hours, labels, fit of subtitles, loudness](card.png)",
        ):
            assert line in text.splitlines(), line
        assert " UTC by `smad prepare`" in text

    def test_many_troubles_are_cut(self) -> None:
        failures = [lost("t", f"{'x' * number} is odd") for number in range(1, 41)]
        assert "and 10 more kinds, in `failures/`" in markdown([], failures, {})

    @given(st.text(), st.text(), st.text())
    def test_a_cell_is_a_cell(self, language: str, title_id: str, message: str) -> None:
        text = markdown([row(title_id, language=language)], [lost(title_id, message)], {"a": language})
        rows = [line for line in text.split("\n") if line.startswith("|")]
        assert all(line.replace("\\\\", "").replace("\\|", "").endswith("|") for line in rows)
        assert {line.replace("\\\\", "").replace("\\|", "").count("|") for line in rows} == {8, 6, 5, 4, 3}


def many(titles: int, languages: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    found = []
    for number in range(titles):
        verdict = str(random.choice(["kept", "moved", "doubtful", "refused", "torn", "untested"]))
        score = None if verdict == "untested" else float(random.normal(9, 3))
        one = synced(f"t{number}", verdict, score, float(random.normal(0, 90)))
        where = {"language": f"$l{number % languages}_", "split": ("train", "valid", "test")[number % 3]}
        found.append(one | where | {"loudness_lkfs": float(random.normal(-25, 3))})
    return found


class TestPicture:
    @pytest.mark.parametrize(
        "rows",
        [
            pytest.param([], id="none"),
            pytest.param([row("a", loudness_lkfs=-np.inf)], id="silent"),
            pytest.param([row("a", 0, **UNLABELLED)], id="empty"),
            pytest.param([synced("a", "kept", 7.0), synced("b", "refused", 2.0)], id="two"),
            pytest.param(many(300, 50), id="many"),
        ],
    )
    def test_of_any_size(self, rows: list[dict[str, Any]]) -> None:
        picture = imread(io.BytesIO(draw(rows, "5 $ titles")), format="png")
        assert picture.shape[:2] == (935, 1430)
        assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 20

    def test_languages_that_find_no_place_are_one_bar(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from pipelines import card_picture

        drawn: dict[str, Any] = {}
        monkeypatch.setattr(card_picture, "_bars", lambda axes, bars, colours, title, room: drawn.update({title: bars}))
        draw(many(300, 50), "")
        bars = drawn["Hours by language (50)"]
        assert len(bars) == card_picture.MOST_BARS + 1
        assert sum(bars["others"].values()) == pytest.approx(6 * (50 - card_picture.MOST_BARS))
        assert sum(sum(bar.values()) for bar in bars.values()) == pytest.approx(300)


class TestPrepare:
    @pytest.fixture
    def catalog(self, tmp_path: Path) -> Path:
        lines = ["title_id,audio,language,work,split"]
        for number in range(3):
            noise = np.random.default_rng(number).uniform(-0.1, 0.1, 16_000 * 3)
            soundfile.write(tmp_path / f"{number}.wav", noise, 16_000)
            lines.append(f"t{number},{number}.wav,l{number},w,{'valid' if number == 1 else ''}")
        path = tmp_path / "c.csv"
        path.write_text("\n".join([*lines, "bad,none.wav,,,"]), encoding="utf-8")
        return path

    def run(self, catalog: Path, *more: str) -> int:
        return prepare.main(["--catalog", str(catalog), "--output", str(catalog.parent / "out"), LOCAL, *more])

    def test_it_ends_with_a_card(self, catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(catalog) == 1
        said = capsys.readouterr().err
        assert f"card: {catalog.parent}/out/card.md\n  3 titles, 0.00 h: train 0.00 h, valid 0.00 h" in said
        text = (catalog.parent / "out" / "card.md").read_text(encoding="utf-8")
        assert "| valid | 3 | 0.00 | 100.0% |" in text
        assert "| error | load | InputError | " in text
        assert "| splits | train 0.8, valid 0.1, test 0.1 |" in text
        assert (catalog.parent / "out" / "card.png").read_bytes().startswith(b"\x89PNG")

    def test_titles_of_earlier_runs_are_in_it(self, catalog: Path) -> None:
        self.run(catalog)
        lines = catalog.read_text(encoding="utf-8").splitlines()
        catalog.write_text("\n".join([lines[0], lines[1].replace("t0", "t9")]), encoding="utf-8")
        assert self.run(catalog) == 0
        assert "- 4 titles, " in (catalog.parent / "out" / "card.md").read_text(encoding="utf-8")

    def test_only_titles_that_change_sides_are_written_anew(
        self, catalog: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.run(catalog)
        capsys.readouterr()
        self.run(catalog, "--splits", "0,0,1")  # all are on the side that the catalog states
        assert "0 titles done" in capsys.readouterr().err
        catalog.write_text(catalog.read_text(encoding="utf-8").replace(",w,\n", ",,\n"), encoding="utf-8")
        self.run(catalog, "--splits", "0,0,1")
        assert "2 titles done" in capsys.readouterr().err
        out = catalog.parent / "out"
        found = {path.relative_to(out).as_posix() for split in ("valid", "test") for path in (out / split).iterdir()}
        assert found == {"valid/t1.parquet", "test/t0.parquet", "test/t2.parquet"}
        [ledger] = storage.read_table(str(out / "titles" / "t2.parquet")) or []
        assert (ledger["split"], ledger["language"], ledger["label_source"]) == ("test", "l2", "none")

    def test_nothing_but_failures(self, tmp_path: Path) -> None:
        (tmp_path / "c.csv").write_text("title_id,audio\na,none.wav\n", encoding="utf-8")
        assert self.run(tmp_path / "c.csv") == 1
        text = (tmp_path / "out" / "card.md").read_text(encoding="utf-8")
        assert "- 0 titles, 0.00 h" in text
        assert "| error | load | InputError | " in text
        assert (tmp_path / "out" / "card.png").exists()


def test_a_ledger_of_before_has_a_card(tmp_path: Path) -> None:
    old = {name: value for name, value in row("a").items() if name in tables.TITLES.names}
    storage.write_table(storage.table_path(str(tmp_path), "titles", "a"), tables.TITLES, [old])
    make_card(f"{tmp_path}/", {})
    assert "- 1 titles, 1.00 h" in (tmp_path / "card.md").read_text(encoding="utf-8")
