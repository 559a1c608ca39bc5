"""ONNX's operators by `nbcnn.functional`: each takes a node's inputs and its attributes as ONNX names them.

They return the node's outputs, or the first of them; some nodes ask for fewer. An attribute that an operator here does
not name is a TypeError, so that none is left out of a comparison in silence. ONNX knows no batch: where an operator
works on any axis, its arrays are seen here as samples and channels of the same numbers in the same order.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn import functional as F

Array = NDArray[Any]
Outputs = tuple[Array, ...]
Sizes = Sequence[int]

SAME = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}


def pairs(pads: Sizes) -> list[tuple[int, int]]:
    """ONNX lists what comes before on every axis, then what comes after."""
    rank = len(pads) // 2
    return list(zip(map(int, pads[:rank]), map(int, pads[rank:]), strict=True))


def padding(auto_pad: str, pads: Sizes | None) -> Any:
    return SAME[auto_pad] if auto_pad != "NOTSET" else pairs(pads) if pads is not None else 0


def around(x: Array, axis: int) -> tuple[int, int, int]:
    """x as (numbers before the axis, the axis, numbers after it), which changes no order."""
    axis %= x.ndim
    return prod(x.shape[:axis]), x.shape[axis], prod(x.shape[axis + 1 :])


def one_sample(x: Array) -> Array:
    return x.reshape(1, -1)


def elementwise(function: Callable[..., Array], **names: str) -> Callable[..., Outputs]:
    """A function of single numbers; `names` gives ONNX's attributes our names."""
    return lambda x, **attributes: (function(x, **{names[name]: value for name, value in attributes.items()}),)


def conv(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    kernel_shape: Sizes | None = None,
    strides: Sizes | int = 1,
    pads: Sizes | None = None,
    auto_pad: str = "NOTSET",
    dilations: Sizes | int = 1,
    group: int = 1,
) -> Outputs:
    assert kernel_shape in (None, list(weight.shape[2:]))
    settings = {"stride": strides, "padding": padding(auto_pad, pads), "dilation": dilations, "groups": group}
    return (F.conv(x, weight, bias, **settings),)


def conv_transpose(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    kernel_shape: Sizes | None = None,
    strides: Sizes | None = None,
    pads: Sizes | None = None,
    auto_pad: str = "NOTSET",
    output_shape: Sizes | None = None,
    output_padding: Sizes | None = None,
    dilations: Sizes | None = None,
    group: int = 1,
) -> Outputs:
    kernel = weight.shape[2:]
    ones = [1] * len(kernel)
    assert kernel_shape in (None, list(kernel))
    strides, dilations, more = strides or ones, dilations or ones, list(output_padding or [0] * len(kernel))
    margins = pairs(pads or [0] * 2 * len(kernel))
    sizes = output_shape
    if auto_pad != "NOTSET":
        sizes = [size * stride for size, stride in zip(x.shape[2:], strides, strict=True)]
    if sizes is not None:
        # ONNX's formula for the padding that leaves an output of these sizes; below 0, the end is made longer.
        for axis, size in enumerate(sizes):
            span = (kernel[axis] - 1) * dilations[axis] + 1
            total = strides[axis] * (x.shape[2 + axis] - 1) + more[axis] + span - size
            smaller, larger = max(total, 0) // 2, max(total, 0) - max(total, 0) // 2
            margins[axis] = (smaller, larger) if auto_pad == "SAME_UPPER" else (larger, smaller)
            more[axis] += max(-total, 0)
    settings = {"stride": strides, "padding": margins, "output_padding": more, "dilation": dilations, "groups": group}
    return (F.conv_transpose(x, weight, bias, **settings),)


def max_pool(
    x: Array,
    *,
    kernel_shape: Sizes,
    strides: Sizes | int = 1,
    pads: Sizes | None = None,
    auto_pad: str = "NOTSET",
    dilations: Sizes | int = 1,
    ceil_mode: int = 0,
    storage_order: int = 0,  # of the indices, which are not offered
) -> Outputs:
    return (F.max_pool(x, kernel_shape, strides, padding(auto_pad, pads), dilations, bool(ceil_mode)),)


def average_pool(
    x: Array,
    *,
    kernel_shape: Sizes,
    strides: Sizes | int = 1,
    pads: Sizes | None = None,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
) -> Outputs:
    return (F.avg_pool(x, kernel_shape, strides, padding(auto_pad, pads), bool(ceil_mode), bool(count_include_pad)),)


