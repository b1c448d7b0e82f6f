"""What a user names as input becomes titles; what cannot becomes a failure row, never a crash."""

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.catalog import read_catalog, resolve, titles_of_files
from transforms.inputs import read_inputs
from transforms.records import Failure, InputError, Title

Rows = list[dict[str, Any]]


def as_csv(rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_jsonl(rows: Rows) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def as_parquet(rows: Rows) -> bytes:
    buffer = io.BytesIO()
    names = dict.fromkeys(key for row in rows for key in row)
    pq.write_table(pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]), buffer)
    return buffer.getvalue()


FORMATS: dict[str, Callable[[Rows], bytes]] = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}


def read(data: bytes, uri: str = "/films/catalog.csv") -> list[Title | Failure]:
    return list(read_catalog(data, uri))


def titles(data: bytes, uri: str = "/films/catalog.csv") -> list[Title]:
    found = read(data, uri)
    assert all(isinstance(item, Title) for item in found), found
    return [item for item in found if isinstance(item, Title)]


def refusal(row: dict[str, Any]) -> str:
    [failure] = read(as_jsonl([row]), "/films/catalog.jsonl")
    assert isinstance(failure, Failure)
    assert (failure.stage, failure.severity, failure.uri) == ("catalog", "error", "/films/catalog.jsonl")
    return failure.message


FULL = {
    "title_id": "series/s01/e01",
    "audio": "a/e01.mkv",
    "language": "en",
    "series": "series",
    "split": "valid",
    "subtitles": "e01.srt;/abs/e01.vtt",
    "subtitle_kind": "sdh",
    "cue_sheet": "e01.csv",
    "cue_sheet_fps": "23.976",
    "cue_sheet_start": "01:00:00:00",
    "annotations": "e01.labels.csv",
    "truth": "gs://bucket/e01.truth.csv",
    "audio_track": "1",
    "audio_layout": "L R",
    "genre": "news",
    "work": "10.5240/7791-8534-2C23-9030-8610-5",
    "director": "É. Müller",
}


class TestFormats:
    @pytest.mark.parametrize("kind", FORMATS)
    def test_all_give_the_same_titles(self, kind: str) -> None:
        rows = [FULL, {"title_id": "映画", "audio": "/x/映画.wav"}]
        [full, plain] = titles(FORMATS[kind](rows), f"/films/catalog.{kind}")
        assert full == Title(
            title_id="series/s01/e01",
            audio=("/films/a/e01.mkv",),
            language="en",
            series="series",
            split="valid",
            subtitles=("/films/e01.srt", "/abs/e01.vtt"),
            subtitle_kind=("sdh",),
            cue_sheet="/films/e01.csv",
            cue_sheet_fps=23.976,
            cue_sheet_start="01:00:00:00",
            annotations="/films/e01.labels.csv",
            truth="gs://bucket/e01.truth.csv",
            audio_track=("1",),
            audio_layout=("FL", "FR"),
            genre="news",
            work="10.5240/7791-8534-2C23-9030-8610-5",
            extra={"director": "É. Müller"},
        )
        assert (plain.title_id, plain.audio, plain.subtitles, plain.cue_sheet_fps) == (
            "映画",
            ("/x/映画.wav",),
            (),
            None,
        )

    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_a_byte_order_mark_is_no_content(self, kind: str) -> None:
        data = b"\xef\xbb\xbf" + FORMATS[kind]([{"title_id": "a", "audio": "a.wav"}])
        assert titles(data, f"/c.{kind}")[0].title_id == "a"

    @pytest.mark.parametrize("kind", FORMATS)
    def test_the_case_of_the_suffix_does_not_matter(self, kind: str) -> None:
        assert titles(FORMATS[kind]([{"title_id": "a", "audio": "a.wav"}]), f"/C.{kind.upper()}")

    @pytest.mark.parametrize("kind", ["jsonl", "parquet"])
    def test_several_subtitles_as_a_list(self, kind: str) -> None:
        rows: Rows = [{"title_id": "a", "audio": "a.wav", "subtitles": ["a.srt", "b;c.srt"]}]
        assert titles(FORMATS[kind](rows), f"/f/c.{kind}")[0].subtitles == ("/f/a.srt", "/f/b;c.srt")

    def test_empty_cells_of_number_columns(self) -> None:
        rows: Rows = [
            {"title_id": 1.0, "audio": "a.wav", "audio_track": 1.0, "cue_sheet_fps": 25.0},
            {"title_id": 2.0, "audio": "b.wav", "audio_track": float("nan"), "cue_sheet_fps": None},
        ]
        one, other = titles(as_parquet(rows), "/c.parquet")
        assert (one.title_id, one.audio_track, one.cue_sheet_fps) == ("1", ("1",), 25)
        assert (other.title_id, other.audio_track, other.cue_sheet_fps) == ("2", (), None)

    def test_any_character_of_json_may_stand_in_a_value(self) -> None:
        name = "a\u2028b\u0085c\x1dd"
        assert titles(as_jsonl([{"title_id": name, "audio": "a.wav"}]), "/c.jsonl")[0].title_id == name

    def test_blank_lines_and_windows_line_ends(self) -> None:
        text = 'title_id,audio\r\na,a.wav\r\n\r\n"b, 2",b.wav\r\n'
        assert [title.title_id for title in titles(text.encode())] == ["a", "b, 2"]
        lines = '{"title_id":"a","audio":"a.wav"}\r\n\r\n{"title_id":"b","audio":"b.wav"}\r\n'
        assert [title.title_id for title in titles(lines.encode(), "/c.ndjson")] == ["a", "b"]

    def test_cells_too_many_and_too_few(self) -> None:
        found = read(b"title_id,audio,genre\na,a.wav,x,y,z\nb,b.wav\n")
        assert [item.title_id for item in found] == ["a", "b"]
        assert all(isinstance(item, Title) for item in found)

    def test_a_header_alone_is_an_empty_catalog(self) -> None:
        assert read(b"title_id,audio\n") == []


