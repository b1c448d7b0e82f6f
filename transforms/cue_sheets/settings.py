"""What a cue sheet states for all of its times, above its header: the frame rate and the programme's start."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from transforms.cue_sheets.columns import plain_words
from transforms.records import InputError
from transforms.text.tabular import Table
from transforms.text.timecode import frame_rate

_NUMBER = r"(?<![\d.,:])(\d{2,5}(?:[.,]\d{1,3})?)(/100[01])?(?![\d:])"
_UNIT = r"(?:fps|frames ?(?:per|/|a) ?s(?:ec(?:ond)?)?|b/s|i/s|images? ?(?:par|/) ?s(?:econde)?|bilder ?(?:pro|/) ?s)"
_RATE = (
    r"(?:frame ?rate|fps|frames ?(?:per|/) ?sec(?:ond)?|(?:tc|time ?code) ?(?:rate|base|format|type)"
    r"|bild(?:rate|frequenz)"
    r"|cadence|images? ?(?:par|/) ?s(?:econde)?|fotogramas|fotogrammi|フレームレート)"
)
_RATES = (re.compile(rf"{_NUMBER} ?(?:n?df )?{_UNIT}\b"), re.compile(rf"\b{_RATE}\b\D{{0,25}}?{_NUMBER}"))
_DROPPING = re.compile(r"(?<!non)(?<!non[- ])(?<!no[- ])\b(?:df|drop(?: ?frame)?)\b(?!\W*(?:n|no|false)\b)")
_PROGRAMME = "programme?|picture|sequence|show|film|episode|feature"
_STARTS = (
    r"(?:^start",
    rf"\b(?:{_PROGRAMME})(?: tc| time ?code)? (?:start|begin)s?(?: tc| time ?code)?\b",
    rf"\b(?:start|begin) of (?:the )?(?:{_PROGRAMME}|message|material)\b",
    rf"\bfirst frame of (?:action|{_PROGRAMME})\b",
    r"\b(?:som|ffoa|ffop|(?:tc|time ?code) ?(?:start|offset|origin)|start ?(?:tc|time ?code))\b",
    r"\bprogramm(?:start|beginn|anfang)\b|\bfilmanfang\b|\bdebut (?:du )?(?:programme|film)\b",
    r"\binicio (?:del? |do )?(?:programa|film)\b|\binizio (?:del )?(?:programma|film))",
)
_START = re.compile("|".join(_STARTS) + r"\D{0,20}?(\d{1,2}(?:[:;.]\d{2}){2,3})(?![\d:;])")


@dataclass(frozen=True)
class Settings:
    """The frame rate, whether its labels are dropped, and the programme's start; None and "" where not stated."""

    fps: float | None = None
    drop: bool = False
    start: str = ""


def stated_settings(table: Table, rates: Sequence[str]) -> Settings:
    """Find what a sheet states above its header, in it ("TC in, 25 fps"), or in a column of ``rates``."""
    lines = [plain_words(" ".join(cell.strip() for cell in row.cells)) for row in table.above]
    rated = [*lines, plain_words(" ".join(table.header)), *(f"fps {rate.casefold()}" for rate in dict.fromkeys(rates))]
    found = [(fps, line) for line in rated if (fps := _fps(line))]
    starts = [match[1] for line in lines if (match := _START.search(line))]
    start = starts[0] if starts else ""
    if len({fps for fps, _ in found}) != 1:
        return Settings(start=start)
    fps, drop = found[0][0], any(_DROPPING.search(line) for line in lines if "frame" in line or _fps(line))
    drop = drop or any(_DROPPING.search(line) for _, line in found)
    # "30 DF" is 29.97: labels are dropped at no other rate.
    return Settings(fps * 1000 / 1001 if drop and fps in {30, 60} else fps, drop, start)


def _fps(line: str) -> float | None:
    """Find a frame rate that a line states."""
    for match in filter(None, (pattern.search(line) for pattern in _RATES)):
        fps = float(match[1].replace(",", "."))
        fps = fps / 1001 if match[2] == "/1001" else fps / 1000 if match[2] else fps
        try:
            return float(frame_rate(fps)) if 20 <= fps <= 120 else None
        except InputError:
            continue
    return None
