"""The jobs on ``gs://`` and ``s3://``: emulators on loopback, behind a relay that counts reads and can break them."""

from __future__ import annotations

import glob
import http.client
import http.server
import io
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from crnn.checkpoint import read_checkpoint
from crnn.train import train
from crnn.training import Recipe
from pipelines import prepare, tag
from transforms import storage
from transforms.inputs import read_inputs
from transforms.objects import READ_AHEAD
from transforms.records import InputError, Title

LOCAL = "--direct_num_workers=1"
BUCKET = "bucket"
OF_THE_RUN = ("cpu_s", "peak_rss_mb", "input_digest", "uri", "message")
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}
ODD = "Film [2020], part 1"
GOOD = {"film", ODD, "plain"}


@dataclass(frozen=True)
class Fault:
    """No byte of the object from ``at`` on is delivered: the line is cut, or the answer is an error ``status``."""

    name: str
    at: int
    status: int = 0


class Relay(http.server.ThreadingHTTPServer):
    """Hand requests on to an emulator."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = port
        self.reads: list[int] = []  # bytes of the body of each GET of an object's content
        self.fault = Fault("", 0)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that seek hang up on answers."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of a client to the relay."""

    server: Relay
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the client's acknowledgement of its head

    def _relay(self) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.port)
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        head = {name: value for name, value in self.headers.items() if name != "Expect"}
        upstream.request(self.command, self.path, sent, head)
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        content = self.command == "GET" and ("alt=media" in self.path or "Range" in self.headers)
        first = int((self.headers.get("Range") or "bytes=0-")[len("bytes=") :].partition("-")[0])
        fault = self.server.fault
        broken = content and bool(fault.name) and fault.name in self.path and first + len(body) > fault.at
        if broken and first >= fault.at:
            self.close_connection = True
            if fault.status:
                self.send_response(fault.status)
                self.send_header("Content-Length", "0")
                self.send_header("Connection", "close")
                self.end_headers()
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        length = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.close_connection = broken
        part = body[: fault.at - first] if broken else body
        if content:
            self.server.reads.append(len(part))
        self.wfile.write(part)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _relay  # noqa: N815

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Store:
    """An emulated object store and the relay before it."""

    scheme: str
    relay: Relay
    root: str = field(default="")

    def put(self, name: str, data: bytes) -> str:
        with FileSystems.create(uri := f"{self.root}/{name}", compression_type="uncompressed") as file:
            file.write(data)
        return uri

    def put_folder(self, folder: Path, name: str) -> str:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"{name}/{path.relative_to(folder)}", path.read_bytes())
        return f"{self.root}/{name}"

    def names(self, name: str = "") -> list[str]:
        return [path.removeprefix(f"{self.root}/") for path in storage.match(f"{self.root}/{name}**")]


def _ask(url: str, method: str, data: bytes) -> None:
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    urllib.request.urlopen(request, timeout=10).close()


def _google(patch: pytest.MonkeyPatch) -> tuple[Relay, Callable[[], None]]:
    emulator = pytest.importorskip("gcp_storage_emulator.server", reason="needs the dev extra")
    auth = pytest.importorskip("apache_beam.internal.gcp.auth")
    server = emulator.create_server("127.0.0.1", 0, in_memory=True)
    server.start()
    relay = Relay(server._api._httpd.server_address[1])
    patch.setenv("STORAGE_EMULATOR_HOST", relay.url)
    # Without it gcsfs asks the real service, by gRPC, what kind of bucket it is.
    patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    # Nobody is logged in; Beam would look for somebody for 20 s.
    patch.setattr(auth._Credentials, "_credentials_init", True)
    patch.setattr(auth._Credentials, "_credentials", None)
    _ask(f"{relay.url}/storage/v1/b", "POST", json.dumps({"name": BUCKET}).encode())
    return relay, server.stop


