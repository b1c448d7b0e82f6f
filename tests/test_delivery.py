"""A title in one file, or in a file or a track for each channel or pair."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from transforms.records import InputError
from transforms.sound.decode import Block
from transforms.sound.delivery import Delivery, Source, _Channels
from transforms.sound.load import load

Wave = NDArray[np.float32]
Tone = Callable[..., Wave]
PITCHES = {"L": 400, "R": 500, "C": 600, "LFE": 60, "Ls": 700, "Rs": 800}
FFMPEG_NAMES = ("FL", "FR", "FC", "LFE", "SL", "SR")


def joined(files: Sequence[Source], **how: Any) -> tuple[Wave, tuple[str, ...], list[str]]:
    with Delivery(files, **how) as delivery:
        blocks = list(delivery.blocks())
    return np.concatenate([block.samples for block in blocks], axis=1), blocks[0].layout, delivery.damage


@pytest.fixture
def stems(media: Any, tone: Tone) -> Callable[..., list[str]]:
    """Write a file a channel: ``stems("L", "R")``; their lengths may differ."""

    def make(*names: str, seconds: Sequence[float] = (), rate_hz: Sequence[int] = (), codec: str = "pcm_s24le") -> Any:
        lengths, rates = seconds or [3.0] * len(names), rate_hz or [48_000] * len(names)
        return [
            str(media.write(f"film_{name}.wav", tone(PITCHES[name], length, rate), rate_hz=rate, codec=codec))
            for name, length, rate in zip(names, lengths, rates, strict=True)
        ]

    return make


class TestFiles:
    def test_six_stems_are_the_film_that_one_file_is(self, media: Any, tone: Tone, stems: Any) -> None:
        together = np.stack([tone(pitch, 3) for pitch in PITCHES.values()])
        whole = load(str(media.write("film.wav", together, codec="pcm_s24le", layout="5.1(side)")))[0]
        parts, damage = load(stems(*PITCHES))
        assert np.array_equal(parts.samples, whole.samples)
        assert (parts.channels, parts.layout, damage) == (6, " ".join(FFMPEG_NAMES), [])
        assert parts.programme_lkfs == pytest.approx(whole.programme_lkfs, abs=1e-6)

    def test_the_order_is_that_of_the_names(self, stems: Any) -> None:
        one = load(stems("L", "R", "C", "LFE", "Ls", "Rs"))[0]
        other = load(stems("C", "LFE", "L", "Ls", "R", "Rs"))[0]  # as a folder lists them
        assert one.programme_lkfs == pytest.approx(other.programme_lkfs, abs=1e-6)
        assert np.abs(one.samples.astype(int) - other.samples).max() <= 1

    def test_names_that_say_nothing_are_assumed_by_count(self, media: Any, tone: Tone) -> None:
        paths = [str(media.write(f"track {number}.wav", tone(440, 1))) for number in range(6)]
        assert load(paths)[0].layout == "FL FR FC LFE BL BR (assumed)"

    def test_the_catalog_overrides_all(self, stems: Any) -> None:
        paths = stems("L", "R")
        assert joined(paths, layout=("FC", "LFE"))[1] == ("FC", "LFE")
        with pytest.raises(InputError, match=r"\b3\b"):
            joined(paths, layout=("FL", "FR", "FC"))

    def test_stereo_pairs(self, media: Any, tone: Tone) -> None:
        pairs = []
        for name, pitch in (("front", 400), ("middle", 500), ("back", 600)):
            wave = np.stack([tone(pitch, 1), tone(pitch + 50, 1)])
            pairs.append(str(media.write(f"{name}.wav", wave, layout="stereo")))
        samples, layout, _ = joined(pairs, layout=("FL", "FR", "FC", "LFE", "SL", "SR"))
        assert (samples.shape, len(layout)) == ((6, 48_000), 6)

    def test_a_short_one_ends_in_silence_and_that_is_told(self, stems: Any) -> None:
        samples, _, damage = joined(stems("L", "R", seconds=(3, 2)))
        assert samples.shape == (2, 144_000)
        assert not samples[1, 96_000:].any()
        assert np.abs(samples[0, 96_000:]).max() > 0.09
        assert damage == [
            "its channels differ in length (film_L.wav 3.0 s, film_R.wav 2.0 s); the short ones end in silence"
        ]

    def test_rates_must_agree(self, stems: Any) -> None:
        with pytest.raises(InputError, match=r"differ in sample rate \(film_L.wav 48000 Hz, film_R.wav 44100 Hz\)"):
            joined(stems("L", "R", rate_hz=(48_000, 44_100)))

    def test_the_one_that_is_missing_is_named(self, stems: Any, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"film_R\.wav: cannot be opened as audio: No such file"):
            joined([*stems("L"), str(tmp_path / "film_R.wav")])

    def test_the_one_that_is_damaged_is_named(self, media: Any, stems: Any) -> None:
        paths = stems("L", "R", "C")
        whole = media.write("a.flac", np.random.default_rng(0).uniform(-0.1, 0.1, 144_000), codec="flac").read_bytes()
        (media.folder / "film_C.flac").write_bytes(whole[: len(whole) // 2])
        damage = joined([*paths[:2], str(media.folder / "film_C.flac")])[2]
        assert any("film_C.flac" in text for text in damage)


class TestTracks:
    @pytest.fixture
    def six(self, media: Any, tone: Tone) -> str:
        tracks = [media.track(tone(pitch, 3), codec="pcm_s16le") for pitch in PITCHES.values()]
        return str(media.tracks("film.mov", tracks))

    def test_mono_tracks_of_one_file_are_joined(self, six: str) -> None:
        audio, damage = load(six)
        assert (audio.channels, damage) == (6, [])

    def test_in_the_order_that_is_asked_for(self, six: str) -> None:
        samples, layout, _ = joined([six], tracks=["2", "0"], layout=("FC", "FL"))
        peaks = [int(np.argmax(np.abs(np.fft.rfft(channel[:48_000])))) for channel in samples]
        assert (peaks, layout) == ([600, 400], ("FC", "FL"))

    def test_one_of_them_alone(self, six: str) -> None:
        assert load(six, ["2"])[0].channels == 1

    def test_of_a_binary_file(self, six: str) -> None:
        with Path(six).open("rb") as file:
            assert np.array_equal(load(file)[0].samples, load(six)[0].samples)


@given(st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=6), min_size=2, max_size=4), st.data())
def test_however_the_blocks_fall_no_sample_moves(sizes: list[list[int]], data: st.DataObject) -> None:
    """Take from sources in any steps: each sample of each comes once and in order."""
    for lengths in sizes:
        wave = np.arange(sum(lengths), dtype=np.float32)[np.newaxis]
        pieces = np.split(wave, np.cumsum(lengths)[:-1], axis=1)
        channel = _Channels(iter([Block(piece, ("FC",), 48_000) for piece in pieces]), "a")
        taken = []
        while channel.fill():
            taken.append(channel.take(data.draw(st.integers(1, channel.left))))
        assert np.array_equal(np.concatenate(taken, axis=1), wave)
        assert channel.take(3).tolist() == [[0, 0, 0]]
