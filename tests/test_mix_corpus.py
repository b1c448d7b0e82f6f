"""A corpus of clips: what its table says, which side a maker is on, and where a clip is heard."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.mix.corpus import KINDS, Clip, ClipError, divided, read_corpus, record
from transforms.mix.heard import intervals_of
from transforms.mix.library import Library
from transforms.records import SPLITS, InputError
from transforms.sound.loudness import LoudnessMeter

HEADER = "path,class,speaker_or_artist,duration_s,language,note,accompanied,split\n"
ROWS = (
    HEADER
    + "a.wav,speech,anna,3.5,fi,,,\nb.wav,singing,bo,4,,soft,True,test\nc.wav,chatter,x,1,,,,\nd.wav,noise,,2,,,,\n"
)


def clip(maker: str, kind: str = "speech", duration_s: float = 1, split: str = "") -> Clip:
    return Clip(f"{maker}/{kind}.wav", kind, maker, duration_s, split=split)


class TestTheTable:
    def test_a_row_is_a_clip(self) -> None:
        anna, bo, noise = read_corpus(ROWS.encode(), b"path,start_s,end_s\na.wav,0.5,1\na.wav,2,3\n", "corpus/")
        active = ((0.5, 1.0), (2.0, 3.0))
        assert replace(anna, split="") == Clip("corpus/a.wav", "speech", "anna", 3.5, "fi", active=active)
        assert bo == Clip("corpus/b.wav", "singing", "bo", 4, accompanied=True, split="test")
        assert noise.maker == "d.wav"  # of an unknown maker: nobody else's
        assert {anna.split, noise.split} <= set(SPLITS)

    def test_only_some_columns_are_needed(self) -> None:
        [found] = read_corpus(b"\xef\xbb\xbfpath,class,speaker_or_artist,duration_s\na.wav,music,m,2\n", None, "c")
        assert found == Clip("c/a.wav", "music", "m", 2, split="train")

    def test_other_classes_and_excluded_notes_are_left_out(self) -> None:
        assert [found.kind for found in read_corpus(ROWS.encode(), None, "c")] == ["speech", "singing", "noise"]
        assert [found.kind for found in read_corpus(ROWS.encode(), None, "c", ["sof"])] == ["speech", "noise"]

    def test_rows_may_end_early(self) -> None:
        assert read_corpus((HEADER + "a.wav,music,m,2\n").encode(), None, "c", ["soft"])[0].language == ""

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ("path,class\na.wav,speech\n", "has no column speaker_or_artist, duration_s; a corpus needs path, class"),
            (HEADER + "a.wav,speech,a,long\n", "a.wav: its duration_s, 'long', is no number of seconds"),
            (HEADER + "a.wav,speech,a,\n", "a.wav: its duration_s, '', is no number"),
            (HEADER + "a.wav,speech\n", "a.wav: its duration_s, '', is no number"),
            (HEADER + "a.wav,speech,a,nan\n", "'nan', is no number"),
            (HEADER + "a.wav,speech,a,-1\n", "'-1', is no number"),
            (HEADER + "a.wav,speech,a,1,,,,dev\n", "a.wav: its split, 'dev', is none of train, valid, test"),
            (HEADER + "a.wav,talk,a,1\n", "holds no clip whose class is speech, singing, music, noise"),
            ("", "holds no clip"),
            (HEADER, "holds no clip"),
        ],
    )
    def test_what_is_wrong_is_said(self, table: str, message: str) -> None:
        with pytest.raises(InputError) as error:
            read_corpus(table.encode(), None, "c")
        assert message in str(error.value)

    @pytest.mark.parametrize(
        ("activity", "message"),
        [
            (b"path,from,to\na.wav,1,2\n", "has no column start_s, end_s; activity needs path, start_s, end_s"),
            (b"path,start_s,end_s\na.wav,0,late\n", "a.wav: its end_s, 'late', is no number"),
            (b"path,start_s,end_s\n\xff.wav,0,1\n", "activity must be UTF-8"),
        ],
    )
    def test_also_of_activity(self, activity: bytes, message: str) -> None:
        with pytest.raises(InputError) as error:
            read_corpus(ROWS.encode(), activity, "c")
        assert message in str(error.value)


CLIPS = st.builds(
    clip,
    st.integers(0, 40).map("maker {}".format),
    st.sampled_from(KINDS),
    st.integers(1, 100),
    st.sampled_from(["", "", "", *SPLITS]),
)


class TestSides:
    @settings(max_examples=40)
    @given(st.lists(CLIPS, min_size=1, max_size=120))
    def test_a_maker_is_never_on_two_sides(self, clips: list[Clip]) -> None:
        sides = defaultdict(set)
        for found in divided(clips):
            sides[found.maker].add(found.split)
        assert all(len(found) == 1 for found in sides.values())
        assert set().union(*sides.values()) <= set(SPLITS)

    @settings(max_examples=40)
    @given(st.lists(CLIPS, min_size=1, max_size=60))
    def test_all_else_stays_and_so_does_the_order(self, clips: list[Clip]) -> None:
        assert [replace(found, split="") for found in divided(clips)] == [replace(c, split="") for c in clips]

    @settings(max_examples=40)
    @given(st.lists(CLIPS, min_size=1, max_size=60))
    def test_stated_splits_are_obeyed(self, clips: list[Clip]) -> None:
        stated: defaultdict[str, set[str]] = defaultdict(set)
        for found in clips:
            stated[found.maker] |= {found.split} - {""}
        for found in divided(clips):
            assert not stated[found.maker] or found.split in stated[found.maker]

    @settings(max_examples=40)
    @given(st.lists(st.integers(1, 1000), min_size=1, max_size=80), st.sampled_from(KINDS))
    def test_every_kind_keeps_train(self, durations_s: list[int], kind: str) -> None:
        sides: defaultdict[str, float] = defaultdict(float)
        for found in divided([clip(f"{kind} {n}", kind, float(d)) for n, d in enumerate(durations_s)]):
            sides[found.split] += found.duration_s
        # Who is added to a side overshoots its tenth by at most half of his time, itself at most a fifth of all.
        assert max(sides["valid"], sides["test"]) <= 0.2 * sum(durations_s) + 1e-6
        assert sides["train"] >= 0.6 * sum(durations_s) - 1e-6

    @settings(max_examples=40)
    @given(st.lists(st.integers(10, 20), min_size=20, max_size=150), st.integers(0, 9))
    def test_shares_are_about_right(self, durations_s: list[int], salt: int) -> None:
        sides: defaultdict[str, float] = defaultdict(float)
        for found in divided([clip(f"{salt} {n}", "music", float(d)) for n, d in enumerate(durations_s)]):
            sides[found.split] += found.duration_s / sum(durations_s)
        assert 0.05 <= sides["valid"] <= 0.15
        assert 0.05 <= sides["test"] <= 0.15

    def test_who_alone_has_most_stays_in_train(self) -> None:
        for number in range(20):
            clips = [clip(f"star {number}", duration_s=500), *(clip(f"{number} {n}", duration_s=10) for n in range(20))]
            assert divided(clips)[0].split == "train"

    @settings(max_examples=40)
    @given(st.lists(CLIPS, max_size=60), st.randoms())
    def test_the_order_of_the_rows_does_not_matter(self, clips: list[Clip], random: Random) -> None:
        once = [replace(found, split="") for found in clips]
        mixed = random.sample(once, len(once))
        assert {c.maker: c.split for c in divided(once)} == {c.maker: c.split for c in divided(mixed)}

    @settings(max_examples=40)
    @given(
        st.lists(CLIPS.filter(lambda c: c.kind != "noise"), max_size=60),
        st.lists(st.integers(1, 50), max_size=30),
    )
    def test_makers_of_another_kind_move_nobody(self, clips: list[Clip], more_s: list[int]) -> None:
        # More makers of the same kind do: its tenth of the time is then another one.
        grown = divided([*clips, *(clip(f"new {n}", "noise", float(d)) for n, d in enumerate(more_s))])
        assert grown[: len(clips)] == divided(clips)


class TestRecord:
    def write(self, folder: Path, spans: list[tuple[float, float]], peak: float = 0.05) -> Path:
        time_s = np.arange(4 * 16_000) / 16_000
        on = np.any([(time_s >= start) & (time_s < end) for start, end in spans], axis=0)
        soundfile.write(folder / "a.wav", peak * on * np.random.default_rng(1).standard_normal(len(time_s)), 16_000)
        return folder / "a.wav"

    def heard(self, made: Clip) -> list[float]:
        return [t for i in intervals_of(record(made).active, "") for t in (i.start_s, i.end_s)]

    def test_it_is_at_its_level_and_heard_where_it_sounds(self, tmp_path: Path) -> None:
        made = Clip(str(self.write(tmp_path, [(0.5, 1.5), (2.5, 3.5)], 0.01)), "speech", "a", 4)
        samples = record(made).samples
        meter = LoudnessMeter(16_000)
        meter.push(np.asarray(samples[np.newaxis] / 32_768, np.float32))
        assert len(samples) == 4 * 16_000
        assert meter.integrated_lkfs() == pytest.approx(-27, abs=0.2)
        assert self.heard(made) == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=0.02)

    def test_activity_chooses_and_the_level_finds_the_edges(self, tmp_path: Path) -> None:
        path = str(self.write(tmp_path, [(0.5, 1.5), (2.5, 3.5)]))
        coarse = Clip(path, "speech", "a", 4, active=((0.4, 1.7),))
        assert self.heard(coarse) == pytest.approx([0.5, 1.5], abs=0.02)

    def test_of_a_singer_with_a_band_activity_alone_tells(self, tmp_path: Path) -> None:
        path = str(self.write(tmp_path, [(0, 4)]))
        sung = Clip(path, "singing", "a", 4, accompanied=True, active=((1, 2.2),))
        assert self.heard(sung) == pytest.approx([1, 2.2])

    def test_what_cannot_be_decoded_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.flac").write_bytes(b"fLaC" + bytes(range(256)) * 9)
        for path in (tmp_path / "a.flac", tmp_path / "none.wav"):
            with pytest.raises(ClipError, match=path.name) as error:
                record(Clip(str(path), "speech", "a", 4))
            assert error.value.clip.path == str(path)

    def test_a_part(self, tmp_path: Path) -> None:
        whole = record(Clip(str(self.write(tmp_path, [(0.5, 1.5)])), "speech", "a", 4))
        part = whole.part(45, 20)
        assert part.active.tolist() == whole.active[45:65].tolist()
        assert np.array_equal(np.rint(part.wave * 32768), whole.samples[45 * 160 : 65 * 160])
        assert len(whole.part(390, 100).wave) == 10 * 160


@pytest.mark.parametrize(
    ("kinds", "message"),
    [(["speech", "noise"], "has no music on this side"), (["singing"], "has no speech and no music and no noise")],
)
def test_a_library_needs_all_kinds_but_singing(kinds: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Library([clip(kind, kind) for kind in kinds])
