"""Which code page a text file without any mark is in: chardet's models, kept to the pages that are in use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import chardet
import langcodes

# What such files are written in; left free, the guess for a short English file is a code page of the Mac.
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "cp1258", "iso8859-2")
_OTHERS = (
    *("cp1251", "cp1253", "cp1255", "cp1256", "cp874"),
    *("iso8859-5", "iso8859-6", "iso8859-7", "koi8-r", "koi8-u", "cp866"),
    *("gb18030", "big5hkscs", "cp932", "euc_jis_2004", "cp949"),
)
_HIGH = re.compile(rb"[\x80-\xff]")
_TURKISH = re.compile(rb"[\xe7\xfc]")
_ACCENTS = re.compile(rb"[\xc0-\xff]")
_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]+|[A-Za-z]+[\x80-\xff]")
_C1 = re.compile("[\x80-\x9f]")  # what ISO 8859 makes of the punctuation of Windows


class _Guess(NamedTuple):
    page: str
    sure: float
    language: str


def likeliest_page(data: bytes, language: str = "") -> str:
    """Name the code page that bytes are likeliest in, or nothing; the language (BCP 47) settles what is close.

    Where a half of the file speaks far more clearly than the whole, a broken byte hides the page from the whole.
    """
    middle, most = data.find(b"\n", len(data) // 2) + 1, len(_HIGH.findall(data))
    halves = (half for half in (data[:middle], data[middle:]) if 3 * len(_HIGH.findall(half)) > most)
    page, sure = _page(data, language)
    found = [(page, 2 * sure), *(_page(half, language) for half in halves)]
    return max(found, key=lambda pair: pair[1])[0]


def _page(data: bytes, language: str) -> tuple[str, float]:
    """Find the likeliest code page, and how likely it is; of those that read the same, the first."""
    pages = _LATIN if _is_latin(data) else _OTHERS
    texts = {page: data.decode(page, errors="replace") for page in pages}
    found = [guess for guess in _guesses(data, pages) if not _C1.search(texts[guess.page])]
    if not found:
        return "", 0.0
    text = texts[_nearest(found, _spoken(language), data)]
    return next(page for page in pages if texts[page] == text), found[0].sure


def _guesses(data: bytes, pages: Sequence[str]) -> list[_Guess]:
    """Ask chardet for the pages that the data may be in, the likeliest first."""
    matches = chardet.detect_all(
        data,
        include_encodings=pages,
        no_match_encoding=pages[0],
        empty_input_encoding=pages[0],
        ignore_threshold=True,
        compat_names=False,
    )
    return [_Guess(m["encoding"], m["confidence"], m["language"]) for m in matches if m["encoding"] and m["language"]]


def _is_latin(data: bytes) -> bool:
    """Tell Latin script by its words with an accent, of which most letters have none; other scripts have no ASCII."""
    words = b"".join(_WORD.findall(data))
    return 3 * sum(byte < 0x80 for byte in words) >= len(words)


def _nearest(found: Sequence[_Guess], language: str, data: bytes) -> str:
    """Take the likeliest page; of those near it, one that speaks the language; for a few accents Western Europe's."""
    best = found[0]
    near = [guess for guess in found if guess.sure > 0.7 * best.sure]
    spoken = [guess for guess in near if guess.language == language]
    # No letters of Icelandic are ç and ü: what looks like its ð, ý and þ is Turkish.
    turkish = [guess for guess in near if guess.page == "cp1254" and best.language == "is" and _TURKISH.search(data)]
    western = [guess for guess in near if guess.page == "cp1252" and len(_ACCENTS.findall(data)) < 5]
    return [*spoken, *turkish, *western, best][0].page


def _spoken(language: str) -> str:
    """Give chardet's code for a language (``pt-BR`` → ``pt``), or nothing."""
    try:
        code = langcodes.get(language).language or ""
    except ValueError:
        return ""
    return {"nb": "no", "nn": "no", "iw": "he", "cmn": "zh", "yue": "zh"}.get(code, code)
