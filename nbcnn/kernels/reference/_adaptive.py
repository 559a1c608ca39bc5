"""Where the windows of adaptive pooling lie: as many as asked for, of nearly equal size."""

from collections.abc import Sequence


def adaptive_window(position: Sequence[int], sizes: Sequence[int], output_size: Sequence[int]) -> tuple[slice, ...]:
    """Return what window i of n reads of every axis: floor(i * size / n) up to, not with, ceil((i + 1) * size / n)."""
    return tuple(
        slice(at * size // count, -(-(at + 1) * size // count))
        for at, size, count in zip(position, sizes, output_size, strict=True)
    )
