"""Read subtitle files of the kinds a catalog holds, and say where there is dialogue, singing and mentioned music."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from transforms.records import InputError, Interval, Reading
from transforms.subtitles.events import Event
from transforms.subtitles.formats import read_events
from transforms.subtitles.sdh import classify, is_in_capitals, is_positioned
from transforms.subtitles.vocabulary import BUILT_IN, Vocabulary

__all__ = ["Event", "classify", "read_timed_text"]

_OVERLAP_S = 0.1


def read_timed_text(data: bytes, name: str, language: str = "", vocabulary: Vocabulary = BUILT_IN) -> Reading:
    """Read a subtitle file: SubRip, WebVTT, TTML (DFXP, IMSC, iTT), SCC, EBU-STL, ASS, SAMI; also as ``.gz``.

    Args:
        data: the file.
        name: its name, whose suffix tells the format.
        language: that it is likely in (BCP 47), which helps to tell its encoding where that is not UTF.
        vocabulary: by what words descriptions ("[tense music]") are known.

    Returns:
        Intervals of kinds ``dialogue``, ``lyrics`` and ``<vocabulary>_description`` by their start, each event with its
        own times, and a warning for everything that had to be left out or guessed.

    Raises:
        InputError: the file is empty, is not text, or holds no event that can be used.
    """
    found = read_events(data, name, language)
    if not found.events:
        raise InputError(_nothing(found.unreadable))
    events = [event for event in found.events if event.end_s > max(event.start_s, 0)]
    if not events:
        raise InputError(f"none of its {len(found.events)} events ends after it begins: export it again")
    intervals = _intervals(events, vocabulary)
    notes = (_unreadable(found.unreadable), _reversed(found.events), _overlaps(intervals))
    return Reading(intervals, (*found.warnings, *filter(None, notes)), hour_s=found.hour_s)


def _intervals(events: Sequence[Event], vocabulary: Vocabulary) -> tuple[Interval, ...]:
    capitals = is_in_capitals(event.text for event in events)
    positioned = 2 * sum(event.at_top or is_positioned(event.text) for event in events) > len(events)
    intervals = [
        Interval(max(event.start_s, 0.0), event.end_s, kind)
        for event in events
        for kind in classify(
            event.text,
            at_top=event.at_top,
            in_capitals=capitals,
            positioned=positioned,
            vocabulary=vocabulary,
        )
    ]
    return tuple(sorted(intervals, key=lambda interval: (interval.start_s, interval.end_s)))


def _nothing(unreadable: int) -> str:
    if unreadable:
        return f"none of its {unreadable} events has times that can be read: export it again"
    return "there are no subtitle events in it: deliver the subtitles, or take the file out of the catalog"


def _unreadable(count: int) -> str:
    return f"{count} events or blocks cannot be read and were left out" if count else ""


def _reversed(events: Sequence[Event]) -> str:
    bad = [event.start_s for event in events if event.end_s <= max(event.start_s, 0)]
    if not bad:
        return ""
    return f"{len(bad)} of {len(events)} events end before they begin and were left out; first at {bad[0]:.2f} s"


def _overlaps(intervals: Iterable[Interval]) -> str:
    """Count the dialogue that begins while other dialogue still lasts for more than a tenth of a second."""
    end_s, starts = 0.0, []
    for interval in intervals:
        if interval.kind == "dialogue":
            if min(end_s, interval.end_s) - interval.start_s > _OVERLAP_S:
                starts.append(interval.start_s)
            end_s = max(end_s, interval.end_s)
    return f"{len(starts)} events overlap another: counted once; first at {starts[0]:.2f} s" if starts else ""
