"""What the layers with a weight and a bias have in common."""

from collections.abc import Iterator
from math import gcd, prod

from nbcnn.layers.axes import Shape, largest_divisor
from nbcnn.layers.base import Parameter
from nbcnn.layers.problems import Code, Problem

_INPUTS = {"in_channels": "input channel", "in_features": "input"}


def weight_and_bias(weight: Shape, outputs: int, *, bias: bool, initializer: str) -> dict[str, Parameter]:
    """Parameters of a weight `(outputs, inputs, *kernel)`, or transposed, and its bias `(outputs,)`.

    Fans as `torch.nn.init` counts them: the weight's second or first axis times the kernel's elements. The bias has its
    weight's fans, because PyTorch's default draws it from a range that depends on them; with any other initializer it
    starts at zero.
    """
    fan_in, fan_out = prod(weight[1:]), weight[0] * prod(weight[2:])
    parameters = {"weight": Parameter(weight, fan_in, fan_out, initializer)}
    if bias:
        start = "pytorch" if initializer == "pytorch" else "zeros"
        parameters["bias"] = Parameter((outputs,), fan_in, fan_out, start)
    return parameters


def declared_size(field: str, declared: int | None, received: int) -> Iterator[Problem]:
    """A Problem where a size that is inferred anyway was declared and differs."""
    if declared is not None and declared != received:
        yield Problem(
            Code.DECLARED_SIZE,
            f"declares {declared} {_INPUTS[field]}{'s' * (declared != 1)} but receives {received}",
            "delete this line; the value is inferred",
            field,
            f"expected {received}",
        )


def channels_of_groups(in_channels: int, out_channels: int, groups: int) -> list[range]:
    """The input channels that each output channel reads: those of its group."""
    inputs, outputs = in_channels // groups, out_channels // groups
    return [range(channel // outputs * inputs, (channel // outputs + 1) * inputs) for channel in range(out_channels)]


def divisible_by_groups(in_channels: int, out_channels: int, groups: int) -> Iterator[Problem]:
    """A Problem where the groups of a convolution cannot share its channels out evenly."""
    for field, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            yield Problem(
                Code.BAD_GROUPS,
                f"{field} (={channels}) must be divisible by groups (={groups})",
                f"use groups = {largest_divisor(gcd(in_channels, out_channels), groups)}",
                "groups",
            )
            return
