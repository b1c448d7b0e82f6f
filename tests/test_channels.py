"""What studios write on their channels, against the labels of ITU-R BS.2051, SMPTE ST 428-12 and FFmpeg."""

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.sound.channels import CHANNEL_WORDS, channel_names, joined_layout, layout_of_names
from transforms.sound.downmix import COEFFICIENTS, UNUSED

FIVE_ONE = "FL FR FC LFE SL SR"
UNNAMED = ("NONE",)


class TestWords:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("L R C LFE Ls Rs", FIVE_ONE),
            ("L C R Ls Rs LFE", "FL FC FR SL SR LFE"),
            ("l,r,c,lfe,ls,rs", FIVE_ONE),
            ("L; R; C; LFE; Ls; Rs", FIVE_ONE),
            ("L-R-C-LFE-Ls-Rs", FIVE_ONE),
            ("Left Right Center Sub Ls Rs", FIVE_ONE),
            ("FL FR FC LFE BL BR", "FL FR FC LFE BL BR"),
            ("fl+fr+fc", "FL FR FC"),
            ("L R C LFE Lss Rss Lrs Rrs", "FL FR FC LFE SL SR BL BR"),
            ("L R C LFE Ls Rs Lb Rb", "FL FR FC LFE SL SR BL BR"),
            ("L R C LFE Ls Rs Lsr Rsr", "FL FR FC LFE SL SR BL BR"),
            ("L R C LFE Ls Rs Cs", "FL FR FC LFE SL SR BC"),
            ("L C R S", "FL FC FR BC"),
            ("L Lc C Rc R LFE Ls Rs", "FL FLC FC FRC FR LFE SL SR"),
            ("L R C LFE Ls Rs Ltf Rtf Ltr Rtr", "FL FR FC LFE SL SR TFL TFR TBL TBR"),
            ("L R C LFE Lss Rss Lrs Rrs Ltm Rtm", "FL FR FC LFE SL SR BL BR TSL TSR"),
            ("Lvh Rvh", "TFL TFR"),
            ("Lt/Rt", "DL DR"),
            ("Lo Ro", "DL DR"),
            ("M", "FC"),
            ("mono", "FC"),
            ("1.0", "FC"),
            ("stereo", "FL FR"),
            ("2.0", "FL FR"),
            ("2", "FL FR"),
            ("5.1", "FL FR FC LFE BL BR"),
            ("5.1(side)", FIVE_ONE),
            ("5.1(Side)", FIVE_ONE),
            ("7.1(wide-side)", "FL FR FC LFE FLC FRC SL SR"),
            ("7.1.4", "FL FR FC LFE BL BR SL SR TFL TFR TBL TBR"),
            ("5.1 Lt Rt", "FL FR FC LFE BL BR DL DR"),
            ("5.1(side) + downmix", "FL FR FC LFE SL SR DL DR"),
            ("L R - -", "FL FR UNSD UNSD"),
            ("- - L R unused", "UNSD UNSD FL FR UNSD"),
            ("ambisonic 1", "AMBI0 AMBI1 AMBI2 AMBI3"),
            ("", ""),
            (" ; ", ""),
        ],
    )
    def test_are_read_as_studios_mean_them(self, text: str, names: str) -> None:
        assert channel_names(text) == tuple(names.split())
        assert channel_names([text]) == tuple(names.split())

    def test_may_be_a_list(self) -> None:
        assert channel_names(["L", "R", "C", "LFE", "Ls", "Rs"]) == tuple(FIVE_ONE.split())

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("é" * 100_000, f"names '{'é' * 40}', which is no known channel"),
            ("L R X", "names 'X', which is no known channel; give L R C LFE Ls Rs"),
            ("5.2", "names '5.2', which is no known channel"),
            ("4C", "names '4C'"),
            ("0x3", "names '0x3'"),
            ("6", "names '6'"),
            ("L R L", "names FL twice"),
            ("L FL", "names FL twice"),
            ("L R Ls Rs Lss Rss", "names SL and SR twice"),
            ("5.1 stereo", "names FL and FR twice"),
            ("- -", "leaves all channels out"),
        ],
    )
    def test_that_say_nothing_are_refused_with_what_would(self, text: str, message: str) -> None:
        with pytest.raises(InputError) as refusal:
            channel_names(text)
        assert str(refusal.value).startswith(message)

    @given(st.text(max_size=60) | st.lists(st.sampled_from(["L", "R", "5.1", "-", "LFE", "x", "7.1.4"]), max_size=6))
    def test_whatever_is_written_gives_places_in_the_room_or_a_refusal(self, text: str | list[str]) -> None:
        try:
            names = channel_names(text)
        except InputError:
            return
        heard = [name for name in names if name != UNUSED]
        assert len(set(heard)) == len(heard)
        assert set(names) <= COEFFICIENTS.keys()

    @pytest.mark.parametrize("layout", ["3.0", "4.1", "6.1(back)", "5.1.2(back)", "9.1.6", "hexadecagonal", "22.2"])
    def test_names_of_layouts_are_those_of_ffmpeg(self, layout: str) -> None:
        names = tuple(channel.name for channel in av.AudioLayout(layout).channels)
        assert channel_names(layout) == channel_names(" ".join(names)) == names

    def test_a_word_for_the_left_has_one_for_the_right_with_the_same_gain(self) -> None:
        for word, name in CHANNEL_WORDS.items():
            if word.startswith("l") and word not in ("lfe", "lfe1", "lfe2", "left"):
                assert COEFFICIENTS[CHANNEL_WORDS["r" + word[1:]]] == COEFFICIENTS[name], word


