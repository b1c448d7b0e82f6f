"""Whatever is done to a file, loading it gives sound or a refusal. ``tests/bench/fuzz.py`` tries thousands of cases."""

import io
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import transforms
from tests.bench.fuzz import FORMS, STRETCHED_S, File, flaw, mutant, whole_files
from transforms.records import Audio, InputError
from transforms.sound.load import load

SOURCES = Path(transforms.__file__).parent.parent
NAMES = [*FORMS, "ogg-vorbis"]
CASES = 320
BATCH = 20
PCM = bytes(range(256)) * 16


@pytest.fixture(scope="module")
def whole() -> dict[str, File]:
    return whole_files()


def loaded(path: Path) -> Audio | None:
    """Load a file of about a second; None where it is refused."""
    try:
        audio, _ = load(str(path))
    except InputError:
        return None
    assert flaw(audio) == ""
    assert len(audio.samples) <= STRETCHED_S * 16_000
    return audio


def write(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize("first", range(0, CASES, BATCH))
def test_damaged_files_are_loaded_or_refused(whole: dict[str, File], tmp_path: Path, first: int) -> None:
    bad = []
    for number in range(first, first + BATCH):
        path = write(tmp_path, *mutant(whole, 0, number))
        try:
            loaded(path)
        except Exception as error:  # named together: each tells of another weakness
            bad.append(f"{path.name}: {type(error).__name__}: {error}")
    assert bad == []


@pytest.mark.parametrize("name", NAMES)
def test_whole_files_are_loaded_without_damage(whole: dict[str, File], tmp_path: Path, name: str) -> None:
    audio, damage = load(str(write(tmp_path, f"a.{whole[name].suffix}", whole[name].data)))
    assert damage == []
    assert len(audio.samples) / 16_000 == pytest.approx(1, abs=0.07)


@pytest.mark.parametrize("name", NAMES)
def test_truncated_files_give_no_more_than_the_whole(whole: dict[str, File], tmp_path: Path, name: str) -> None:
    data, suffix = whole[name].data, whole[name].suffix
    full = loaded(write(tmp_path, f"whole.{suffix}", data))
    assert full is not None
    for tenth in range(10):
        part = loaded(write(tmp_path, f"{tenth}.{suffix}", data[: len(data) * tenth // 10]))
        assert part is None or len(part.samples) <= len(full.samples) + 1600


def wav(
    channels: int = 2,
    rate_hz: int = 48_000,
    *,
    tag: int = 1,
    bits: int = 16,
    block_align: int = 4,
    size: int = len(PCM),
) -> bytes:
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, 4 * rate_hz & 0xFFFFFFFF, block_align, bits)
    riff_size = (36 + size) & 0xFFFFFFFF
    return struct.pack("<4sI8sI", b"RIFF", riff_size, b"WAVEfmt ", 16) + form + struct.pack("<4sI", b"data", size) + PCM


def rf64(size: int) -> bytes:
    lengths = struct.pack("<IQQQI", 28, size, size, size // 4, 0)
    return b"RF64\xff\xff\xff\xffWAVEds64" + lengths + wav(size=0xFFFFFFFF)[12:]


class TestHeaders:
    @pytest.mark.parametrize("channels", [0, 255, 1025, 65535])
    def test_that_count_no_channels_or_too_many_are_refused(self, tmp_path: Path, channels: int) -> None:
        with pytest.raises(InputError):
            load(str(write(tmp_path, "a.wav", wav(channels=channels))))

    @pytest.mark.parametrize("rate_hz", [0, 1, 2**31 - 1, 2**32 - 1])
    def test_of_rates_that_no_sound_has_are_refused(self, tmp_path: Path, rate_hz: int) -> None:
        with pytest.raises(InputError):
            load(str(write(tmp_path, "a.wav", wav(rate_hz=rate_hz))))

    @pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_056, 47_952, 96_000, 192_000, 384_000])
    def test_of_rates_that_sound_has_are_kept(self, tmp_path: Path, rate_hz: int) -> None:
        audio = loaded(write(tmp_path, "a.wav", wav(rate_hz=rate_hz)))
        assert audio is not None
        assert len(audio.samples) == pytest.approx(len(PCM) / 4 * 16_000 / rate_hz, abs=1)

    @pytest.mark.parametrize("block_align", [0, 1, 3, 65535])
    @pytest.mark.parametrize("bits", [0, 1, 16, 64, 65535])
    @pytest.mark.parametrize("tag", [0, 1, 3, 0x7777, 0xFFFE])
    def test_that_contradict_themselves_do_no_harm(self, tmp_path: Path, tag: int, bits: int, block_align: int) -> None:
        loaded(write(tmp_path, "a.wav", wav(tag=tag, bits=bits, block_align=block_align)))

    @pytest.mark.parametrize("size", [2**31, 2**32 - 1])
    def test_that_promise_gigabytes_give_what_there_is(self, tmp_path: Path, size: int) -> None:
        audio = loaded(write(tmp_path, "a.wav", wav(size=size)))
        assert audio is not None
        assert len(audio.samples) == pytest.approx(len(PCM) / 12, abs=1)

    @pytest.mark.parametrize("size", [0, 1, 2**40, 2**63 - 1, 2**64 - 1])
    def test_that_promise_years_do_no_harm(self, tmp_path: Path, size: int) -> None:
        audio = loaded(write(tmp_path, "a.wav", rf64(size)))
        assert audio is None or len(audio.samples) == pytest.approx(len(PCM) / 12, abs=1)

    @pytest.mark.parametrize("name", ["m4a", "mp4", "mp4-fragmented", "mov"])
    def test_that_name_an_unknown_codec_are_refused(self, whole: dict[str, File], tmp_path: Path, name: str) -> None:
        data = whole[name].data
        for code in (b"mp4a", b"esds", b"ec-3", b"in24"):  # "esds" names the codec, too
            data = data.replace(code, b"xyz1")
        assert data != whole[name].data
        with pytest.raises(InputError):
            load(str(write(tmp_path, f"a.{whole[name].suffix}", data)))


def flv_tag(kind: int, body: bytes, time_ms: int) -> bytes:
    head = bytes([kind]) + len(body).to_bytes(3, "big") + time_ms.to_bytes(3, "big") + bytes(4)
    return head + body + (11 + len(body)).to_bytes(4, "big")


def flv_tags(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    at = 13
    while at < len(data):
        length = int.from_bytes(data[at + 1 : at + 4], "big")
        yield data[at], data[at + 11 : at + 11 + length], int.from_bytes(data[at + 4 : at + 7], "big")
        at += 15 + length


def test_a_stream_that_appears_late_does_no_harm(whole: dict[str, File], tmp_path: Path) -> None:
    data, video = whole["flv"].data, 9
    description, config, *sound = flv_tags(data)
    longer = [(kind, body, time_ms + 1000 * second) for second in range(12) for kind, body, time_ms in sound]
    tags = [description, config, *longer, (video, b"\x22" + bytes(20), 11_000)]
    audio = loaded(write(tmp_path, "a.flv", data[:13] + b"".join(flv_tag(*tag) for tag in tags)))
    assert audio is not None
    assert len(audio.samples) / 16_000 == pytest.approx(12, abs=0.5)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    for name in NAMES:
        suffix = FORMS[name].suffix if name in FORMS else "ogg"
        with pytest.raises(InputError):
            load(str(write(tmp_path, f"a.{suffix}", b"")))


@pytest.mark.parametrize("name", ["folder", "folder.wav"])
def test_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="directory"):
        load(str(tmp_path / name))


AS_NOBODY = """
import os, sys
from transforms.sound.load import load
from transforms.records import InputError
if os.geteuid() == 0:
    os.seteuid(65534)  # root may read everything
try:
    load(sys.argv[1])
except InputError as error:
    print(error)
"""


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a.wav", wav())
    path.chmod(0)
    command = [sys.executable, "-c", AS_NOBODY, str(path)]
    said = subprocess.run(command, cwd=SOURCES, check=True, capture_output=True, text=True).stdout
    assert "ermission" in said


class Unsteady(io.BytesIO):
    """A file that after some reads is shorter, holds something else, or cannot be read any more."""

    def __init__(self, data: bytes, change: str, reads: int) -> None:
        super().__init__(data)
        self.change, self.reads = change, reads

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads -= 1
        if self.reads < 0:
            if self.change == "fails":
                raise OSError(5, os.strerror(5))
            at, length = self.tell(), len(self.getvalue())
            if self.change == "shrinks":
                self.truncate(min(at, length))
            else:
                self.seek(0)
                self.write(bytes(length))
                self.seek(at)
        return super().read(size)


@pytest.mark.parametrize("reads", [0, 1, 2, 4])
@pytest.mark.parametrize("change", ["shrinks", "is overwritten", "fails"])
@pytest.mark.parametrize("name", ["wav", "flac", "mp4", "mkv", "ogg-opus", "ts", "mxf"])
def test_a_file_that_changes_while_it_is_read_is_no_other_exception(
    whole: dict[str, File], name: str, change: str, reads: int
) -> None:
    try:
        audio, _ = load(Unsteady(whole[name].data, change, reads))
    except InputError:
        return
    assert flaw(audio) == ""
    assert len(audio.samples) <= 2 * 16_000
