"""k-max pooling: the k largest values of every window, in the order in which they stand in it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.reference import Array


def kmax_pool(x: Array, *, k: int, kernel_size: int, stride: int) -> Array:
    """Return the k largest of every window along the last axis, (N, C, ..., L) to (N, C, ..., windows * k).

    A window's k values stand side by side. Of equal values the first ones are taken; NaN counts as the largest.
    """
    return np.concatenate(
        [np.take_along_axis(window, chosen, -1) for window, chosen in _windows(x, k, kernel_size, stride)], axis=-1
    )


def kmax_pool_gradient(dy: Array, x: Array, y: Array, *, k: int, kernel_size: int, stride: int) -> tuple[Array]:
    """Return (dx,): every chosen element gets its gradient, as often as it was chosen."""
    dx = np.zeros(x.shape)
    for number, (_, chosen) in enumerate(_windows(x, k, kernel_size, stride)):
        window = dx[..., number * stride : number * stride + kernel_size]
        so_far = np.take_along_axis(window, chosen, -1)
        np.put_along_axis(window, chosen, so_far + dy[..., number * k : number * k + k], -1)
    return (dx,)


def _windows(x: Array, k: int, kernel_size: int, stride: int) -> Iterator[tuple[Array, NDArray[np.intp]]]:
    """Yield every window and the indices of its k largest elements, ascending."""
    for start in range(0, x.shape[-1] - kernel_size + 1, stride):
        window = x[..., start : start + kernel_size]
        # The last key counts first; both sort stably, so the first of equals comes first.
        descending = np.lexsort((-window, ~np.isnan(window)), axis=-1)
        yield window, np.sort(descending[..., :k], axis=-1)
