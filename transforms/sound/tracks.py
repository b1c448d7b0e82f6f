"""Choose among a file's audio tracks: the programme, not its commentary, and all channels of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import langcodes
from av.audio.stream import AudioStream
from av.stream import Disposition
from langcodes.tag_parser import LanguageTagError

from transforms.records import InputError
from transforms.sound.downmix import is_stated

# FFmpeg's dispositions of sound that is not the programme as most hear it.
ASIDE = (
    Disposition.comment
    | Disposition.visual_impaired
    | Disposition.descriptions
    | Disposition.clean_effects
    | Disposition.karaoke
    | Disposition.lyrics
    | Disposition.dependent
)
# The same in the words of those who title tracks: commentary; audio description; no dialogue.
ASIDE_WORDS = (
    r"comment(ary|aries|aires?|ators?|i|o)|coment[áa]rios?|(audio)?kommentar(e|er|en)?|kommentti|koment[áa][řr]z?",
    r"комментари[йи]",
    r"dvs|(?-i:AD)|((audio|video)[ -]?)?descri(ptions?|ptive|bed|pci[óo]n|[çc][ãa]o|zione)",
    r"audiodes[ck]ri(ption|ptions|pci[óo]n|[çc][ãa]o|zione)|audiodeskry?i?p(tion|cja|ce)|h(ö|oe|o)rfilm(fassung)?",
    r"bildbeschreibung|syntolk(ning)?|kuvailutulkkaus|malvoyants?|тифлокомментари[йи]",
    r"m ?[&+] ?e|music (and|&) effects|music only|isolated (score|music)|clean effects|international sound|karaoke",
)
# Whole words, of which an underscore is no part; scripts without spaces have no such bounds.
ASIDE_TITLE = re.compile(
    rf"(?<![^\W_])({'|'.join(ASIDE_WORDS)})(?![^\W_])|コメンタリー|音声解説|评论音轨|解说", re.IGNORECASE
)
UNTITLED = {"soundhandler", "core media audio", "apple sound media handler"}
UNMARKED = Disposition(0)
# Files of production, whose tracks often are single channels. Elsewhere only lossless sound is kept so: a coded mono
# track is a whole programme.
PRODUCTION_FORMATS = ("mov", "mxf", "gxf")
NO_LANGUAGE = {"", "und", "mis", "mul", "zxx"}


@dataclass(frozen=True)
class TrackInfo:
    """What a file says of an audio track.

    index: among its audio tracks; layout: FFmpeg's names, ``NONE`` where unstated, empty if FFmpeg cannot decode the
    track; may_be_part: a mono track may hold one channel of the programme.
    """

    index: int
    layout: tuple[str, ...] = ("FL", "FR")
    language: str = ""
    title: str = ""
    marks: Disposition = UNMARKED
    may_be_part: bool = True

    @property
    def channels(self) -> int:
        """How many channels the track holds."""
        return len(self.layout)

    @property
    def rank(self) -> int:
        """How far aside it is: 0 the programme, 1 that for the hard of hearing, 2 commentary and such, 3 unreadable."""
        if not self.layout:
            return 3
        if self.marks & ASIDE or ASIDE_TITLE.search(self.title):
            return 2
        return 1 if self.marks & Disposition.hearing_impaired else 0


@dataclass(frozen=True)
class Choice:
    """Indices of the tracks to put together, in their order; the warning says what of it was guessed, if anything."""

    indices: tuple[int, ...]
    warning: str = ""


def describe(stream: AudioStream) -> TrackInfo:
    """Say what an opened file tells of one of its audio tracks."""
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    codec = stream.codec_context.codec if stream.codec_context else None
    titles = (tags.get(key, "") for key in ("title", "name", "handler_name"))
    return TrackInfo(
        index=[track.index for track in stream.container.streams.audio].index(stream.index),
        layout=tuple(channel.name for channel in stream.layout.channels) if codec else (),
        language=stream.language or "",
        title=", ".join(title for title in titles if title and title.lower() not in UNTITLED),
        marks=Disposition(stream.disposition),
        may_be_part=bool(codec and codec.lossless) or stream.container.format.name.startswith(PRODUCTION_FORMATS),
    )


def choose_tracks(tracks: Sequence[TrackInfo], wanted: Sequence[str] = (), channels: int = 0) -> Choice:
    """Choose the tracks that hold the programme.

    wanted: indices, which are obeyed, or languages in ISO 639-1, 639-2 or BCP 47; nothing for the file's own default.
    channels: how many the programme has, where the catalog says so; 0 where it does not.

    Of several tracks that fit, one for all comes before one for the hard of hearing, and that before commentary, audio
    description or effects alone; then the one that is flagged as default, then the first.

    Mono tracks of one language are channels of one programme, as MXF and QuickTime files hold them: as many as the
    catalog says, or as have different names. Where neither tells, two are left and right, and six are 5.1. Eight are
    taken for 5.1 and its stereo mix, as streaming services have it delivered (L R C LFE Ls Rs, then Lt Rt; ITU-R
    BS.1384): the first six. Of any other number the first two are, where EBU R 48 puts the complete stereo mix. Some
    broadcasters fill eight with pairs in several languages: where tracks are left out, a warning says so.

    Raises:
        InputError: there is no audio track, not the one that is wanted, or it is of an unknown codec.
    """
    if not tracks:
        raise InputError("holds no audio track; deliver a file with sound")
    choices = [_wanted(tracks, want.strip(), channels) for want in wanted] or [_programme(tracks, channels)]
    indices = tuple(chain.from_iterable(choice.indices for choice in choices))
    if unreadable := [track.index for track in tracks if track.index in indices and not track.layout]:
        raise InputError(f"audio track {_listed(unreadable)} is of a codec that FFmpeg cannot decode; deliver another")
    if len(set(indices)) < len(indices):
        raise InputError(f"audio_track names a track twice: {'; '.join(wanted)} are {_listed(indices)}")
    return Choice(indices, "; ".join(filter(None, (choice.warning for choice in choices))))


def _wanted(tracks: Sequence[TrackInfo], want: str, channels: int) -> Choice:
    if want in (str(track.index) for track in tracks):
        return Choice((int(want),))
    spoken = [(fit, track) for track in tracks if (fit := _fit(want, track.language)) is not None]
    if not spoken:
        held = ", ".join(f"{track.index} ({track.language or 'no language'})" for track in tracks)
        raise InputError(f"has no audio track {want!r}; it holds: {held}")
    nearest = min((track.rank, fit) for fit, track in spoken)
    return _programme([track for fit, track in spoken if (track.rank, fit) == nearest], channels)


def _programme(tracks: Sequence[TrackInfo], stated: int) -> Choice:
    first = min(tracks, key=lambda track: (track.rank, not track.marks & Disposition.default, track.index))
    channels = list(_siblings(tracks, first))
    named = _named(channels)
    # A default that is not the first of unnamed ones is one of several to choose from.
    if first not in channels or len(channels) == 1 or not (named or channels[0] == first):
        return Choice((first.index,))
    if 0 < stated <= len(channels):
        return Choice(tuple(track.index for track in channels[:stated]))
    count = named or {2: 2, 6: 6, 8: 6}.get(len(channels), 2)
    taken, left = channels[:count], channels[count:]
    indices = tuple(track.index for track in taken)
    if not left:
        return Choice(indices)
    return Choice(
        indices,
        f"has {len(channels)} mono tracks: {_listed(indices)} were taken for the channels of the programme, and "
        f"{_listed([track.index for track in left])} left out; state audio_track or audio_layout if that is wrong",
    )


def _siblings(tracks: Sequence[TrackInfo], first: TrackInfo) -> Iterator[TrackInfo]:
    language = _tag(first.language)
    for track in tracks:
        if track.channels == 1 and track.may_be_part and (track.rank, _tag(track.language)) == (first.rank, language):
            yield track


def _named(channels: Sequence[TrackInfo]) -> int:
    """Count the mono tracks up to the first whose channel had been named before; 0 if the names tell nothing."""
    names = [track.layout[0] for track in channels]
    count = next((at for at, name in enumerate(names) if name in names[:at]), len(names))
    return count if count > 1 and all(is_stated((name,)) for name in names) else 0


def _fit(wanted: str, held: str) -> tuple[int, int] | None:
    """Tell how well a track's language is the one that is wanted: smaller is better, None is another language."""
    if held and wanted.casefold() == held.casefold():
        return 0, 0
    ours, theirs = _tag(wanted), _tag(held)
    if not (ours and theirs):
        return None
    want, has = langcodes.Language.get(ours), langcodes.Language.get(theirs)
    distance = langcodes.tag_distance(want, has, ignore_script=True)
    if want.language != has.language and distance > 1:  # no and nb are one language to CLDR
        return None
    if not want.territory:
        return 0, 0
    return (0 if has.territory == want.territory else 1 if not has.territory else 2), distance


def _tag(language: str) -> str:
    """Give the BCP 47 tag of a language: fr for fra, fre and fr, zh for cmn; empty if it is unknown or none at all."""
    try:
        tag = langcodes.standardize_tag(language.strip(), macro=True)
    except LanguageTagError:
        return ""
    return "" if tag in NO_LANGUAGE else tag


def _listed(indices: Sequence[int]) -> str:
    return ", ".join(map(str, indices))