class TestRefusedRows:
    @pytest.mark.parametrize("column", ["title_id", "audio"])
    @pytest.mark.parametrize("value", ["", "  ", None])
    def test_without_id_or_audio(self, column: str, value: str | None) -> None:
        row = {"title_id": "a", "audio": "a.wav"} | {column: value}
        assert f"has no {column}; every row needs title_id and audio" in refusal(row)

    @pytest.mark.parametrize("fps", ["x", "0", "-25", "1e9", "24,000", "inf"])
    def test_bad_frame_rate(self, fps: str) -> None:
        assert "give frames a second" in refusal({"title_id": "a", "audio": "a.wav", "cue_sheet_fps": fps})

    @pytest.mark.parametrize("split", ["dev", "Train", "0"])
    def test_bad_split(self, split: str) -> None:
        message = refusal({"title_id": "a", "audio": "a.wav", "split": split})
        assert "must be one of train, valid, test" in message

    @pytest.mark.parametrize("subtitles", [5, {"en": "a.srt"}, True])
    def test_bad_subtitles(self, subtitles: Any) -> None:
        assert "or a list of them" in refusal({"title_id": "a", "audio": "a.wav", "subtitles": subtitles})

    @pytest.mark.parametrize("line", ['{"title_id": "x"', "[1, 2]", "5", "null", '"text"', "[" * 100_000, "\x00"])
    def test_a_malformed_line_is_one_failure_and_the_others_go_on(self, line: str) -> None:
        good = '{"title_id": "%s", "audio": "a.wav"}'
        found = read("\n".join([good % "a", line, good % "b"]).encode(), "/c.jsonl")
        assert [type(item) for item in found] == [Title, Failure, Title]
        assert [item.title_id for item in found] == ["a", "row 2", "b"]
        assert isinstance(found[1], Failure)
        assert found[1].message.startswith("row 2: is not ")

    def test_the_failure_names_its_title(self) -> None:
        [failure] = read(b"title_id,audio,split\nthe film,a.wav,oops\n")
        assert isinstance(failure, Failure)
        assert failure.title_id == "the film"
        assert failure.message.startswith("row 1: ")


