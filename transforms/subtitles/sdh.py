"""Conventions of subtitles for the deaf and hard of hearing: what an event's text says is heard."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

from transforms.subtitles.vocabulary import BUILT_IN, Vocabulary, is_credit, is_interjection

_BRACKETS = re.compile(r"\[[^\]]*(?:\]|\Z)|\A[^\[\]]+\]|\([^()]*\)|\A[-–—\s]*\([^()]*\Z|[【〔][^】〕]*[】〕]")
_STARRED = re.compile(r"(?<![\w*])\*+([^*\n]+)\*+(?![\w*])")
_MIRRORED = re.compile(r"(?m)^([-–— \t]*)[\])]([^\[\]()\n]*[\u0590-\u08ff][^\[\]()\n]*)[\[(][ \t]*$")
_BRACKETED = "\ufffc"  # stands where a description was
_LABELLED = re.compile(
    rf"[ \t]*:|(?!\s*\n\s*[-–—])[^\w\[\](){_BRACKETED}]*\w"
)  # what follows a speaker's name in brackets
_NOTES = re.compile(r"[♪♫♬♩¶]+")  # ¶ is what old converters make of a CEA-608 note
_ENDING_NOTE = re.compile(r"[~〜]\s*♪")  # in Japan ♪〜 is written where music begins, and 〜♪ where it ends
_MISREAD_NOTE = re.compile(r"[âв][™\x99][ª«¬©ЄŞ]|(?m:^([-–— \t]*)J[\"”]+(?=\s)|(?<=\s)J[\"”]+[ \t]*$)")
_QUERIED = re.compile(r"(?m)^([-–— \t]*)\?+[ \t]+(\S[^?\n]*?)[ \t]+\?+[ \t]*$")  # notes that passed through ASCII
_HASHED = re.compile(r"\s*[-–—]?\s*#(?=[^\w#]*\w)[^#]+#\s*")
_HASH = re.compile(r"(?m)^([-–— \t]*)#+(?=[ \t]+[^\W\d])|(?<=[^\s#])[ \t]+#+[ \t]*$")
_HASHED_LINE = re.compile(r"(?m)^([-–— \t]*)#(?=[^\w\n]*\w)([^\n]+)#[ \t]*$")
_TAGS = re.compile(
    r"</?(?:[ibusc]|v|lang|ruby|rt|rb|font|span|em|strong)(?:[\s.][^<>]*)?>|<[\d:.]+>|\{[^{}]*\}|"
    r"\[/?(?:[ibu]|color(?:=[^\]]*)?)\]",
    re.IGNORECASE,
)
_KARAOKE = re.compile(r"\{[^{}]*\\[kK][fo]?\d")
_POSITION = re.compile(r"\{[^{}]*\\(?:an[4-9]|a(?:[5-79]|1[01])(?!\d)|pos\(|move\()")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_LABEL = re.compile(r"(?m)^[-–—‐>»• \t]*([^\W\d_][^:\n]{0,29}?)[ \ufffc]*:(?=(?:[ \t]*(\S))?)(?!\d|//)")
_SPOKEN = re.compile(r"[^\W_]")
_SENTENCE_ENDS = frozenset(".!?…,;—。、؟،।॥。！？")


def classify(
    text: str,
    *,
    at_top: bool = False,
    in_capitals: bool = False,
    positioned: bool = False,
    vocabulary: Vocabulary = BUILT_IN,
) -> tuple[str, ...]:
    """Say what an event's text says is heard: ``dialogue``, ``lyrics``, ``<vocabulary>_description`` …, or nothing.

    Nothing is said by credits, by text that is in the picture (forced narratives: by their place, by capitals), and by
    pauses, cries and laughs. A whole file of them is of another kind than dialogue: the catalog says so.

    Args:
        text: the event's text with its markup.
        at_top: it stands at the top of the picture.
        in_capitals: the whole file is in capitals, so that capitals say nothing.
        positioned: the whole file is positioned, so that a position says nothing.
        vocabulary: by what words descriptions are known.
    """
    rest, described = _descriptions(_plain(text), vocabulary)
    spoken, sung = _voices(rest)
    placed = not positioned and (at_top or is_positioned(text))
    kinds = []
    if _is_dialogue(spoken, capitals=not in_capitals, placed=placed):
        kinds.append("dialogue")
        described.pop("speech_description", None)  # it is transcribed
    if _SPOKEN.search(sung):
        kinds.append("lyrics")
    elif _NOTES.search(rest):
        described.pop("other_description", None)  # ♪ [upbeat] ♪
        described.setdefault(_noted(rest))
    return (*kinds, *described)


def is_positioned(text: str) -> bool:
    """Tell whether an event is moved away from the bottom of the picture, as on-screen text is."""
    return bool(_POSITION.search(text))


def is_in_capitals(texts: Iterable[str]) -> bool:
    """Tell whether a file is written in capitals, as CEA-608 captions are: more than half of its words' events are."""
    voices = (voice for text in texts for voice in _voices(_BRACKETS.sub(_BRACKETED, _plain(text))))
    worded = [bare for bare, _ in map(_unlabelled, voices) if _SPOKEN.search(bare)]
    return 2 * sum(map(_capitals, worded)) > len(worded)


