"""Where time 0 lies in a file: after the samples that the encoder put before the sound, whether stated or not.

A block codec's decoder gives sound late, by the overlap of its transform or by the length of its filters; the encoder's
first packets hold nothing else ("priming", "encoder delay", "preskip"). Many containers state how many samples these
are (edit lists in MP4, CodecDelay in Matroska, preskip in Ogg and Opus, LAME's header in MP3), and FFmpeg removes them
then; others cannot state it, or their muxers do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Their time stamps count from the start of the programme; elsewhere (MP3, MPEG-TS, bare streams) from any number.
ABSOLUTE_CONTAINERS = ("matroska", "mov")
# Where Opus lies in them, a field for it is mandatory: where it is 0, there is no priming.
STATING_CONTAINERS = ("matroska", "mov", "ogg")
# They hold no time stamps: a sound cannot be put before the picture, so it is late by its delay.
COUNTING_CONTAINERS = ("avi",)
# Codecs of which AVI's header states a packet's duration; for others FFmpeg's muxer writes a false one.
AVI_CODECS = ("pcm_", "adpcm_ms", "adpcm_ima", "mp3", "mp2", "mp1", "ac3", "aac", "wmav")
# They hold none, either, and those that FFmpeg makes up drift (AC-3 at 44.1 kHz: 1.6 s in two hours, for it counts in
# 1/90000 s and drops the fraction) or go on at the first rate when another part has been joined to the file.
BARE_STREAMS = ("aac", "ac3", "dts", "dtshd", "eac3", "loas", "mlp", "mp3", "truehd", "w64", "wav")
# Two stamps are the same within the rounding of the coarsest containers (Matroska, FLV: 1 ms).
SAME_S = 0.001

# Samples by which the sound comes out of the decoder late, at the least; by FFmpeg's canonical names.
# Measured as the lag of a click through FFmpeg's encoders (Layer I has none: from its filters), and explained by the
# transforms of the standards named.
DELAYS = {
    "aac": 1024,  # ISO/IEC 14496-3: overlap of the 2048-sample MDCT (long blocks, 50 %)
    "aac_latm": 1024,
    "ac3": 256,  # ATSC A/52: overlap of the 512-sample MDCT
    "eac3": 256,  # ATSC A/52, annex E: the same transform
    "mp1": 481,  # ISO/IEC 11172-3: two 512-tap polyphase filters of 32 bands, 512 − 31
    "mp2": 481,
    "mp3": 1105,  # as LAME's technical FAQ: its encoder 576, any decoder 528 + 1 (the least possible: 481 + 576 = 1057)
    "dts": 512,  # ETSI TS 102 114: two 512-tap polyphase filters of 32 bands
    "opus": 312,  # what libopus states as its preskip (RFC 7845): 6.5 ms, at the 48 kHz that Opus always decodes to
    "nellymoser": 128,  # overlap of its 256-sample MDCT
    "adpcm_g722": 22,  # ITU-T G.722: two 24-tap quadrature mirror filters, 24 − 2
    "amr_nb": 43,  # 3GPP TS 26.090: 5 ms lookahead, and the post filter
    "g723_1": 60,  # ITU-T G.723.1: 7.5 ms lookahead
}


@dataclass(frozen=True)
class Track:
    """A track of the file.

    codec, rate_hz: of a sound; empty and 0 for a picture that moves (still ones and data are left out). start_s: its
    first time stamp. heard_s: that of the first frame that the decoder gave, where one was decoded.
    """

    codec: str
    rate_hz: int
    start_s: float
    heard_s: float | None = None


def inherent_delay_samples(container: str, codec: str, rate_hz: int) -> int:
    """Give the samples that come before the sound in a file that does not state their number; 0 where none do.

    container: FFmpeg's name of the format, ``"mpegts"`` or ``"mov,mp4,m4a,3gp,3g2,mj2"``; codec: its canonical name.
    """
    if codec == "opus" and container.startswith(STATING_CONTAINERS):
        return 0
    return _wma_frame(codec, rate_hz) if codec.startswith("wmav") else DELAYS.get(codec, 0)


def origin_s(container: str, tracks: Sequence[Track], stated: bool) -> float:
    """Give the time stamp of time 0.

    It is the file's first time stamp (in a container whose stamps count from the start of the programme: 0), and the
    sound's inherent delay later where the delay is not stated and the sound comes first. A picture that begins before
    the delay is over begins at time 0, and where stamps are absolute, any picture that does not begin just then does:
    a muxer that must shift all tracks to make the first stamp 0 leaves the picture there. Other pictures' stamps, and
    those of the sound beside them, say when to be shown and heard (ISO/IEC 13818-1: a stamp is that of what the
    decoder puts out), and encoders that serve them have compensated for their delay. AVI has no stamps for that.

    tracks: all sounds and pictures. stated: the file says itself how much is to be cut.
    """
    first_s = min((track.start_s for track in tracks), default=0.0)
    absolute = container.startswith(ABSOLUTE_CONTAINERS)
    zero_s = 0.0 if absolute else first_s
    if container.startswith("ogg"):  # a position before 0 is what is to be cut (RFC 7845)
        zero_s = max(0.0, zero_s)
    if stated or first_s - zero_s > SAME_S:
        return zero_s
    sounds = [track for track in tracks if track.codec and track.start_s - first_s <= SAME_S]
    delay_s = max((_delay_s(container, sound) for sound in sounds), default=0.0)
    picture_s = min((track.start_s for track in tracks if not track.codec), default=math.inf) - first_s
    if math.isinf(picture_s) or container.startswith(COUNTING_CONTAINERS) or abs(picture_s - delay_s) <= SAME_S:
        return zero_s + delay_s
    return zero_s if absolute else zero_s + min(delay_s, picture_s)


def mpeg_audio_layer(codec: str, header: bytes) -> str:
    """Give the codec by its layer, ``"mp1"`` to ``"mp3"``: FFmpeg calls them all MP3 where the container does.

    header: the first bytes of a packet (ISO/IEC 11172-3: 12 bits of sync, the version, two bits of layer).
    """
    if codec not in ("mp1", "mp2", "mp3") or header[:1] != b"\xff" or header[1] < 0xE0:
        return codec
    return {3: "mp1", 2: "mp2", 1: "mp3"}.get(header[1] >> 1 & 3, codec)


def stamps_hold(container: str, codec: str) -> bool:
    """Say whether the time stamps after the first one can be believed; else the packets just follow each other."""
    if container.startswith(COUNTING_CONTAINERS):
        return codec.startswith(AVI_CODECS)
    return container not in BARE_STREAMS


def _delay_s(container: str, sound: Track) -> float:
    if sound.codec == "vorbis":  # its first packet gives no sound at all (Vorbis I)
        return 0.0 if sound.heard_s is None else max(0.0, sound.heard_s - sound.start_s)
    return inherent_delay_samples(container, sound.codec, sound.rate_hz) / sound.rate_hz if sound.rate_hz else 0.0


def _wma_frame(codec: str, rate_hz: int) -> int:
    """Give the length of a frame of Windows Media Audio: the overlap of its longest MDCT."""
    if rate_hz < 22_050:
        return 512
    if rate_hz == 22_050 or (rate_hz <= 32_000 and codec == "wmav1"):
        return 1024
    return 2048 if rate_hz <= 48_000 else 4096
