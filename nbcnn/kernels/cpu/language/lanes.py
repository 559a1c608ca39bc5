"""How many samples ride in one vector register, and how many such registers there are.

Correctness does not depend on the lane count; it follows the machine and may be set by `NBCNN_LANES` or `using`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from nbcnn.errors import InputError
from nbcnn.machine.processor import processor_features

LANE_COUNTS = (4, 8, 16)

_chosen: ContextVar[int | None] = ContextVar("lanes", default=None)


@lru_cache(maxsize=1)
def _machine() -> tuple[int, int]:
    """Return (float32 lanes, vector registers) of this machine."""
    import platform

    if platform.machine().lower() in ("arm64", "aarch64"):
        return 4, 32
    features = processor_features()
    if "avx512f" in features:
        return 16, 32
    if {"avx2", "fma"} <= features:
        return 8, 16
    return 4, 16


def lane_count() -> int:
    """Return the number of float32 lanes for plans made now."""
    chosen = _chosen.get() or os.environ.get("NBCNN_LANES")
    if chosen is None:
        return _machine()[0]
    if str(chosen) not in map(str, LANE_COUNTS):
        raise InputError(
            f"NBCNN_LANES: lane count must be one of {LANE_COUNTS}, received {chosen!r}; unset it to follow the machine"
        )
    return int(chosen)


def register_count() -> int:
    """Return the number of vector registers of this machine."""
    return _machine()[1]


@contextmanager
def using(lanes: int) -> Iterator[None]:
    """Make plans with `lanes` lanes inside the block; for tests, since results agree whatever the count."""
    token = _chosen.set(lanes)
    try:
        yield
    finally:
        _chosen.reset(token)
