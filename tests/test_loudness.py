"""BS.1770-4 against its own known values, EBU Tech 3341's test signals, pyloudnorm and FFmpeg's ebur128."""

import csv
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyloudnorm
import pytest
import soxr
from av.filter import Graph
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import lfilter

from transforms.sound.loudness import (
    LoudnessMeter,
    ProgrammeMeter,
    delivery_gain_db,
    gated_lkfs,
    is_silent,
    layout_weights,
)

Wave = NDArray[np.float32]
RATE_HZ = 16_000
FIVE_ONE = ("FL", "FR", "FC", "LFE", "SL", "SR")


def sine(level_dbfs: float, seconds: float, frequency_hz: float = 1000.0, rate_hz: int = RATE_HZ) -> Wave:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def steps(*parts: tuple[float, float], rate_hz: int = RATE_HZ) -> Wave:
    return np.concatenate([sine(level, seconds, rate_hz=rate_hz) for level, seconds in parts])


def noise(seconds: float, seed: int = 0, rate_hz: int = RATE_HZ) -> Wave:
    return np.random.default_rng(seed).standard_normal(round(seconds * rate_hz)).astype(np.float32) * np.float32(0.05)


def measured(samples: Wave, rate_hz: int = RATE_HZ, weights: Sequence[float] = ()) -> float:
    samples = np.atleast_2d(samples)
    meter = LoudnessMeter(rate_hz, weights or (1.0,) * len(samples))
    meter.push(samples)
    return meter.integrated_lkfs()


def programme_lkfs(*parts: tuple[Wave, tuple[str, ...], int]) -> float:
    """Measure what follows each other: samples, layout, rate."""
    meter = ProgrammeMeter()
    for samples, layout, rate_hz in parts:
        meter.push(np.atleast_2d(samples), layout, rate_hz)
    return meter.integrated_lkfs()


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("level", [0, -20])
def test_a_997_hz_sine_in_one_channel_reads_3_db_below_its_peak(rate_hz: int, level: float) -> None:
    assert measured(sine(level, 5, 997, rate_hz), rate_hz) == pytest.approx(level - 3.01, abs=0.1)


