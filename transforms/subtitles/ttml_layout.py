"""What the styles and regions of a TTML document say of an element: how it is written, and where it stands."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ttconv.imsc.attributes import CellResolutionAttribute
from ttconv.imsc.namespaces import TTP, XML
from ttconv.imsc.utils import parse_length, parse_position

Styles = Mapping[str, str]
_ID = f"{{{XML}}}id"
_ALIGNED = {"before": 0.0, "center": 0.5, "justify": 0.5, "after": 1.0}


def local(name: str) -> str:
    """Take a name without its namespace, of which the drafts had others."""
    return name.rpartition("}")[2]


@dataclass(frozen=True)
class Layout:
    """The styles and regions of a document."""

    root: ET.Element

    @cached_property
    def _by_id(self) -> dict[str, ET.Element]:
        return {e.attrib[_ID]: e for e in self.root.iter() if local(e.tag) in ("style", "region") and _ID in e.attrib}

    def styles(self, element: ET.Element) -> Styles:
        """Give an element's own styles: those it refers to, those nested in it, and its attributes, which win."""
        return dict(self._own(element, frozenset()))

    def _own(self, element: ET.Element, seen: frozenset[str]) -> Iterator[tuple[str, str]]:
        for name in element.get("style", "").split():
            if name in self._by_id and name not in seen:
                yield from self._own(self._by_id[name], seen | {name})
        for child in element:
            if local(child.tag) == "style" and local(element.tag) == "region":
                yield from self._own(child, seen)
        yield from ((local(name), value.strip()) for name, value in element.attrib.items() if "#styl" in name)

    def region(self, element: ET.Element) -> Styles | None:
        """Give the styles of the region that an element names, holds, or is: nothing where it has none of its own."""
        for child in element:
            if local(child.tag) == "region":
                return self.styles(child)
        named = self._by_id.get(element.get("region", ""))
        if named is not None:
            return self.styles(named)
        own = self.styles(element)
        return own if "origin" in own or "position" in own else None

    def is_at_top(self, region: Styles) -> bool:
        """Tell whether the text of a region stands in the upper half of the picture; False where it is not said."""
        if not region.keys() & {"origin", "position", "extent", "displayAlign"}:
            return False
        try:
            height = self._percent(region.get("extent", "auto"), 100.0)
            top = self._percent(region.get("origin", "auto"), 0.0)
            if "position" in region:
                top = self._positioned(region["position"], height)
        except (ValueError, IndexError):
            return False
        return top + height * _ALIGNED.get(region.get("displayAlign", "before"), 0.0) < 50

    def _percent(self, lengths: str, default: float) -> float:
        """Convert the second of two lengths to percent of the picture's height."""
        return default if lengths == "auto" else self._share(*parse_length(lengths.split()[1]))

    def _share(self, value: float, unit: str) -> float:
        if unit in ("%", "rh"):
            return value
        if unit == "c":
            return 100 * value / self._rows
        if unit == "px" and self._height:
            return 100 * value / self._height
        raise ValueError("a length that the picture's height is not known for")

    def _positioned(self, position: str, height: float) -> float:
        """Convert ``tts:position`` (TTML 2), of which percentages are of what the region leaves free."""
        _, _, edge, offset = parse_position(position)
        free = 100 - height
        value, unit = offset.value, offset.units.value
        distance = value * free / 100 if unit == "%" else self._share(value, unit)
        return float(free - distance if edge == "bottom" else distance)

    @cached_property
    def _rows(self) -> int:
        found = next((value for name, value in self.root.attrib.items() if local(name) == "cellResolution"), "")
        holder = ET.Element("tt", {f"{{{TTP}}}cellResolution": found} if found else {})
        return int(CellResolutionAttribute.extract(holder).rows)

    @cached_property
    def _height(self) -> float:
        extent = self.styles(self.root).get("extent", "").split()
        return float(extent[1][:-2]) if len(extent) == 2 and extent[1].endswith("px") else 0.0
