"""The music of the demo films: each piece is its chords, its players and, for a song, its tune."""

from pipelines.demo_catalog.music import (
    Part,
    Piece,
    arpeggio,
    bass,
    driving_bass,
    jazz_drums,
    melody,
    offbeat,
    pad,
    rock_drums,
    strum,
    timpani,
    walking_bass,
)
from pipelines.demo_catalog.speech import phrase

PIANO, VIBRAPHONE, ORGAN, ACCORDION, NYLON_GUITAR, STEEL_GUITAR, CLEAN_GUITAR = 0, 11, 16, 21, 24, 25, 27
DRIVEN_GUITAR, DOUBLE_BASS, BASS_GUITAR, CELLO, TREMOLO, PIZZICATO, HARP = 29, 32, 33, 42, 44, 45, 46
TIMPANI, STRINGS, TRUMPET, TROMBONE, MUTED_TRUMPET, HORN, OBOE, CLARINET, FLUTE = 47, 48, 56, 57, 59, 60, 68, 71, 73

LANTERN = Piece(
    "Lantern",
    76,
    4,
    "Dm Bb F C Gm Dm A7 Dm",
    (
        Part(PIANO, arpeggio, 57, 72),
        Part(STRINGS, pad, 55, 58),
        Part(CELLO, bass, 38, 70),
        Part(PIANO, melody, 74, 88),
    ),
)
STORM_FRONT = Piece(
    "Storm Front",
    112,
    4,
    "Cm Cm Ab Bb Cm Eb Fm G7",
    (
        Part(TREMOLO, pad, 55, 74),
        Part(PIZZICATO, driving_bass, 36, 80),
        Part(TROMBONE, bass, 36, 72),
        Part(HORN, melody, 55, 92),
        Part(TRUMPET, melody, 64, 72),
        Part(TIMPANI, timpani, 36, 92),
    ),
)
SAIL_ME_HOME = Piece(
    "Sail Me Home",
    92,
    4,
    "G D Em C G D",
    (
        Part(STEEL_GUITAR, strum, 52, 74),
        Part(STRINGS, pad, 55, 44),
        Part(BASS_GUITAR, bass, 31, 70),
    ),
    (
        phrase("Sail:59:1.5 me:60:.5 home:62:2"),
        phrase("through:62:1 the:60:1 grey:57:2"),
        phrase("Light:59:1.5 the:57:.5 lamp:55:2"),
        phrase("and:55:.5 bid:57:.5 me:60:1 stay:64:2"),
        phrase("Hold:62:1.5 my:62:.5 hand:59:2"),
        phrase("and:57:.5 turn:60:1 the:62:.5 tide:66:2"),
    ),
)
SAMOVAR = Piece(
    "Samovar",
    104,
    4,
    "Am E7 E7 Am Dm Am E7 Am",
    (
        Part(ACCORDION, melody, 69, 84),
        Part(NYLON_GUITAR, offbeat, 52, 76),
        Part(DOUBLE_BASS, bass, 33, 80),
        Part(CLARINET, melody, 62, 62),
    ),
)
RAILS = Piece(
    "Rails",
    126,
    4,
    "Em C G D Em C Am B7",
    (
        Part(None, rock_drums, 0, 92),
        Part(BASS_GUITAR, driving_bass, 28, 90),
        Part(CLEAN_GUITAR, strum, 52, 76),
        Part(ORGAN, pad, 55, 60),
        Part(DRIVEN_GUITAR, melody, 64, 82),
    ),
)
LETTER = Piece(
    "The Letter",
    66,
    4,
    "Fmaj7 Am Dm Bb F Gm7 C7 F",
    (
        Part(HARP, arpeggio, 53, 82),
        Part(STRINGS, pad, 48, 56),
        Part(OBOE, melody, 67, 84),
        Part(CELLO, bass, 36, 66),
    ),
)
BLUE_KIOSK = Piece(
    "Blue Kiosk",
    138,
    4,
    "Dm7 G7 Cmaj7 A7 Dm7 G7 Em7 A7",
    (
        Part(None, jazz_drums, 0, 74),
        Part(DOUBLE_BASS, walking_bass, 33, 88),
        Part(PIANO, offbeat, 53, 60),
        Part(MUTED_TRUMPET, melody, 64, 86),
        Part(VIBRAPHONE, arpeggio, 60, 48),
    ),
)
GARDEN_WALTZ = Piece(
    "Garden Waltz",
    132,
    3,
    "G D7 G C G Am D7 G",
    (
        Part(NYLON_GUITAR, offbeat, 52, 78),
        Part(DOUBLE_BASS, bass, 31, 84),
        Part(FLUTE, melody, 72, 86),
        Part(PIZZICATO, arpeggio, 55, 56),
    ),
)
SMALL_LIGHT = Piece(
    "Small Light",
    84,
    4,
    "C Am F G C Am",
    (
        Part(PIANO, arpeggio, 52, 70),
        Part(STRINGS, pad, 55, 46),
        Part(DOUBLE_BASS, bass, 29, 70),
    ),
    (
        phrase("Small:60:1 light:64:1 in:62:.5 the:62:.5 rain:60:1"),
        phrase("call:60:1 me:62:.5 by:62:.5 my:60:.5 name:57:1.5"),
        phrase("Leave:57:1 the:60:.5 gate:60:.5 on:62:.5 the:62:.5 latch:60:1"),
        phrase("I:59:.5 will:62:.5 come:62:.5 home:64:1 to:62:.5 you:62:1"),
        phrase("Small:64:1 light:67:1 burn:64:1 on:60:1"),
    ),
)
