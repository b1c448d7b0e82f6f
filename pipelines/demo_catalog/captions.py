"""Subtitles and cue sheets as a platform would hold them: their times are off as such times are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from xml.sax.saxutils import escape

import numpy as np

from pipelines.demo_catalog.films import Film
from pipelines.demo_catalog.mix import Event

START_OFF_S = (0.1, 0.5)
END_LATE_S = (0.2, 0.9)
SHORTEST_S = 5 / 6
LONGEST_S = 7.0
GAP_S = 2 / 24
DESCRIPTION_S = 2.0
TTML_FPS = 24
TTML_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"\n'
    '    ttp:frameRate="{fps}" ttp:profile="http://www.w3.org/ns/ttml/profile/imsc1/text" xml:lang="{language}">\n'
    '<head><layout><region xml:id="bottom"/></layout></head>\n'
    '<body region="bottom"><div>\n'
)


def write_subtitles(film: Film, events: Sequence[Event], rng: np.random.Generator) -> str:
    """Write a film's subtitles in the format that its file name states."""
    told = [event for event in events if film.sdh or event.kind in ("line", "lyric")]
    captions = _timed([_worded(event, film.sdh) for event in told], film.duration_s, rng)
    if film.subtitles.endswith(".vtt"):
        return "WEBVTT\n\n" + "\n".join(_cue(caption, ".") for caption in captions)
    if film.subtitles.endswith(".ttml"):
        return _ttml(film, captions)
    return "\n".join(f"{number}\n{_cue(caption, ',')}" for number, caption in enumerate(captions, 1))


def write_cue_sheet(film: Film, fps: int, rng: np.random.Generator) -> str:
    """Write a film's cue sheet as CSV, in frames of ``fps`` from the programme's start."""
    rows = ["cue,title,usage,tc_in,tc_out"]
    for number, cue in enumerate(film.cues, 1):
        start_s, end_s = _off(cue.start_s, cue.end_s, film.duration_s, rng)
        timecodes = [_timecode(film.cue_sheet_start_s + time_s, fps) for time_s in (start_s, end_s)]
        rows.append(",".join([str(number), cue.piece.title, cue.usage, *timecodes]))
    return "\n".join(rows) + "\n"


def _worded(event: Event, sdh: bool) -> Event:
    """Dress a text as subtitles do: notes around lyrics, brackets around sounds, names before lines."""
    if event.kind == "lyric":
        return replace(event, text=f"♪ {event.text} ♪")
    if event.kind == "line":
        return replace(event, text=f"{event.speaker}: {event.text}" if sdh else event.text)
    return replace(event, text=f"[{event.text}]", end_s=min(event.end_s, event.start_s + DESCRIPTION_S))


def _timed(events: list[Event], duration_s: float, rng: np.random.Generator) -> list[Event]:
    """Move the times as subtitlers do: starts off either way, ends late, two frames between events."""
    moved = []
    for event in events:
        start_s, end_s = _off(event.start_s, event.end_s, duration_s, rng)
        end_s = min(max(end_s, start_s + SHORTEST_S), start_s + LONGEST_S)
        moved.append(replace(event, start_s=start_s, end_s=end_s))
    moved.sort(key=lambda event: event.start_s)
    for index, following in enumerate(moved[1:]):
        limit_s = following.start_s - GAP_S
        if limit_s - moved[index].start_s >= SHORTEST_S:
            moved[index] = replace(moved[index], end_s=min(moved[index].end_s, limit_s))
    return moved


def _off(start_s: float, end_s: float, duration_s: float, rng: np.random.Generator) -> tuple[float, float]:
    start_off_s = rng.uniform(*START_OFF_S) * rng.choice((-1, 1))
    return max(0.0, start_s + start_off_s), min(duration_s, end_s + rng.uniform(*END_LATE_S))


def _cue(caption: Event, decimal: str) -> str:
    times = [_clock(time_s).replace(".", decimal) for time_s in (caption.start_s, caption.end_s)]
    return f"{times[0]} --> {times[1]}\n{caption.text}\n"


def _ttml(film: Film, captions: list[Event]) -> str:
    head = TTML_HEAD.format(fps=TTML_FPS, language=film.language)
    lines = [
        f'<p begin="{_timecode(event.start_s, TTML_FPS)}" end="{_timecode(event.end_s, TTML_FPS)}">'
        f"{escape(event.text)}</p>\n"
        for event in captions
    ]
    return head + "".join(lines) + "</div></body>\n</tt>\n"


def _clock(time_s: float) -> str:
    minutes, milliseconds = divmod(round(time_s * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def _timecode(time_s: float, fps: int) -> str:
    whole_s, frame = divmod(round(time_s * fps), fps)
    return f"{whole_s // 3600:02}:{whole_s // 60 % 60:02}:{whole_s % 60:02}:{frame:02}"
