"""What lies in a media file, on the title's own timeline."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from transforms.records import InputError
from transforms.sound.decode import AudioFile
from transforms.sound.delivery import Delivery
from transforms.sound.load import load

Wave = NDArray[np.float32]
Tone = Callable[..., Wave]


def decoded(source: Any, track: str = "") -> tuple[Wave, tuple[str, ...], list[str]]:
    """Give all samples, the first layout and the damage."""
    with Delivery([source], [track] if track else []) as delivery:
        blocks = list(delivery.blocks())
    return np.concatenate([block.samples for block in blocks], axis=1), blocks[0].layout, delivery.damage


def pitch_hz(samples: Wave, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate_hz / len(samples))


@pytest.mark.parametrize(
    ("codec", "accuracy"),
    [
        ("pcm_u8", 1 / 128),
        ("pcm_s16le", 2**-15),
        ("pcm_s16be", 2**-15),
        ("pcm_s24le", 2**-23),
        ("pcm_s32le", 2**-23),
        ("pcm_f32le", 1e-7),
        ("pcm_f64le", 1e-7),
    ],
)
def test_all_sample_formats_have_the_same_scale(media: Any, tone: Tone, codec: str, accuracy: float) -> None:
    wave = np.stack([tone(440, 0.5, peak=0.7), -tone(1000, 0.5, peak=0.2)])
    suffix = "mov" if codec.endswith("be") else "wav"
    samples, _, damage = decoded(str(media.write(f"a.{suffix}", wave, codec=codec, layout="stereo")))
    assert samples.shape == wave.shape
    assert np.abs(samples - wave).max() <= accuracy
    assert damage == []


def test_not_a_number_is_silence_and_infinity_full_scale(media: Any) -> None:
    wave = np.array([[0.1, np.nan, np.inf, -np.inf, 0.2]], np.float32)
    assert decoded(str(media.write("a.wav", wave, codec="pcm_f32le")))[0][0] == pytest.approx([0.1, 0, 1, -1, 0.2])


LAYOUTS = [
    ("flac", "flac", "mono", "FC"),
    ("flac", "flac", "stereo", "FL FR"),
    ("aac", "m4a", "stereo", "FL FR"),
    ("aac", "m4a", "5.1", "FL FR FC LFE BL BR"),
    ("ac3", "mkv", "5.1(side)", "FL FR FC LFE SL SR"),
    ("eac3", "mkv", "5.1(side)", "FL FR FC LFE SL SR"),
    ("eac3", "mkv", "quad(side)", "FL FR SL SR"),
    ("libopus", "mka", "5.1", "FL FR FC LFE BL BR"),
    ("pcm_s24le", "wav", "5.1", "FL FR FC LFE BL BR"),
    ("pcm_s16le", "wav", "7.1", "FL FR FC LFE BL BR SL SR"),
    ("pcm_s24le", "wav", "7.1.4", "FL FR FC LFE BL BR SL SR TFL TFR TBL TBR"),
    ("flac", "flac", "7.1", "FL FR FC LFE BL BR SL SR"),
    ("aac", "m4a", "7.1", "FL FR FC LFE BL BR SL SR"),  # eight planes, in which PyAV's own arrays run out of bounds
    ("libopus", "mka", "7.1", "FL FR FC LFE BL BR SL SR"),
]


@pytest.mark.parametrize("case", LAYOUTS, ids=lambda case: "-".join(case[:3]))
def test_each_channel_is_found_under_its_name(media: Any, tone: Tone, case: tuple[str, str, str, str]) -> None:
    codec, suffix, layout, names = case
    # The LFE of lossy codecs ends at 120 Hz.
    pitches = [60 if name == "LFE" else 300 + 100 * index for index, name in enumerate(names.split())]
    wave = np.stack([tone(pitch, 1.5, peak=0.05) for pitch in pitches])
    samples, found, damage = decoded(str(media.write(f"a.{suffix}", wave, codec=codec, layout=layout)))
    assert (" ".join(found), damage) == (names, [])
    middle = samples[:, 12_000:60_000]
    assert [pitch_hz(channel, 48_000) for channel in middle] == pytest.approx(pitches, abs=1)
    assert np.sqrt((middle**2).mean(axis=1)) == pytest.approx(0.05 / np.sqrt(2), rel=0.05)


def test_blocks_are_of_about_a_second(media: Any, tone: Tone) -> None:
    with AudioFile(str(media.write("a.flac", tone(440, 5), codec="flac"))) as file:
        sizes = [block.samples.shape[1] for block in file.blocks()]
    assert sum(sizes) == 240_000
    assert all(0.9 * 48_000 < size <= 48_000 for size in sizes[:-1])


def test_a_binary_file_is_read_like_a_path(media: Any, tone: Tone) -> None:
    path = media.write("a.mkv", tone(440, 1), codec="flac")
    assert np.array_equal(decoded(str(path))[0], decoded(io.BytesIO(path.read_bytes()))[0])


@pytest.mark.parametrize("name", ["Mission: Impossible.wav", "100%d [1080p] #1?.wav", "映画 ü.wav", "-i.wav"])
def test_names_are_only_names(media: Any, tone: Tone, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    media.write("plain.wav", tone(440, 0.5)).rename(media.folder / name)
    monkeypatch.chdir(media.folder)
    assert decoded(name)[0].shape == (1, 24_000)


class TestTracks:
    @pytest.fixture
    def film(self, media: Any, tone: Tone) -> str:
        tracks = [
            media.track(tone(440, 1), codec="flac", language="eng"),
            media.track(tone(880, 2), codec="ac3", language="fra"),
            media.track(tone(1320, 3), codec="flac"),
        ]
        return str(media.tracks("film.mkv", tracks, picture=True))

    @pytest.mark.parametrize(
        ("track", "pitch", "seconds"),
        [("", 440, 1), ("0", 440, 1), ("1", 880, 2), ("2", 1320, 3), ("eng", 440, 1), ("fra", 880, 2)],
    )
    def test_are_chosen_by_index_and_language(self, film: str, track: str, pitch: float, seconds: float) -> None:
        samples = decoded(film, track)[0][0]
        assert pitch_hz(samples[4_800:38_400], 48_000) == pytest.approx(pitch, abs=2)
        assert len(samples) == pytest.approx(seconds * 48_000, abs=1_600)

    def test_the_one_flagged_as_default_comes_before_the_first(self, media: Any, tone: Tone) -> None:
        tracks = [media.track(tone(pitch, 1), codec="flac", default=pitch == 880) for pitch in (440, 880, 1320)]
        path = media.tracks("a.mkv", tracks)
        assert pitch_hz(decoded(str(path))[0][0], 48_000) == pytest.approx(880, abs=2)

    @pytest.mark.parametrize("track", ["3", "-1", "deu", "e", "0.5"])
    def test_that_are_not_there_are_refused_with_what_is(self, film: str, track: str) -> None:
        with pytest.raises(InputError, match=rf"no audio track '{track}'; it holds: 0 \(eng\), 1 \(fra\), 2 \("):
            decoded(film, track)

    @pytest.mark.parametrize(("track", "seconds"), [(0, 1), (1, 2), (2, 3)])
    def test_state_their_own_durations(self, film: str, track: int, seconds: float) -> None:
        with AudioFile(film, track) as file:
            assert file.declared_s() == pytest.approx(seconds, abs=0.05)


class TestTimeline:
    @pytest.mark.parametrize(("codec", "suffix"), [("flac", "mkv"), ("aac", "mp4"), ("ac3", "mkv"), ("libopus", "mka")])
    def test_sound_that_starts_late_is_led_by_silence(self, media: Any, tone: Tone, codec: str, suffix: str) -> None:
        path = media.write(f"a.{suffix}", tone(1000, 1), codec=codec, lead_samples=72_000)
        samples = decoded(str(path))[0][0]
        onset = np.flatnonzero(np.abs(samples) > 0.05)[0]
        assert onset == pytest.approx(72_000, abs=100)
        assert not samples[:70_000].any()
        assert len(samples) == pytest.approx(120_000, abs=2_000)

    def test_numbering_from_anywhere_is_no_silence(self, media: Any, tone: Tone) -> None:
        samples = decoded(str(media.write("a.ts", tone(1000, 1), codec="mp2", lead_samples=72_000)))[0][0]
        assert len(samples) == pytest.approx(48_000, abs=2_000)

    @pytest.mark.parametrize(("codec", "suffix"), [("pcm_s16le", "mkv"), ("flac", "mkv")])
    def test_a_gap_is_silent_as_long_as_it_is_and_reported(
        self, media: Any, tone: Tone, codec: str, suffix: str
    ) -> None:
        path = media.write(f"a.{suffix}", tone(1000, 4), codec=codec, pause=(48 * 1024, 96_000))
        samples, _, damage = decoded(str(path))
        assert samples.shape[1] == pytest.approx(288_000, abs=100)
        silent = np.flatnonzero(np.convolve(np.abs(samples[0]), np.ones(48), "valid") < 1e-6)
        assert silent[0] == pytest.approx(48 * 1024, abs=5_000)
        assert np.ptp(silent) == pytest.approx(96_000, abs=200)
        assert damage == ["2.0 s of it are missing and silent"]

    def test_jitter_of_time_stamps_is_no_gap(self, media: Any, tone: Tone) -> None:
        wave = tone(1000, 2)
        samples, _, damage = decoded(str(media.write("a.mkv", wave, codec="pcm_f32le", pause=(48 * 1024, 480))))
        assert np.array_equal(samples[0], wave)
        assert damage == []

    def test_an_overlap_is_cut(self, media: Any, tone: Tone) -> None:
        first = media.write("1.ts", tone(500, 2), codec="mp2")
        second = media.write("2.ts", tone(1500, 3), codec="mp2", lead_samples=72_000)
        (media.folder / "both.ts").write_bytes(first.read_bytes() + second.read_bytes())
        samples, _, damage = decoded(str(media.folder / "both.ts"))
        assert samples.shape[1] == pytest.approx(4.5 * 48_000, abs=5_000)
        assert pitch_hz(samples[0, 48_000:91_200], 48_000) == pytest.approx(500, abs=2)
        assert damage == []

    def test_streams_joined_end_to_end_are_both_heard(self, media: Any, tone: Tone) -> None:
        first = media.write("1.ts", tone(500, 2), codec="mp2")
        second = media.write("2.ts", tone(1500, 3), codec="mp2")
        (media.folder / "both.ts").write_bytes(first.read_bytes() + second.read_bytes())
        samples, _, damage = decoded(str(media.folder / "both.ts"))
        assert samples.shape[1] == pytest.approx(5 * 48_000, abs=5_000)
        assert pitch_hz(samples[0, 24_000:72_000], 48_000) == pytest.approx(500, abs=2)
        assert pitch_hz(samples[0, 144_000:216_000], 48_000) == pytest.approx(1500, abs=2)
        assert len(damage) == 1
        assert "time stamps jump 1 times" in damage[0]

    def test_an_absurd_time_stamp_is_not_followed(self, media: Any, tone: Tone) -> None:
        path = media.write("a.mkv", tone(1000, 2), codec="ac3", lead_samples=48_000 * 5_000)
        samples, _, damage = decoded(str(path))
        assert samples.shape[1] == pytest.approx(96_000, abs=2_000)
        assert len(damage) == 1
        assert "first by 5000 s" in damage[0]

    def test_a_long_gap_comes_in_small_blocks(self, media: Any, tone: Tone) -> None:
        path = media.write("a.mkv", np.tile(tone(1000, 1), (6, 1)), codec="ac3", layout="5.1", lead_samples=4_800_000)
        with AudioFile(str(path)) as file:
            sizes = [block.samples.shape[1] for block in file.blocks()]
        assert sum(sizes) > 4_800_000
        assert max(sizes) <= 2 * 48_000

    def test_a_change_of_layout_starts_a_new_block(self, media: Any, tone: Tone) -> None:
        first = media.write("1.ac3", tone(500, 1), codec="ac3")
        second = media.write("2.ac3", np.tile(tone(500, 1), (6, 1)), codec="ac3", layout="5.1(side)")
        (media.folder / "both.ac3").write_bytes(first.read_bytes() + second.read_bytes())
        with AudioFile(str(media.folder / "both.ac3")) as file:
            blocks = list(file.blocks())
        assert {(len(block.layout), len(block.samples)) for block in blocks} == {(1, 1), (6, 6)}
        assert sum(block.samples.shape[1] for block in blocks) == pytest.approx(96_000, abs=4_000)


class TestRefusals:
    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="No such file"):
            decoded(str(tmp_path / "none.wav"))

    def test_directory(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="Is a directory"):
            decoded(str(tmp_path))

    @pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.mkv", "a.txt", "a"])
    @pytest.mark.parametrize(
        "content",
        [b"", b"hello\n" * 100, bytes(100_000), np.random.default_rng(0).bytes(100_000)],
        ids=["empty", "text", "zeros", "noise"],
    )
    def test_no_media(self, tmp_path: Path, name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(
            InputError, match=r"deliver a complete audio file|deliver a file with sound|deliver another"
        ):
            load(str(tmp_path / name))

    def test_video_without_audio(self, media: Any) -> None:
        with pytest.raises(InputError, match="holds no audio track; deliver a file with sound"):
            decoded(str(media.tracks("a.mp4", [], picture=True)))


DAMAGED = ["flac", "mkv", "mp4", "faststart.mp4", "ac3", "mp3", "wav", "ogg", "ts", "m4a"]
CODECS = {"flac": "flac", "mkv": "aac", "ac3": "ac3", "mp3": "libmp3lame", "wav": "pcm_s16le", "ogg": "libopus"}


@pytest.fixture(scope="module")
def whole() -> Callable[..., bytes]:
    made: dict[str, bytes] = {}

    def make(media: Any, kind: str) -> bytes:
        if kind not in made:
            wave = np.random.default_rng(1).uniform(-0.2, 0.2, (1, 6 * 48_000)).astype(np.float32)
            track = media.track(wave, codec=CODECS.get(kind, "aac"))
            options = {"movflags": "faststart"} if kind.startswith("faststart") else {}
            made[kind] = media.tracks(f"whole.{kind}", [track], **options).read_bytes()
        return made[kind]

    return make


@pytest.mark.parametrize("kind", DAMAGED)
class TestDamage:
    @pytest.mark.parametrize("share", [0.5, 0.9])
    def test_a_truncated_file_gives_what_there_is_or_a_refusal(
        self, media: Any, whole: Callable[..., bytes], kind: str, share: float
    ) -> None:
        data = whole(media, kind)
        (media.folder / f"a.{kind}").write_bytes(data[: int(share * len(data))])
        path = str(media.folder / f"a.{kind}")
        if kind in ("mp4", "m4a"):  # their index is at the end
            with pytest.raises(InputError, match="deliver a complete audio file"):
                decoded(path)
        else:
            assert decoded(path)[0].shape[1] / 48_000 == pytest.approx(6 * share, abs=1.2)

    def test_noise_in_the_middle_is_no_other_exception(
        self, media: Any, whole: Callable[..., bytes], kind: str
    ) -> None:
        for seed in range(5):
            random = np.random.default_rng(seed)
            data = bytearray(whole(media, kind))
            at = int(random.integers(len(data) - 4_000))
            data[at : at + 3_000] = random.bytes(3_000)
            (media.folder / f"b.{kind}").write_bytes(data)
            try:
                samples, _, _ = decoded(str(media.folder / f"b.{kind}"))
            except InputError:
                continue
            assert np.isfinite(samples).all()

    @pytest.mark.parametrize("length", [1, 50, 500])
    def test_a_stump_is_no_other_exception(
        self, media: Any, whole: Callable[..., bytes], kind: str, length: int
    ) -> None:
        (media.folder / f"c.{kind}").write_bytes(whole(media, kind)[:length])
        with contextlib.suppress(InputError):
            load(str(media.folder / f"c.{kind}"))
