"""The four demo films: who says what, what plays, what is heard, and how each file is delivered."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.demo_catalog import pieces
from pipelines.demo_catalog.effects import (
    Effect,
    door_slam,
    engine,
    footsteps,
    phone_buzz,
    rain,
    sea,
    train,
    wind,
)
from pipelines.demo_catalog.music import Piece
from pipelines.demo_catalog.speech import Voice, espeak, festival, flite


@dataclass(frozen=True)
class Character:
    """Someone in a film: the name in the subtitles, and the voice."""

    name: str
    voice: Voice


@dataclass(frozen=True)
class Line:
    """What a character says, ``gap_s`` after the line before."""

    speaker: Character
    text: str
    gap_s: float = 0.6
    gain_db: float = 0.0


@dataclass(frozen=True)
class Scene:
    """Lines one after another, from ``start_s`` on."""

    start_s: float
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Cue:
    """A piece in a film. ``levels`` are points (time_s, dB relative to the dialogue), the first and last its ends."""

    piece: Piece
    usage: str
    levels: tuple[tuple[float, float], ...]
    caption: str = ""
    radio: bool = False
    singer_shift: float = 1.0

    @property
    def start_s(self) -> float:
        """Tell when the cue begins."""
        return self.levels[0][0]

    @property
    def end_s(self) -> float:
        """Tell when the cue has gone."""
        return self.levels[-1][0]


@dataclass(frozen=True)
class Sound:
    """An effect or an ambience; ``level_db`` is relative to the dialogue."""

    effect: Effect
    start_s: float
    duration_s: float
    level_db: float
    caption: str = ""


@dataclass(frozen=True)
class Delivery:
    """How a film's sound is encoded."""

    file: str
    codec: str
    layout: str
    bit_rate: int
    loudness_lkfs: float

    @property
    def surround(self) -> bool:
        """Tell whether the file has six channels."""
        return self.layout.startswith("5.1")


@dataclass(frozen=True)
class Film:
    """One title. Without ``cue_sheet_fps`` it has no cue sheet; ``sdh`` subtitles also describe music and sounds."""

    title_id: str
    language: str
    split: str
    genre: str
    duration_s: float
    delivery: Delivery
    subtitles: str
    sdh: bool
    cue_sheet_fps: int | None
    cue_sheet_start_s: int
    scenes: tuple[Scene, ...]
    cues: tuple[Cue, ...]
    sounds: tuple[Sound, ...]


ANNA = Character("ANNA", flite("slt"))
TOM = Character("TOM", flite("rms", 0.92))
CAPTAIN = Character("CAPTAIN", flite("awb", 1.05, shift=0.95))
IVAN = Character("ИВАН", festival("msu_ru_nsh_clunits", shift=0.93))
VERA = Character("ВЕРА", festival("msu_ru_nsh_clunits", 1.15, shift=1.2))
JULIA = Character("JÚLIA", festival("upc_ca_ona_hts", encoding="iso-8859-15"))
PAU = Character("PAU", festival("upc_ca_ona_hts", 0.85, 0.78, "iso-8859-15"))
LENA = Character("LENA", espeak("de+f2", 150, 52))
OPA = Character("GROSSVATER", espeak("de+m3", 130, 30, shift=0.95))

