"""SAMI (.smi) into events.

What such files hold is HTML by name alone. pysubs2 stops at a ``Start`` that is not a whole number, puts all languages
together and takes no event for the end of another; html.parser takes what follows an unclosed tag, comment or style for
a part of it. So the text is cut at its SYNC tags first, and damage stays within a block.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from transforms.records import InputError
from transforms.subtitles.events import Event, Events

_COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.DOTALL)
_SYNC = re.compile(r"<\s*sync\b([^<>]*)>?", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<\s*p\b([^<>]*)>?", re.IGNORECASE)
_BREAK = re.compile(r"<\s*br\b[^<>]*>?", re.IGNORECASE)
_ITALIC = re.compile(r"<(/?)i>", re.IGNORECASE)
_TAG = re.compile(r"<(?!/?i>)/?[a-zA-Z][^<>]*>?|<!--|-->|&#\w{9,};?")
_START, _END, _CLASS, _SOURCE = (
    re.compile(rf"""\b{name}\s*=\s*["']?\s*({value})""", re.IGNORECASE | re.ASCII)
    for name, value in (
        *(("start", r"\d{1,10}(?![\d:])"), ("end", r"\d{1,10}(?![\d:])")),
        *(("class", r"[^\s\"'<>]+"), ("id", "source")),
    )
)


def read_sami(text: str) -> Events:
    """Read the events of a SAMI file: of the first class, which is a language, that is in use.

    An event lasts until the next of its class, which may be empty; the last one as long as it takes to be read.

    Raises:
        InputError: it has no SYNC tags.
    """
    first = _SYNC.search(text)
    if not first:
        raise InputError("not SAMI: it has no SYNC tags; export it again")
    body = _COMMENT.sub("", text[first.start() :])
    file = _File(next((found[1] for tag in _PARAGRAPH.findall(body) if (found := _CLASS.search(tag))), "").upper())
    _, *parts = _SYNC.split(body)
    for tag, content in zip(parts[::2], parts[1::2], strict=True):
        file.add(tag, content)
    classes = {name: events for name in file.shown if (events := tuple(file.events(name)))}
    if not classes:
        return Events((), file.unreadable)
    most = max(map(len, classes.values()))
    # A class of a few events is a damaged name, or notes.
    read = next(name for name, events in classes.items() if 2 * len(events) >= most)
    others = [name for name in classes if name != read]
    warning = f"the subtitles of class {read} were read, those of {', '.join(others)} were not"
    return Events(classes[read], file.unreadable, (warning,) if others else ())


@dataclass
class _File:
    """What is shown from when, by class: what has no class of its own is of the first one.

    shown: for every class its texts by their start in ms; cleared: starts where all classes end; stated_end: in ms, by
    start, where a file states it.
    """

    first_class: str
    shown: dict[str, dict[int, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    cleared: set[int] = field(default_factory=set)
    stated_end: dict[int, int] = field(default_factory=dict)
    unreadable: int = 0

    def add(self, tag: str, content: str) -> None:
        """Add a block: the attributes of its SYNC tag, and what follows it."""
        start = _START.search(tag)
        if not start:
            self.unreadable += 1
            return
        at, end = int(start[1]), _END.search(tag)
        if end and int(end[1]) > at:
            self.stated_end[at] = int(end[1])
        lead, *parts = _PARAGRAPH.split(content)
        if _text(lead):
            self.shown[self.first_class][at].append(_text(lead))
        elif not parts:
            self.cleared.add(at)
        for attributes, paragraph in zip(parts[::2], parts[1::2], strict=True):
            # The name of who speaks is not spoken.
            if not _SOURCE.search(attributes):
                name = _CLASS.search(attributes)
                self.shown[name[1].upper() if name else self.first_class][at].append(_text(paragraph))

    def events(self, name: str) -> Iterator[Event]:
        """Give the events of a class by their start."""
        shown = self.shown[name]
        starts = sorted({*shown, *self.cleared})
        for start, following in zip(starts, [*starts[1:], None], strict=True):
            text = "\n".join(filter(None, shown.get(start, ())))
            if text:
                ends = [end for end in (following, self.stated_end.get(start)) if end is not None]
                yield Event(start / 1000, min(ends, default=start + _reading_ms(text)) / 1000, text)


def _reading_ms(text: str) -> int:
    """Guess how long an event lasts that nothing ends, at 15 characters a second, as pysubs2 does."""
    return 500 + 67 * len(text)


def _text(content: str) -> str:
    """Take the text of a paragraph, with its line breaks and italics."""
    text = _ITALIC.sub(r"<\1i>", _BREAK.sub("\n", " ".join(content.split())))
    lines = (" ".join(line.split()) for line in html.unescape(_TAG.sub("", text)).split("\n"))
    return "\n".join(line for line in lines if _ITALIC.sub("", line).strip())