def _amazon(patch: pytest.MonkeyPatch) -> tuple[Relay, Callable[[], None]]:
    moto = pytest.importorskip("moto.server", reason="needs the dev extra")
    pytest.importorskip("boto3", reason="needs the aws extra")
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    relay = Relay(server.get_host_and_port()[1])
    patch.setenv("AWS_ENDPOINT_URL_S3", relay.url)
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x"), ("DEFAULT_REGION", "us-east-1")):
        patch.setenv(f"AWS_{name}", value)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    _ask(f"{relay.url}/{BUCKET}", "PUT", b"")
    return relay, server.stop


@pytest.fixture(scope="module", params=["gs", "s3"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileSystems, "_pipeline_options", PipelineOptions([]))
        relay, stop = {"gs": _google, "s3": _amazon}[request.param](patch)
        yield Store(request.param, relay, f"{request.param}://{BUCKET}/catalogs")
        relay.stop()
        stop()


@pytest.fixture
def broken(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Fault], None]]:
    """Break reads; the stores' clients, which try again for minutes, do so at once and not for long."""
    retries = pytest.importorskip("apache_beam.io.gcp.gcsio_retry")
    monkeypatch.setattr(retries, "get_retry", lambda options: retries.DEFAULT_RETRY.with_timeout(0.1))
    monkeypatch.setattr("apache_beam.utils.retry.Clock.sleep", lambda self, value: None)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(FileSystems, "_pipeline_options", PipelineOptions([]))  # others, so a new connection is made
    yield lambda fault: setattr(store.relay, "fault", fault)
    store.relay.fault = Fault("", 0)


def noise(count: int) -> bytes:
    return np.random.default_rng(0).bytes(count)


