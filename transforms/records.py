"""What flows through the pipelines: small frozen records that always carry their title's identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from transforms.frames import frame_count

# What a model, annotations and truth are of unless they say otherwise.
CLASSES: tuple[str, ...] = ("speech", "music")
SPLITS = ("train", "valid", "test")
Severity = Literal["error", "warning"]


class InputError(ValueError):
    """An input that cannot be used; the message says what is wrong with it and what to do."""


@dataclass(frozen=True)
class Title:
    """One row of a catalog, with its paths made absolute. ``extra`` holds the columns that are passed through.

    audio: one file, or several that hold a channel or a pair each. audio_track: none, one, or as many as hold a channel
    or a pair each. audio_layout: the channels' names in order of files, tracks, channels; empty: as the files say.
    subtitle_kind: one for all subtitle files, or one for each. annotated: the classes that annotations and truth were
    made for; empty: speech, music, and those they name. work: an id that the versions of one work share, as an EIDR.
    """

    title_id: str
    audio: tuple[str, ...]
    language: str = ""
    series: str = ""
    split: str = ""
    subtitles: tuple[str, ...] = ()
    subtitle_kind: tuple[str, ...] = ()
    cue_sheet: str = ""
    cue_sheet_fps: float | None = None
    cue_sheet_start: str = ""
    annotations: str = ""
    annotated: tuple[str, ...] = ()
    truth: str = ""
    audio_track: tuple[str, ...] = ()
    audio_layout: tuple[str, ...] = ()
    genre: str = ""
    work: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    input_digest: str = ""

    @property
    def uri(self) -> str:
        """Where the sound lies, as a catalog writes it."""
        return ";".join(self.audio)


@dataclass(frozen=True)
class Interval:
    """A half-open stretch of time [start_s, end_s) on a title's timeline, and what is claimed of it.

    kind: from timed text ``dialogue`` (spoken), ``lyrics`` (sung: speech and music) and ``NAME_description`` of what
    is in brackets, NAME being ``music``, ``singing``, ``speech`` (that is not transcribed), ``effects``, ``other``,
    the first three with ``_end`` where they stop, or words of the user's own; from a cue sheet ``cue`` or
    ``vocal_cue``; from the sound ``quiet``; from annotations and truth a class name.
    """

    start_s: float
    end_s: float
    kind: str


@dataclass(frozen=True)
class Sync:
    """How a file's times fit the sound: its time t belongs at rate · t + offset_s on the title's timeline.

    score: in standard deviations above chance; NaN where nothing could be compared. verdict: ``kept`` as it is (but for
    whole hours), ``moved``, ``doubtful`` and kept with less weight, ``refused``, ``torn`` (parts of it belong at
    different places) and left out, too, or ``untested``.
    """

    offset_s: float
    rate: float
    score: float
    verdict: str


@dataclass(frozen=True)
class Reading:
    """What a subtitle file, a cue sheet or an annotation file says, and what in it had to be left out or guessed.

    uri: of the file. covers: the classes that an annotation file speaks of. trust: what its word is worth, 0…1, for how
    well it fits the sound (``sync``). hour_s: what an hour of its timecode lasts; 3603.6 s at 29.97 without drop.
    """

    intervals: tuple[Interval, ...]
    warnings: tuple[str, ...] = ()
    uri: str = ""
    covers: tuple[str, ...] = ()
    trust: float = 1.0
    sync: Sync | None = None
    hour_s: float = 3600.0


@dataclass(frozen=True)
class Failure:
    """A row of ``failures``: an ``error`` lost the title, a ``warning`` lost part of what was known of it.

    kept_s, expected_s: of damaged sound, what was used and what the file promises; None where that is unknown.
    """

    title_id: str
    uri: str
    stage: str
    error: str
    message: str
    severity: Severity = "error"
    kept_s: float | None = None
    expected_s: float | None = None


@dataclass(frozen=True)
class Audio:
    """A title's sound as the system keeps it.

    samples: [T] int16, mono, 16 kHz, after the gain; sample 0 is time 0 of the title. loudness_lkfs: of the mono
    signal, before the gain; programme_lkfs: of the channels as delivered. channels, layout: as delivered.
    limited_s: how much of it a limiter turned down. expected_s: the duration that the files promise, where they do.
    cpu_s, decoder_mb: what a decoder of its own took, and its peak memory. guesses: what was taken for the programme
    where nothing says it.
    """

    samples: NDArray[np.int16]
    loudness_lkfs: float
    gain_db: float
    channels: int
    layout: str
    programme_lkfs: float = -np.inf
    limited_s: float = 0.0
    expected_s: float | None = None
    cpu_s: float = 0.0
    decoder_mb: float = 0.0
    guesses: tuple[str, ...] = ()


@dataclass(frozen=True)
class TitleSources:
    """A title with all that is known of it but its sound; None where a source is absent or was refused.

    text: one reading a subtitle file.
    """

    title: Title
    text: tuple[Reading, ...] = ()
    cues: Reading | None = None
    annotations: Reading | None = None


@dataclass(frozen=True)
class LoadedTitle:
    """A title with its sound; cpu_s is what the loading took, loading_mb what worker and decoder held at its end."""

    sources: TitleSources
    audio: Audio
    cpu_s: float
    loading_mb: float = 0.0

    @property
    def title(self) -> Title:
        """The title itself."""
        return self.sources.title

    @property
    def nbytes(self) -> int:
        """Bytes of the samples."""
        return self.audio.samples.nbytes


@dataclass(frozen=True)
class Segment:
    """Up to 20 s of a title. samples: [T] int16; targets, weights: [classes, SEGMENT_FRAMES] float32 once labelled."""

    index: int
    samples: NDArray[np.int16]
    targets: NDArray[np.float32] | None = None
    weights: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class SegmentedTitle:
    """A loaded title cut into segments: views of its samples, not copies. classes: of the targets, once labelled."""

    loaded: LoadedTitle
    segments: tuple[Segment, ...]
    label_source: str = "none"
    classes: tuple[str, ...] = ()

    @property
    def title(self) -> Title:
        """The title itself."""
        return self.loaded.title

    @property
    def nbytes(self) -> int:
        """Bytes of the samples."""
        return self.loaded.nbytes

    @property
    def frames(self) -> int:
        """Label frames that cover the title."""
        return frame_count(len(self.loaded.audio.samples))


@dataclass(frozen=True)
class TitleFacts:
    """What stays of a loaded title when its samples are done with; samples: their count."""

    title: Title
    samples: int
    loudness_lkfs: float
    gain_db: float
    channels: int
    layout: str
    cpu_s: float
    programme_lkfs: float = -np.inf
    limited_s: float = 0.0
    loading_mb: float = 0.0


@dataclass(frozen=True)
class TitleWindows:
    """A loaded title as the model sees it. pieces: overlapping views of at most SEGMENT_SAMPLES int16 samples."""

    facts: TitleFacts
    pieces: tuple[NDArray[np.int16], ...]

    @property
    def title(self) -> Title:
        """The title itself."""
        return self.facts.title

    @property
    def nbytes(self) -> int:
        """Bytes of all pieces, what they share counted twice."""
        return sum(piece.nbytes for piece in self.pieces)
