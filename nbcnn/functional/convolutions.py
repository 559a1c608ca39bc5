"""Convolutions and fully connected layers."""

from numpy.typing import ArrayLike

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, floats
from nbcnn.functional.windows import one_of, refused, window
from nbcnn.layers.axes import Margins, Padding, PerAxis, Window, pairs_per_axis, per_axis
from nbcnn.layers.resizing import border_problems, transposed_sizes


@differentiable
def conv(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    padding_mode: str = "zeros",
    dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
) -> Floats:
    """Cross-correlate x (N, I, *space) with weight (O, I/groups, *kernel); with `flip`, convolve as mathematics does.

    `padding` is an integer, one per axis, a pair (before, after) per axis, "same", "same_lower" or "valid"; it holds
    zeros, or with `padding_mode` "reflect", "replicate" or "circular" numbers of x. Returns (N, O, *windows). Raises
    InputError where shapes do not fit.
    """
    x, weight = _with_weight("conv", x, weight, "(O, I/groups, *kernel)")
    one_of("conv", "padding_mode", padding_mode, ("zeros", "reflect", "replicate", "circular"))
    resolved = window("conv", x, weight.shape[2:], stride, padding, dilation)
    with refused("conv", x):
        for problem in border_problems(resolved.padding, x.shape[2:], padding_mode):
            raise problem
    if groups < 1 or x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise InputError(
            f"conv: weight {weight.shape} in groups (={groups}) expects {weight.shape[1] * groups} input channels and "
            f"outputs divisible by groups, received {x.shape[1]} channels and {weight.shape[0]} outputs; change "
            "groups or the weight"
        )
    attributes = {
        "stride": resolved.stride,
        "padding": resolved.padding,
        "padding_mode": padding_mode,
        "dilation": resolved.dilation,
        "groups": groups,
        "flip": flip,
    }
    return apply("conv", x, (weight, bias_of(bias, weight, weight.shape[0])), attributes)


@differentiable
def conv_transpose(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: PerAxis = 1,
    padding: Margins = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Floats:
    """Spread every number of x (N, I, *space) by its kernel, `stride` apart; weight is (I, O/groups, *kernel).

    This is the gradient of `conv` with respect to its input. `padding` (an integer, one per axis, or a pair per axis)
    is left out at the borders, and `output_padding` makes the end longer: (n - 1) * stride - before - after
    + dilation * (kernel - 1) + output_padding + 1 of n. Raises InputError where shapes do not fit.
    """
    x, weight = _with_weight("conv_transpose", x, weight, "(I, O/groups, *kernel)")
    with refused("conv_transpose", x):
        pairs = pairs_per_axis(padding, x.ndim - 2, "padding")
        resolved = Window.resolve(x.shape[2:], weight.shape[2:], stride, pairs, dilation)
        more = per_axis(output_padding, x.ndim - 2, "output_padding", minimum=0)
        transposed_sizes(x.shape[2:], resolved, more)
    if groups < 1 or x.shape[1] != weight.shape[0] or x.shape[1] % groups:
        raise InputError(
            f"conv_transpose: weight {weight.shape} expects {weight.shape[0]} input channels, divisible by groups "
            f"(={groups}), received {x.shape[1]}; change groups or the weight"
        )
    attributes = {
        "stride": resolved.stride,
        "padding": resolved.padding,
        "output_padding": more,
        "dilation": resolved.dilation,
        "groups": groups,
    }
    return apply("conv_transpose", x, (weight, bias_of(bias, weight, weight.shape[1] * groups)), attributes)


@differentiable
def linear(x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> Floats:
    """x (N, inputs) times the transpose of weight (outputs, inputs), plus bias; returns (N, outputs).

    Raises InputError where shapes do not fit.
    """
    x, weight = floats(x, "linear: x"), floats(weight, "linear: weight")
    if x.ndim != 2 or weight.ndim != 2 or x.shape[1] != weight.shape[1] or 0 in weight.shape:
        raise InputError(
            f"linear: x (N, inputs) and weight (outputs, inputs) must agree, received {x.shape} and {weight.shape}; "
            "flatten x to (N, inputs) first"
        )
    return apply("linear", x, (weight, bias_of(bias, weight, weight.shape[0])))


def _with_weight(name: str, x: ArrayLike, weight: ArrayLike, meaning: str) -> tuple[Floats, Floats]:
    x, weight = floats(x, f"{name}: x"), floats(weight, f"{name}: weight")
    if weight.ndim != x.ndim or 0 in weight.shape:
        raise InputError(
            f"{name}: weight must have as many axes as x and none of size 0, received {weight.shape} for x of "
            f"{x.shape}; its shape is {meaning}"
        )
    return x, weight


def bias_of(bias: ArrayLike | None, weight: Floats, outputs: int) -> Floats | None:
    if bias is None:
        return None
    bias = floats(bias, "bias")
    if bias.shape != (outputs,):
        raise InputError(
            f"bias: shape {(outputs,)} is expected for weight {weight.shape}, received {bias.shape}; "
            "give one number per output"
        )
    return bias
