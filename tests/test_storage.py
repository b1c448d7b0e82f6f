"""Files that are whole or not there, and tables that give back what was put in."""

import io
import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from transforms import storage, tables
from transforms.activity import RAW, Activity
from transforms.objects import MOST_READ_AHEAD, READ_AHEAD, ObjectFile
from transforms.records import (
    Audio,
    Failure,
    InputError,
    LoadedTitle,
    Reading,
    Segment,
    SegmentedTitle,
    Sync,
    Title,
    TitleFacts,
    TitleSources,
)

NASTY = ["a/b", "../../etc/passwd", "..", ".", "/", "a\\b", "a:b?*", "100%", "é 映画", "a\nb", "CON", "[x] (y)", "~"]
SCHEMA = pa.schema({"number": pa.int64(), "text": pa.string()})


def rows(count: int) -> Iterator[dict[str, Any]]:
    return ({"number": index, "text": f"row {index}"} for index in range(count))


def breaks_after(count: int) -> Iterator[dict[str, Any]]:
    yield from rows(count)
    raise RuntimeError("the disk is on fire")


class TestWriteTable:
    @pytest.mark.parametrize("count", [0, 1, 16, 17, 100])
    def test_round_trip(self, tmp_path: Path, count: int) -> None:
        path = str(tmp_path / "deep" / "er" / "a.parquet")
        storage.write_table(path, SCHEMA, rows(count))
        assert storage.read_table(path) == list(rows(count))
        assert pq.read_schema(path).equals(SCHEMA)

    @pytest.mark.parametrize("count", [0, 5, 40])
    def test_a_writer_that_breaks_leaves_nothing(self, tmp_path: Path, count: int) -> None:
        with pytest.raises(RuntimeError, match="on fire"):
            storage.write_table(str(tmp_path / "a.parquet"), SCHEMA, breaks_after(count))
        assert list(tmp_path.iterdir()) == []

    def test_a_writer_that_breaks_leaves_the_older_file_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        storage.write_table(str(path), SCHEMA, rows(3))
        before = path.read_bytes()
        with pytest.raises(RuntimeError, match="on fire"):
            storage.write_table(str(path), SCHEMA, breaks_after(40))
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    def test_rows_that_do_not_fit_the_schema_leave_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(pa.ArrowException):
            storage.write_table(str(tmp_path / "a.parquet"), SCHEMA, [{"number": "one", "text": 1}])
        assert list(tmp_path.iterdir()) == []

    def test_a_killed_writer_leaves_no_file_of_the_name(self, tmp_path: Path) -> None:
        def killed() -> Iterator[dict[str, Any]]:
            yield from rows(20)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            storage.write_table(str(tmp_path / "a.parquet"), SCHEMA, killed())
        assert list(tmp_path.glob("*.parquet")) == []

    def test_the_unfinished_file_is_not_one_of_the_table(self, tmp_path: Path) -> None:
        seen: list[str] = []

        def watching() -> Iterator[dict[str, Any]]:
            yield from rows(20)
            seen.extend(path.name for path in tmp_path.iterdir())
            seen.extend(storage.match(f"{tmp_path}/*.parquet"))

        storage.write_table(str(tmp_path / "a.parquet"), SCHEMA, watching())
        assert len(seen) == 1
        assert seen[0].startswith(".a.parquet.")

    def test_writing_again_replaces(self, tmp_path: Path) -> None:
        path = str(tmp_path / "a.parquet")
        for count in (3, 1):
            storage.write_table(path, SCHEMA, rows(count))
        assert storage.read_table(path) == list(rows(1))
        assert len(list(tmp_path.iterdir())) == 1

    def test_a_bare_name_is_written_here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        storage.write_table("a.parquet", SCHEMA, rows(1))
        assert storage.read_table("a.parquet") == list(rows(1))


class TestReadTable:
    def test_what_is_not_there_is_none(self, tmp_path: Path) -> None:
        assert storage.read_table(str(tmp_path / "none.parquet")) is None
        assert storage.read_table(str(tmp_path)) is None

    def test_what_is_broken_in_any_way_is_none(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        storage.write_table(str(path), SCHEMA, rows(50))
        whole = path.read_bytes()
        footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
        random = np.random.default_rng(0)
        for _ in range(60):
            broken = bytearray(whole)
            for place in random.integers(footer, len(whole), 8):
                broken[place] ^= 0x55
            path.write_bytes(broken)
            found = storage.read_table(str(path))
            assert found is None or isinstance(found, list)
        for length in (0, 4, 11, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:length])
            assert storage.read_table(str(path)) is None


