"""The columns of cue sheets by their many names, in the languages that such sheets are written in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from transforms.text.tabular import Row

# Words of a column's name, in small letters without accents, in the order en, de, fr, es, it, nl, pt, ja, zh.
_TIME = "time|tc|zeit|temps|tiempo|tempo|tijd|時間|タイム|タイムコード|时间"
_FILLER = (
    f"{_TIME}|code|point|punkt|mark|stamp|clock|pos|position|cue|cues|music|musik|musique|musica|muziek"
    "|record|rec|timeline|program|programme|show|film|picture|点|點|位置|楽曲|曲|音楽"
)
_BEGIN = (
    "in|start|starts|begin|begins|beginning|from|entrance|entry|anfang|beginn|einsatz|einstieg|von|debut|entree|depart"
    "|inicio|entrada|comienzo|desde|inizio|entrata|attacco|aanvang|van|comeco|開始|イン|入り|入|スタート|开始|始"
)
_END = (
    "out|end|ends|ending|stop|finish|to|ende|schluss|ausstieg|aus|bis|fin|sortie|salida|final|hasta|fine|uscita"
    "|einde|eind|uit|tot|fim|saida|終了|アウト|終わり|終り|エンド|出|结束|終"
)
_LENGTH = (
    "duration|durations|dur|length|len|timing|timings|runtime|running|dauer|spieldauer|lange|laenge|lauflange|spielzeit"
    "|duree|minutage|longueur|duracion|durata|lunghezza|duur|lengte|speelduur|duracao|尺|長さ|使用時間|秒数|时长|時長|長度"
)
_LENGTH_OF = "total|used|use|usage|of|actual|gesamt|totale|de|del|der|utilisation|d|uso|uit"
_USAGE = (
    "usage|usages|use|uses|function|functions|verwendung|nutzung|nutzungsart|verwendungsart|einsatzart|musikart|art"
    "|utilisation|emploi|fonction|uso|utilizacion|funcion|utilizzo|utilizzazione|funzione|gebruik|functie|soort"
    "|utilizacao|funcao|type|types|tipo|用途|使用区分|使用形態|種別|使用方式"
)
_USAGE_OF = "code|codes|type|types|cue|music|musical|kind|category|description|context|of|de|del|di|tipo|d|van|do|da"
_VOCAL = (
    "vocal|vocals|sung|singing|gesang|gesungen|vokal|chant|chante|vocale|voix|voz|cantado|cantata|cantato|voce|zang"
    "|gezongen|iv|vi|voc|歌|歌唱|歌入り|ボーカル|人声"
)
_VOCAL_OF = "is|has|with|contains|instrumental|inst|instr|or|track|cue|music|avec|con|mit|oder|ou|o|有無"


def _named(words: str, others: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{others})*(?:{words})+(?:{others}|{words})*")


# The first that fits is taken: "in" has to come before the columns that tell no more than that they are times.
_NAMES = {
    "in": _named(_BEGIN, _FILLER),
    "out": _named(_END, _FILLER),
    "vocal": _named(_VOCAL, _VOCAL_OF),
    "duration": _named(_LENGTH, f"{_FILLER}|{_LENGTH_OF}"),
    "usage": _named(_USAGE, _USAGE_OF),
    "rate": re.compile(r"(?:time|tc|code|video)*(?:fps|framerate|framespersecond|bildrate|cadence)"),
    "timecode": re.compile(r"(?:cue|music|start)*(?:tc|timecode|タイムコード)(?:cue|music)*"),
    "time": re.compile(_TIME),
    "total": re.compile(r"(?:total|running|cue|music)+(?:time|min|mins|minutes)"),
}
_LONGEST_NAME = 60  # letters; the patterns would take long over more
_LAYOUT = re.compile(r"\b[hmsf]{1,3}(?:[:;.][hmsf]{1,3})+\b|\b(?:hhmmssff|hhmmss|mmss)\b|@? ?\d[\d.,]* ?fps\b")
_UNITS = {
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), " ms"),
    **dict.fromkeys(("frame", "frames"), " f"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sek", "sekunden", "secondes", "segundos"), ""),
}


@dataclass(frozen=True)
class Column:
    """Where a column is, and the unit that its name gives to plain numbers (`` ms``, `` f``; seconds are none)."""

    index: int
    unit: str = ""

    def time_in(self, row: Row) -> str:
        """Give its time in a row."""
        text = row[self.index]
        return text + self.unit if re.fullmatch(r"\d+(?:\.\d+)?", text) else text


Columns = dict[str, tuple[Column, ...]]


def find_columns(header: Sequence[str]) -> Columns:
    """Find the columns of a cue sheet: ``in``, ``out``, ``duration``, ``usage``, ``vocal`` and ``rate``.

    "Timecode" is the in-time where no column is called so; "Time" is, where another tells the end, and else a duration.
    """
    found: dict[str, list[Column]] = {}
    for index, cell in enumerate(header):
        name, unit = _name(cell) if len(cell) <= _LONGEST_NAME else ("", "")
        kind = next((kind for kind, pattern in _NAMES.items() if pattern.fullmatch(name)), None)
        if kind:
            found.setdefault(kind, []).append(Column(index, unit))
    totals, codes, times = (found.pop(kind, []) for kind in ("total", "timecode", "time"))
    for kind, columns in (("duration", totals), ("in", codes), (_meaning_of_time(found), times)):
        if columns:
            found.setdefault(kind, columns)
    return {kind: tuple(columns) for kind, columns in found.items()}


def _meaning_of_time(found: dict[str, list[Column]]) -> str:
    return "in" if {"out", "duration"} & found.keys() else "duration"


def plain_words(text: str) -> str:
    """Give a text in small letters without accents, the words of ``timecodeIn`` and ``tc_in`` apart."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text)
    letters = unicodedata.normalize("NFKD", text.casefold())
    # Japanese marks of voice are no accents: they are put together again.
    return unicodedata.normalize("NFKC", "".join(letter for letter in letters if not "\u0300" <= letter <= "\u036f"))


def _name(cell: str) -> tuple[str, str]:
    """Give a column's name, letters alone, and its unit: "Start (ms)" and ``start_ms`` are "start" in ms."""
    words = _LAYOUT.sub(" ", plain_words(cell))
    aside = " ".join(re.findall(r"[(\[（](.*?)[)\]）]", words))
    names = re.findall(r"[^\W\d_]+", re.sub(r"[(\[（].*?[)\]）]", " ", words))
    units = [word for word in [*names[1:], *re.findall(r"[a-z]+", aside)] if word in _UNITS]
    if len(names) > 1 and names[-1] in _UNITS:
        names.pop()
    return "".join(names) or "".join(re.findall(r"[^\W\d_]+", aside)), _UNITS[units[-1]] if units else ""