EBU_3341: dict[str, list[tuple[float, float]]] = {  # level in both channels, seconds
    "1": [(-23, 20)],
    "2": [(-33, 20)],
    "3": [(-36, 10), (-23, 60), (-36, 10)],
    "4": [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
    "5": [(-26, 20), (-20, 20.1), (-26, 20)],
}


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("case", EBU_3341)
def test_ebu_tech_3341(case: str, rate_hz: int) -> None:
    expected = -33 if case == "2" else -23
    mono = steps(*EBU_3341[case], rate_hz=rate_hz)
    assert programme_lkfs((np.stack([mono, mono]), ("FL", "FR"), rate_hz)) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_ebu_tech_3341_case_6_surrounds_weigh_more_and_the_lfe_nothing(rate_hz: int) -> None:
    levels = (-28, -28, -24, 0, -30, -30)
    samples = np.stack([sine(level, 20, rate_hz=rate_hz) for level in levels])
    assert programme_lkfs((samples, FIVE_ONE, rate_hz)) == pytest.approx(-23, abs=0.1)


# BS.1770-4, table 4: 1.41 at 60° to 120° of azimuth.
WEIGHTS: dict[str, list[float]] = {
    "FC": [1],
    "LFE": [1],
    "BL": [1],
    "NONE": [1],
    "FL FR": [1, 1],
    "FL FR LFE": [1, 1, 0],
    "FL FR FC LFE SL SR": [1, 1, 1, 0, 1.41, 1.41],
    "FL FR FC LFE BL BR": [1, 1, 1, 0, 1.41, 1.41],
    "FL FR BL BR": [1, 1, 1.41, 1.41],
    "FL FR FC BC": [1, 1, 1, 1],
    "FL FR FC LFE BC SL SR": [1, 1, 1, 0, 1, 1.41, 1.41],
    "FL FR FC LFE BL BR SL SR": [1, 1, 1, 0, 1, 1, 1.41, 1.41],
    "FL FR FC LFE BL BR FLC FRC": [1, 1, 1, 0, 1.41, 1.41, 1, 1],
    "FL FR FC LFE SL SR TFL TFR TBL TBR": [1, 1, 1, 0, 1.41, 1.41, 1, 1, 1, 1],
    "FL FR FC LFE BL BR SL SR LFE2 TSL": [1, 1, 1, 0, 1, 1, 1.41, 1.41, 0, 1],
    "NONE NONE": [1, 1],
    "NONE NONE NONE NONE NONE NONE": [1, 1, 1, 0, 1.41, 1.41],
    "NONE NONE NONE NONE NONE NONE NONE NONE": [1, 1, 1, 0, 1, 1, 1.41, 1.41],
    "NONE NONE NONE NONE NONE NONE NONE NONE NONE": [1] * 9,
    "AMBI0 AMBI1": [1, 0],
}


@pytest.mark.parametrize("names", WEIGHTS)
def test_weights_of_a_layout(names: str) -> None:
    assert layout_weights(tuple(names.split())) == tuple(WEIGHTS[names])


@pytest.mark.parametrize("place", range(6))
def test_each_channel_of_5_1_counts_by_its_weight(place: int) -> None:
    samples = np.zeros((6, 3 * 48_000), np.float32)
    samples[place] = sine(-20, 3, 997, 48_000)
    weight = layout_weights(FIVE_ONE)[place]
    alone = programme_lkfs((samples[place], ("FC",), 48_000))
    with np.errstate(divide="ignore"):
        expected = alone + 10 * np.log10(weight)
    assert programme_lkfs((samples, FIVE_ONE, 48_000)) == pytest.approx(expected, abs=1e-6)


def exact_mean_squares(samples: Wave, rate_hz: int) -> NDArray[np.float64]:
    """Filter in float64, sample by sample, and take whole steps of 100 ms."""
    weighted = samples.astype(np.float64)
    for stage in pyloudnorm.Meter(rate_hz)._filters.values():
        weighted = lfilter(stage.b, stage.a, weighted)
    edges = np.arange(len(samples) * 10 // rate_hz + 1) * rate_hz // 10
    sums = [np.square(weighted[start:end]).sum() for start, end in pairwise(edges)]
    return np.array(sums) * 10 / rate_hz


@pytest.mark.parametrize("rate_hz", [8_000, 8_001, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("offset", [0, 0.3])
def test_each_step_equals_the_filters_in_float64_at_every_rate(rate_hz: int, offset: float) -> None:
    """Hold to 0.0005 dB for a signal at −60 dBFS, even where an offset is 50 dB above it."""
    samples = noise(3.27, rate_hz=rate_hz) * np.float32(0.02) + np.float32(offset)
    meter = LoudnessMeter(rate_hz)
    meter.push(samples[np.newaxis])
    exact = exact_mean_squares(samples, rate_hz)
    assert len(meter.mean_squares()) == len(exact) == 32
    np.testing.assert_allclose(meter.mean_squares(), exact, rtol=1e-4)


@pytest.mark.parametrize("rate_hz", [8_001, 11_025, 22_050, 48_000])
def test_steps_do_not_drift_where_they_are_no_whole_number_of_samples(rate_hz: int) -> None:
    step = 1_037
    samples = np.zeros((1, 110 * rate_hz), np.float32)
    samples[0, step * rate_hz // 10] = 1
    meter = LoudnessMeter(rate_hz)
    meter.push(samples)
    assert np.flatnonzero(meter.mean_squares())[0] == step


def programmes(rate_hz: int) -> dict[str, Wave]:
    silence, ramp = np.zeros(8 * rate_hz, np.float32), np.linspace(1, 1e-4, 10 * rate_hz, dtype=np.float32)
    return {
        "tone": sine(-20, 3, rate_hz=rate_hz),
        "low tone": sine(-20, 3, 60, rate_hz),
        "high tone": sine(-20, 3, 6000, rate_hz),
        "noise": noise(5, rate_hz=rate_hz),
        "loud and quiet in turn": steps(*[(-15, 1.3), (-45, 2.1)] * 4, rate_hz=rate_hz),
        "fading noise": noise(10, rate_hz=rate_hz) * ramp,
        "mostly silence": np.concatenate([silence, noise(1, rate_hz=rate_hz), silence[:rate_hz]]),
        "an offset": noise(3, rate_hz=rate_hz) + np.float32(0.3),
        "an offset far above the signal": noise(3, rate_hz=rate_hz) * np.float32(0.02) + np.float32(0.3),
        "beyond full scale": noise(3, rate_hz=rate_hz) * 60,
    }


PROGRAMMES = programmes(RATE_HZ)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("name", PROGRAMMES)
def test_equals_pyloudnorm(name: str, rate_hz: int) -> None:
    samples = programmes(rate_hz)[name]
    oracle = pyloudnorm.Meter(rate_hz).integrated_loudness(samples.astype(float))
    assert measured(samples, rate_hz) == pytest.approx(oracle, abs=0.001)


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_equals_pyloudnorm_in_up_to_five_channels(channels: int, rate_hz: int) -> None:
    samples = np.stack([noise(4, seed, rate_hz) * (seed + 1) for seed in range(channels)])
    oracle = pyloudnorm.Meter(rate_hz).integrated_loudness(samples.T.astype(float))
    assert measured(samples, rate_hz, (1, 1, 1, 1.41, 1.41)[:channels]) == pytest.approx(oracle, abs=0.001)


@given(st.lists(st.integers(0, 20_000), max_size=12))
@settings(max_examples=30)
def test_the_size_of_the_pieces_changes_nothing(sizes: list[int]) -> None:
    samples = PROGRAMMES["loud and quiet in turn"][np.newaxis, : 5 * RATE_HZ]
    meter, at = LoudnessMeter(RATE_HZ), 0
    for size in [*sizes, samples.shape[1]]:
        meter.push(samples[:, at : at + size])
        meter.integrated_lkfs()  # to look on the way changes nothing either
        at += size
    assert meter.integrated_lkfs() == measured(samples)


@given(st.floats(-30, 20))
@settings(max_examples=20)
def test_a_gain_moves_the_loudness_by_itself(gain_db: float) -> None:
    samples = noise(2)
    assert measured(samples * 10 ** (gain_db / 20)) == pytest.approx(measured(samples) + gain_db, abs=1e-4)


@given(st.permutations(range(4)), st.permutations([4, 5]))
@settings(max_examples=20)
def test_channels_of_equal_weight_may_change_places(front: list[int], surrounds: list[int]) -> None:
    layout = ("FL", "FR", "FC", "TFL", "SL", "SR")
    samples = np.stack([noise(1, seed) * seed for seed in range(6)])
    assert programme_lkfs((samples[front + surrounds], layout, RATE_HZ)) == pytest.approx(
        programme_lkfs((samples, layout, RATE_HZ)), abs=1e-6
    )


def test_a_change_of_layout_and_rate_is_measured_as_one_programme() -> None:
    stereo = np.stack([noise(2.04, 1, 48_000), noise(2.04, 2, 48_000)])
    film = np.stack([noise(3, seed, 44_100) * 3 for seed in range(6)])
    quiet = noise(2.5, 9, 48_000) * np.float32(0.25)
    by_hand = [
        sum(exact_mean_squares(channel, 48_000) for channel in stereo),
        sum(w * exact_mean_squares(film[i], 44_100) for i, w in enumerate((1, 1, 1, 0, 1.41, 1.41))),
        exact_mean_squares(quiet, 48_000),
    ]
    whole = programme_lkfs((stereo, ("FL", "FR"), 48_000), (film, FIVE_ONE, 44_100), (quiet, ("FC",), 48_000))
    assert whole == pytest.approx(gated_lkfs(np.concatenate(by_hand)), abs=1e-4)


def test_pieces_of_one_form_are_one_signal_and_empty_ones_nothing() -> None:
    samples = np.stack([noise(3, seed) for seed in range(6)])
    empty = np.zeros((2, 0), np.float32)
    form = FIVE_ONE, RATE_HZ
    parts = [(empty, ("FL", "FR"), 48_000), (samples[:, :777], *form), (empty, ("FL", "FR"), 48_000)]
    assert programme_lkfs(*parts, (samples[:, 777:], *form)) == programme_lkfs((samples, *form))
    assert programme_lkfs(*parts[:1]) == programme_lkfs() == -np.inf


@pytest.mark.parametrize(
    "samples", [np.zeros(0), np.zeros(5 * RATE_HZ), sine(-20, 0.39), sine(-68, 5)], ids=["none", "zero", "short", "low"]
)
def test_what_no_block_lifts_over_the_absolute_gate_has_no_loudness(samples: Wave) -> None:
    assert measured(samples.astype(np.float32)) == -np.inf  # −68 dBFS peak is −71 LKFS


def test_an_lfe_alone_beside_silence_has_no_loudness() -> None:
    samples = np.zeros((6, 3 * 48_000), np.float32)
    samples[3] = sine(0, 3, 60, 48_000)
    assert programme_lkfs((samples, FIVE_ONE, 48_000)) == -np.inf
    assert programme_lkfs((samples[2:4], ("LFE", "LFE2"), 48_000)) == -np.inf


def test_just_over_the_absolute_gate() -> None:
    assert measured(sine(-66, 5)) == pytest.approx(-69, abs=0.1)


def test_quiet_parts_beyond_the_relative_gate_do_not_pull_it_down() -> None:
    loud = sine(-20, 10)
    assert measured(np.concatenate([loud, sine(-40, 30)])) == pytest.approx(measured(loud), abs=0.1)


def test_an_incomplete_last_step_is_left_out() -> None:
    samples = sine(-20, 2)
    assert measured(np.concatenate([samples, sine(0, 0.099)])) == measured(samples)


def test_four_steps_are_enough() -> None:
    assert measured(sine(-20, 0.4)) == pytest.approx(-23, abs=0.5)


@pytest.mark.parametrize(
    ("loudness", "gain", "exact"),
    [
        (-27, 0, 0),
        (-25, 0, -2),
        (-29, 0, 2),
        (-24.9, -2.1, -2.1),
        (-29.1, 2.1, 2.1),
        (-10, -17, -17),
        (-60, 33, 33),
        (-60.1, 0, 0),
        (-np.inf, 0, 0),
        (np.nan, 0, 0),
    ],
)
def test_delivery_gain(loudness: float, gain: float, exact: float) -> None:
    assert delivery_gain_db(loudness) == pytest.approx(gain)
    assert delivery_gain_db(loudness, exact=True) == pytest.approx(exact)


@pytest.mark.parametrize("loudness", [-np.inf, np.nan, -75, -60.01])
def test_below_60_lkfs_there_is_no_programme(loudness: float) -> None:
    assert is_silent(loudness)


@pytest.mark.parametrize("loudness", [-60, -27, 3])
def test_a_quiet_programme_is_not_silent(loudness: float) -> None:
    assert not is_silent(loudness)


class Ebur128:
    """FFmpeg's own meter."""

    def __init__(self, rate_hz: int, layout: str, sample_format: str = "fltp") -> None:
        graph = Graph()
        source = graph.add_abuffer(
            sample_rate=rate_hz, format=sample_format, layout=layout, time_base=Fraction(1, rate_hz)
        )
        meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        self._graph, self._source, self._sink = graph, source, sink
        self._at = 0
        self.integrated_lkfs = -np.inf

    def push(self, frame: av.AudioFrame) -> None:
        frame.pts, frame.time_base = self._at, Fraction(1, frame.sample_rate)
        self._at += frame.samples
        self._source.push(frame)
        while True:
            try:
                measured_frame: Any = self._sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self.integrated_lkfs = float(measured_frame.metadata["lavfi.r128.I"])


needs_metadata = pytest.mark.skipif(not hasattr(av.AudioFrame, "metadata"), reason="this PyAV hides a frame's metadata")


def ebur128_lkfs(samples: Wave, layout: str, rate_hz: int) -> float:
    samples = np.atleast_2d(samples)
    meter = Ebur128(rate_hz, layout)
    for at in range(0, samples.shape[1], rate_hz):
        part = np.ascontiguousarray(samples[:, at : at + rate_hz])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
        frame.sample_rate = rate_hz
        meter.push(frame)
    return meter.integrated_lkfs


def names(layout: str) -> tuple[str, ...]:
    return tuple(channel.name for channel in av.AudioLayout(layout).channels)


# pyloudnorm's filters, which the meter has, lie 0.04 dB from the standard's at 48 kHz, and 0.12 dB at 16 kHz.
NEAR_STANDARD_LU = {48_000: 0.1, 16_000: 0.15}


@needs_metadata
@pytest.mark.parametrize("rate_hz", NEAR_STANDARD_LU)
@pytest.mark.parametrize("layout", ["mono", "stereo", "2.1", "quad", "5.0", "5.0(side)", "5.1", "5.1(side)"])
def test_agrees_with_ffmpeg_in_every_layout(layout: str, rate_hz: int) -> None:
    swell = np.linspace(0, 1, 6 * rate_hz, dtype=np.float32)
    samples = np.stack([noise(6, seed, rate_hz) * (seed + 1) * swell for seed in range(len(names(layout)))])
    oracle = ebur128_lkfs(samples, layout, rate_hz)
    assert programme_lkfs((samples, names(layout), rate_hz)) == pytest.approx(oracle, abs=NEAR_STANDARD_LU[rate_hz])


@needs_metadata
@pytest.mark.parametrize("name", [name for name in PROGRAMMES if name != "beyond full scale"])
def test_agrees_with_ffmpeg_on_synthetic_programmes(name: str) -> None:
    samples = programmes(48_000)[name]  # not over +10 LUFS, where ebur128's histogram ends
    assert measured(samples, 48_000) == pytest.approx(ebur128_lkfs(samples, "mono", 48_000), abs=0.1)


def catalog() -> list[Path]:
    if "SMAD_DATA" not in os.environ:
        return []
    folder = Path(os.environ["SMAD_DATA"]) / "catalog"
    with (folder / "catalog.csv").open(encoding="utf-8") as table:
        return [folder / row["audio"] for row in csv.DictReader(table)]


def decoded(file: Path) -> Iterator[av.AudioFrame]:
    as_float = av.AudioResampler(format="fltp")
    with av.open(str(file)) as container:
        for frame in container.decode(audio=0):
            yield from as_float.resample(frame)


@needs_metadata
@pytest.mark.skipif("SMAD_DATA" not in os.environ, reason="SMAD_DATA does not name the sample data")
@pytest.mark.parametrize("file", catalog(), ids=lambda file: file.stem)
def test_agrees_with_ffmpeg_and_pyloudnorm_on_real_titles(file: Path) -> None:
    meter, oracle, mono = ProgrammeMeter(), None, []
    for frame in decoded(file):
        samples = frame.to_ndarray().astype(np.float32, copy=False)
        meter.push(samples, names(frame.layout.name), frame.sample_rate)
        mono.append(samples.mean(axis=0))
        oracle = oracle or Ebur128(frame.sample_rate, frame.layout.name)
        oracle.push(frame)
    assert oracle is not None
    assert meter.integrated_lkfs() == pytest.approx(oracle.integrated_lkfs, abs=0.1)

    signal = soxr.resample(np.concatenate(mono), frame.sample_rate, RATE_HZ)
    assert measured(signal) == pytest.approx(ebur128_lkfs(signal, "mono", RATE_HZ), abs=NEAR_STANDARD_LU[RATE_HZ])
    exact = pyloudnorm.Meter(RATE_HZ).integrated_loudness(signal.astype(float))
    assert measured(signal) == pytest.approx(exact, abs=0.001)
