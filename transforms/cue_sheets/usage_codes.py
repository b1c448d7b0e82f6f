"""What the usage codes of cue sheets say of singing."""

from __future__ import annotations

import re

from transforms.cue_sheets.columns import plain_words

# Background, visual and featured vocal; MT, ET, OT, CT (titles, themes), EE (logo), BI, VI, FI do not tell.
_CODES = {"bv", "vv", "fv", "voc"}
_SUNG = re.compile(
    r"\b(?:vocals?|sung|singing|songs?|gesang|gesungen|lied|vokal|vocale?|chante|chantee|chanson|canta(?:da|do|ta|to)"
    r"|cancion|canzone|cancao|zang|gezongen|liedje)\b|歌|ボーカル|ヴォーカル"
)
_UNSUNG = re.compile(
    r"\b(?:non?|not|without|ohne|sans|sin|senza|zonder|sem)[ -]*(?:vocals?|sung|gesang|chant|voz|voce|zang)\b"
)
_YES = re.compile(r"[v1xy✓✔○◯]|yes|true|ja|oui|si|sim|with|あり|有|是")


def is_sung(usage: str, vocal: str = "") -> bool:
    """Tell whether a usage ("BV", "B.V.", "Visual Vocal", "BI/BV") or a column of its own (Y, V, "vocal") says sung."""
    words = _UNSUNG.sub(" ", plain_words(f"{usage} / {vocal}"))
    codes = set(re.findall(r"[a-z]+", words.replace(".", "")))
    answers = plain_words(vocal).split("/")
    return bool(_CODES & codes or _SUNG.search(words) or any(_YES.fullmatch(answer.strip()) for answer in answers))
