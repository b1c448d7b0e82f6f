"""The words by which a bracketed description says what is heard, in the languages of a catalog."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from transforms.records import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_WORD = r"\w\u0900-\u0dff\u0e31-\u0e4e"  # with the vowel signs of India and Thailand, which are no \w
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # no \b parts its words
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_LETTERS = str.maketrans({"ı": "i", "œ": "oe", "ي": "ی", "ى": "ی", "ك": "ک", "’": "'", "：": ":"})
_CLAUSES = re.compile(r"[,;،、，。/—–]|\.(?=\s)|\s-\s|\s(?:and then|then|und dann|puis)\s")
_LASTING = ("music", "singing", "speech")  # of these a description may say that they end


def fold(text: str) -> str:
    """Write a text as it is compared: without case, accents, the vowel points of Arabic and Hebrew, and line breaks."""
    if not text.isascii():
        bare = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
        text = unicodedata.normalize("NFC", _MARKS.sub("", bare))
    return " ".join(text.casefold().split())


@dataclass(frozen=True)
class Words:
    """Words and phrases as one regular expression; a match of ``unwanted`` is none."""

    pattern: re.Pattern[str]

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        """Compile words: ``*`` stands for any letters, and ``!`` before a word makes it no match."""
        folded = sorted({fold(word) for word in words} - {""})
        unwanted = _alternatives(word[1:].strip() for word in folded if word[0] == "!")
        wanted = _alternatives(word for word in folded if word[0] != "!")
        return cls(re.compile(f"(?P<unwanted>{unwanted})|{wanted}"))

    def in_(self, folded: str) -> bool:
        """Tell whether one of them is in a folded text."""
        return any(match.lastgroup is None for match in self.pattern.finditer(folded))

    def begin(self, folded: str) -> bool:
        """Tell whether a folded text begins with one of them."""
        match = self.pattern.match(folded)
        return bool(match and match.lastgroup is None)


def _alternatives(words: Iterable[str]) -> str:
    """Write an expression for folded words, grouped by their first letter: thousands are tried at every letter."""
    inner: list[tuple[str, str]] = []
    whole: list[tuple[str, str]] = []
    for word in words:
        body, free = word.strip("*"), word.startswith("*") or bool(_UNSPACED.search(word))
        ending = rf"(?![{_WORD}])" if body[-1:].isalnum() and not (word.endswith("*") or _UNSPACED.search(word)) else ""
        (inner if free else whole).append((body, re.escape(body).replace(r"\*", rf"[{_WORD}]*") + ending))
    anywhere, words_only = _by_first_letter(inner), _by_first_letter(whole)
    return rf"(?:{anywhere}|(?<![{_WORD}])(?:{words_only}))"


def _by_first_letter(words: Iterable[tuple[str, str]]) -> str:
    groups = groupby(sorted(words), key=lambda word: word[0][:1])
    branches = [f"{re.escape(letter)}(?:{'|'.join(_rest(group))})" for letter, group in groups if letter]
    return "|".join(branches) or "(?!)"


def _rest(group: Iterable[tuple[str, str]]) -> list[str]:
    """Drop the first letter of expressions, the longest first."""
    return [written[len(re.escape(body[0])) :] for body, written in sorted(group, key=lambda word: -len(word[0]))]


def _table(table: Mapping[str, str]) -> list[str]:
    return [word.strip() for words in table.values() for word in words.split(",")]


_FILE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))
_NOTHING, _ANIMALS, _ENDINGS, _CREDITS = (
    Words.of(_table(_FILE[name])) for name in ("nothing", "animals", "endings", "credits")
)
_INTERJECTIONS = frozenset(map(fold, _table(_FILE["interjections"])))


@dataclass(frozen=True)
class Vocabulary:
    """What descriptions are known by: vocabularies of words by name, compiled."""

    words: tuple[tuple[str, Words], ...]

    @classmethod
    def of(cls, words: Mapping[str, Sequence[str]] = {}) -> Vocabulary:
        """Add vocabularies to the built-in ``music``, ``singing``, ``speech`` and ``effects``; one's name adds to it.

        Args:
            words: vocabulary name → words and phrases. They are matched as whole words, without regard to case and
                accents, and anywhere in scripts that do not part words; ``*`` at their ends matches any ending (or
                beginning), and ``!`` before one makes it an exception: ``["song*", "!song thrush"]``.

        Raises:
            InputError: a name is no plain word, or a vocabulary holds no words.
        """
        for name, listed in words.items():
            if not re.fullmatch(r"[^\W\d]\w*", name):
                raise InputError(f"vocabulary {name!r}: give it a name of letters, digits and _")
            if isinstance(listed, str) or not listed or any(not fold(word).strip("*! ") for word in listed):
                raise InputError(f"vocabulary {name!r}: give it a list of words, each with a letter in it")
        known = {name: _table(table) for name, table in _FILE["descriptions"].items()}
        return cls(tuple((name, Words.of([*known.get(name, []), *words.get(name, [])])) for name in {**known, **words}))

    @property
    def all_kinds(self) -> tuple[str, ...]:
        """All that ``kinds`` may give."""
        ends = [name for name, _ in self.words if name in _LASTING]
        named = (*(name for name, _ in self.words), *(f"{name}_end" for name in ends), "other")
        return tuple(f"{name}_description" for name in named)

    def kinds(self, description: str) -> tuple[str, ...]:
        """Give a description's kinds: ``<vocabulary>_description``, ``…_end_description`` of what lasts and ends here.

        ``other_description`` where its words are not known; nothing for sounds of voices without words ("sighs").
        """
        found: set[str] = set()
        known, subject = False, set[str]()
        for clause in filter(str.strip, _CLAUSES.split(fold(description))):
            names = self._names(clause)
            known |= bool(names) or _NOTHING.in_(clause)
            if _ENDINGS.in_(clause):
                about = names or subject
                names = {f"{name}_end" if name in _LASTING else name for name in about}
            subject = {name for name in names if name in _LASTING}
            found |= names
        if not found and not known and any(map(str.isalpha, description)):
            return ("other_description",)
        ordered = [full for name, _ in self.words for full in (name, f"{name}_end") if full in found]
        return tuple(f"{name}_description" for name in ordered)

    def _names(self, clause: str) -> set[str]:
        names = {name for name, words in self.words if words.in_(clause)}
        if _ANIMALS.in_(clause) and "singing" in names:
            names = names - {"singing"} | {"effects"}
        return names


BUILT_IN = Vocabulary.of()


def is_credit(text: str) -> bool:
    """Tell whether a line is a subtitler's credit or an advertisement: "Subtitles by …", "www.…"."""
    lines = [re.sub(r" +:", ":", _LEADING.sub("", fold(line))) for line in text.split("\n")]
    return any(_CREDITS.begin(line) or _ADDRESS.search(line) for line in lines)


