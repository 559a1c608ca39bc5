"""Min pooling: the smallest value of every window."""

from nbcnn.kernels.reference import Array
from nbcnn.kernels.reference.max_pool import max_pool, max_pool_gradient


def min_pool(
    x: Array,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    ceil_mode: bool,
) -> Array:
    """Return the minimum of every window of x, (N, C, *space) to (N, C, *positions).

    Padding and the overhang of `ceil_mode` are never the minimum: a window that sees nothing else is inf. A NaN in a
    window is its minimum.
    """
    return -max_pool(
        -x, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )


def min_pool_gradient(
    dy: Array,
    x: Array,
    y: Array,
    *,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    ceil_mode: bool,
) -> tuple[Array]:
    """Return (dx,): each window passes its gradient to its first minimum in row-major order."""
    return max_pool_gradient(
        dy, -x, -y, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
