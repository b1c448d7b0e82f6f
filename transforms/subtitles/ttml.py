"""TTML (DFXP, IMSC, EBU-TT-D, SMPTE-TT, iTT) into events.

ttconv's own reader is not used: it starts an event whose ``begin`` it cannot read at zero, drops events without a
duration unseen, refuses the namespaces of DFXP, and stops at some styles, none of which matter here.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from ttconv.imsc.namespaces import XML

from transforms.records import InputError
from transforms.subtitles.events import Event, Events
from transforms.subtitles.ttml_layout import Layout, local
from transforms.subtitles.ttml_times import Times, Window


def read_ttml(text: str) -> Events:
    """Read the events of a TTML document.

    Raises:
        InputError: it is not XML or not TTML, holds pictures of text, or counts time in a way that cannot be read.
    """
    try:
        root = ET.fromstring(re.sub(r"\A\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff")).strip())
        if local(root.tag) != "tt":
            raise InputError(f"its root is <{local(root.tag)}>, not <tt>: deliver TTML")
        has_sequences = any(element.get("timeContainer") == "seq" for element in root.iter())
        document = _Document(Times.of(root), Layout(root), has_sequences)
        paragraphs = list(document.paragraphs(root, document.enter(root, _Setting((Fraction(0), None)))))
    except InputError:
        raise
    except ET.ParseError as error:
        raise InputError(f"not well-formed XML ({error}): export it again") from error
    except RecursionError as error:
        raise InputError("its elements are nested too deeply: export it again") from error
    except (ValueError, ArithmeticError) as error:
        raise InputError(f"its TTML cannot be timed ({error}): export it with media times") from error
    events, unreadable = [], 0
    for paragraph, setting in paragraphs:
        try:
            events += _events(document.pieces(paragraph, setting))
        except (ValueError, ArithmeticError, RecursionError):
            unreadable += 1
    if not events and not unreadable and any(map(_is_picture, root.iter())):
        raise InputError("it holds pictures of its text (an image profile): deliver a text profile")
    return Events(tuple(events), unreadable, document.times.warnings, document.times.hour_s)


def _is_picture(element: ET.Element) -> bool:
    return local(element.tag) == "image" or any(local(name) == "backgroundImage" for name in element.attrib)


@dataclass(frozen=True)
class _Setting:
    """What an element hands down to those in it: the window of its time, its font and place, its white space."""

    window: Window
    font: str = "normal"
    visible: bool = True
    at_top: bool = False
    keeps_space: bool = False

    def text(self, text: str | None) -> str:
        return "" if not text or not self.visible else text if self.keeps_space else re.sub(r"\s+", " ", text)


_Piece = tuple[_Setting, str]


@dataclass(frozen=True)
class _Document:
    times: Times
    layout: Layout
    has_sequences: bool

    def enter(self, element: ET.Element, parent: _Setting) -> _Setting:
        """Take over what an element changes; the styles of a region go behind those of what is in it."""
        region, own = self.layout.region(element), self.layout.styles(element)
        styles = {**(region or {}), **own}
        visibility = styles.get("visibility", "visible" if parent.visible else "hidden")
        space = element.get(f"{{{XML}}}space", "preserve" if parent.keeps_space else "default")
        return _Setting(
            self.times.window(element, parent.window),
            styles.get("fontStyle", parent.font),
            visibility != "hidden" and "none" not in (own.get("display"), (region or {}).get("display")),
            parent.at_top if region is None else self.layout.is_at_top(region),
            space == "preserve",
        )

    def paragraphs(
        self, element: ET.Element, setting: _Setting
    ) -> Generator[tuple[ET.Element, _Setting], None, Fraction]:
        """Yield the ``p`` elements, each with what it is handed down, and return when the element ends."""
        ends, here = [setting.window[0]], setting
        for child in element:
            if local(child.tag) == "p":
                yield child, here
                if self.has_sequences:
                    ends.append(_returned(self.pieces(child, here)))
            elif local(child.tag) in ("body", "div"):
                ends.append((yield from self.paragraphs(child, self.enter(child, here))))
            here = _following(element, here, ends[-1])
        return max(ends) if setting.window[1] is None else setting.window[1]

    def pieces(self, element: ET.Element, parent: _Setting) -> Generator[_Piece, None, Fraction]:
        """Yield the text of an element piece by piece, each with its setting, and return when the element ends."""
        setting = here = self.enter(element, parent)
        ends = [setting.window[0]]
        yield setting, setting.text(element.text)
        for child in element:
            if local(child.tag) == "br":
                yield setting, "\n"
            elif local(child.tag) == "span" and not self._is_reading(child):
                ends.append((yield from self.pieces(child, here)))
                here = _following(element, here, ends[-1])
            yield setting, setting.text(child.tail)
        return max(ends) if setting.window[1] is None else setting.window[1]

    def _is_reading(self, element: ET.Element) -> bool:
        """Tell whether a span says how its ruby base is read: that text stands there already."""
        return self.layout.styles(element).get("ruby") in ("text", "textContainer", "delimiter")


def _returned(generator: Generator[object, None, Fraction]) -> Fraction:
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return Fraction(stop.value)


def _following(container: ET.Element, setting: _Setting, end: Fraction) -> _Setting:
    """Hand down what the next child starts from: the end of the one before in a sequence, else the same again."""
    in_sequence = container.get("timeContainer") == "seq"
    return replace(setting, window=(end, setting.window[1])) if in_sequence else setting


def _events(pieces: Iterable[_Piece]) -> list[Event]:
    """Give one event for every window that the text of a ``p`` lies in: its own, or those of its timed spans."""
    found: dict[Window, list[_Piece]] = {}
    for setting, text in pieces:
        found.setdefault(setting.window, []).append((setting, text))
    events = []
    for (start, end), own in found.items():
        text = _text(own)
        if text and end is None:
            raise ValueError("an event without an end")
        if text and end is not None:
            events.append(Event(float(start), float(end), text, own[0][0].at_top))
    return events


def _text(pieces: Iterable[_Piece]) -> str:
    """Join pieces, with those in italics in ``<i>``."""
    runs = groupby((piece for piece in pieces if piece[1]), key=lambda piece: piece[0].font in ("italic", "oblique"))
    joined = ((slanted, "".join(text for _, text in run)) for slanted, run in runs)
    text = "".join(f"<i>{text}</i>" if slanted and text.strip() else text for slanted, text in joined)
    return re.sub(r"[ \t]*\n[ \t]*", "\n", text).strip()
