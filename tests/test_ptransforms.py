"""The Beam transforms one by one: a list in, the pure function's results and the failures out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
import soundfile
from apache_beam.coders import registry
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.typehints.native_type_compatibility import convert_to_beam_type

from transforms.labels.rules import read_rules
from transforms.metrics import Counts
from transforms.ptransforms import title as title_module
from transforms.ptransforms.guard import guarded
from transforms.ptransforms.labels import CutSegments, LabelFrames
from transforms.ptransforms.read import ReadCatalog, SkipDone
from transforms.ptransforms.score import SumCounts
from transforms.ptransforms.sources import ReadAnnotations, ReadCueSheets, ReadTimedText
from transforms.ptransforms.title import LoadTitle, Windows, _loaded, facts_of
from transforms.ptransforms.write import WriteFailures, WriteShards
from transforms.records import (
    Failure,
    Interval,
    LoadedTitle,
    Reading,
    SegmentedTitle,
    Title,
    TitleSources,
    TitleWindows,
)
from transforms.sound.apart import read_apart
from transforms.sound.load import load
from transforms.stitch import windows
from transforms.storage import read_failures


def pipeline() -> beam.Pipeline:
    return beam.Pipeline(runner=FnApiRunner())


def subtitles(folder: Path) -> Path:
    path = folder / "a.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nWe sail at six.\n", encoding="utf-8")
    return path


def test_guarded_parts_results_from_failures() -> None:
    def halves(title: Title) -> Iterable[Any]:
        if title.title_id == "odd":
            raise ArithmeticError("cannot be halved")
        yield title.title_id * 2
        yield Failure(title.title_id, title.uri, "halve", "Warning", "half", "warning")

    with pipeline() as root:
        titles = root | beam.Create([Title("even", ("e.wav",)), Title("odd", ("o.wav",))])
        results, failures = titles | guarded("halve", halves)
        assert_that(results, equal_to(["eveneven"]), label="results")
        expected = [
            Failure("even", "e.wav", "halve", "Warning", "half", "warning"),
            Failure("odd", "o.wav", "halve", "ArithmeticError", "cannot be halved"),
        ]
        assert_that(failures, equal_to(expected), label="failures")


def test_read_catalog_gives_titles_and_failures(tmp_path: Path) -> None:
    catalog = tmp_path / "c.csv"
    catalog.write_text("title_id,audio\na,a.wav\n,b.wav\n", encoding="utf-8")
    with pipeline() as root:
        titles, failures = root | ReadCatalog([str(catalog)])
        assert_that(titles, equal_to([Title("a", (str(tmp_path / "a.wav"),))]), label="titles")
        assert_that(failures | beam.Map(lambda f: f.title_id), equal_to(["row 2"]), label="failures")


def named(failures: beam.PCollection) -> beam.PCollection:
    return failures | beam.Map(lambda lost: (lost.title_id, lost.stage, lost.severity))


def test_a_title_gets_what_can_be_read_of_it(tmp_path: Path) -> None:
    heard = Title("heard", ("h.wav",), subtitles=(str(subtitles(tmp_path)), str(tmp_path / "none.srt")))
    deaf = Title("deaf", ("d.wav",), cue_sheet=str(tmp_path / "none.csv"))
    with pipeline() as root:
        titles = root | beam.Create([heard, deaf]) | beam.Map(TitleSources)
        text, bad_text = titles | ReadTimedText({})
        cues, bad_cues = text | ReadCueSheets()
        read = Reading((Interval(1.0, 2.0, "dialogue"),), uri=heard.subtitles[0])
        assert_that(cues, equal_to([TitleSources(heard, text=(read,)), TitleSources(deaf)]), label="read")
        lost = (bad_text, bad_cues) | beam.Flatten()
        expected = [("heard", "subtitles", "warning"), ("deaf", "cue_sheet", "warning")]
        assert_that(named(lost), equal_to(expected), label="lost")


def test_each_subtitle_file_is_a_reading_of_its_own(tmp_path: Path) -> None:
    other = subtitles(tmp_path).rename(tmp_path / "b.srt")
    title = Title("a", ("a.wav",), subtitles=(str(subtitles(tmp_path)), str(other)))
    with pipeline() as root:
        text, _ = root | beam.Create([title]) | beam.Map(TitleSources) | ReadTimedText({})
        names = text | beam.Map(lambda sources: [Path(reading.uri).name for reading in sources.text])
        assert_that(names, equal_to([["a.srt", "b.srt"]]))


def test_annotations_are_of_the_classes_of_the_rules(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("start_s,end_s,class\n0,1,effects\n1,2,speech\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("start_s,end_s,kind\n", encoding="utf-8")
    whole = Title("whole", ("a.wav",), annotations=str(tmp_path / "a.csv"))
    part = Title("part", ("a.wav",), annotations=str(tmp_path / "a.csv"), annotated=("effects",))
    bad = Title("bad", ("a.wav",), annotations=str(tmp_path / "b.csv"))

    def covers(sources: TitleSources) -> tuple[str, Any]:
        return sources.title.title_id, sources.annotations and sources.annotations.covers

    with pipeline() as root:
        titles = root | beam.Create([whole, part, bad]) | beam.Map(TitleSources)
        read, lost = titles | ReadAnnotations(("speech", "effects"))
        expected = [("whole", ("speech", "effects")), ("part", ("effects",)), ("bad", None)]
        assert_that(read | beam.Map(covers), equal_to(expected), label="covers")
        assert_that(named(lost), equal_to([("bad", "annotations", "warning")]), label="lost")


@pytest.mark.parametrize(
    ("names", "kinds", "read"),
    [
        (["a.srt"], ("forced",), []),
        (["a.srt"], (), ["a.srt"]),
        (["a.fr.forced.srt"], (), []),
        (["a.fr.forced.srt"], ("full",), ["a.fr.forced.srt"]),
        (["unforced.srt", "forced-march.srt"], (), ["unforced.srt"]),
        (["a.srt", "b.srt"], ("sdh", "Forced"), ["a.srt"]),
        (["a.srt", "b.srt"], ("sdh",), ["a.srt", "b.srt"]),
    ],
)
def test_forced_subtitles_are_no_witness(
    names: list[str], kinds: tuple[str, ...], read: list[str], tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).write_text("1\n00:00:01,000 --> 00:00:02,000\nHi.\n", encoding="utf-8")
    paths = tuple(str(tmp_path / name) for name in names)
    with pipeline() as root:
        title = Title("a", ("a.wav",), subtitles=paths, subtitle_kind=kinds)
        sources, failures = root | beam.Create([title]) | beam.Map(TitleSources) | ReadTimedText({})
        found = sources | beam.Map(lambda one: [Path(reading.uri).name for reading in one.text])
        assert_that(found, equal_to([read]), label="text")
        assert_that(failures, equal_to([]), label="failures")


def test_a_title_is_loaded_cut_labelled_and_written(media: Any, tone: Any, tmp_path: Path) -> None:
    path = media.write("a.wav", tone(440, seconds=45))
    sources = TitleSources(Title("a/b", (str(path),), split="valid"), (Reading((Interval(1.0, 2.0, "dialogue"),)),))
    with pipeline() as root:
        loaded, bad_audio = root | beam.Create([sources]) | LoadTitle()
        labelled, bad_labels = loaded | CutSegments() | LabelFrames(read_rules())
        written, bad_writes = labelled | WriteShards(str(tmp_path / "out"))
        assert_that(labelled | beam.Map(lambda s: len(s.segments)), equal_to([3]), label="segments")
        assert_that(written, equal_to(["a/b"]), label="written")
        assert_that((bad_audio, bad_labels, bad_writes) | beam.Flatten(), equal_to([]), label="failures")
    assert {path.name for path in (tmp_path / "out").rglob("*.parquet")} == {"a%2Fb.parquet"}
    assert (tmp_path / "out" / "valid" / "a%2Fb.parquet").exists()


def test_windows_of_a_title_are_one_batch_and_an_empty_one_lets_them_go(media: Any, tone: Any) -> None:
    path = media.write("a.wav", tone(440, seconds=45))
    pieces = windows(load(str(path))[0].samples)

    def check(batches: list[list[TitleWindows]]) -> None:
        (title,), nothing = sorted(batches, key=len, reverse=True)
        assert nothing == []
        assert title.title.title_id == "a"
        assert all(np.array_equal(a, b) for a, b in zip(title.pieces, pieces, strict=True))

    with pipeline() as root:
        loaded, _ = root | beam.Create([TitleSources(Title("a", (str(path),)))]) | LoadTitle()
        assert_that(loaded | Windows(), check)


@pytest.mark.parametrize("record", [LoadedTitle, SegmentedTitle, list[TitleWindows]])
def test_beam_tells_the_size_of_sound_without_encoding_it(record: Any, media: Any, tone: Any) -> None:
    audio, _ = load(str(media.write("a.wav", tone(440, seconds=45))))
    loaded = LoadedTitle(TitleSources(Title("a", ("a.wav",))), audio, 0.0)
    pieces = tuple(windows(audio.samples))
    value, nbytes = {
        LoadedTitle: (loaded, audio.samples.nbytes),
        SegmentedTitle: (SegmentedTitle(loaded, ()), audio.samples.nbytes),
    }.get(record, ([TitleWindows(facts_of(loaded), pieces)], sum(piece.nbytes for piece in pieces)))
    estimate = registry.get_coder(convert_to_beam_type(record)).estimate_size(value)
    assert nbytes <= estimate < nbytes + 100  # pickled, it would be larger by the record's names


def test_skip_done_passes_what_is_not_in_the_ledger(tmp_path: Path) -> None:
    with pipeline() as root:
        titles, _ = (
            root | beam.Create([Title("a", (str(tmp_path / "a.wav"),))]) | SkipDone(str(tmp_path), "", ["audio"])
        )
        assert_that(titles | beam.Map(lambda t: (t.title_id, len(t.input_digest))), equal_to([("a", 32)]))


def test_failures_are_rows_and_a_repeated_write_adds_none(tmp_path: Path) -> None:
    lost = Failure("a/b", "a.wav", "load", "InputError", "is empty")
    for _ in range(2):
        with pipeline() as root:
            root | beam.Create([lost, lost]) | WriteFailures(str(tmp_path))
    assert read_failures(str(tmp_path)) == [vars(lost)]


def test_counts_are_summed_by_key() -> None:
    key, other = ("all", "", "speech"), ("all", "", "music")
    with pipeline() as root:
        counts = root | beam.Create([(key, Counts(1, 2, 3)), (key, Counts(10, 20, 30)), (other, Counts(5, 0, 0))])
        assert_that(counts | SumCounts(), equal_to([(key, Counts(11, 22, 33)), (other, Counts(5, 0, 0))]))


class TestLoadTitle:
    @pytest.fixture
    def stems(self, tmp_path: Path) -> tuple[str, ...]:
        noise = np.random.default_rng(0).uniform(-0.1, 0.1, (3, 32_000))
        paths = tuple(str(tmp_path / f"film_{name}.wav") for name in ("C", "L", "R"))
        for path, wave in zip(paths, noise, strict=True):
            soundfile.write(path, wave, 16_000)
        return paths

    def loaded(self, title: Title, exact_level: bool = False) -> tuple[list[LoadedTitle], list[Failure]]:
        results = list(_loaded(TitleSources(title), exact_level))
        failures = [result for result in results if isinstance(result, Failure)]
        return [result for result in results if isinstance(result, LoadedTitle)], failures

    def test_a_file_a_channel(self, stems: tuple[str, ...]) -> None:
        [loaded], failures = self.loaded(Title("film", stems))
        assert (loaded.audio.layout, loaded.audio.channels, failures) == ("FC FL FR", 3, [])
        assert np.array_equal(loaded.audio.samples, load(stems)[0].samples)
        assert loaded.cpu_s > loaded.audio.cpu_s > 0

    def test_the_catalog_states_the_layout(self, stems: tuple[str, ...]) -> None:
        [loaded], _ = self.loaded(Title("film", stems, audio_layout=("FL", "FR", "LFE")))
        assert loaded.audio.layout == "FL FR LFE"

    def test_the_exact_level(self, tmp_path: Path, tone: Any) -> None:
        soundfile.write(tmp_path / "a.wav", tone(1000, 3, 16_000, peak=10 ** (-23 / 20)), 16_000)
        title = Title("a", (str(tmp_path / "a.wav"),))
        assert self.loaded(title)[0][0].audio.gain_db == 0
        assert self.loaded(title, exact_level=True)[0][0].audio.gain_db == pytest.approx(-0.99, abs=0.1)

    def test_silence_is_told(self, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "a.wav", np.zeros(32_000), 16_000)
        [loaded], [failure] = self.loaded(Title("a", (str(tmp_path / "a.wav"),)))
        assert (failure.error, failure.severity, failure.stage) == ("Silent", "warning", "load")
        assert "-inf LKFS" in failure.message
        assert loaded.audio.gain_db == 0

    def test_damage_tells_how_much_is_kept(self, stems: tuple[str, ...], tmp_path: Path) -> None:
        data = Path(stems[0]).read_bytes()
        (tmp_path / "cut.wav").write_bytes(data[: len(data) // 2])
        [loaded], [failure] = self.loaded(Title("a", (str(tmp_path / "cut.wav"),)))
        assert (failure.error, failure.severity) == ("Damaged", "warning")
        assert failure.kept_s == pytest.approx(1, abs=0.01)
        assert failure.expected_s == pytest.approx(2, abs=0.01)
        assert "bytes before the end that its header states" in failure.message
        assert len(loaded.audio.samples) == pytest.approx(16_000, abs=100)

    def test_a_file_that_changes_while_it_is_read(
        self, stems: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def read_and_change(*how: Any) -> Iterator[Any]:
            parts = read_apart(*how)
            yield next(parts)
            with Path(stems[0]).open("ab") as file:
                file.write(bytes(1000))
            yield from parts

        monkeypatch.setattr(title_module, "read_apart", read_and_change)
        [_], [failure] = self.loaded(Title("a", stems[:1]))
        assert (failure.error, failure.severity) == ("Damaged", "warning")
        assert "changed while it was read; the next run reads it again" in failure.message

    def test_a_guess_is_told(self, media: Any, tone: Any) -> None:
        tracks = [media.track(tone(400 + 100 * number, 1), codec="pcm_s16le") for number in range(4)]
        [loaded], [failure] = self.loaded(Title("a", (str(media.tracks("a.mov", tracks)),)))
        assert (failure.error, failure.severity, loaded.audio.channels) == ("Guessed", "warning", 2)
        assert "has 4 mono tracks" in failure.message