class TestOpenInput:
    """Reading gives what was written, in few requests and little memory, and fails in one way only."""

    def test_any_way_of_reading_gives_the_bytes(self, store: Store) -> None:
        data = noise(3_000_000)
        uri = store.put("a/noise.bin", data)
        random = np.random.default_rng(1)
        assert storage.read_bytes(uri) == data
        with storage.open_input(uri) as file:
            assert (file.seekable(), file.readable(), file.tell()) == (True, True, 0)
            assert file.seek(0, io.SEEK_END) == len(data)
            assert file.read(10) == b""
            for _ in range(60):
                at, count = int(random.integers(len(data))), int(random.integers(200_000))
                file.seek(at)
                assert file.read(count) == data[at : at + count]
                assert file.tell() == min(at + count, len(data))
            file.seek(-7, io.SEEK_END)
            assert file.read() == data[-7:]
            file.seek(100)
            file.seek(-50, io.SEEK_CUR)
            assert file.read(3) == data[50:53]
            assert file.seek(len(data) + 5) == len(data) + 5
            assert file.read(1) == b""

    def test_what_is_read_in_order_is_fetched_once(self, store: Store) -> None:
        data = noise(20_000_000)
        uri = store.put("a/long.bin", data)
        del store.relay.reads[:]
        with storage.open_input(uri) as file:
            while file.read(65_536):
                pass
        assert sum(store.relay.reads) == len(data)
        # Google's store is asked block by block, 1, 2, 4 and then 8 MiB; Amazon's goes on with one answer.
        assert len(store.relay.reads) == {"gs": 5, "s3": 1}[store.scheme]

    def test_far_seeks_fetch_little(self, store: Store) -> None:
        uri = store.put("a/long.bin", noise(20_000_000))
        del store.relay.reads[:]
        with storage.open_input(uri) as file:
            for at in range(19_000_000, 0, -2_000_000):
                file.seek(at)
                file.read(1000)
        assert len(store.relay.reads) == 10
        if store.scheme == "gs":  # the relay cannot see where Amazon's client hangs up on an answer
            assert max(store.relay.reads) <= READ_AHEAD + 1

    def test_an_index_at_the_end_is_read_for_little(self, store: Store, media: Any, tone: Any) -> None:
        path = media.write("a.mp4", np.tile(tone(440, seconds=60), (2, 1)), codec="pcm_s16le", layout="stereo")
        data = path.read_bytes()
        assert data.index(b"moov") > len(data) // 2
        uri = store.put("a/a.mp4", data)
        del store.relay.reads[:]
        with storage.open_input(uri) as file, av.open(file, "r") as container:
            assert sum(len(packet.decode()) > 0 for packet in container.demux(audio=0)) > 60
        assert len(store.relay.reads) <= 8
        if store.scheme == "gs":
            assert sum(store.relay.reads) < len(data) + 3 * READ_AHEAD

    @pytest.mark.parametrize("status", [0, 403, 500])
    def test_a_read_that_fails_midway_is_an_os_error(
        self, store: Store, broken: Callable[[Fault], None], status: int
    ) -> None:
        data, pattern = noise(9_000_000), str(status) if status else "(?i)connection|closed"
        uri = store.put("a/bad.bin", data)
        broken(Fault("bad.bin", 4_000_000, status))
        with storage.open_input(uri) as file:
            assert file.read(1_000_000) == data[:1_000_000]
            file.seek(6_000_000)
            with pytest.raises(OSError, match=pattern) as first:
                file.read(10)
            assert first.value.strerror
            assert "\n" not in first.value.strerror
            del store.relay.reads[:]
            file.seek(7_000_000)
            with pytest.raises(OSError, match=pattern):  # at once, without asking the store again
                file.read(10)
            assert store.relay.reads == []
        with pytest.raises(InputError, match="cannot be read"):
            storage.read_bytes(uri)

    @pytest.mark.parametrize("name", ["catalogs/none.wav", "none/none.wav"])
    def test_what_is_not_there_is_refused(self, store: Store, name: str) -> None:
        bucket = store.root.rpartition("/")[0]
        with pytest.raises(
            InputError, match=r"cannot be opened \((there is no such object|Not found).*; check the path"
        ):
            storage.read_bytes(f"{bucket}/{name}")

    def test_no_pipeline_is_needed(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        uri = store.put("a/b", b"c")
        monkeypatch.setattr(FileSystems, "_pipeline_options", None)
        assert storage.read_bytes(uri) == b"c"

    def test_a_bucket_that_is_not_there_is_refused(self, store: Store) -> None:
        with pytest.raises(InputError, match="cannot be opened"):
            storage.read_bytes(f"{store.scheme}://no-such-bucket/a.wav")


class TestObjects:
    """Names, folders, stamps and tables, where there are no folders."""

    def test_globs_and_folders(self, store: Store) -> None:
        for name in ("a.wav", "b.WAV", "sub/c [x].flac", "notes.txt"):
            store.put(f"films/{name}", b"x")
        root = f"{store.root}/films"

        def ids(*inputs: str) -> list[str]:
            return [item.title_id for item in read_inputs(inputs) if isinstance(item, Title)]

        assert ids(root) == ids(f"{root}/") == ["a", "b", "sub/c [x]"]
        assert ids(f"{root}/*.wav") == ["a"]
        assert ids(f"{root}/**.flac", f"{root}/a.wav") == ["a", "sub/c [x]"]
        assert [storage.is_folder(uri) for uri in (root, f"{root}/", f"{root}/sub", f"{root}/a.wav")] == [1, 1, 1, 0]
        assert not storage.is_folder(f"{root}/nothing")
        for empty in (f"{root}/*.mp3", f"{store.root}/nothing/"):
            with pytest.raises(InputError, match="0 files there"):
                ids(empty)

    def test_a_stamp_tells_of_a_change(self, store: Store) -> None:
        stamps = []
        for data in (b"one", b"two", b"one"):
            stamps.append(storage.stamp(store.put("a/changing", data)))
        storage.delete(f"{store.root}/a/changing")
        stamps.append(storage.stamp(f"{store.root}/a/changing"))
        assert stamps[0] == stamps[2]
        assert len(set(stamps)) == 3
        assert stamps[3] == ("missing",)

    def test_tables_are_whole_or_not_there(self, store: Store) -> None:
        import pyarrow as pa

        schema = pa.schema({"number": pa.int64()})
        path = storage.table_path(f"{store.root}/out", "titles", ODD)
        storage.write_table(path, schema, [{"number": 1}])

        def breaks() -> Iterator[dict[str, Any]]:
            yield from ({"number": number} for number in range(40))
            raise RuntimeError("the disk is on fire")

        with pytest.raises(RuntimeError, match="on fire"):
            storage.write_table(path, schema, breaks())
        assert storage.read_table(path) == [{"number": 1}]
        assert store.names("out/") == [f"out/titles/{ODD}.parquet"]
        assert storage.count_since(f"{store.root}/out/titles/*.parquet", 0) == 1
        assert storage.count_since(f"{store.root}/out/titles/*.parquet", 1e11) == 0

    @pytest.mark.parametrize("title_id", [ODD, "a*b?", "film"])
    def test_deleting_takes_a_file_or_a_folder_and_no_neighbour(self, store: Store, title_id: str) -> None:
        output = f"{store.root}/deleting"
        folder = storage.failures_folder(output, title_id)
        for name in (f"{folder}/1", f"{folder}/2", f"{folder}0/1", f"{folder}.parquet"):
            store.put(name.removeprefix(f"{store.root}/"), b"x")
        storage.delete(folder)
        left = [f"{folder}.parquet", f"{folder}0/1"]
        assert storage.match(f"{glob.escape(output)}/**") == left
        for path in (left[0], f"{folder}0", f"{folder}0", output):
            storage.delete(path)
        assert storage.match(f"{glob.escape(output)}/**") == []


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a catalog of three good titles, one that is not there, and one that is no audio."""
    folder = tmp_path_factory.mktemp("catalog")
    for number, name in enumerate(("film.mp4", "odd.wav", "plain.wav", "breaks.wav")):
        wave = np.random.default_rng(number).standard_normal((1, 48_000 * 12)) / 20
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
            frame = av.AudioFrame.from_ndarray((wave * 32767).astype(np.int16), format="s16", layout="mono")
            frame.sample_rate = 48_000
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    (folder / "sub").mkdir()
    (folder / "sub" / "film.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nWho is there?\n", encoding="utf-8")
    (folder / "sub" / "film.csv").write_text("title,in,out\nTheme,00:00:04.000,00:00:08.000\n", encoding="utf-8")
    (folder / "noaudio.wav").write_bytes(noise(50_000))
    rows = [
        "title_id,audio,subtitles,cue_sheet,split",
        "film,film.mp4,sub/film.srt,sub/film.csv,train",
        f'"{ODD}",odd.wav,,,valid',
        "plain,plain.wav,sub/none.srt,,test",
        "missing,none.wav,,,train",
        "noaudio,noaudio.wav,,,train",
    ]
    (folder / "catalog.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def tables(output: str) -> dict[str, list[dict[str, Any]]]:
    """Give all rows of an output by table and title, without what depends on the run and the place."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in storage.match(f"{glob.escape(output)}/**.parquet"):
        name = path.removeprefix(f"{output}/")
        if name.startswith("failures/"):
            name = name.rpartition("/")[0]  # the file's name is a digest of the row
        rows = storage.read_table(path)
        assert rows is not None
        found.setdefault(name, []).extend({k: v for k, v in row.items() if k not in OF_THE_RUN} for row in rows)
    return found


@dataclass(frozen=True)
class Runs:
    """The jobs' outputs on local files and on a store."""

    local: Path
    store: Store
    root: str
    local_checkpoint: Path


def run_jobs(source: str, place: str, checkpoint: Path) -> None:
    """Prepare, train where there is no checkpoint yet, and tag; two of the titles are lost."""
    assert prepare.main(["--catalog", f"{source}/catalog.csv", "--output", f"{place}/shards", LOCAL]) == 1
    if not checkpoint.exists():
        train([f"{place}/shards"], str(checkpoint), Recipe(epochs=1, batch_size=1, device="cpu"))
    arguments = ["--output", f"{place}/tags", "--checkpoint", str(checkpoint), LOCAL]
    assert tag.main([f"{source}/catalog.csv", *arguments]) == 1


@pytest.fixture(scope="module")
def local(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("local")
    run_jobs(str(catalog), str(folder), folder / "m.ckpt")
    return folder


@pytest.fixture(scope="module")
def runs(store: Store, catalog: Path, local: Path) -> Runs:
    checkpoint = local / "m.ckpt"
    root = store.put_folder(catalog, "run/catalog").removesuffix("/catalog")
    store.put("run/m.ckpt", checkpoint.read_bytes())
    run_jobs(f"{root}/catalog", root, checkpoint)
    return Runs(local, store, root, checkpoint)


class TestJobs:
    """A run on a store writes what the run on local files writes."""

    @pytest.mark.parametrize("output", ["shards", "tags"])
    def test_the_rows_are_those_of_local_files(self, runs: Runs, output: str) -> None:
        there, here = tables(f"{runs.root}/{output}"), tables(f"{runs.local}/{output}")
        assert set(there) == set(here)
        for name, rows in here.items():
            assert there[name] == rows, name
        assert {
            name.removeprefix("titles/").removesuffix(".parquet") for name in there if name[:7] == "titles/"
        } == GOOD
        assert not [name for name in runs.store.names("run/") if name.endswith(".part")]

    @pytest.mark.parametrize("output", ["shards", "tags"])
    def test_what_is_lost_is_told(self, runs: Runs, output: str) -> None:
        rows = {row["title_id"]: row for row in storage.read_failures(f"{runs.root}/{output}")}
        assert {name for name, row in rows.items() if row["severity"] == "error"} == {"missing", "noaudio"}
        assert rows["missing"]["uri"] == f"{runs.root}/catalog/none.wav"
        assert "cannot be opened" in rows["missing"]["message"]
        assert "check the path" in rows["missing"]["message"]
        assert rows["noaudio"]["stage"] == "load"
        assert ("plain" in rows) == (output == "shards")  # its subtitles are not there

    def test_worker_processes_reach_the_store_by_options(self, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
        if runs.store.scheme == "gs":
            pytest.skip("a worker process would look for credentials for 20 s")
        monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        output, options = f"{runs.root}/processes", ["--s3_access_key_id=x", "--s3_secret_access_key=x"]
        arguments = ["--catalog", f"{runs.root}/catalog/catalog.csv", "--output", output, "--direct_num_workers=2"]
        assert prepare.main([*arguments, *options, f"--s3_endpoint_url={runs.store.relay.url}"]) == 1
        assert tables(output) == tables(f"{runs.root}/shards")

    def test_a_second_run_skips_what_is_done(self, runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
        before = tables(f"{runs.root}/shards")
        arguments = ["--catalog", f"{runs.root}/catalog/catalog.csv", "--output", f"{runs.root}/shards", LOCAL]
        assert prepare.main(arguments) == 1
        assert "0 titles done" in (said := capsys.readouterr().err)
        assert "3 up to date, 2 failed" in said
        assert tables(f"{runs.root}/shards") == before

    def test_shards_and_checkpoints_are_read_from_the_store(self, runs: Runs, tmp_path: Path) -> None:
        pytest.importorskip({"gs": "gcsfs", "s3": "s3fs"}[runs.store.scheme], reason="needs the aws extra")
        train([f"{runs.root}/shards"], str(tmp_path / "m.ckpt"), Recipe(epochs=1, batch_size=1, device="cpu"))
        here, there = read_checkpoint(str(runs.local_checkpoint)), read_checkpoint(str(tmp_path / "m.ckpt"))
        assert read_checkpoint(f"{runs.root}/m.ckpt").name == here.name
        assert there.header.config == here.header.config

    def test_a_read_that_fails_midway_costs_one_title(
        self, runs: Runs, catalog: Path, broken: Callable[[Fault], None]
    ) -> None:
        folder = f"{runs.root}/catalog"
        broken(Fault("breaks.wav", READ_AHEAD + 1, 403))
        inputs = [f"{folder}/plain.wav", f"{folder}/breaks.wav"]
        output = f"{runs.root}/broken"
        tag.main([*inputs, "--output", output, "--checkpoint", str(runs.local_checkpoint), LOCAL])
        assert storage.read_table(storage.table_path(output, "titles", "plain"))
        (row,) = storage.read_failures(output)
        assert (row["title_id"], row["stage"]) == ("breaks", "load")
        assert "403" in row["message"]