class TestPaths:
    @pytest.mark.parametrize("title_id", [*NASTY, "x" * 300, "映画" * 100])
    def test_any_id_names_one_file_in_the_folder_of_its_table(self, tmp_path: Path, title_id: str) -> None:
        path = storage.table_path(f"{tmp_path}/", "titles", title_id)
        storage.write_table(path, SCHEMA, rows(1))
        assert storage.read_table(path) == list(rows(1))
        assert [file.parent for file in tmp_path.rglob("*.parquet")] == [tmp_path / "titles"]
        assert len(storage.match(f"{tmp_path}/titles/*.parquet")) == 1

    IDS = st.one_of(st.text(min_size=1), st.text("映a/%", min_size=140, max_size=160))

    @given(st.lists(IDS, unique=True, min_size=2, max_size=8))
    def test_different_ids_have_different_files(self, ids: list[str]) -> None:
        paths = {storage.table_path("/o", "titles", title_id) for title_id in ids if title_id.isprintable()}
        assert len(paths) == sum(title_id.isprintable() for title_id in ids)
        assert all(len(os.path.basename(path).encode()) < 200 for path in paths)  # noqa: PTH119

    def test_plain_names_stay_readable(self) -> None:
        assert storage.table_path("/o", "activity", "Film [2020], part 1") == "/o/activity/Film [2020], part 1.parquet"
        assert storage.failures_folder("/o/", "a/b") == "/o/failures/titles/a%2Fb"
        assert storage.failures_folder("/o", "") == "/o/failures/catalog"

    def test_a_title_named_catalog_is_not_the_catalog(self) -> None:
        assert storage.failures_folder("/o", "catalog") != storage.failures_folder("/o", "")


class TestDigest:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "a.wav"
        path.write_bytes(b"12345")
        os.utime(path, (1_000_000, 1_000_000))
        return path

    def test_stays_while_nothing_changes(self, file: Path) -> None:
        assert storage.digest(["x", {"b": 1, "a": 2}], [str(file)]) == storage.digest(
            ["x", {"a": 2, "b": 1}], [str(file)]
        )

    def test_changes_with_a_setting_the_size_the_time_and_absence(self, file: Path) -> None:
        seen = {storage.digest("x", [str(file)]), storage.digest("y", [str(file)])}
        os.utime(file, (1_000_001, 1_000_001))
        seen.add(storage.digest("x", [str(file)]))
        file.write_bytes(b"123456")
        os.utime(file, (1_000_000, 1_000_000))
        seen.add(storage.digest("x", [str(file)]))
        file.unlink()
        seen.add(storage.digest("x", [str(file)]))
        seen.add(storage.digest("x", []))
        assert len(seen) == 6

    def test_the_name_of_a_missing_file_counts(self, tmp_path: Path) -> None:
        assert storage.digest("x", [str(tmp_path / "a")]) != storage.digest("x", [str(tmp_path / "b")])


