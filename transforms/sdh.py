"""Conventions of subtitles for the deaf and hard of hearing: what an event's text says is heard."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

# Words of music as whole words, by language; and, for scripts where \b finds no words, anywhere in the description.
_WORDS = {
    "en": r"music\w*|songs?|themes?|score|orchestra\w*|piano|guitars?|violins?|drums|jazz|tunes?|melod\w+|band play\w*|"
    r"sing|sings|singing|sung|choirs?|chorus|choral|hymns?|anthem|lullab\w+|vocali[sz]\w+|ballad|opera|symphony|fanfare|"
    r"instrumental",
    "fr": r"musi(?:que|cal)\w*|chansons?|chant(?:e|ent|er|eur|euse)?|ch(?:œ|oe)ur|orchestre|mélodi\w*|thème|hymne",
    "de": r"\w*musik\w*|lied(?:er)?|gesang|sing(?:t|en)|orchester\w*|melodi\w*|chor|klavier\w*|gitarren?\w*",
    "es": r"músic\w*|musical\w*|canci(?:ón|ones)|cant(?:a|an|ando)|orquesta|melodía|tema|himno|coro|guitarra",
    "pt": r"canç(?:ão|ões)|cant(?:am|arolando)|orquestra|melodia|piano|violão",
    "it": r"music\w*|canzon[ei]|cant(?:ano|o|ato)|orchestra|melodi[ae]|chitarra|pianoforte|inno",
    "nl": r"\w*muziek\w*|lied(?:je)?s?|zing(?:t|en)|gezang|orkest|melodie|koor",
    "sv da no": r"\w*musik\w*|musikk\w*|sång\w*|sjunger|sang(?:en)?|synger|orkester\w*|melodi|låt",
    "fi et": r"musiik\w*|muusika|laul\w*|orkesteri|sävel\w*",
    "pl": r"muzyk\w*|muzyczn\w*|piosenk\w*|śpiew\w*|orkiestr\w*|melodi\w*",
    "cs sk": r"hudb\w*|hudob\w*|píse[ňn]\w*|pieseň|zpěv\w*|zpív\w*|spev\w*|spieva\w*",
    "ro": r"muzic\w*|cântec\w*|cânt[ăa]?|orchestr\w*|melodi\w*",
    "hu": r"zen[eé]\w*|dalol\w*|ének\w*|zenekar|dallam\w*",
    "hr sr sl": r"glazb\w*|muzik\w*|pjesm\w*|pesm\w*|pjeva\w*|glasba",
    "tr": r"müzi\w*|şarkı\w*|orkestra|melodi|türkü",
    "ru uk bg": r"музы\w*|музик\w*|песн\w*|пісн\w*|пение|спів\w*|по[её]т|поют|оркестр\w*|мелоди\w*|хор",
    "el": r"μουσικ\w*|τραγο[υύ]δ\w*|ορχήστρα|μελωδία",
    "id ms": r"muzik|lagu|menyanyi\w*|bernyanyi|nyanyian",
    "vi": r"nhạc|bài hát|ca khúc|tiếng hát",
}
_PIECES = {
    "ja": r"音楽|曲|歌|演奏|合唱|メロディ|ピアノ|オーケストラ|ギター|BGM",
    "zh": r"音乐|音樂|歌|曲|乐队|樂隊|演奏|配乐|配樂|旋律|合唱|钢琴|鋼琴",
    "ko": r"음악|노래|연주|합창|주제곡|멜로디|피아노|오케스트라",
    "ar fa": r"موسيق|موسیق|أغني|اغني|غناء|يغني|تغني|لحن|أوركسترا|نشيد|آهنگ|ترانه|آواز",
    "he": r"מוזיק|מוסיק|\bה?שיר|שרים|מנגינה|תזמורת|נגינה",
    "hi": r"संगीत|गीत|गाना|गाने|धुन",
    "th": r"ดนตรี|เพลง|ทำนอง",
}
_MUSIC = re.compile(rf"\b(?:{'|'.join(_WORDS.values())})\b|{'|'.join(_PIECES.values())}|[♪♫♬♩]", re.IGNORECASE)
_BIRDS = re.compile(
    r"\b(?:birds?|oiseaux?|v[öo]gel|pájaros?|pássaros?|uccell[io]|vogels|ptaki|птиц\w*)\b", re.IGNORECASE
)

_BRACKETS = re.compile(r"\[[^\]]*(?:\]|\Z)|\A[^\[\]]+\]|\([^()]*\)|（[^（）]*）|［[^［］]*］|【[^】]*】|〔[^〕]*〕")
_BRACKETED = "\ufffc"  # stands where a description was
_NOTES = re.compile(r"[♪♫♬♩¶]+")  # ¶ is what old converters make of a CEA-608 note
_MISREAD_NOTE = re.compile(r"â™[ª«¬]")  # UTF-8 notes that passed through cp1252
_HASHED = re.compile(r"\s*[-–—]?\s*#(?=.*\w).+#\s*", re.DOTALL)
_HASHED_LINE = re.compile(r"(?m)^([-–— \t]*)#(?=.*\w)(.+)#[ \t]*$")
_TAGS = re.compile(r"</?(?:[ibusc]|v|lang|ruby|rt|rb|font|span|em|strong)(?:[\s.][^>]*)?>|<[\d:.]+>|\{[^{}]*\}", re.I)
_KARAOKE = re.compile(r"\{[^{}]*\\[kK][fo]?\d")
_POSITION = re.compile(r"\{[^{}]*\\(?:an[4-9]|pos\(|move\()")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_LABEL = re.compile(r"(?m)^[-–—‐>»• \t]*([^\W\d_][^:：\n]{0,29}?)[ \ufffc]*[:：](?=(?:[ \t]*(\S))?)(?!\d|//)")
_WORD = re.compile(r"[^\W_]")


def classify(text: str, *, in_capitals: bool = False, positioned: bool = False) -> tuple[str, ...]:
    """Say what an event's text says is heard: some of ``dialogue``, ``lyrics`` and ``music_description``, or nothing.

    Args:
        text: the event's text with its markup.
        in_capitals: the whole file is in capitals, so that capitals say nothing.
        positioned: the whole file is positioned, so that a position says nothing.
    """
    rest, described = _descriptions(_plain(text))
    spoken, sung = _voices(rest)
    kinds = {
        "dialogue": _is_dialogue(spoken, capitals=not in_capitals, placed=not positioned and is_positioned(text)),
        "lyrics": bool(_WORD.search(sung)),
        "music_description": described or (bool(_NOTES.search(rest)) and not _WORD.search(sung)),
    }
    return tuple(kind for kind, heard in kinds.items() if heard)


def is_positioned(text: str) -> bool:
    """Tell whether an event is moved away from the bottom of the picture, as on-screen text is."""
    return bool(_POSITION.search(text))


def is_in_capitals(texts: Iterable[str]) -> bool:
    """Tell whether a file is written in capitals, as CEA-608 captions are: more than half of its words' events are."""
    voices = (voice for text in texts for voice in _voices(_descriptions(_plain(text))[0]))
    worded = [bare for bare, _ in map(_unlabelled, voices) if _WORD.search(bare)]
    return 2 * sum(map(_capitals, worded)) > len(worded)


