"""Read what studios call their channels, and say which channel is which when a title's sound lies in several pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import av

from transforms.records import InputError
from transforms.sound.downmix import COEFFICIENTS, UNUSED, is_stated

# By FFmpeg's name: film (SMPTE ST 428-12), broadcast (ITU-R BS.2051), Dolby, DTS and Auro say it so. Ls Rs are the side
# pair where 7.1 has a rear one, too (Lss Rss, Lrs Rrs); the two mix alike.
STUDIO_WORDS = {
    "FL": "L Left",
    "FR": "R Right",
    "FC": "C Center Centre M Mono",
    "LFE": "LFE1 Sub Subwoofer",
    "SL": "Ls Lss",
    "SR": "Rs Rss",
    "BL": "Lrs Lsr Lb Lbs Lr",
    "BR": "Rrs Rsr Rb Rbs Rr",
    "BC": "S Cs Cb Cr",
    "FLC": "Lc",
    "FRC": "Rc",
    "WL": "Lw",
    "WR": "Rw",
    "TFL": "Ltf Lvh Lh Hl",
    "TFR": "Rtf Rvh Rh Hr",
    "TFC": "Ctf Cvh Ch Hc",
    "TSL": "Ltm Lts",
    "TSR": "Rtm Rts",
    "TBL": "Ltr Ltb Lhs Hls",
    "TBR": "Rtr Rtb Rhs Hrs",
    "TBC": "Ctr Ctb Chs",
    "TC": "Ts VoG",
    "DL": "Lt Lo",
    "DR": "Rt Ro",
    UNUSED: "Unused",
}
CHANNEL_WORDS = {name.lower(): name for name in COEFFICIENTS} | {
    word.lower(): name for name, words in STUDIO_WORDS.items() for word in words.split()
}
LEFT_OUT = "-"
LAYOUT_ALIASES = {"1": "mono", "1.0": "mono", "2": "stereo", "2.0": "stereo"}
ENDING = re.compile(r"(?:^|[ _.\-(\[])([A-Za-z]+[0-9]*)[)\]]?$")


def channel_names(wanted: str | Sequence[str]) -> tuple[str, ...]:
    """Give FFmpeg's names of the channels that a text or a list of words names, in its order.

    It holds names of channels (``L R C LFE Ls Rs``; ``FL FR``), of layouts as FFmpeg has them (``5.1(side)``) or both
    (``5.1 Lt Rt``), in any case, and ``-`` or ``unused`` for a channel that is to be left out.

    Raises:
        InputError: a word is no channel, a channel is named twice, or none is left to be heard.
    """
    text = wanted if isinstance(wanted, str) else " ".join(wanted)
    names = _layout(text.strip()) or tuple(chain.from_iterable(map(_expanded, re.findall(r"[^\s,;+/|]+", text))))
    if twice := sorted({name for name in names if name != UNUSED and names.count(name) > 1}):
        raise InputError(f"names {' and '.join(twice)} twice; name each channel once, or - for one to leave out")
    if names and set(names) == {UNUSED}:
        raise InputError("leaves all channels out; name those that are to be heard")
    return names


def layout_of_names(paths: Sequence[str]) -> tuple[str, ...] | None:
    """Give the channel that each file's name ends in (``Film_Ls.wav``, ``Film.LFE.wav``); None if not all do so.

    That also is None if two end in the same one, as they are no channels of one programme then.
    """
    stems = [re.split(r"[/\\]", path)[-1].rsplit(".", 1)[0] for path in paths]
    endings = [ENDING.search(stem) for stem in stems]
    names = tuple(CHANNEL_WORDS.get(ending[1].lower(), "") for ending in endings if ending)
    return names if len(paths) == len(names) == len(set(names)) and all(names) else None


def joined_layout(
    stated: Sequence[tuple[str, ...]], paths: Sequence[str], wanted: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Give the layout of a title's sources put together, in order of files, tracks, channels.

    stated: the layout of each source as its file has it; wanted: FFmpeg's names as the catalog states them. The catalog
    comes before the names of files that hold a channel each, and these before what is stated in the files. Names that
    repeat (a mono file often states FC, whatever it holds) say nothing: then all are ``NONE``, to be assumed by count.

    Raises:
        InputError: the catalog names more or fewer channels than there are.
    """
    total = sum(map(len, stated))
    if wanted:
        if len(wanted) != total:
            raise InputError(
                f"audio_layout names {len(wanted)} channels ({' '.join(wanted)}), but the sound has {total}; "
                "name each once, in order of files, tracks and channels, with - for one to leave out"
            )
        return wanted
    if len(stated) == 1:
        return stated[0]
    if len(paths) == len(stated) == total and (names := layout_of_names(paths)):
        return names
    together = tuple(chain.from_iterable(stated))
    return together if len(set(together)) == total and is_stated(together) else ("NONE",) * total


def _expanded(word: str) -> tuple[str, ...]:
    if word == LEFT_OUT:
        return (UNUSED,)
    if layout := _layout(word):
        return layout
    parts = [part for part in word.split("-") if part]  # L-R-C
    for part in parts:
        if part.lower() not in CHANNEL_WORDS:
            raise InputError(
                f"names {part[:40]!r}, which is no known channel; give L R C LFE Ls Rs Lrs Rrs Cs Lt Rt Ltf …, "
                "FFmpeg's names (FL FR FC BL …) or a layout (stereo, 5.1, 7.1.4)"
            )
    return tuple(CHANNEL_WORDS[part.lower()] for part in parts)


def _layout(text: str) -> tuple[str, ...]:
    """Give the channels of a layout that FFmpeg has a name for; none if it has none."""
    name = LAYOUT_ALIASES.get(text.lower(), text.lower())
    try:
        layout = av.AudioLayout(name)
    except (ValueError, av.error.FFmpegError):
        return ()
    names = tuple(channel.name for channel in layout.channels)
    # The same name: FFmpeg also reads masks and counts ("0x3", "4C").
    return names if layout.name == name and set(names) <= COEFFICIENTS.keys() else ()