def lp_pool(
    x: Array,
    *,
    kernel_shape: Sizes,
    strides: Sizes | int = 1,
    pads: Sizes | None = None,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    p: int = 2,
) -> Outputs:
    return (F.lp_pool(x, p, kernel_shape, strides, bool(ceil_mode), padding=padding(auto_pad, pads)),)


def batch_norm(
    x: Array,
    scale: Array,
    bias: Array,
    mean: Array,
    variance: Array,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> Outputs:
    """ONNX's momentum weighs the old statistics; the variance that it moves by is the biased one, ours the unbiased."""
    moved_mean, moved_variance = mean.copy(), variance.copy()
    settings = {"training": bool(training_mode), "momentum": 1.0 - momentum, "eps": epsilon}
    y = F.batch_norm(x, moved_mean, moved_variance, scale, bias, **settings)
    if not training_mode:
        return (y,)
    count = x.size // x.shape[1]
    biased = momentum * variance + (moved_variance - momentum * variance) * (count - 1) / count
    return y, moved_mean, biased


def layer_norm(x: Array, scale: Array, bias: Array, *, axis: int = -1, epsilon: float = 1e-5) -> Outputs:
    if axis % x.ndim == 0:
        return (F.layer_norm(x[np.newaxis], None, scale, bias, epsilon)[0],)
    return (F.layer_norm(x, x.shape[axis % x.ndim :], scale, bias, epsilon),)


def instance_norm(x: Array, scale: Array, bias: Array, *, epsilon: float = 1e-5) -> Outputs:
    return (F.instance_norm(x, scale, bias, epsilon),)


def group_norm(x: Array, scale: Array, bias: Array, *, num_groups: int, epsilon: float = 1e-5) -> Outputs:
    return (F.group_norm(x, num_groups, scale, bias, epsilon),)


def lrn(x: Array, *, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Outputs:
    return (F.local_response_norm(x, size, alpha, beta, bias),)


def prelu(x: Array, slope: Array) -> Outputs:
    slopes = np.broadcast_to(slope, x.shape).ravel()
    return (F.prelu(one_sample(x), slopes).reshape(x.shape),)


def join(function: Callable[[list[Array]], Array]) -> Callable[..., Outputs]:
    return lambda *x: (function([one_sample(each) for each in x]).reshape(x[0].shape),)


def concat(*x: Array, axis: int) -> Outputs:
    y = F.concat([each.reshape(around(each, axis)) for each in x])
    sizes = list(x[0].shape)
    sizes[axis] = y.shape[1]
    return (y.reshape(sizes),)


def pad(
    x: Array, pads: Array, value: float | Array = 0.0, axes: Array | None = None, *, mode: str = "constant"
) -> Outputs:
    margins = [(0, 0)] * x.ndim
    for axis, pair in zip(range(x.ndim) if axes is None else axes, pairs(pads), strict=True):
        margins[axis] = pair
    assert margins[0] == (0, 0)
    # Channels that are padded as well are one axis of space more.
    seen, border = (x[:, np.newaxis], margins[1:]) if any(margins[1]) else (x, margins[2:])
    ours = {"edge": "replicate", "wrap": "circular"}.get(mode, mode)
    y = F.pad(seen, border, ours, float(value))
    return (y[:, 0] if seen is not x else y,)


def resize(
    x: Array,
    roi: Array | None = None,
    scales: Array | None = None,
    sizes: Array | None = None,
    *,
    mode: str = "nearest",
    coordinate_transformation_mode: str = "half_pixel",
    axes: Sizes | None = None,
) -> Outputs:
    """At whole multiples, ONNX's rounding of half pixels finds the neighbours that PyTorch's floor finds."""
    corners = coordinate_transformation_mode == "align_corners"
    assert roi is None and coordinate_transformation_mode in ("half_pixel", "align_corners") and x.shape[:2] == (1, 1)
    assert not (corners and mode == "nearest")
    wanted = list(x.shape)
    for position, axis in enumerate(range(x.ndim) if axes is None else axes):
        wanted[axis] = int(sizes[position]) if sizes is not None else whole(x.shape[axis] * scales[position])
    ours = {"nearest": "nearest", "linear": "bilinear"}[mode]
    return (F.upsample(x, wanted[2:], mode=ours, align_corners=corners),)


def whole(size: float) -> int:
    assert size == int(size)
    return int(size)


def upsample(x: Array, scales: Array, *, mode: str) -> Outputs:
    return resize(x, scales=scales, mode=mode)


def flatten(x: Array, *, axis: int = 1) -> Outputs:
    return (F.flatten(x[np.newaxis] if axis % x.ndim == 0 else x),)


def reshape(x: Array, shape: Array) -> Outputs:
    """A size of 0 is that of x."""
    sizes = [int(size) or x.shape[axis] for axis, size in enumerate(shape)]
    assert sizes[0] == len(x)
    return (F.reshape(x, sizes[1:]),)


def gemm(
    a: Array,
    b: Array,
    c: Array | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,  # noqa: N803
    transB: int = 0,  # noqa: N803
) -> Outputs:
    weight = alpha * (b if transB else b.T)
    bias = None if c is None else beta * np.broadcast_to(c, (1, len(weight)))[0]
    return (F.linear(a.T if transA else a, weight, bias),)


def class_loss(function: Callable[..., Any], with_logarithms: bool) -> Callable[..., Outputs]:
    """The mean, or as ONNX's "sum" the mean times all that was counted."""

    def loss(
        x: Array,
        target: Array,
        weight: Array | None = None,
        *,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> Outputs:
        assert reduction in ("mean", "sum")
        # More than three axes of pixels are one: their order is all that matters.
        seen = x if x.ndim <= 5 else x.reshape(*x.shape[:2], -1)
        settings = {} if ignore_index is None else {"ignore_index": ignore_index}
        y = function(seen, target.reshape(len(x), *seen.shape[2:]), weight, **settings)
        if reduction == "sum":
            counted = target[target != ignore_index]
            y = y * (counted.size if weight is None else weight[counted].sum())
        return (y, F.log_softmax(x)) if with_logarithms else (y,)

    return loss


def dropout(
    x: Array, ratio: float | Array = 0.5, training: bool | Array = False, *, seed: int = 0, **old: float
) -> Outputs:
    """Before version 12, `ratio` was an attribute."""
    return (F.dropout(x, float(old.get("ratio", ratio)), bool(training), seed=seed),)


OPERATORS: dict[str, Callable[..., Outputs]] = {
    "Add": join(F.add),
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Concat": concat,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Dropout": dropout,
    "Elu": elementwise(F.elu, alpha="alpha"),
    "Flatten": flatten,
    "Gelu": elementwise(F.gelu, approximate="approximate"),
    "Gemm": gemm,
    "GlobalAveragePool": lambda x: (F.global_avg_pool(x),),
    "GlobalMaxPool": lambda x: (F.global_max_pool(x),),
    "GroupNormalization": group_norm,
    "HardSigmoid": elementwise(F.hard_sigmoid),
    "HardSwish": elementwise(F.hard_swish),
    "InstanceNormalization": instance_norm,
    "LRN": lrn,
    "LayerNormalization": layer_norm,
    "LeakyRelu": elementwise(F.leaky_relu, alpha="negative_slope"),
    "LogSoftmax": lambda x, axis=-1: (F.log_softmax(x, axis),),
    "LpPool": lp_pool,
    "MatMul": gemm,
    "MaxPool": max_pool,
    "Mish": elementwise(F.mish),
    "Mul": join(F.multiply),
    "NegativeLogLikelihoodLoss": class_loss(F.nll_loss, with_logarithms=False),
    "PRelu": prelu,
    "Pad": pad,
    "Relu": elementwise(F.relu),
    "Reshape": reshape,
    "Resize": resize,
    "Selu": elementwise(F.selu),
    "Sigmoid": elementwise(F.sigmoid),
    "Softmax": lambda x, axis=-1: (F.softmax(x, axis),),
    "SoftmaxCrossEntropyLoss": class_loss(F.cross_entropy, with_logarithms=True),
    "Softplus": elementwise(F.softplus),
    "Sum": join(F.add),
    "Swish": lambda x, alpha=1.0: (F.silu(alpha * x) / alpha,),
    "Tanh": elementwise(F.tanh),
    "Upsample": upsample,
}

# Outputs of a node beyond those that the functions above give.
OUTPUTS_NOT_OFFERED = {
    "Dropout": "the mask, which is recomputed and never kept",
    "LayerNormalization": "mean and inverse deviation, which stay with the kernel",
    "MaxPool": "indices of the maxima, which stay with the kernel",
}
