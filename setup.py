"""Package metadata; a plain ``setup.py`` because Beam stages it to remote workers (``--setup_file``)."""

from pathlib import Path

from setuptools import setup

BEAM = "apache-beam{}>=2.77,<2.78"
# Without a lower bound pip may settle on one of 2020, which knows no endpoints.
S3FS = "s3fs>=2025.9"
ONNX = ["onnx>=1.20,<1.24", "onnxscript>=0.7,<0.8"]

setup(
    name="smad",
    version="0.1.0",
    description="Speech and music activity detection for film and TV catalogs, five times a second.",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.13",
    packages=[
        "transforms",
        "transforms.cue_sheets",
        "transforms.labels",
        "transforms.mix",
        "transforms.ptransforms",
        "transforms.sound",
        "transforms.subtitles",
        "transforms.text",
        "crnn",
        "pipelines",
        "pipelines.demo_catalog",
        "runners",
    ],
    package_data={
        "crnn": ["py.typed", "weights/*"],
        "transforms": ["py.typed"],
        "transforms.labels": ["*.toml"],
        "transforms.subtitles": ["*.toml"],
        "pipelines": ["py.typed"],
        "pipelines.demo_catalog": ["*.csv", "media/*", "text/*", "truth/*"],
        "runners": ["py.typed"],
    },
    entry_points={"console_scripts": ["smad = pipelines.cli:run"]},
    install_requires=[
        BEAM.format(""),
        "torch>=2.11,<2.12",
        "torchaudio>=2.11,<2.12",
        "lightning>=2.6,<2.7",
        "torchmetrics>=1.0,<2",
        "tensorboard>=2.20,<3",
        "numpy>=2.2,<2.5",
        "scipy>=1.15,<1.19",
        "av>=17,<19",
        "soxr>=1.0,<2",
        "pyloudnorm>=0.2,<0.3",
        "pyarrow>=20,<26",
        "soundfile>=0.13,<0.15",
        "ttconv>=1.2,<1.3",
        "pysubs2>=1.8,<1.9",
        "tomli>=2.2,<3; python_version < '3.11'",
        "chardet>=7.7,<8",
        "openpyxl>=3.1.5,<3.2",
        "langcodes>=3.5,<4",
        "gcsfs>=2025.9",
        "fsspec>=2025.9",
        "matplotlib>=3.10,<4",
        "tqdm>=4.67,<5",
    ],
    extras_require={
        "gcp": [BEAM.format("[gcp]")],
        "aws": [BEAM.format("[aws]"), S3FS],
        "onnx": ONNX,
        "dev": [
            BEAM.format("[aws,gcp]"),
            S3FS,
            *ONNX,
            "onnxruntime>=1.23,<1.33",
            "gcp-storage-emulator>=2026.7.18,<2027",
            "moto[server]>=5.2,<6",
            "hypothesis>=6.150,<7",
            "mypy>=2.0,<3",
            "pytest>=9,<10",
            "pytest-xdist>=3.8,<4",
            "ruff>=0.17,<0.18",
            "scipy-stubs",
            "sed_eval>=0.2.1,<0.3",
            "silero-vad>=6.2.3,<6.3",
            "types-openpyxl",
            "types-setuptools",
            "types-tqdm",
        ],
    },
)