_LEADING = re.compile(r"\A[\W_]+")
_ADDRESS = re.compile(
    r"\bhttps?://|\bwww\.\w|\A[\w.-]{1,60}\.(?:com|org|net|tv|info|ru|cz|pl|ro|hu|se|no|fi|de|fr)\W*\Z"
)
_LAUGH = re.compile(
    r"(?:\w?(h[aeoä])\1+h?|(?:hi){3,}|(j[aeiou])\2{2,}j?|(?:х[аео]){2,}х?|(?:χα){2,}|[ハヘヒフホ]{2,}|k{3,}|5{3,}|(?:rs){2,})"
)
_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


def is_interjection(text: str) -> bool:
    """Tell whether a text is but filled pauses, cries or laughs ("Mm-hm.", "Aaah!", "Ha ha"), which are not speech."""
    folded = re.sub(r"(?<=\w)[-‐](?=\w)", "", fold(text)).translate(_KATAKANA)
    tokens = re.findall(rf"[{_WORD}]+", folded)
    joined = "".join(tokens)
    return bool(tokens) and (bool(_LAUGH.fullmatch(joined)) or all(map(_interjection, tokens)))


def _interjection(token: str) -> bool:
    twice = re.sub(r"(.)\1+", r"\1\1", token)
    once = re.sub(r"(.)\1+", r"\1", token)
    if len(token) == 1 and token.upper() != token:
        return False
    return bool(_LAUGH.fullmatch(token)) or any(form in _INTERJECTIONS for form in (token, twice, once))
