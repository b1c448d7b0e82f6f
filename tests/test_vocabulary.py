"""The words by which descriptions are known."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import InputError
from transforms.subtitles.vocabulary import BUILT_IN, Vocabulary, Words, fold, is_credit, is_interjection


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("MÜZİK", "muzik"),
        ("Şarkı ÇALIYOR", "sarki caliyor"),
        ("Mu\u0301sica\n suave", "musica suave"),
        ("ΜΟΥΣΙΚΉ ΤΈΛΟΣ", "μουσικη τελοσ"),
        ("Chœur", "choeur"),
        ("Straße", "strasse"),
        ("ﾊﾟﾝ", "パン"),
        ("ＢＧＭ", "bgm"),
        ("الموسيقى", "الموسیقی"),
        ("음악", "음악"),
        ("ドア", "ドア"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_what_is_folded_stays_so(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        (["song"], "a song plays", True),
        (["song"], "a SONG", True),
        (["song"], "songs", False),
        (["song"], "swansong", False),
        (["song*"], "songbook", True),
        (["*song"], "swansong", True),
        (["door* open*"], "the doors opening", True),
        (["door open"], "door\nopen", True),
        (["song", "!bird song"], "bird song", False),
        (["song", "!bird song"], "bird song, then a song", True),
        (["song*", "!song thrush"], "song thrush", False),
        (["été"], "ETE", True),
        (["曲"], "静かな曲が流れる", True),
        (["음악"], "음악이", True),
        (["เพลง"], "เสียงเพลงดัง", True),
        (["गीत"], "संगीत", False),
        (["गीत"], "एक गीत", True),
        (["*موسيق*"], "الموسيقى", True),
        (["v.o"], "v.o.", True),
        (["c++"], "c++", True),
        ([], "anything", False),
    ],
)
def test_words(words: list[str], text: str, found: bool) -> None:
    assert Words.of(words).in_(fold(text)) == found


@given(st.lists(st.text("ab*! .+(é音", min_size=1)), st.text("ab .+(é音"))
def test_any_words_are_compiled(words: list[str], text: str) -> None:
    Words.of(words).in_(fold(text))


@given(st.from_regex(r"[a-zé]{1,8}( [a-zé]{1,8})?", fullmatch=True), st.sampled_from(["[{}]", "({})", "a {} b"]))
def test_a_word_of_ones_own_is_found(word: str, place: str) -> None:
    kinds = Vocabulary.of({"mine": [word]}).kinds(place.format(word.upper()))
    assert "mine_description" in kinds


def test_a_built_in_name_adds_to_it() -> None:
    vocabulary = Vocabulary.of({"effects": ["squelchy"], "mine": ["squelchy", "crowd*"]})
    assert vocabulary.kinds("squelchy") == ("effects_description", "mine_description")
    assert vocabulary.kinds("door slams") == ("effects_description",)
    assert vocabulary.kinds("[crowd shouting]") == ("speech_description", "mine_description")


def test_an_exception_of_ones_own() -> None:
    assert Vocabulary.of({"music": ["!jazz hands"]}).kinds("[jazz hands]") == ("other_description",)


def test_it_travels() -> None:
    vocabulary = Vocabulary.of({"mine": ["a*"]})
    assert pickle.loads(pickle.dumps(vocabulary)) == vocabulary
    assert hash(Vocabulary.of()) == hash(BUILT_IN)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"": ["a"]}, "vocabulary ''"),
        ({"a b": ["a"]}, "vocabulary 'a b'"),
        ({"mine": []}, "a list of words"),
        ({"mine": [" "]}, "a list of words"),
        ({"mine": ["*"]}, "a list of words"),
        ({"mine": "word"}, "a list of words"),
    ],
)
def test_words_that_cannot_be_used(words: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Vocabulary.of(words)


# Everyday words that look like a word for music or a sound in some other language.
FALSE_FRIENDS = """
blood band box cat can come core dog during for found from fox girl late later lead men mother night none note pour pop
quick ran range red rest road rose sale small smell son stand sum sun sweet tale tall temple ten time two hat hut cops
skirt wine Carol Mia Nana Sing Viola Bach Dong Singh Lin Anna Marc chat Mutter Tal fin wein fine sans roux tema motive
lugar casa gente dal con per molto nel della und der kein Tag Tisch Ort
"""


@pytest.mark.parametrize("word", FALSE_FRIENDS.split())
def test_false_friends(word: str) -> None:
    assert not set(BUILT_IN.kinds(word)) - {"other_description"}


@pytest.mark.parametrize("text", ["Subtitles by Anna", "Перевод : Анна", "Hello\nwww.example.com", "example.com"])
def test_is_credit(text: str) -> None:
    assert is_credit(text)


@pytest.mark.parametrize("text", ["", "The subtitles by Anna are good.", "Translation", "I saw it on example.com."])
def test_is_no_credit(text: str) -> None:
    assert not is_credit(text)


@pytest.mark.parametrize("text", ["Mm-hm.", "Aaaah!", "Ha, ha", "うーん", "А-а-ах!"])
def test_is_interjection(text: str) -> None:
    assert is_interjection(text)


@pytest.mark.parametrize("text", ["", "...", "Oh.", "No.", "Ham", "Hi, hi", "I", "II", "III", "5", "Yes, ha ha", "A"])
def test_is_no_interjection(text: str) -> None:
    assert not is_interjection(text)
