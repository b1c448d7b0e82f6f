"""Make the demo catalog anew: ``python -m pipelines.demo_catalog.make``."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import av
import numpy as np
from scipy import signal

from pipelines.demo_catalog.captions import write_cue_sheet, write_subtitles
from pipelines.demo_catalog.films import FILMS, Film
from pipelines.demo_catalog.mix import Activity, make_stems, mix, seeded, truth
from pipelines.demo_catalog.music import SOUNDFONT
from pipelines.demo_catalog.waves import RATE_HZ, Wave, to_mono

FOLDER = Path(__file__).parent
VOICES = Path("/usr/share/festival/voices")
NEEDS = {
    "espeak-ng": shutil.which("espeak-ng"),
    "flite": shutil.which("flite"),
    "festival": shutil.which("text2wave"),
    "festvox-ru": (VOICES / "russian/msu_ru_nsh_clunits").exists(),
    "festvox-ca-ona-hts": (VOICES / "catalan/upc_ca_ona_hts").exists(),
    "fluidsynth": shutil.which("fluidsynth"),
    "fluid-soundfont-gm": SOUNDFONT.exists(),
}
COLUMNS = [
    "title_id",
    "audio",
    "language",
    "split",
    "subtitles",
    "subtitle_kind",
    "cue_sheet",
    "cue_sheet_fps",
    "cue_sheet_start",
    "truth",
    "genre",
]
OFFSET_LIMIT_MS = 5.0


def main() -> None:
    """Make all four films, their texts and their truth, and check each file against its mix."""
    require_tools()
    for folder in ("media", "text", "truth"):
        (FOLDER / folder).mkdir(exist_ok=True)
    rows = [make(film) for film in FILMS]
    with (FOLDER / "catalog.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def require_tools() -> None:
    """Stop with what to install, if anything is missing."""
    missing = [package for package, found in NEEDS.items() if not found]
    if missing:
        sys.exit(f"The demo catalog is made with Debian packages that are missing: apt-get install {' '.join(missing)}")


def make(film: Film) -> dict[str, str]:
    """Make one film and return its row of the catalog."""
    stems = make_stems(film)
    mixed = mix(film, stems)
    media = FOLDER / "media" / film.delivery.file
    encode(media, film, mixed)
    check_offset(media, mixed)
    row = {
        "title_id": film.title_id,
        "audio": f"media/{film.delivery.file}",
        "language": film.language,
        "split": film.split,
        "subtitles": f"text/{film.subtitles}",
        "subtitle_kind": "sdh" if film.sdh else "full",
        "truth": f"truth/{film.title_id}.csv",
        "genre": film.genre,
    }
    (FOLDER / row["subtitles"]).write_text(write_subtitles(film, stems.events, seeded(film, "subtitles")), "utf-8")
    write_truth(FOLDER / row["truth"], truth(stems))
    return row | make_cue_sheet(film)


def make_cue_sheet(film: Film) -> dict[str, str]:
    """Write the cue sheet of a film that has one, and return its columns of the catalog."""
    if film.cue_sheet_fps is None:
        return {}
    path = f"text/{film.title_id}.cues.csv"
    (FOLDER / path).write_text(write_cue_sheet(film, film.cue_sheet_fps, seeded(film, "cue sheet")), "utf-8")
    start = f"{film.cue_sheet_start_s // 3600:02}:00:00"
    return {"cue_sheet": path, "cue_sheet_fps": str(film.cue_sheet_fps), "cue_sheet_start": start}


def write_truth(path: Path, activities: list[Activity]) -> None:
    """Write the truth as CSV."""
    rows = [f"{activity.start_s:.2f},{activity.end_s:.2f},{activity.label}" for activity in activities]
    path.write_text("\n".join(["start_s,end_s,class", *rows, ""]), "utf-8")


def encode(path: Path, film: Film, wave: Wave) -> None:
    """Encode [C, T] into a container, with nothing in it that changes from run to run."""
    delivery = film.delivery
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(delivery.codec, rate=RATE_HZ, layout=delivery.layout)
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = delivery.bit_rate
        stream.codec_context.options = {"flags": "+bitexact"}
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave), format="fltp", layout=delivery.layout)
        frame.sample_rate = RATE_HZ
        frame.pts = 0  # without it the container does not note the encoder's priming, and decoders cannot remove it
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def decode(path: Path) -> Wave:
    """Decode a whole file: [C, T]."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp")
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def check_offset(path: Path, wave: Wave) -> None:
    """Compare a file with what was encoded: the decoded sound must lie where the truth says."""
    decoded = decode(path)
    length = min(decoded.shape[1], wave.shape[1])
    correlation = signal.correlate(to_mono(decoded)[:length], to_mono(wave)[:length], "full", "fft")
    offset = int(np.argmax(correlation)) - (length - 1)
    print(
        f"{path.name}: {len(decoded)} channels, {decoded.shape[1] / RATE_HZ:.3f} s, {path.stat().st_size:,} bytes, "
        f"offset {1000 * offset / RATE_HZ:+.2f} ms"
    )
    if abs(1000 * offset / RATE_HZ) >= OFFSET_LIMIT_MS:
        raise ValueError(f"{path.name}: decodes {offset} samples late")


if __name__ == "__main__":
    main()