class TestFiles:
    @pytest.mark.parametrize("uri", ["/none/at/all", "foo://bar/x", "/"])
    def test_what_cannot_be_opened_is_refused(self, uri: str) -> None:
        with pytest.raises(InputError, match="cannot be opened"):
            storage.read_bytes(uri)

    @pytest.mark.parametrize("scheme", ["http", "https", "ftp"])
    def test_what_has_no_file_system_is_refused_with_what_to_do(self, scheme: str) -> None:
        with pytest.raises(InputError, match=f"cannot be opened .*; {scheme}:// cannot be read: copy the file to this"):
            storage.read_bytes(f"{scheme}://example.org/a.wav")
        with pytest.raises(InputError, match=f"cannot be listed .*; {scheme}:// cannot be read: copy the file to this"):
            storage.match(f"{scheme}://example.org/*.wav")

    @pytest.mark.parametrize(("scheme", "extra"), [("gs", "gcp"), ("s3", "aws")])
    def test_a_store_whose_extra_is_missing_is_refused_with_what_to_do(
        self, scheme: str, extra: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(uri: str) -> None:
            raise ValueError("no such file system")

        monkeypatch.setattr(storage, "_system", refuse)
        monkeypatch.setattr(storage, "find_spec", lambda name: None)
        with pytest.raises(InputError, match=rf"takes pip install 'smad\[{extra}\]'"):
            storage.read_bytes(f"{scheme}://bucket/a.wav")

    def test_compressed_files_are_read_as_they_are(self, tmp_path: Path) -> None:
        (tmp_path / "a.gz").write_bytes(b"\x1f\x8bnot really")
        assert storage.read_bytes(str(tmp_path / "a.gz")) == b"\x1f\x8bnot really"

    def test_deleting_what_is_not_there_is_done(self, tmp_path: Path) -> None:
        (tmp_path / "d").mkdir()
        (tmp_path / "d" / "f").write_text("x")
        for _ in range(2):
            storage.delete(str(tmp_path / "d" / "f"))
            storage.delete(str(tmp_path / "d"))
        assert list(tmp_path.iterdir()) == []

    def test_bytes_replace_those_before_them(self, tmp_path: Path) -> None:
        for data in (b"one", b""):
            storage.write_bytes(f"{tmp_path}/new [1]/a b.md", data)
            assert storage.read_bytes(f"{tmp_path}/new [1]/a b.md") == data
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a b.md"]

    def test_many_tables_are_read_in_order(self, tmp_path: Path) -> None:
        schema = pa.schema({"number": pa.int64()})
        paths = [f"{tmp_path}/{number}.parquet" for number in range(100)]
        for number, path in enumerate(paths):
            storage.write_table(path, schema, [{"number": number}])
        Path(paths[7]).write_bytes(b"broken")
        Path(paths[8]).unlink()
        found = list(storage.read_tables(paths))
        assert found == [None if number in (7, 8) else [{"number": number}] for number in range(100)]
        assert list(storage.read_tables([])) == []

    def test_failures_are_read_errors_first(self, tmp_path: Path) -> None:
        output = str(tmp_path / "out [1]")
        for title_id, severity in (("b", "warning"), ("c", "error"), ("a", "error")):
            failure = Failure(title_id, "u", "load", "InputError", "m", severity)  # type: ignore[arg-type]
            path = f"{storage.failures_folder(output, title_id)}/x.parquet"
            storage.write_table(path, tables.FAILURES, [tables.failure_row(failure)])
        assert [row["title_id"] for row in storage.read_failures(output)] == ["a", "c", "b"]
        assert storage.read_failures(str(tmp_path / "none")) == []


class StoreError(Exception):
    """Of a class that nobody outside its store knows."""


class OneObject(io.BytesIO):
    """An object of a store, which notes its reads as (first byte, count) and fails from byte ``fails_at`` on."""

    def __init__(self, data: bytes, fails_at: int | None = None, ends_at: int | None = None) -> None:
        super().__init__(data)
        self.fails_at, self.ends_at = fails_at, ends_at
        self.reads: list[tuple[int, int]] = []

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        at = self.tell()
        self.reads.append((at, size))
        if self.fails_at is not None and at + size > self.fails_at:
            raise StoreError("the bucket\n has a hole", 503)
        return super().read(size) if self.ends_at is None else super().read(max(0, min(size, self.ends_at - at)))


class TestObjectFile:
    SEEKS = st.lists(st.tuples(st.integers(0, 2_500_000), st.integers(0, 300_000)), max_size=8)

    @given(st.binary(min_size=1, max_size=50), SEEKS)
    def test_it_reads_as_the_object_itself(self, piece: bytes, seeks: list[tuple[int, int]]) -> None:
        data = piece * (2_400_000 // len(piece))
        with io.BufferedReader(ObjectFile(OneObject(data)), 65_536) as file:
            for at, count in seeks:
                assert file.seek(at) == at
                assert file.read(count) == data[at : at + count]

    def test_blocks_double_in_order_and_start_small_elsewhere(self) -> None:
        store = OneObject(bytes(60 * READ_AHEAD))
        with io.BufferedReader(ObjectFile(store), 65_536) as file:
            assert len(file.read()) == 60 * READ_AHEAD
            blocks = [count // READ_AHEAD for _, count in store.reads]
            assert blocks == [1, 2, 4, 8, 8, 8, 8, 8, 8, 5]
            assert max(blocks) * READ_AHEAD == MOST_READ_AHEAD
            del store.reads[:]
            for at in (50, 10, 30):
                file.seek(at * READ_AHEAD)
                file.read(1)
            assert store.reads == [(at * READ_AHEAD, READ_AHEAD) for at in (50, 10, 30)]

    def test_short_jumps_ahead_go_on_and_within_the_block_cost_nothing(self) -> None:
        store = OneObject(bytes(60 * READ_AHEAD))
        with io.BufferedReader(ObjectFile(store), 65_536) as file:
            for at in range(0, 20 * READ_AHEAD, READ_AHEAD // 2):  # a chunk of sound, a longer one of picture
                file.seek(at)
                file.read(1000)
        assert len(store.reads) <= 6

    def test_any_error_is_an_os_error_and_stays(self) -> None:
        store = OneObject(bytes(8 * READ_AHEAD), fails_at=READ_AHEAD)
        with io.BufferedReader(ObjectFile(store), 65_536) as file:
            assert len(file.read(READ_AHEAD)) == READ_AHEAD
            for _ in range(3):
                with pytest.raises(OSError, match=r"the bucket has a hole$"):
                    file.read(1)
            assert len(store.reads) == 2

    def test_an_object_that_ends_early_is_an_os_error(self) -> None:
        with (
            io.BufferedReader(ObjectFile(OneObject(bytes(1000), ends_at=600)), 100) as file,
            pytest.raises(OSError, match="ends at byte 600 of 1000"),
        ):
            file.read()


def test_a_folder_can_be_made_only_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert storage.is_writable(str(tmp_path / "a" / "b"))
    assert storage.is_writable("s3://bucket/b")
    assert not storage.is_writable(str(tmp_path / "file"))
    assert not storage.is_writable(str(tmp_path / "file" / "b"))


def test_a_folder_without_its_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    assert not storage.is_writable(str(tmp_path / "b"))


class TestTables:
    TITLE = Title("s/e 1", ("/f/e1.mkv",), language="fr", input_digest="d")

    def write_and_read(self, tmp_path: Path, schema: pa.Schema, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
        path = str(tmp_path / "t.parquet")
        storage.write_table(path, schema, made)
        assert all(set(row) == set(schema.names) for row in made)
        return storage.read_table(path) or []

    def test_shards(self, tmp_path: Path) -> None:
        random = np.random.default_rng(0)
        samples = random.integers(-30_000, 30_000, 330_000).astype(np.int16)
        targets, weights = random.random((2, 2, 2, 100), np.float32)
        segments = (
            Segment(0, samples[:320_000], targets[0], weights[0]),
            Segment(1, samples[320_000:], targets[1], weights[1]),
        )
        loaded = LoadedTitle(TitleSources(self.TITLE), Audio(samples, -31.5, 4.5, 6, "5.1"), 0.1)
        made = list(tables.shard_rows(SegmentedTitle(loaded, segments, "subtitles", ("speech", "music")), "valid"))
        found = self.write_and_read(tmp_path, tables.SHARDS, made)
        assert [row["segment_id"] for row in found] == ["s/e 1#00000", "s/e 1#00001"]
        assert [(row["start_s"], row["duration_s"]) for row in found] == [(0, 20), (20, 0.625)]
        assert {(row["title_id"], row["language"], row["split"], row["label_source"]) for row in found} == {
            ("s/e 1", "fr", "valid", "subtitles")
        }
        assert [(row["gain_db"], row["loudness_lkfs"], row["classes"]) for row in found] == [
            (4.5, -31.5, ["speech", "music"])
        ] * 2
        assert np.array_equal(np.concatenate([tables.unflac(row["audio"]) for row in found]), samples)
        assert np.array_equal([row["targets"] for row in found], targets)
        assert np.array_equal([row["weights"] for row in found], weights)

    def test_a_segment_without_labels_is_no_row(self) -> None:
        loaded = LoadedTitle(TitleSources(self.TITLE), Audio(np.zeros(9, np.int16), -27, 0, 1, "FC"), 0)
        with pytest.raises(ValueError, match="segment 3 is not labelled"):
            list(tables.shard_rows(SegmentedTitle(loaded, (Segment(3, np.zeros(9, np.int16)),)), "train"))

    def test_activity_and_segments(self, tmp_path: Path) -> None:
        probability = np.array([[0, 1, 1, 0, 0], [0, 0, 0, 0, 0.9]], np.float32)
        activity = Activity(probability, ("speech", "music"), 0.95, (RAW, RAW))
        [row] = self.write_and_read(tmp_path, tables.ACTIVITY, [tables.activity_row(self.TITLE, activity, "m@1")])
        assert (row["title_id"], row["start_s"], row["frame_s"], row["model"]) == ("s/e 1", 0, 0.2, "m@1")
        assert (row["duration_s"], row["classes"], row["language"]) == (0.95, ["speech", "music"], "fr")
        assert np.array_equal(np.array(row["probability"], np.float32), probability)
        speech, music = self.write_and_read(tmp_path, tables.SEGMENTS, tables.segment_rows(self.TITLE, activity))
        assert (speech["class"], speech["start_s"], speech["end_s"]) == (
            "speech",
            pytest.approx(0.2),
            pytest.approx(0.6),
        )
        assert (music["class"], music["end_s"], music["title_id"]) == ("music", 0.95, "s/e 1")

    def test_the_ledger(self, tmp_path: Path) -> None:
        facts = TitleFacts(self.TITLE, 24_000, -math.inf, 0.0, 2, "FL FR (assumed)", 1.5)
        [row] = self.write_and_read(tmp_path, tables.TITLES, [tables.title_row(facts, "done", "m", 256.0)])
        assert row == {
            "title_id": "s/e 1",
            "uri": "/f/e1.mkv",
            "input_digest": "d",
            "model": "m",
            "duration_s": 1.5,
            "channels": 2,
            "layout": "FL FR (assumed)",
            "loudness_lkfs": -math.inf,
            "gain_db": 0,
            "status": "done",
            "cpu_s": 1.5,
            "peak_rss_mb": 256,
            "programme_lkfs": -math.inf,
            "limited_s": 0,
        }

    def test_the_ledger_of_shards(self, tmp_path: Path) -> None:
        # 25 s: the last frame of 0.2 s is the 125th; the 100 frames of the second segment go on after the end.
        targets, weights = np.zeros((2, 2, 2, 100), np.float32)
        targets[:, 0] = weights[:, 0] = 1  # speech, all through the segments
        weights[0, 1, :50], targets[0, 1, :10], targets[0, 1, 10:20] = 0.5, 0.5, 0.4
        samples = np.zeros(16_000 * 25 - 1_600, np.int16)  # half a frame less
        segments = tuple(Segment(n, samples[:9], targets[n], weights[n]) for n in range(2))
        refused = Reading((), trust=0, sync=Sync(0.0, 1.0, 1.0, "refused"))
        found = (refused, Reading((), sync=None), Reading((), sync=Sync(-2.5, 1.04, 7.0, "moved")))
        title = replace(self.TITLE, series="s", genre="news", split="test")
        loaded = LoadedTitle(TitleSources(title, found), Audio(samples, -31.5, 4.5, 6, "5.1"), 0.1)
        facts = TitleFacts(title, len(samples), -31.5, 4.5, 6, "5.1", 0.1)
        made = tables.prepared_row(SegmentedTitle(loaded, segments, "subtitles", ("speech", "music")), facts, 9.0)
        [row] = self.write_and_read(tmp_path, tables.PREPARED, [made])
        assert tables.title_row(facts, "done", "", 9.0).items() <= row.items()
        assert (row["language"], row["series"], row["genre"], row["split"]) == ("fr", "s", "news", "test")
        assert (row["label_source"], row["classes"]) == ("subtitles", ["speech", "music"])
        assert row["duration_s"] == 24.9
        assert row["known_s"] == pytest.approx([24.9, 10])
        assert row["active_s"] == pytest.approx([24.9, 2])
        assert row["weight_s"] == pytest.approx([24.9, 5])
        assert (row["offset_s"], row["rate"], row["sync_score"], row["sync"]) == (-2.5, 1.04, 7, "moved")

    @pytest.mark.parametrize(("sync", "verdict"), [(None, None), (Sync(0, 1, math.nan, "untested"), "untested")])
    def test_the_ledger_of_an_empty_title(self, tmp_path: Path, sync: Sync | None, verdict: str | None) -> None:
        sources = TitleSources(self.TITLE, (Reading((), sync=sync),))
        loaded = LoadedTitle(sources, Audio(np.zeros(0, np.int16), -math.inf, 0, 1, "FC"), 0)
        made = tables.prepared_row(
            SegmentedTitle(loaded, (), classes=("speech", "music")),
            TitleFacts(self.TITLE, 0, -math.inf, 0, 1, "FC", 0),
            9,
        )
        [row] = self.write_and_read(tmp_path, tables.PREPARED, [made])
        assert row["known_s"] == row["active_s"] == row["weight_s"] == [0, 0]
        assert (row["sync_score"], row["sync"]) == (None, verdict)

    def test_failures(self, tmp_path: Path) -> None:
        row = tables.failure_row(Failure("a", "u", "load", "InputError", "no\n♪", "warning"))
        assert self.write_and_read(tmp_path, tables.FAILURES, [row]) == [row]


@given(arrays(np.int16, st.integers(1, 5_000)))
def test_flac_is_lossless(samples: NDArray[np.int16]) -> None:
    assert np.array_equal(tables.unflac(tables.flac(samples)), samples)


@pytest.mark.parametrize("value", [-32768, 32767, 0])
def test_flac_keeps_extremes_and_the_form_of_the_contract(tmp_path: Path, value: int) -> None:
    samples = np.full(320_000, value, np.int16)
    (tmp_path / "a.flac").write_bytes(tables.flac(samples))
    info = soundfile.info(tmp_path / "a.flac")
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (16_000, 1, 320_000, "PCM_16")
    assert np.array_equal(tables.unflac((tmp_path / "a.flac").read_bytes()), samples)