class TestRefusedCatalogs:
    @pytest.mark.parametrize(
        ("data", "uri", "what"),
        [
            (b"", "/c.csv", "no column"),
            (b"title_id,genre\na,b\n", "/c.csv", "no column audio"),
            (b"title_id;audio\na;a.wav\n", "/c.csv", "no column"),
            ("title_id,audio\né,a.wav\n".encode("latin-1"), "/c.csv", "decode"),
            ("title_id,audio\na,a.wav\n".encode("utf-16"), "/c.csv", "decode"),
            (b"title_id,audio\ra,a.wav\r", "/c.csv", "new-line"),
            (b"\xff{}", "/c.jsonl", "decode"),
            (b"", "/c.parquet", "cannot be read"),
            (b"PAR1 no PAR1", "/c.parquet", "cannot be read"),
            (as_parquet([{"title_id": "a", "audio": "b"}])[:-20] + b"PAR1", "/c.parquet", "cannot be read"),
        ],
    )
    def test_say_what_to_give(self, data: bytes, uri: str, what: str) -> None:
        with pytest.raises(InputError, match=f"{what}.*; give CSV, JSON Lines or Parquet"):
            read(data, uri)

    def test_a_damaged_parquet_file(self) -> None:
        whole = as_parquet([{"title_id": "a", "audio": "a.wav"}])
        for place in range(len(whole) - 200, len(whole), 3):
            broken = bytearray(whole)
            broken[place] ^= 0xFF
            try:
                read(bytes(broken), "/c.parquet")
            except InputError as error:
                refused = str(error)
        assert refused.endswith("give CSV, JSON Lines or Parquet")

    @given(st.binary(max_size=300), st.sampled_from(["/c.csv", "/c.jsonl", "/c.parquet"]))
    def test_whatever_the_bytes_there_is_no_other_exception(self, data: bytes, uri: str) -> None:
        try:
            found = read(data, uri)
        except InputError:
            return
        assert all(isinstance(item, (Title, Failure)) for item in found)


SIX = "film_L.wav;film_R.wav;film_C.wav;film_LFE.wav;film_Ls.wav;film_Rs.wav"


