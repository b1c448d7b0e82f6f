"""What is found in a subtitle file, before it is decided what it means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """One subtitle event: its times on the title's timeline, and its text with its markup.

    at_top: it stands in the upper half of the picture, where its format says so outside of the text.
    """

    start_s: float
    end_s: float
    text: str
    at_top: bool = False


@dataclass(frozen=True)
class Events:
    """What a subtitle file holds: the events that could be read, how many could not, and what had to be assumed.

    hour_s: what an hour of its timecode lasts.
    """

    events: tuple[Event, ...]
    unreadable: int = 0
    warnings: tuple[str, ...] = ()
    hour_s: float = 3600.0
