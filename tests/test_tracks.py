"""Which of a file's tracks is the programme: by tables, by properties, and in files that FFmpeg wrote."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from hypothesis import assume, given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.sound.tracks import Choice, TrackInfo, choose_tracks, describe

DEFAULT, COMMENT, DEAF, BLIND = (
    Disposition.default,
    Disposition.comment,
    Disposition.hearing_impaired,
    Disposition.visual_impaired,
)


def stereo(**facts: Any) -> dict[str, Any]:
    return {"layout": ("FL", "FR"), **facts}


def mono(name: str = "NONE", **facts: Any) -> dict[str, Any]:
    return {"layout": (name,), **facts}


def info(*tracks: dict[str, Any]) -> list[TrackInfo]:
    return [TrackInfo(index, **facts) for index, facts in enumerate(tracks)]


class TestDefault:
    @pytest.mark.parametrize(
        ("tracks", "chosen"),
        [
            ([stereo()], 0),
            ([stereo(), stereo()], 0),
            ([stereo(), stereo(marks=DEFAULT)], 1),
            ([stereo(marks=COMMENT), stereo()], 1),
            ([stereo(marks=COMMENT | DEFAULT), stereo()], 1),
            ([stereo(title="Director's Commentary", marks=DEFAULT), stereo(), stereo()], 1),
            ([stereo(title="Hörfilm"), stereo(language="deu")], 1),
            ([stereo(marks=COMMENT), stereo(marks=BLIND)], 0),
            ([stereo(marks=COMMENT), stereo(marks=BLIND | DEFAULT)], 1),
            ([stereo(marks=DEAF | DEFAULT), stereo()], 1),
            ([stereo(marks=COMMENT | DEFAULT), stereo(marks=DEAF)], 1),
            ([stereo(marks=Disposition.clean_effects), stereo(marks=Disposition.dub)], 1),
            ([stereo(marks=Disposition.karaoke), stereo()], 1),
            ([stereo(marks=Disposition.lyrics), stereo()], 1),
            ([stereo(marks=Disposition.dependent), stereo()], 1),
            ([stereo(marks=Disposition.descriptions), stereo(marks=Disposition.original)], 1),
            ([stereo(), mono(), mono()], 0),
        ],
    )
    def test_is_the_programme(self, tracks: list[dict[str, Any]], chosen: int) -> None:
        assert choose_tracks(info(*tracks)) == Choice((chosen,))

    @pytest.mark.parametrize(
        "title",
        [
            *("Commentary", "Director's commentary", "DIRECTOR'S COMMENTARY", "Cast Commentaries", "commentary_track"),
            *("Audio description", "Audio-Description", "Descriptive", "English (Descriptive Video Service)", "AD"),
            *("English AD 5.1", "[AD]", "Described Video", "DVS", "Kommentar", "Audiokommentar mit Regisseur"),
            *("Hörfilm", "Hoerfilmfassung", "Audiodeskription", "commentaire", "Commentaires du réalisateur"),
            *("audiodescription", "Audiodescription pour malvoyants", "comentario", "Comentarios del director"),
            *("audiodescripción", "Comentário do diretor", "Audiodescrição", "Commento del regista"),
            *(
                "Audiodescrizione",
                "Audiodeskrypcja",
                "komentář",
                "Комментарий режиссёра",
                "コメンタリー",
                "音声解説トラック",
            ),
            *("M&E", "M & E", "Music and Effects", "Isolated score", "Karaoke"),
        ],
    )
    def test_is_not_what_a_title_calls_otherwise(self, title: str) -> None:
        assert choose_tracks(info(stereo(title=title, marks=DEFAULT), stereo())).indices == (1,)

    @pytest.mark.parametrize(
        "title",
        [
            *("Main", "Stereo", "Surround 5.1", "English", "Deutsch", "Ad Astra", "Bad", "ADR", "Broadcast"),
            *(
                "Uncommented",
                "Prescription",
                "Original",
                "Dub",
                "Radio edit",
                "Home",
                "Come and See",
                "The Madness",
                "Mamie",
            ),
        ],
    )
    def test_may_have_any_other_title(self, title: str) -> None:
        assert choose_tracks(info(stereo(title=title), stereo())).indices == (0,)


class TestLanguage:
    FILM = (
        stereo(language="eng", marks=DEFAULT),
        stereo(language="fra"),
        stereo(language="eng", marks=COMMENT),
        stereo(language="pt-PT"),
        stereo(language="pt-BR"),
        stereo(language="fr-CA", title="Audiodescription"),
        stereo(language="chi"),
        stereo(language=""),
        stereo(language="zxx"),
    )

    @pytest.mark.parametrize(
        ("wanted", "chosen"),
        [
            *(("en", 0), ("eng", 0), ("EN", 0), ("en-US", 0), ("en_GB", 0)),
            *(("fr", 1), ("fra", 1), ("fre", 1), ("fr-FR", 1), ("fr-CA", 1)),  # there only a description is Canadian
            *(("pt", 3), ("por", 3), ("pt-PT", 3), ("pt-BR", 4), ("pt-AO", 3)),
            *(("zh", 6), ("zho", 6), ("cmn", 6), ("zh-Hant", 6), ("zxx", 8)),
            *(("2", 2), ("5", 5), (" 7 ", 7)),
        ],
    )
    def test_is_found_however_it_is_written(self, wanted: str, chosen: int) -> None:
        assert choose_tracks(info(*self.FILM), [wanted]) == Choice((chosen,))

    @pytest.mark.parametrize("wanted", ["9", "-1", "deu", "de", "e", "0.5", "", "no", "und", "yue", "x y", "\0", "²"])
    def test_that_is_not_there_is_refused_with_what_is(self, wanted: str) -> None:
        with pytest.raises(InputError) as refusal:
            choose_tracks(info(*self.FILM), [wanted])
        assert str(refusal.value).startswith(f"has no audio track {wanted!r}; it holds: 0 (eng), 1 (fra), 2 (")
        assert "7 (no language)" in str(refusal.value)

    @pytest.mark.parametrize(
        ("held", "wanted", "chosen"),
        [
            (["da", "nb"], "no", 1),
            (["da", "nob"], "nor", 1),
            (["hr", "sr"], "srp", 1),
            (["scr", "scc"], "hr", 0),
            (["bos", "hrv"], "hr", 1),
            (["iw"], "he", 0),
            (["de", "gsw"], "gsw", 1),
            (["es-ES", "es-MX"], "es-419", 1),
            (["es-ES", "es"], "es-MX", 1),
            (["en-GB", "en"], "en-GB", 0),
            (["qaa", "eng"], "qaa", 0),
            (["Klingon", "eng"], "klingon", 0),
        ],
    )
    def test_codes_regions_and_neighbours(self, held: list[str], wanted: str, chosen: int) -> None:
        tracks = info(*(stereo(language=language) for language in held))
        assert choose_tracks(tracks, [wanted]).indices == (chosen,)

    def test_a_neighbour_is_not_the_language(self) -> None:
        for held, wanted in [("de", "gsw"), ("da", "no"), ("hr", "sr"), ("ms", "id"), ("und", "en"), ("yue", "zh")]:
            with pytest.raises(InputError):
                choose_tracks(info(stereo(language=held)), [wanted])

    def test_several_come_in_the_order_wanted(self) -> None:
        tracks = info(*self.FILM)
        assert choose_tracks(tracks, ["3", "0"]).indices == (3, 0)
        assert choose_tracks(tracks, ["fr", "en"]).indices == (1, 0)

    @pytest.mark.parametrize("wanted", [["0", "0"], ["eng", "0"], ["en", "eng"]])
    def test_a_track_named_twice_is_refused(self, wanted: list[str]) -> None:
        with pytest.raises(InputError, match="names a track twice"):
            choose_tracks(info(*self.FILM), wanted)

    def test_a_file_without_sound(self) -> None:
        with pytest.raises(InputError, match="holds no audio track"):
            choose_tracks([])


FIVE_ONE = ("FL", "FR", "FC", "LFE", "SL", "SR")


class TestMono:
    @pytest.mark.parametrize("name", ["NONE", "FC"])
    @pytest.mark.parametrize(
        ("count", "taken", "guessed"),
        [(1, 1, False), (2, 2, False), (3, 2, True), (4, 2, True), (6, 6, False), (8, 6, True), (16, 2, True)],
    )
    def test_unnamed_tracks_are_channels_by_their_count(self, name: str, count: int, taken: int, guessed: bool) -> None:
        choice = choose_tracks(info(*[mono(name)] * count))
        assert choice.indices == tuple(range(taken))
        assert bool(choice.warning) == guessed

    def test_a_guess_is_explained(self) -> None:
        assert choose_tracks(info(*[mono()] * 4)).warning == (
            "has 4 mono tracks: 0, 1 were taken for the channels of the programme, and 2, 3 left out; "
            "state audio_track or audio_layout if that is wrong"
        )

    @pytest.mark.parametrize(
        ("names", "taken", "guessed"),
        [
            ("FL FR", 2, False),
            ("FL FR FC", 3, False),
            (" ".join(FIVE_ONE), 6, False),
            (" ".join(FIVE_ONE) + " DL DR", 8, False),
            (" ".join(FIVE_ONE) + " FL FR", 6, True),
            ("FL FR FL FR", 2, True),
            ("FL FR NONE NONE", 2, True),
            ("FC FC FL FR", 2, True),
        ],
    )
    def test_names_tell_what_belongs_together(self, names: str, taken: int, guessed: bool) -> None:
        choice = choose_tracks(info(*map(mono, names.split())))
        assert choice.indices == tuple(range(taken))
        assert bool(choice.warning) == guessed

    @pytest.mark.parametrize(("channels", "taken"), [(1, 1), (2, 2), (6, 6), (8, 8), (9, 6)])
    def test_the_catalog_s_count_comes_first(self, channels: int, taken: int) -> None:
        choice = choose_tracks(info(*[mono()] * 8), channels=channels)
        assert choice.indices == tuple(range(taken))
        assert bool(choice.warning) == (channels > 8)

    @pytest.mark.parametrize(
        ("tracks", "wanted", "chosen"),
        [
            # Dubs.
            ([mono(language="eng"), mono(language="fra")], [], (0,)),
            ([mono(language="eng"), mono(language="fra", marks=DEFAULT)], [], (1,)),
            ([mono(language="eng"), mono(language="fra")], ["fr"], (1,)),
            ([mono(language="eng"), mono()], [], (0,)),
            # Pairs of dubs.
            ([mono(language=code) for code in ("deu", "ger", "fra", "fra")], [], (0, 1)),
            ([mono(language=code) for code in ("deu", "ger", "fra", "fra")], ["fr"], (2, 3)),
            ([mono(language=code) for code in ("deu", "fra", "deu", "fra")], ["fr"], (1, 3)),
            # No language at all is one, however it is written.
            ([mono(language=""), mono(language="und")], [], (0, 1)),
            # The programme and what is aside of it.
            ([mono(), mono(marks=COMMENT)], [], (0,)),
            ([mono(title="Commentary"), mono(), mono()], [], (1, 2)),
            ([mono(), mono(), stereo()], [], (0, 1)),
            ([mono("FL"), mono("FR"), stereo(marks=DEFAULT)], [], (2,)),
            # An index is obeyed.
            ([mono(), mono()], ["1"], (1,)),
            ([mono(), mono()], ["1", "0"], (1, 0)),
            # FFmpeg flags the first track of a QuickTime file as default, whatever it holds; another one is a choice.
            ([mono(marks=DEFAULT), mono()], [], (0, 1)),
            ([mono(), mono(marks=DEFAULT)], [], (1,)),
            ([mono(marks=DEFAULT), mono(marks=DEFAULT)], [], (0, 1)),
            ([mono("FL"), mono("FR"), mono("FC", marks=DEFAULT)], [], (0, 1, 2)),
            # Coded mono tracks of a consumer's file are programmes of their own.
            ([mono(may_be_part=False), mono(may_be_part=False)], [], (0,)),
        ],
    )
    def test_dubs_and_asides_are_not_joined(
        self, tracks: list[dict[str, Any]], wanted: list[str], chosen: tuple[int, ...]
    ) -> None:
        assert choose_tracks(info(*tracks), wanted) == Choice(chosen)


TRACKS = st.lists(
    st.builds(
        dict,
        layout=st.sampled_from([("FL", "FR"), FIVE_ONE, (), ("NONE",), ("FC",), ("FL",), ("FR",)]),
        language=st.sampled_from(["", "eng", "fr", "fr-CA", "und", "x-\0", "a" * 300]),
        title=st.sampled_from(["", "Commentary", "AD", "Main"]),
        marks=st.sampled_from([Disposition(0), DEFAULT, COMMENT, DEAF, BLIND | DEFAULT]),
    ),
    min_size=1,
    max_size=17,
).map(lambda tracks: info(*tracks))


class TestProperties:
    @given(TRACKS, st.integers(0, 20))
    def test_something_is_chosen_and_nothing_aside_while_there_is_a_programme(
        self, tracks: list[TrackInfo], channels: int
    ) -> None:
        assume(any(track.layout for track in tracks))
        indices = choose_tracks(tracks, channels=channels).indices
        assert indices
        assert list(indices) == sorted(set(indices))
        assert {tracks[index].rank for index in indices} == {min(track.rank for track in tracks)}
        assert len(indices) == 1 or {tracks[index].channels for index in indices} == {1}

    @given(TRACKS, st.text(max_size=20) | st.sampled_from(["fr", "en-US", "0", "16", "i-klingon", "x-a", "a-b-c"]))
    def test_whatever_is_wanted_there_is_a_choice_or_a_refusal(self, tracks: list[TrackInfo], wanted: str) -> None:
        try:
            choice = choose_tracks(tracks, [wanted])
        except InputError:
            return
        assert set(choice.indices) <= {track.index for track in tracks}


def film(path: Path, tracks: list[dict[str, Any]]) -> list[TrackInfo]:
    """Write half a second of a film with silent tracks, and say what FFmpeg reads back of them."""
    with av.open(str(path), "w") as container:
        picture: Any = container.add_stream("mpeg2video", rate=25)
        picture.width, picture.height, picture.pix_fmt, picture.bit_rate = 720, 576, "yuv420p", 5_000_000
        streams: list[Any] = []
        for track in tracks:
            stream: Any = container.add_stream(track["codec"], rate=48_000, layout=track.get("layout", "stereo"))
            stream.disposition = track.get("marks", Disposition(0))
            stream.metadata.update({key: track[key] for key in ("language", "title") if key in track})
            streams.append(stream)
        for number in range(13):
            image = av.VideoFrame(720, 576, "yuv420p")
            image.pts, image.time_base = number, Fraction(1, 25)
            container.mux(picture.encode(image))
        container.mux(picture.encode(None))
        for stream in streams:
            count = stream.layout.nb_channels
            for at in range(0, 24_000, 1024):
                silence = np.zeros((1, 1024 * count), np.float32)
                frame = av.AudioFrame.from_ndarray(silence, "flt", stream.layout.name)
                frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    with av.open(str(path)) as file:
        return [describe(stream) for stream in file.streams.audio]


class TestFiles:
    ASIDES = (
        {"marks": COMMENT, "language": "eng", "title": "Director's commentary"},
        {"marks": BLIND, "language": "eng"},
        {"marks": DEAF, "language": "eng"},
        {"language": "eng", "title": "The film"},
        {"language": "fra"},
    )

    @pytest.mark.parametrize(
        ("name", "codec", "ranks", "titled"),
        [
            ("a.mkv", "flac", [2, 2, 1, 0, 0], True),
            ("a.mp4", "aac", [2, 2, 1, 0, 0], True),
            ("a.mov", "pcm_s24le", [2, 0, 0, 0, 0], True),  # QuickTime has no such flags, but titles
            ("a.ts", "mp2", [0, 2, 1, 0, 0], False),  # MPEG-TS knows no commentary, and no titles
        ],
    )
    def test_flags_and_titles_survive_where_the_container_has_them(
        self, tmp_path: Path, name: str, codec: str, ranks: list[int], titled: bool
    ) -> None:
        tracks = film(tmp_path / name, [{"codec": codec, **track} for track in self.ASIDES])
        assert [track.rank for track in tracks] == ranks
        assert [track.index for track in tracks] == [0, 1, 2, 3, 4]
        assert [track.language for track in tracks] == ["eng"] * 4 + ["fra"]
        assert [bool(track.title) for track in tracks] == [titled, False, False, titled, False]
        assert choose_tracks(tracks).indices == (ranks.index(0),)
        assert choose_tracks(tracks, ["fr-FR"]).indices == (4,)

    @pytest.mark.parametrize(("count", "taken"), [(2, 2), (4, 2), (6, 6), (8, 6)])
    @pytest.mark.parametrize("name", ["a.mxf", "a.mov", "a.mkv"])
    def test_mono_pcm_tracks_are_channels(self, tmp_path: Path, name: str, count: int, taken: int) -> None:
        tracks = film(tmp_path / name, [{"codec": "pcm_s16le", "layout": "mono"}] * count)
        assert [track.layout for track in tracks] == [("NONE",)] * count
        choice = choose_tracks(tracks)
        assert choice.indices == tuple(range(taken))
        assert bool(choice.warning) == (taken < count)

    def test_quicktime_names_the_channels(self, tmp_path: Path) -> None:
        layouts = [*FIVE_ONE, "DL", "DR"]
        tracks = film(tmp_path / "a.mov", [{"codec": "pcm_s24le", "layout": layout} for layout in layouts])
        assert [track.layout[0] for track in tracks] == layouts
        assert choose_tracks(tracks) == Choice(tuple(range(8)))

    @pytest.mark.parametrize(("name", "codec"), [("a.ts", "mp2"), ("a.mkv", "ac3")])
    def test_coded_mono_tracks_of_consumers_files_are_no_channels(self, tmp_path: Path, name: str, codec: str) -> None:
        tracks = film(tmp_path / name, [{"codec": codec, "layout": "mono"}] * 2)
        assert choose_tracks(tracks) == Choice((0,))

    def test_a_track_of_an_unknown_codec_is_passed_over(self, tmp_path: Path) -> None:
        film(tmp_path / "a.mkv", [{"codec": "flac", "language": "eng"}, {"codec": "ac3", "language": "fra"}])
        data = (tmp_path / "a.mkv").read_bytes()
        (tmp_path / "b.mkv").write_bytes(data.replace(b"A_FLAC", b"A_NONE"))
        with av.open(str(tmp_path / "b.mkv")) as file:
            tracks = [describe(stream) for stream in file.streams.audio]
        assert choose_tracks(tracks) == Choice((1,))
        for wanted in ("0", "eng"):
            with pytest.raises(InputError, match="audio track 0 is of a codec that FFmpeg cannot decode"):
                choose_tracks(tracks, [wanted])

    def test_mono_dubs_are_no_channels(self, tmp_path: Path) -> None:
        tracks = film(
            tmp_path / "a.mov",
            [{"codec": "pcm_s16le", "layout": "mono", "language": code} for code in ("deu", "deu", "fra", "fra")],
        )
        assert choose_tracks(tracks) == Choice((0, 1))
        assert choose_tracks(tracks, ["fr"]) == Choice((2, 3))
