"""The one time grid of the system: every length derives from four constants, exactly.

No other module writes one of these numbers.
"""

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 400
POOL_HOPS = 8
SEGMENT_S = 20


def exact_div(numerator: int, denominator: int) -> int:
    """Divide two integers, refusing a remainder: a grid that does not tile must fail at import."""
    quotient, remainder = divmod(numerator, denominator)
    if remainder:
        raise ValueError(f"{numerator} is not a multiple of {denominator}: the frame grid does not tile")
    return quotient


FRAME_SAMPLES = HOP_SAMPLES * POOL_HOPS
FRAMES_PER_S = exact_div(SAMPLE_RATE_HZ, FRAME_SAMPLES)
FRAME_S = 1 / FRAMES_PER_S
SEGMENT_SAMPLES = SEGMENT_S * SAMPLE_RATE_HZ
SEGMENT_HOPS = exact_div(SEGMENT_SAMPLES, HOP_SAMPLES)
SEGMENT_FRAMES = exact_div(SEGMENT_SAMPLES, FRAME_SAMPLES)


def frame_count(samples: int) -> int:
    """Count the frames that cover ``samples``; the last one may be partial: ceil(samples / FRAME_SAMPLES)."""
    return -(-samples // FRAME_SAMPLES)


def seconds(samples: int) -> float:
    """Convert samples of the system's rate to seconds."""
    return samples / SAMPLE_RATE_HZ