def _plain(text: str) -> str:
    """Strip markup, entities and invisible characters; karaoke timing is kept as notes."""
    sung = bool(_KARAOKE.search(text))
    text = html.unescape(_TAGS.sub("", re.sub(r"(?i)<br\s*/?>", "\n", text)))
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", _MISREAD_NOTE.sub("♪", text))).strip()
    if _HASHED.fullmatch(text):
        text = re.sub(r"(?m)^[-–— \t]*#|#[ \t]*$", "♪", text)
    text = _HASHED_LINE.sub(r"\1♪\2♪", text)
    return f"♪{text}♪" if sung else text


def _descriptions(text: str) -> tuple[str, bool]:
    """Take the bracketed descriptions out of a text, and tell whether one is of music."""
    found = _BRACKETS.findall(text)
    return _BRACKETS.sub(_BRACKETED, text), any(_MUSIC.search(d) and not _BIRDS.search(d) for d in found)


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
    return (first or bool(re.match(r"[ \t]*\n", part))) and (last or bool(re.search(r"\n[-–— \t]*\Z", part)))


def _unlabelled(text: str) -> tuple[str, bool]:
    """Take speaker labels (``ANNA:``, ``-Marc:``) out of a text, and tell whether there was one."""
    bare = _LABEL.sub(lambda match: _BRACKETED if _is_label(match) else match[0], text)
    return bare, bare != text


def _is_label(match: re.Match[str]) -> bool:
    words = match[1].split()
    titled = len(words) <= 3 and not any(word[0].islower() for word in words)
    return titled and (bool(match[2]) or match[1].isupper())


def _is_dialogue(text: str, capitals: bool, placed: bool) -> bool:
    """Tell whether words are left that are spoken, and not a forced narrative (text that is in the picture)."""
    bare, labelled = _unlabelled(text)
    flat = " ".join(bare.replace(_BRACKETED, " ").split())
    if not _WORD.search(flat):
        return False
    if labelled or len(flat) > 60 or flat[0] in "-–—":
        return True
    if placed and flat[-1] not in ".!?…,;—" and any(c.isupper() for c in flat):
        return False
    return not (capitals and _capitals(flat) and flat[-1] not in "!?—")


def _capitals(text: str) -> bool:
    """Tell whether a text is in capitals; "OK" and "FBI" are no sign, and scripts without case never are."""
    letters = [c for c in text if c.isalpha()]
    return len(letters) > 3 and all(c.isupper() for c in letters)