NIGHT_FERRY = Film(
    "night-ferry",
    "en",
    "test",
    "drama",
    76.0,
    Delivery("night-ferry.mkv", "eac3", "5.1(side)", 256_000, -27.0),
    "night-ferry.en.vtt",
    True,
    24,
    0,
    (
        Scene(
            15.5,
            (
                Line(TOM, "You came after all. I had almost given up."),
                Line(ANNA, "The last bus was late. I ran along the whole quay."),
                Line(TOM, "Did anybody see you?", 0.4),
                Line(ANNA, "Only the man who sells the tickets, and he was asleep.", 0.9, -2.0),
            ),
        ),
        Scene(
            32.0,
            (
                Line(CAPTAIN, "Nobody leaves this deck until we reach the island.", 0, 2.0),
                Line(ANNA, "There is a storm coming, captain. Look at the sky.", 0.4),
                Line(CAPTAIN, "I have sailed through worse with half the crew.", 0.5, 1.0),
                Line(TOM, "And how many of them came home again?", 0.7),
            ),
        ),
    ),
    (
        Cue(pieces.LANTERN, "MT", ((0.8, -40), (3.0, 2), (9.5, 2), (13.5, -40)), "slow piano music playing"),
        Cue(
            pieces.STORM_FRONT,
            "BI",
            ((29.8, -40), (31.0, -8), (44.6, -8), (45.6, 3), (49.0, 3), (51.0, -40)),
            "tense orchestral music",
        ),
        Cue(pieces.SAIL_ME_HOME, "VV", ((55.0, -30), (55.4, 0), (72.4, 0), (74.0, -40)), radio=True),
    ),
    (
        Sound(sea, 5.0, 26.0, -15),
        Sound(footsteps, 11.2, 3.5, -9, "footsteps approaching"),
        Sound(engine, 14.0, 32.0, -17),
        Sound(door_slam, 29.4, 1.2, 4, "door slams"),
        Sound(phone_buzz, 52.4, 2.0, -8, "phone buzzing"),
        Sound(wind, 66.0, 10.0, -18),
    ),
)
NIGHT_TRAIN = Film(
    "nochnoy-poezd",
    "ru",
    "train",
    "romance",
    68.0,
    Delivery("nochnoy-poezd.m4a", "aac", "stereo", 128_000, -24.0),
    "nochnoy-poezd.ru.srt",
    False,
    25,
    3600,
    (
        Scene(
            5.0,
            (
                Line(IVAN, "Вы не скажете, когда мы будем в городе?"),
                Line(VERA, "Утром. Если опять не остановимся в поле."),
                Line(IVAN, "Я не спешу. Меня никто не ждёт.", 0.8),
                Line(VERA, "Тогда давайте пить чай.", 0.5),
            ),
        ),
        Scene(
            25.0,
            (
                Line(VERA, "Эту песню пела моя бабушка."),
                Line(IVAN, "Красивая мелодия. Немного грустная.", 0.7),
                Line(VERA, "Она пела её каждую осень.", 0.5, -1.0),
            ),
        ),
        Scene(
            53.0,
            (
                Line(IVAN, "Смотрите, уже светает. Пора собираться.", 0, 1.0),
                Line(VERA, "Как жаль. Я только начала рассказывать.", 0.5),
            ),
        ),
    ),
    (
        Cue(pieces.SAMOVAR, "BI", ((20.0, -35), (21.0, -6), (24.0, -6), (25.0, -12), (35.5, -12), (37.5, -40))),
        Cue(pieces.RAILS, "ET", ((43.0, -20), (43.1, 2), (52.0, 2), (52.8, -1), (60.5, -1), (64.5, -40))),
    ),
    (
        Sound(train, 1.0, 19.5, -15),
        Sound(rain, 36.0, 7.5, -14),
        Sound(door_slam, 40.5, 1.2, 2),
        Sound(wind, 62.0, 6.0, -14),
    ),
)
LAST_LETTER = Film(
    "ultima-carta",
    "ca",
    "train",
    "mystery",
    68.0,
    Delivery("ultima-carta.mkv", "libopus", "5.1", 160_000, -30.0),
    "ultima-carta.ca.ttml",
    False,
    24,
    0,
    (
        Scene(
            7.0,
            (
                Line(JULIA, "Ha arribat una carta per a tu."),
                Line(PAU, "De qui és? No espero res de ningú.", 0.5),
                Line(JULIA, "No porta cap nom. Només una data.", 0.7),
            ),
        ),
        Scene(
            21.5,
            (
                Line(PAU, "És la lletra del meu germà.", 0, -2.0),
                Line(JULIA, "Fa deu anys que no en sabem res.", 0.9),
                Line(PAU, "Diu que ens espera vora el mar.", 0.6),
            ),
        ),
        Scene(
            52.0,
            (
                Line(JULIA, "Dos bitllets, si us plau. Tan lluny com es pugui.", 0, 1.0),
                Line(PAU, "I després, ja ho veurem.", 0.5),
            ),
        ),
    ),
    (
        Cue(
            pieces.LETTER, "BI", ((17.5, -35), (20.0, -5), (21.5, -15), (32.0, -15), (33.5, 1), (38.5, 1), (42.0, -40))
        ),
        Cue(
            pieces.BLUE_KIOSK,
            "VI",
            ((45.0, -35), (46.5, 0), (51.0, 0), (52.0, -6), (56.2, -6), (56.8, 3), (65.5, 3), (66.5, -45)),
        ),
    ),
    (
        Sound(rain, 0.5, 19.0, -15),
        Sound(footsteps, 2.5, 3.5, -9),
        Sound(door_slam, 18.2, 1.2, 3),
        Sound(wind, 39.0, 6.5, -14),
        Sound(phone_buzz, 43.0, 1.8, -10),
    ),
)
GARDEN = Film(
    "der-garten",
    "de",
    "train",
    "family",
    70.0,
    Delivery("der-garten.mp3", "libmp3lame", "stereo", 96_000, -22.0),
    "der-garten.de.srt",
    True,
    None,
    0,
    (
        Scene(
            12.5,
            (
                Line(LENA, "Großvater, wann blühen die Rosen wieder?"),
                Line(OPA, "Wenn der letzte Frost vorbei ist, mein Kind.", 0.5),
                Line(LENA, "Das sagst du jedes Jahr.", 0.4),
            ),
        ),
        Scene(
            28.0,
            (
                Line(OPA, "Hörst du den Wind? Heute Nacht kommt ein Gewitter.", 0, -1.0),
                Line(LENA, "Dann bleiben wir im Haus und erzählen Geschichten.", 0.8),
                Line(OPA, "Einverstanden. Aber du fängst an.", 0.6),
            ),
        ),
        Scene(64.0, (Line(LENA, "Gute Nacht, kleiner Garten.", 0, -2.0),)),
    ),
    (
        Cue(
            pieces.GARDEN_WALTZ,
            "OT",
            ((0.5, -30), (1.2, 2), (10.5, 2), (12.3, -10), (21.5, -10), (24.0, -40)),
            "heitere Musik",
        ),
        Cue(pieces.SMALL_LIGHT, "BV", ((42.0, -35), (43.5, 1), (59.5, 1), (62.5, -40)), singer_shift=0.87),
    ),
    (
        Sound(wind, 22.5, 18.5, -15),
        Sound(door_slam, 25.5, 1.2, 3, "Tür fällt ins Schloss"),
        Sound(rain, 38.0, 32.0, -19),
        Sound(footsteps, 38.3, 3.0, -8, "Schritte"),
    ),
)
FILMS = (NIGHT_FERRY, NIGHT_TRAIN, LAST_LETTER, GARDEN)