class TestNamesOfFiles:
    @pytest.mark.parametrize(
        ("paths", "names"),
        [
            ("a_L.wav a_R.wav a_C.wav a_LFE.wav a_Ls.wav a_Rs.wav", FIVE_ONE),
            ("a_L.wav a_C.wav a_R.wav a_Ls.wav a_Rs.wav a_LFE.wav", "FL FC FR SL SR LFE"),
            ("Title.C.wav Title.L.wav Title.R.wav", "FC FL FR"),
            ("/f/Title-Ls.wav /f/Title-Rs.wav", "SL SR"),
            ("title_5.1_Rs.wav title_5.1_Ls.wav", "SR SL"),
            ("L.wav R.wav", "FL FR"),
            ("A(L).wav A[R].wav", "FL FR"),
            ("s3://b/x/T_Lss.wav s3://b/x/T_Rss.wav s3://b/x/T_Lrs.wav s3://b/x/T_Rrs.wav", "SL SR BL BR"),
            ("film_FL.wav film_FR.wav", "FL FR"),
            ("film.L.v2/a_Lt.wav film.R.v2/a_Rt.wav", "DL DR"),
            ("a_LFE2.wav a_c.wav", "LFE2 FC"),
        ],
    )
    def test_tell_the_channel(self, paths: str, names: str) -> None:
        assert layout_of_names(paths.split()) == tuple(names.split())

    def test_may_hold_spaces(self) -> None:
        assert layout_of_names(["/a b/My Film LFE.wav", "/a b/My Film L.wav"]) == ("LFE", "FL")

    @pytest.mark.parametrize(
        "paths",
        [
            "film_a.wav film_b.wav",
            "film_L.wav film_2.wav",
            "film_L.wav other_L.wav",
            "filmL.wav filmR.wav",
            "reel1.wav reel2.wav",
            "film_1.wav film_2.wav",
            "film_L_old.wav film_R_old.wav",
            "a/L/film.wav a/R/film.wav",
        ],
    )
    def test_that_tell_none_tell_nothing(self, paths: str) -> None:
        assert layout_of_names(paths.split()) is None


class TestJoined:
    SIX = tuple(f"/f/film_{word}.wav" for word in ("L", "R", "C", "LFE", "Ls", "Rs"))

    @pytest.mark.parametrize(
        ("stated", "paths", "wanted", "joined"),
        [
            # One source: as it says, or as the catalog says.
            ([("FL", "FR")], ["a.wav"], "", "FL FR"),
            ([UNNAMED * 6], ["a.wav"], "", " ".join(UNNAMED * 6)),
            ([UNNAMED * 6], ["a.wav"], "FL FC FR SL SR LFE", "FL FC FR SL SR LFE"),
            ([("FL", "FR")], ["a.wav"], "DL DR", "DL DR"),
            ([("FC",)], ["film_L.wav"], "", "FC"),
            # A file a channel: the catalog, then the files' names, whatever a mono file says of itself.
            ([("FC",)] * 6, SIX, "", FIVE_ONE),
            ([UNNAMED] * 6, SIX, "", FIVE_ONE),
            ([("FC",)] * 6, SIX, "FL FC FR SL SR LFE", "FL FC FR SL SR LFE"),
            ([("FC",)] * 2, ["a.wav", "b.wav"], "", "NONE NONE"),
            ([("FL",), ("FR",)], ["a_R.wav", "a_L.wav"], "", "FR FL"),
            # A track a channel: as the tracks say, if they differ.
            ([("FL",), ("FR",), ("FC",)], ["a.mov"], "", "FL FR FC"),
            ([("FL",), ("FR",), ("FL",), ("FR",)], ["a.mov"], "", "NONE NONE NONE NONE"),
            ([UNNAMED] * 2, ["a.mxf"], "", "NONE NONE"),
            ([UNNAMED] * 8, ["a.mxf"], "FL FR UNSD UNSD UNSD UNSD UNSD UNSD", "FL FR" + " UNSD" * 6),
            # A pair each.
            ([("FL", "FR"), ("FC", "LFE"), ("SL", "SR")], ["a.mov"], "", FIVE_ONE),
            ([("FL", "FR")] * 3, ["1.wav", "2.wav", "3.wav"], "", " ".join(UNNAMED * 6)),
            ([("FL", "FR")] * 3, ["1.wav", "2.wav", "3.wav"], FIVE_ONE, FIVE_ONE),
            ([("FL", "FR")] * 2, ["a_L.wav", "a_R.wav"], "", " ".join(UNNAMED * 4)),
        ],
    )
    def test_layout(self, stated: list[tuple[str, ...]], paths: list[str], wanted: str, joined: str) -> None:
        assert joined_layout(stated, paths, tuple(wanted.split())) == tuple(joined.split())

    @pytest.mark.parametrize(("stated", "total"), [([("FL", "FR")], 2), ([("FC",)] * 5, 5), ([("FL", "FR")] * 4, 8)])
    def test_a_catalog_that_counts_otherwise_is_refused_with_both_counts(
        self, stated: list[tuple[str, ...]], total: int
    ) -> None:
        with pytest.raises(InputError, match=rf"names 6 channels \({FIVE_ONE}\), but the sound has {total}; "):
            joined_layout(stated, ["a.wav"] * len(stated), tuple(FIVE_ONE.split()))

    @given(
        st.lists(st.lists(st.sampled_from(["FL", "FR", "FC", "NONE"]), min_size=1, max_size=2).map(tuple), min_size=1),
        st.sampled_from(["film_L.wav", "film.wav"]),
    )
    def test_has_a_name_a_channel(self, stated: list[tuple[str, ...]], path: str) -> None:
        assert len(joined_layout(stated, [path] * len(stated))) == sum(map(len, stated))
