"""How a TTML document counts time (TTML 1, 6.2 and 10.3), with ttconv's arithmetic of time expressions."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ttconv.imsc import attributes, namespaces

from transforms.text.timecode import frame_rate

Window = tuple[Fraction, Fraction | None]

_PARAMETER = f"{{{namespaces.TTP}}}"
_SUB_FRAMES = re.compile(r"(\d+:\d\d:\d\d:\d+)\.(\d+)")


@dataclass(frozen=True)
class Times:
    """What the time expressions of a document mean; sub_frames: how many a frame has."""

    context: attributes.TemporalAttributeParsingContext
    sub_frames: int
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, root: ET.Element) -> Times:
        """Read the timing parameters by their local names: the drafts of 2006 had other namespaces.

        Raises:
            ValueError, ArithmeticError: a parameter cannot be read.
        """
        found = {name.rpartition("}")[2]: value for name, value in root.attrib.items() if "#parameter}" in name}
        is_clock = found.get("timeBase") == "clock"
        holder = ET.Element("tt", {_PARAMETER + name: value for name, value in found.items() if name != "timeBase"})
        holder.set(_PARAMETER + "timeBase", "media" if is_clock else found.get("timeBase", "media"))
        bases = (attributes.TimeBaseAttribute.extract(holder), attributes.DropModeAttribute.extract(holder))
        context = attributes.TemporalAttributeParsingContext(*_rates(found), *bases)
        warnings = ["its times are those of a clock (ttp:timeBase): taken as they are written"] if is_clock else []
        if "frameRate" not in found and any(map(_counts_frames, root.iter())):
            warnings.append("its times count frames but it states no ttp:frameRate: read at 30 per second, the default")
        return cls(context, int(found.get("subFrameRate", "1")), tuple(warnings))

    @property
    def hour_s(self) -> float:
        """What an hour lasts: SMPTE timecode runs 0.1 % slow at 1000/1001 of a whole rate."""
        return float(self._seconds("01:00:00:00") or 0)

    def window(self, element: ET.Element, parent: Window) -> Window:
        """Place an element in its parent's time: begin and end count from the parent's begin, and end with it."""
        begin, end, duration = (self._seconds(element.get(name)) for name in ("begin", "end", "dur"))
        start = parent[0] + (begin or 0)
        ends = [parent[1], None if end is None else parent[0] + end, None if duration is None else start + duration]
        return start, min((e for e in ends if e is not None), default=None)

    def _seconds(self, value: str | None) -> Fraction | None:
        if value is None:
            return None
        expression = re.sub(r"^(\d):", r"0\1:", value.strip()).replace(",", ".").replace(";", ":")
        parted = _SUB_FRAMES.fullmatch(expression)
        if not parted:
            return Fraction(attributes.parse_time_expression(self.context, expression))
        if int(parted[2]) >= self.sub_frames:
            raise ValueError("a sub-frame number beyond the sub-frame rate")
        whole = Fraction(attributes.parse_time_expression(self.context, parted[1]))
        return whole + Fraction(int(parted[2]), self.sub_frames) / Fraction(self.context.frame_rate)


def _counts_frames(element: ET.Element) -> bool:
    return bool(re.fullmatch(r"\d+f|\d+:\d+:\d+:\d+", element.get("begin", "").strip()))


def _rates(found: Mapping[str, str]) -> tuple[Fraction, Fraction]:
    """Read the effective frame and tick rates, of which ttconv misreads what real files hold.

    A tick without ``tickRate`` is a frame where a frame rate is stated (ttconv: a second); old files write a multiplier
    as ``1000:1001`` (ttconv: 1), iTunes' as ``999 1000``, and others a frame rate as ``23.976`` (ttconv: 23).
    """
    frames = frame_rate(float(found.get("frameRate", "30")))
    multiplier = re.fullmatch(r"(\d+)[ :](\d+)", found.get("frameRateMultiplier", "1 1").strip())
    if not multiplier:
        raise ValueError("its ttp:frameRateMultiplier cannot be read")
    if frames.denominator == 1:
        frames *= Fraction(int(multiplier[1]), int(multiplier[2]))
    ntsc = round(frames) * Fraction(1000, 1001)
    is_dropped = found.get("timeBase") == "smpte" and found.get("dropMode") == "dropNTSC"
    if abs(frames - ntsc) < Fraction(1, 1000) or (is_dropped and frames.denominator == 1):
        frames = ntsc
    frame_ticks = frames * int(found.get("subFrameRate", "1")) if "frameRate" in found else Fraction(1)
    ticks = Fraction(found["tickRate"]) if "tickRate" in found else frame_ticks
    if not (frames > 0 and ticks > 0):
        raise ValueError("a frame or tick rate of 0")
    return frames, ticks