def _plain(text: str) -> str:
    """Strip markup, entities and invisible characters; karaoke timing and misread notes become notes."""
    sung = bool(_KARAOKE.search(text))
    text = html.unescape(_TAGS.sub("", re.sub(r"(?i)<br\s*/?>", "\n", text)))
    text = _MISREAD_NOTE.sub(r"\1♪", _INVISIBLE.sub("", text))
    text = _MIRRORED.sub(r"\1[\2]", unicodedata.normalize("NFKC", text)).strip()
    text = _QUERIED.sub(r"\1♪\2♪", text)
    if _HASHED.fullmatch(text):
        text = re.sub(r"(?m)^[-–— \t]*#|#[ \t]*$", "♪", text)
    text = _HASH.sub(r"\1♪", _HASHED_LINE.sub(r"\1♪\2♪", text))
    return f"♪{text}♪" if sung else text


def _descriptions(text: str, vocabulary: Vocabulary) -> tuple[str, dict[str, None]]:
    """Take the bracketed descriptions out of a text, and give their kinds in order, each once."""
    kinds: dict[str, None] = {}

    def take(match: re.Match[str]) -> str:
        kinds.update(dict.fromkeys(_described(match, vocabulary)))
        return _BRACKETED

    def take_starred(match: re.Match[str]) -> str:
        """Take ``*sighs*`` and ``* Rascheln *`` where no emphasis is meant: *very*."""
        found = vocabulary.kinds(match[1])
        spaced = match[1][0] == match[1][-1] == " " and match[0] in map(str.strip, match.string.split("\n"))
        if (found == ("other_description",) and not spaced) or not _SPOKEN.search(match[1]):
            return match[0]
        kinds.update(dict.fromkeys(found))
        return _BRACKETED

    return _STARRED.sub(take_starred, _BRACKETS.sub(take, text)), kinds


def _described(match: re.Match[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Give a bracket's kinds; one that is no description is a speaker's name before a line, or an aside in it."""
    noted = (_noted(match[0]),) if _NOTES.search(match[0]) else ()
    found = vocabulary.kinds(match[0])
    if found != ("other_description",):
        return tuple(dict.fromkeys((*noted, *found)))
    before = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    aside = match[0][0] == "(" and _SPOKEN.search(before)
    return noted or (() if aside or _LABELLED.match(match.string, match.end()) else found)


def _noted(text: str) -> str:
    return "music_end_description" if _ENDING_NOTE.search(text) else "music_description"


def _voices(text: str) -> tuple[str, str]:
    """Part what is spoken from what is sung: lines of their own outside a pair of notes are spoken."""
    parts = _NOTES.split(text)
    last = len(parts) - 1
    voices: tuple[list[str], list[str]] = ([], [])
    for index, part in enumerate(parts):
        spoken = index % 2 == 0 and _own_lines(part, index == 0, index == last)
        voices[0 if spoken else 1].append(part)
    return " ".join(voices[0]), " ".join(voices[1])


def _own_lines(part: str, first: bool, last: bool) -> bool:
    return (first or bool(re.match(r"[ \t]*\n", part))) and (last or part.rstrip("-–— \t").endswith("\n") or not part)


def _unlabelled(text: str) -> tuple[str, bool]:
    """Take speaker labels (``ANNA:``, ``-Marc:``) out of a text, and tell whether there was one."""
    bare = _LABEL.sub(lambda match: _BRACKETED if _is_label(match) else match[0], text)
    return bare, bare != text


def _is_label(match: re.Match[str]) -> bool:
    words = match[1].split()
    titled = len(words) <= 3 and not any(word[0].islower() for word in words)
    return titled and (bool(match[2]) or match[1].isupper())


def _is_dialogue(text: str, capitals: bool, placed: bool) -> bool:
    """Tell whether words are left that are spoken, and not a credit or a forced narrative (text in the picture)."""
    bare, labelled = _unlabelled(text)
    flat = " ".join(bare.replace(_BRACKETED, " ").split())
    if not _SPOKEN.search(flat) or is_interjection(flat) or is_credit(text):
        return False
    if labelled or len(flat) > 60 or flat[0] in "-–—":
        return True
    ended = flat.rstrip("\"'”’»」』) ")[-1:] in _SENTENCE_ENDS
    if placed and not ended and any(c.isupper() for c in flat):
        return False
    return not (capitals and _capitals(flat) and flat[-1] not in "!?—")


def _capitals(text: str) -> bool:
    """Tell whether a text is in capitals; "OK" and "FBI" are no sign, and scripts without case never are."""
    letters = [c for c in text if c.isalpha()]
    return len(letters) > 3 and all(c.isupper() for c in letters)