class TestPieces:
    @pytest.mark.parametrize("kind", FORMATS)
    def test_a_film_in_a_file_a_channel(self, kind: str) -> None:
        [title] = titles(FORMATS[kind]([{"title_id": "a", "audio": SIX}]), f"/f/c.{kind}")
        assert title.audio == tuple(f"/f/film_{word}.wav" for word in ("L", "R", "C", "LFE", "Ls", "Rs"))
        assert (title.audio_track, title.audio_layout) == ((), ())

    @pytest.mark.parametrize("kind", ["jsonl", "parquet"])
    def test_lists(self, kind: str) -> None:
        row = {"title_id": "a", "audio": ["a;b.wav", "c.wav"], "audio_track": [0, 1], "audio_layout": ["L", "R"]}
        [title] = titles(FORMATS[kind]([row]), f"/f/c.{kind}")
        assert title.audio == ("/f/a;b.wav", "/f/c.wav")
        assert (title.audio_track, title.audio_layout) == (("0", "1"), ("FL", "FR"))

    @pytest.mark.parametrize(
        ("given", "tracks"),
        [
            ("1", "1"),
            (1, "1"),
            (1.0, "1"),
            ("fr", "fr"),
            ("fr-CA; en", "fr-CA en"),
            ("2;3", "2 3"),
            ([0, "fr"], "0 fr"),
        ],
    )
    def test_tracks_by_index_and_language(self, given: Any, tracks: str) -> None:
        [title] = titles(as_jsonl([{"title_id": "a", "audio": "a.mov", "audio_track": given}]), "/c.jsonl")
        assert title.audio_track == tuple(tracks.split())

    @pytest.mark.parametrize(
        ("given", "names"),
        [
            ("L R C LFE Ls Rs", "FL FR FC LFE SL SR"),
            ("L;C;R;Ls;Rs;LFE", "FL FC FR SL SR LFE"),
            ("5.1(side)", "FL FR FC LFE SL SR"),
            (5.1, "FL FR FC LFE BL BR"),
            (2.0, "FL FR"),
            ("stereo", "FL FR"),
            ("L R - -", "FL FR UNSD UNSD"),
            (["L", "R"], "FL FR"),
            (["L", None, "R"], "FL FR"),
            (["5.1", "Lt", "Rt"], "FL FR FC LFE BL BR DL DR"),
            ("", ""),
            (None, ""),
            ([], ""),
        ],
    )
    def test_layouts_in_the_words_of_studios(self, given: Any, names: str) -> None:
        [title] = titles(as_jsonl([{"title_id": "a", "audio": "a.wav", "audio_layout": given}]), "/c.jsonl")
        assert title.audio_layout == tuple(names.split())

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ({"audio": "a.wav", "audio_layout": "L R Q"}, "audio_layout names 'Q', which is no known channel; give"),
            ({"audio": "a.wav", "audio_layout": "L R L"}, "audio_layout names FL twice"),
            ({"audio": "a.wav", "audio_layout": {"a": 1}}, "audio_layout names "),
            ({"audio": "a.wav;b.wav;c.wav", "audio_track": "0;1"}, "names 3 files of audio and 2 tracks; give one"),
            ({"audio": "a.wav;b.wav", "audio_track": "0;1;2"}, "names 2 files of audio and 3 tracks"),
            ({"audio": "a.wav", "subtitles": "a.srt", "subtitle_kind": "sdh;forced"}, "names 2 kinds of subtitles"),
            ({"audio": ";"}, "has no audio; every row needs"),
            ({"audio": []}, "has no audio; every row needs"),
        ],
    )
    def test_that_do_not_fit_are_refused(self, row: dict[str, Any], message: str) -> None:
        assert refusal({"title_id": "a", **row}).startswith(f"row 1: {message}")

    @pytest.mark.parametrize(
        ("audio", "track"), [("a.mov", "0;1;2"), ("a.mov;b.mov", "1"), ("a.mov;b.mov", "1;0"), ("a.mov;b.mov", "")]
    )
    def test_that_fit(self, audio: str, track: str) -> None:
        [title] = titles(as_csv([{"title_id": "a", "audio": audio, "audio_track": track}]))
        assert len(title.audio) == audio.count(";") + 1
        assert title.audio_track == tuple(filter(None, track.split(";")))


@pytest.mark.parametrize(
    ("path", "uri", "whole"),
    [
        ("a.wav", "/f/c.csv", "/f/a.wav"),
        ("x/a.wav", "/f/c.csv", "/f/x/a.wav"),
        ("/abs/a.wav", "/f/c.csv", "/abs/a.wav"),
        ("a.wav", "c.csv", "a.wav"),
        ("x/a.wav", "gs://b/f/c.csv", "gs://b/f/x/a.wav"),
        ("gs://other/a.wav", "/f/c.csv", "gs://other/a.wav"),
        ("Mission: Impossible.wav", "/f/c.csv", "/f/Mission: Impossible.wav"),
    ],
)
def test_paths_are_relative_to_the_catalog(path: str, uri: str, whole: str) -> None:
    assert resolve(path, uri) == whole


