"""Pools: over sliding windows, over as many windows as asked for, and over all of a channel."""

from math import isfinite
from typing import Any

from numpy.typing import ArrayLike

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, floats
from nbcnn.functional.windows import refused, window
from nbcnn.layers.axes import Padding, PerAxis, Window, per_axis
from nbcnn.layers.kmax_pool import kmax_window


def _pool_attributes(window: Window) -> dict[str, Any]:
    return {
        "kernel_size": window.kernel_size,
        "stride": window.stride,
        "padding": window.padding,
        "ceil_mode": window.ceil_mode,
    }


def _extreme(
    operation: str,
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None,
    padding: Padding,
    dilation: PerAxis,
    ceil_mode: bool,
) -> Floats:
    x = floats(x, f"{operation}: x")
    step = kernel_size if stride is None else stride
    resolved = window(operation, x, kernel_size, step, padding, dilation, ceil_mode)
    return apply(operation, x, (), {**_pool_attributes(resolved), "dilation": resolved.dilation})


@differentiable
def max_pool(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
) -> Floats:
    """The largest value of each window of x (N, C, *space); `stride` is the window's size unless given.

    Padding never wins; ties go to the first maximum on the way back. Raises InputError where no window fits.
    """
    return _extreme("max_pool", x, kernel_size, stride, padding, dilation, ceil_mode)


@differentiable
def min_pool(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
) -> Floats:
    """The smallest value of each window of x (N, C, *space); `stride` is the window's size unless given.

    Padding never wins; ties go to the first minimum on the way back. Raises InputError where no window fits.
    """
    return _extreme("min_pool", x, kernel_size, stride, padding, dilation, ceil_mode)


@differentiable
def avg_pool(
    x: ArrayLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Floats:
    """The mean of each window of x (N, C, *space); padding counts as zeros unless `count_include_pad` is False.

    Raises InputError where no window fits.
    """
    x = floats(x, "avg_pool: x")
    resolved = window("avg_pool", x, kernel_size, kernel_size if stride is None else stride, padding, 1, ceil_mode)
    return apply("avg_pool", x, (), {**_pool_attributes(resolved), "count_include_pad": count_include_pad})


@differentiable
def lp_pool(
    x: ArrayLike,
    norm_type: float,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
) -> Floats:
    """(sum |x|**p) ** (1/p) of each window of x (N, C, *space), where p is `norm_type`, a number above 0.

    Padding and what `ceil_mode` lets overhang count as zeros. Raises InputError where no window fits.
    """
    x = floats(x, "lp_pool: x")
    if not (norm_type > 0 and isfinite(norm_type)):
        raise InputError(f"lp_pool: norm_type must be a number above 0, received {norm_type}; 2 is the l2 norm")
    resolved = window("lp_pool", x, kernel_size, kernel_size if stride is None else stride, padding, 1, ceil_mode)
    return apply("lp_pool", x, (), {**_pool_attributes(resolved), "norm_type": float(norm_type)})


@differentiable
def kmax_pool(x: ArrayLike, k: int | float, kernel_size: int | None = None, stride: int | None = None) -> Floats:
    """The k largest values of each window along the last axis of x (N, C, *space), in the order in which they stand.

    A window is the whole axis, or `kernel_size` long and `stride` (its length unless given) from the next; k values of
    one stand beside those of the next. A k below 1 is a share of the window's length, rounded up. Of equal values the
    first are taken. Raises InputError where a window has fewer than k values, or none fits.
    """
    x = floats(x, "kmax_pool: x")
    with refused("kmax_pool", x):
        window, count = kmax_window(x.shape[2:], k, kernel_size, stride)
        window.output_sizes(x.shape[2:])
    attributes = {"k": count, "kernel_size": window.kernel_size[-1], "stride": window.stride[-1]}
    return apply("kmax_pool", x, (), attributes)


def _adaptive(operation: str, x: ArrayLike, output_size: PerAxis) -> Floats:
    x = floats(x, f"{operation}: x")
    with refused(operation, x):
        sizes = per_axis(output_size, x.ndim - 2, "output_size")
    return apply(operation, x, (), {"output_size": sizes})


@differentiable
def adaptive_avg_pool(x: ArrayLike, output_size: PerAxis) -> Floats:
    """The means of `output_size` windows of nearly equal size, which cover x (N, C, *space).

    Raises InputError where `output_size` does not fit x's axes.
    """
    return _adaptive("adaptive_avg_pool", x, output_size)


@differentiable
def adaptive_max_pool(x: ArrayLike, output_size: PerAxis) -> Floats:
    """The largest values of `output_size` windows of nearly equal size, which cover x (N, C, *space).

    Ties go to the first maximum on the way back. Raises InputError where `output_size` does not fit x's axes.
    """
    return _adaptive("adaptive_max_pool", x, output_size)


def _global(operation: str, x: ArrayLike) -> Floats:
    x = floats(x, f"{operation}: x")
    with refused(operation, x):
        return apply(operation, x)


@differentiable
def global_avg_pool(x: ArrayLike) -> Floats:
    """The mean of each channel of x (N, C, *space), as (N, C, 1, ...); raises InputError where x has no space."""
    return _global("global_avg_pool", x)


@differentiable
def global_max_pool(x: ArrayLike) -> Floats:
    """The largest value of each channel of x (N, C, *space), as (N, C, 1, ...); raises InputError where x has no space.

    Ties go to the first maximum on the way back.
    """
    return _global("global_max_pool", x)
