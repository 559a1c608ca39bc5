"""Where the windows of convolution and pooling lie, axis by axis, and which channels go together."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def output_size(size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int, ceil_mode: bool) -> int:
    """Count the windows along one axis, as PyTorch counts them.

    `ceil_mode` adds a last window that hangs over the end, unless it would start in the end padding.
    """
    before, after = padding
    span = dilation * (kernel - 1) + 1
    free = size + before + after - span
    if not ceil_mode:
        return free // stride + 1
    count = -(-free // stride) + 1
    last_start = (count - 1) * stride
    return count - 1 if last_start >= size + before else count


def output_sizes(
    sizes: Sequence[int],
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> tuple[int, ...]:
    """Return `output_size` of every axis."""
    axes = zip(sizes, kernel_size, stride, padding, dilation, strict=True)
    return tuple(output_size(*axis, ceil_mode) for axis in axes)


def rows_read(position: int, kernel: int, stride: int, before: int, dilation: int, start: int, end: int) -> list[int]:
    """List the indices that window number `position` reads along one axis, as far as they lie in [start, end).

    Index 0 is the first element of the input; padding has negative indices, and indices from its size on.
    """
    first = position * stride - before
    indices = [first + offset * dilation for offset in range(kernel)]
    return [index for index in indices if start <= index < end]


def elements(
    position: Sequence[int],
    sizes: Sequence[int],
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
) -> tuple[Any, ...]:
    """Index the elements of the input that the window at `position` covers."""
    axes = zip(position, sizes, kernel_size, stride, padding, dilation, strict=True)
    rows = [rows_read(at, kernel, step, pad[0], gap, 0, size) for at, size, kernel, step, pad, gap in axes]
    return np.ix_(*(np.array(indices, dtype=np.intp) for indices in rows))


def window_slices(
    position: Sequence[int], kernel_size: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[slice, ...]:
    """Return what the window at `position` covers of every axis of the padded array."""
    starts = [index * step for index, step in zip(position, stride, strict=True)]
    return tuple(
        slice(start, start + gap * (kernel - 1) + 1, gap)
        for start, kernel, gap in zip(starts, kernel_size, dilation, strict=True)
    )


def channels_of_groups(inputs: int, outputs: int, groups: int) -> list[tuple[slice, slice]]:
    """Return the input and the output channels of every group."""
    i, o = inputs // groups, outputs // groups
    return [(slice(group * i, group * i + i), slice(group * o, group * o + o)) for group in range(groups)]