class TestTitlesOfFiles:
    @pytest.mark.parametrize(
        ("paths", "ids"),
        [
            (["/f/a.wav"], ["a"]),
            (["/f/a.wav", "/f/b.mkv"], ["a", "b"]),
            (["/f/s1/a.wav", "/f/s2/a.wav"], ["s1/a", "s2/a"]),
            (["/f/a.wav", "/f/s2/a.wav"], ["a", "s2/a"]),
            (["/f/a.flac", "/f/a.wav", "/f/b.wav"], ["a.flac", "a.wav", "b"]),
            (["/f/a.wav", "/f/a.wav"], ["a"]),
            (["a.wav", "b.wav"], ["a", "b"]),
            (["gs://b/x/a.wav", "gs://b/y/a.wav"], ["x/a", "y/a"]),
            (["/f/Film (2020) [1080p].en.mkv"], ["Film (2020) [1080p].en"]),
            ([], []),
        ],
    )
    def test_names(self, paths: list[str], ids: list[str]) -> None:
        assert [title.title_id for title in titles_of_files(paths)] == ids

    PARTS = st.lists(st.sampled_from(["a", "b", "é", "x y", "[1]"]), min_size=1, max_size=3)

    @given(
        st.sets(st.builds(lambda parts, end: "/r/" + "/".join(parts) + end, PARTS, st.sampled_from([".wav", ".mkv"])))
    )
    def test_every_file_has_a_title_of_its_own(self, paths: set[str]) -> None:
        found = list(titles_of_files(sorted(paths)))
        assert [item.audio for item in found if isinstance(item, Title)] == [(path,) for path in sorted(paths)]
        assert len({item.title_id for item in found}) == len(paths)


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = [
        "a.wav",
        "Film [2020].mkv",
        "b/c d.WAV",
        "b/é/x.flac",
        "b/notes.txt",
        "[odd]/y.wav",
        "q/one.wav",
        "q/one.mp3",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(b"sound")
    (tmp_path / "empty").mkdir()
    (tmp_path / "catalog.csv").write_text("title_id,audio\nfilm,a.wav\n")
    (tmp_path / "bad.csv").write_text("id,file\nfilm,a.wav\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestInputs:
    @pytest.mark.parametrize("absolute", [True, False])
    @pytest.mark.parametrize(
        ("name", "ids"),
        [
            ("b", ["c d", "é/x"]),
            ("b/", ["c d", "é/x"]),
            ("[odd]", ["y"]),
            ("q", ["one.mp3", "one.wav"]),
            ("*.mkv", ["Film [2020]"]),
            ("b/*.WAV", ["c d"]),
            ("**.flac", ["x"]),
            ("q/one.*", ["one.mp3", "one.wav"]),
            ("Film [2020].mkv", ["Film [2020]"]),
            ("a.wav", ["a"]),
            ("catalog.csv", ["film"]),
        ],
    )
    def test_folders_globs_files_and_catalogs(self, films: Path, name: str, ids: list[str], absolute: bool) -> None:
        found = list(read_inputs([str(films / name) if absolute else name]))
        assert all(isinstance(item, Title) for item in found), found
        assert [item.title_id for item in found] == ids
        for item in found:
            assert isinstance(item, Title)
            assert os.path.isfile(item.uri)  # noqa: PTH113 - a name as it stands

    def test_the_folder_itself(self, films: Path) -> None:
        ids = [item.title_id for item in read_inputs(["."])]
        assert ids == ["Film [2020]", "[odd]/y", "a", "b/c d", "b/é/x", "q/one.mp3", "q/one.wav"]

    def test_several_inputs_are_one_catalog(self, films: Path) -> None:
        found = list(read_inputs(["catalog.csv", "b", "q/one.wav"]))
        assert [item.title_id for item in found] == ["film", "b/c d", "b/é/x", "q/one"]

    @pytest.mark.parametrize("name", ["empty", "zz*.wav", "none/*.wav", "b/*.txt"])
    def test_nothing_to_hear_is_said(self, films: Path, name: str) -> None:
        with pytest.raises(InputError, match=r"files there, but none with the suffix of an audio or video file"):
            list(read_inputs([name]))

    def test_a_catalog_that_is_not_there(self, films: Path) -> None:
        with pytest.raises(InputError, match=r"none.csv: cannot be opened \(No such file"):
            list(read_inputs(["none.csv"]))

    def test_a_catalog_that_is_none(self, films: Path) -> None:
        with pytest.raises(InputError, match=r"bad\.csv: cannot be read as a catalog"):
            list(read_inputs(["bad.csv"]))

    def test_a_repeated_id_is_a_failure_and_the_first_is_used(self, films: Path) -> None:
        (films / "two.csv").write_text("title_id,audio\nx,1.wav\nx,2.wav\ny,3.wav\nfilm,4.wav\n")
        found = list(read_inputs(["catalog.csv", "two.csv"]))
        assert [type(item) for item in found] == [Title, Title, Failure, Title, Failure]
        assert isinstance(found[2], Failure)
        assert "'x' stands twice" in found[2].message
        assert isinstance(found[4], Failure)
        assert "'film' stands twice" in found[4].message
