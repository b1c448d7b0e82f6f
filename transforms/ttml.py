"""TTML (DFXP, IMSC, iTT) into events, with ttconv's arithmetic of time expressions.

ttconv's own reader is not used: it starts an event whose ``begin`` it cannot read at zero, drops events without a
duration unseen, refuses the namespaces of DFXP, and stops at some styles, none of which matter here.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from fractions import Fraction

from ttconv.imsc import attributes, namespaces

from transforms.events import Event, Events
from transforms.records import InputError
from transforms.timecode import frame_rate

_PARAMETER = f"{{{namespaces.TTP}}}"
_Window = tuple[Fraction, Fraction | None]


def read_ttml(text: str) -> Events:
    """Read the events of a TTML document.

    Raises:
        InputError: it is not XML or not TTML, or counts time in a way that cannot be placed on the title's timeline.
    """
    try:
        root = ET.fromstring(re.sub(r"\A\s*<\?xml[^>]*\?>", "", text).strip())
        clock = _ttml_clock(root)
        paragraphs = list(_paragraphs(root, (Fraction(0), None), clock))
    except ET.ParseError as error:
        raise InputError(f"not well-formed XML ({error}): export it again") from error
    except RecursionError as error:
        raise InputError("its elements are nested too deeply: export it again") from error
    except (ValueError, ArithmeticError) as error:
        raise InputError(f"its TTML cannot be timed ({error}): export it with media times") from error
    events, unreadable = [], 0
    for paragraph, window in paragraphs:
        try:
            events += _paragraph_events(paragraph, window, clock)
        except (ValueError, ArithmeticError, RecursionError):
            unreadable += 1
    return Events(tuple(events), unreadable, _frame_rate_warning(root, text))


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _parameters(root: ET.Element) -> dict[str, str]:
    """Take the timing parameters by their local names: the drafts of 2006 had other namespaces."""
    return {_local(name): value for name, value in root.attrib.items() if "#parameter}" in name}


def _ttml_clock(root: ET.Element) -> attributes.TemporalAttributeParsingContext:
    """Read how the document counts time (TTML 1, 6.2), as ttconv's context."""
    if _local(root.tag) != "tt":
        raise ValueError(f"its root is <{_local(root.tag)}>, not <tt>")
    if any(element.get("timeContainer") == "seq" for element in root.iter()):
        raise ValueError("sequential time containers")
    found = _parameters(root)
    holder = ET.Element("tt", {_PARAMETER + name: value for name, value in found.items()})
    bases = (attributes.TimeBaseAttribute.extract(holder), attributes.DropModeAttribute.extract(holder))
    return attributes.TemporalAttributeParsingContext(*_rates(found), *bases)


def _rates(found: Mapping[str, str]) -> tuple[Fraction, Fraction]:
    """Read the effective frame and tick rates, of which ttconv misreads what real files hold.

    A tick without ``tickRate`` is a frame where a frame rate is stated (ttconv: a second); old files write a multiplier
    as ``1000:1001`` (ttconv: 1), and others a frame rate as ``23.976`` (ttconv: 23).
    """
    frames = frame_rate(float(found.get("frameRate", "30")))
    multiplier = re.fullmatch(r"(\d+)[ :](\d+)", found.get("frameRateMultiplier", "1 1").strip())
    if not multiplier:
        raise ValueError("its ttp:frameRateMultiplier cannot be read")
    if frames.denominator == 1:
        frames *= Fraction(int(multiplier[1]), int(multiplier[2]))
    ticks = Fraction(found["tickRate"]) if "tickRate" in found else frames if "frameRate" in found else Fraction(1)
    if not (frames > 0 and ticks > 0):
        raise ValueError("a frame or tick rate of 0")
    return frames, ticks


def _frame_rate_warning(root: ET.Element, text: str) -> tuple[str, ...]:
    if "frameRate" in _parameters(root) or not re.search(r"""begin=["'](\d+f|\d+:\d+:\d+:\d+)["']""", text):
        return ()
    return ("its times count frames but it states no ttp:frameRate: read at 30 per second, TTML's default",)


def _seconds(element: ET.Element, name: str, clock: attributes.TemporalAttributeParsingContext) -> Fraction | None:
    value = element.get(name)
    if value is None:
        return None
    expression = re.sub(r"^(\d):", r"0\1:", value.strip()).replace(",", ".")
    return Fraction(attributes.parse_time_expression(clock, expression))


def _window(element: ET.Element, parent: _Window, clock: attributes.TemporalAttributeParsingContext) -> _Window:
    """Place an element in its parent's time: begin and end count from the parent's begin, and end with it."""
    begin, end, duration = (_seconds(element, name, clock) for name in ("begin", "end", "dur"))
    start = parent[0] + (begin or 0)
    ends = [parent[1], None if end is None else parent[0] + end, None if duration is None else start + duration]
    return start, min((e for e in ends if e is not None), default=None)


def _paragraphs(
    element: ET.Element, parent: _Window, clock: attributes.TemporalAttributeParsingContext
) -> Iterator[tuple[ET.Element, _Window]]:
    """Yield the document's ``p`` elements, each with the window of the element that holds it."""
    for child in element:
        if _local(child.tag) == "p":
            yield child, parent
        elif _local(child.tag) in ("body", "div"):
            yield from _paragraphs(child, _window(child, parent, clock), clock)


def _paragraph_events(
    paragraph: ET.Element, parent: _Window, clock: attributes.TemporalAttributeParsingContext
) -> list[Event]:
    """Give one event for every window that the text of a ``p`` lies in: its own, or those of its timed spans."""
    texts: dict[_Window, str] = {}
    for window, piece in _pieces(paragraph, parent, clock):
        texts[window] = texts.get(window, "") + piece
    events = []
    for (start, end), text in texts.items():
        if text.strip() and end is None:
            raise ValueError("an event without an end")
        if text.strip() and end is not None:
            events.append(Event(float(start), float(end), text.strip()))
    return events


def _pieces(
    element: ET.Element, parent: _Window, clock: attributes.TemporalAttributeParsingContext
) -> Iterator[tuple[_Window, str]]:
    window = _window(element, parent, clock)
    yield window, re.sub(r"\s+", " ", element.text or "")
    for child in element:
        if _local(child.tag) == "br":
            yield window, "\n"
        elif _local(child.tag) == "span":
            yield from _pieces(child, window, clock)
        yield window, re.sub(r"\s+", " ", child.tail or "")
