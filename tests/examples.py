"""The one table of layer examples: adding a layer adds a row, and every check that runs over the table then covers it.

The rows are awkward on purpose: batches of one and of one more than the lanes, sizes that leave a remainder, strides
above the kernel, one channel, uneven padding. `why` says which edge a row stands for and names it in the test report.
"""

from dataclasses import dataclass, field
from typing import Any

Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Example:
    """One call of an operation: shapes with the batch first, parameters in the order that the operation takes."""

    operation: str
    why: str
    input_shape: Shape
    parameters: dict[str, Shape] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.operation}: {self.why}"

    @property
    def rank(self) -> int:
        return len(self.input_shape) - 2


def conv(
    why: str,
    input_shape: Shape,
    out_channels: int,
    kernel_size: Shape,
    *,
    stride: Shape | None = None,
    padding: Pairs | None = None,
    dilation: Shape | None = None,
    groups: int = 1,
    bias: bool = True,
    flip: bool = False,
) -> Example:
    ones, zeros = (1,) * len(kernel_size), ((0, 0),) * len(kernel_size)
    parameters: dict[str, Shape] = {"weight": (out_channels, input_shape[1] // groups, *kernel_size)}
    if bias:
        parameters["bias"] = (out_channels,)
    attributes = {
        "stride": stride or ones,
        "padding": padding or zeros,
        "dilation": dilation or ones,
        "groups": groups,
        "flip": flip,
    }
    return Example("conv", why, input_shape, parameters, attributes)


def linear(why: str, samples: int, in_features: int, out_features: int, *, bias: bool = True) -> Example:
    parameters: dict[str, Shape] = {"weight": (out_features, in_features)}
    if bias:
        parameters["bias"] = (out_features,)
    return Example("linear", why, (samples, in_features), parameters)


def max_pool(
    why: str,
    input_shape: Shape,
    kernel_size: Shape,
    *,
    stride: Shape | None = None,
    padding: Pairs | None = None,
    dilation: Shape | None = None,
    ceil_mode: bool = False,
) -> Example:
    attributes = {
        "kernel_size": kernel_size,
        "stride": stride or kernel_size,
        "padding": padding or ((0, 0),) * len(kernel_size),
        "dilation": dilation or (1,) * len(kernel_size),
        "ceil_mode": ceil_mode,
    }
    return Example("max_pool", why, input_shape, {}, attributes)


def avg_pool(
    why: str,
    input_shape: Shape,
    kernel_size: Shape,
    *,
    stride: Shape | None = None,
    padding: Pairs | None = None,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Example:
    attributes = {
        "kernel_size": kernel_size,
        "stride": stride or kernel_size,
        "padding": padding or ((0, 0),) * len(kernel_size),
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
    }
    return Example("avg_pool", why, input_shape, {}, attributes)


def dropout(why: str, input_shape: Shape, p: float, *, seed: int = 0) -> Example:
    return Example("dropout", why, input_shape, {}, {"p": p, "seed": seed, "step": 0, "salt": 0})


def plain(operation: str, why: str, input_shape: Shape) -> Example:
    return Example(operation, why, input_shape)


EXAMPLES = [
    conv("LeNet's first layer", (17, 1, 28, 28), 6, (5, 5)),
    conv("LeNet's second layer", (5, 6, 12, 12), 12, (5, 5)),
    conv("batch of one, one channel, one filter", (1, 1, 4, 4), 1, (2, 2)),
    conv("same padding, sizes that no tile divides", (17, 3, 7, 9), 5, (3, 3), padding=((1, 1), (1, 1))),
    conv("kernel of one", (3, 5, 4, 3), 7, (1, 1)),
    conv("kernel of one, one pixel, many channels", (33, 19, 1, 1), 11, (1, 1)),
    conv("kernel as large as the input", (2, 3, 4, 5), 3, (4, 5)),
    conv("wide kernel of uneven sides", (4, 2, 6, 11), 3, (1, 7), bias=False),
    conv("even kernel, uneven padding", (5, 2, 6, 6), 3, (2, 4), padding=((0, 1), (2, 1))),
    conv("padding above the kernel", (2, 2, 3, 3), 2, (2, 2), padding=((3, 2), (0, 4))),
    conv("padding makes the whole window", (3, 2, 1, 2), 2, (3, 3), padding=((1, 1), (1, 1))),
    conv("stride two with a remainder", (17, 3, 8, 8), 4, (3, 3), stride=(2, 2), padding=((1, 1), (1, 1))),
    conv("stride above the kernel", (3, 2, 11, 8), 3, (2, 1), stride=(3, 4)),
    conv("stride differs from axis to axis", (2, 3, 7, 9), 2, (3, 2), stride=(1, 3), padding=((0, 0), (1, 0))),
    conv("stride leaves one window", (2, 2, 5, 5), 3, (3, 3), stride=(7, 5)),
    conv("dilation", (5, 2, 9, 8), 3, (3, 2), dilation=(2, 3)),
    conv(
        "dilation, stride and padding",
        (3, 2, 9, 9),
        3,
        (3, 3),
        stride=(2, 3),
        padding=((2, 1), (0, 2)),
        dilation=(2, 1),
    ),
    conv("stride that shares a factor with the dilation", (3, 2, 9, 9), 2, (3, 3), stride=(2, 2), dilation=(2, 2)),
    conv("two groups", (3, 4, 5, 5), 6, (3, 3), padding=((1, 1), (1, 1)), groups=2),
    conv("depthwise", (17, 5, 6, 6), 5, (3, 3), padding=((1, 1), (1, 1)), groups=5),
    conv(
        "depthwise with two filters a channel, stride two", (3, 3, 7, 7), 6, (3, 3), stride=(2, 2), groups=3, bias=False
    ),
    conv("true convolution", (3, 2, 6, 5), 3, (2, 3), flip=True),
    conv("true convolution, groups, stride", (2, 4, 7, 7), 4, (3, 2), stride=(2, 1), groups=2, flip=True),
    conv("many channels in and out", (3, 34, 5, 5), 35, (3, 3), padding=((1, 1), (1, 1))),
    conv("one axis", (17, 3, 20), 5, (5,), padding=((2, 2),)),
    conv("one axis, stride above the kernel, true convolution", (2, 2, 13), 3, (2,), stride=(3,), flip=True),
    conv(
        "one axis, dilation, uneven padding, depthwise", (3, 4, 9), 4, (3,), padding=((4, 0),), dilation=(2,), groups=4
    ),
    conv("three axes", (3, 2, 4, 5, 6), 3, (2, 3, 2)),
    conv(
        "three axes, stride, uneven padding",
        (2, 2, 5, 4, 5),
        3,
        (3, 2, 1),
        stride=(2, 1, 3),
        padding=((1, 0), (0, 2), (1, 1)),
    ),
    conv("three axes, groups, dilation", (17, 2, 3, 4, 5), 2, (1, 2, 2), dilation=(1, 3, 2), groups=2),
    linear("LeNet's first", 17, 192, 120),
    linear("batch of one", 1, 7, 3),
    linear("one feature in, one out", 33, 1, 1),
    linear("without bias", 5, 30, 11, bias=False),
    linear("a batch above every lane count", 100, 60, 10),
    max_pool("two by two", (17, 6, 8, 8), (2, 2)),
    max_pool("a floor leaves a row and a column", (3, 2, 7, 5), (2, 2)),
    max_pool("ceil_mode reads them", (3, 2, 7, 5), (2, 2), ceil_mode=True),
    max_pool("windows overlap", (5, 2, 7, 8), (3, 3), stride=(2, 1), padding=((1, 1), (1, 1))),
    max_pool(
        "ceil_mode drops a window that starts in the end padding",
        (2, 2, 4, 3),
        (2, 2),
        padding=((1, 1), (1, 1)),
        ceil_mode=True,
    ),
    max_pool("stride above the window", (2, 3, 9, 9), (2, 1), stride=(4, 3)),
    max_pool("dilation", (1, 2, 8, 9), (3, 2), stride=(1, 2), dilation=(2, 3)),
    max_pool("uneven padding", (2, 2, 5, 6), (3, 2), padding=((1, 0), (0, 1))),
    max_pool("one axis", (17, 3, 11), (3,), stride=(2,), padding=((1, 1),), ceil_mode=True),
    max_pool("three axes", (2, 3, 4, 5, 6), (2, 2, 3), stride=(2, 1, 2)),
    max_pool("the whole image", (4, 3, 3, 5), (3, 5)),
    avg_pool("two by two", (17, 6, 8, 8), (2, 2)),
    avg_pool("a floor leaves a row and a column", (3, 2, 7, 5), (2, 2)),
    avg_pool("ceil_mode never counts the overhang", (3, 2, 7, 5), (2, 2), ceil_mode=True),
    avg_pool("padding counts", (5, 2, 5, 6), (3, 3), stride=(2, 2), padding=((1, 1), (1, 1))),
    avg_pool(
        "padding does not count", (5, 2, 5, 6), (3, 3), stride=(2, 1), padding=((1, 1), (1, 1)), count_include_pad=False
    ),
    avg_pool("padding and overhang", (2, 2, 6, 4), (3, 3), stride=(2, 2), padding=((1, 1), (1, 1)), ceil_mode=True),
    avg_pool("uneven padding", (2, 2, 5, 6), (3, 2), stride=(1, 2), padding=((1, 0), (0, 1)), count_include_pad=False),
    avg_pool("stride above the window", (1, 3, 9, 9), (2, 1), stride=(4, 3)),
    avg_pool("one axis", (17, 3, 11), (3,), stride=(2,), padding=((1, 1),), ceil_mode=True),
    avg_pool("three axes", (2, 3, 4, 5, 6), (2, 2, 3), stride=(2, 1, 2)),
    plain("flatten", "an image", (17, 3, 4, 5)),
    plain("flatten", "one axis, batch of one", (1, 3, 7)),
    plain("flatten", "three axes", (5, 2, 3, 2, 3)),
    plain("relu", "an image", (17, 3, 4, 5)),
    plain("relu", "features", (1, 13)),
    plain("sigmoid", "an image", (17, 3, 4, 5)),
    plain("sigmoid", "features", (1, 13)),
    plain("tanh", "an image", (17, 3, 4, 5)),
    plain("tanh", "features", (1, 13)),
    dropout("an image, features that four does not divide", (17, 3, 3, 5), 0.5),
    dropout("features, a seed of more than 32 bits", (5, 30), 0.2, seed=2**40 + 7),
    dropout("nothing is dropped", (2, 9), 0.0),
    plain("cross_entropy", "ten classes", (17, 10)),
    plain("cross_entropy", "two classes, batch of one", (1, 2)),
    plain("cross_entropy", "more classes than lanes", (33, 37)),
]
