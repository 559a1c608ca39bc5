"""Convolutions and fully connected layers."""

from math import prod

from hypothesis import assume
from hypothesis import strategies as st

from families.drawing import BATCHES, per_axis
from families.example import Example, Pairs, Shape, symmetric


def conv(
    why: str,
    input_shape: Shape,
    out_channels: int,
    kernel_size: Shape,
    *,
    stride: Shape | None = None,
    padding: Pairs | None = None,
    padding_mode: str = "zeros",
    dilation: Shape | None = None,
    groups: int = 1,
    bias: bool = True,
    flip: bool = False,
) -> Example:
    ones, zeros = (1,) * len(kernel_size), ((0, 0),) * len(kernel_size)
    weight = (out_channels, input_shape[1] // groups, *kernel_size)
    parameters = {"weight": weight, "bias": (out_channels,) if bias else None}
    attributes = {
        "stride": stride or ones,
        "padding": padding or zeros,
        "padding_mode": padding_mode,
        "dilation": dilation or ones,
        "groups": groups,
        "flip": flip,
    }

    def terms(kind: str, output: Shape) -> int:
        # An input pixel that fills padding has windows over each of its copies.
        copies = 1 if padding_mode == "zeros" else prod(1 + max(pair) for pair in attributes["padding"])
        return {
            "forward": prod(weight[1:]),
            "input_gradient": out_channels // groups * prod(kernel_size) * copies,
            "weight_gradient": prod(output) // out_channels,
        }[kind]

    return Example("conv", why, input_shape, parameters, attributes, terms=terms)


def conv_transpose(
    why: str,
    input_shape: Shape,
    out_channels: int,
    kernel_size: Shape,
    *,
    stride: Shape | None = None,
    padding: Pairs | None = None,
    output_padding: Shape | None = None,
    dilation: Shape | None = None,
    groups: int = 1,
    bias: bool = True,
) -> Example:
    ones, none = (1,) * len(kernel_size), (0,) * len(kernel_size)
    weight = (input_shape[1], out_channels // groups, *kernel_size)
    parameters = {"weight": weight, "bias": (out_channels,) if bias else None}
    attributes = {
        "stride": stride or ones,
        "padding": padding or tuple(zip(none, none, strict=True)),
        "output_padding": output_padding or none,
        "dilation": dilation or ones,
        "groups": groups,
    }
    counts = {
        "forward": input_shape[1] // groups * prod(kernel_size),
        "input_gradient": prod(weight[1:]),
        "weight_gradient": input_shape[0] * prod(input_shape[2:]),
    }
    # The gradient of a bias sums a whole channel of the output, larger than the input as a rule.
    return Example(
        "conv_transpose",
        why,
        input_shape,
        parameters,
        attributes,
        terms=lambda kind, output: max(counts[kind], prod(output) // out_channels if kind == "weight_gradient" else 0),
    )


def linear(why: str, samples: int, in_features: int, out_features: int, *, bias: bool = True) -> Example:
    parameters = {"weight": (out_features, in_features), "bias": (out_features,) if bias else None}
    counts = {"forward": in_features, "input_gradient": out_features, "weight_gradient": samples}
    return Example("linear", why, (samples, in_features), parameters, terms=lambda kind, output: counts[kind])


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
    conv("depthwise with three filters a channel", (17, 3, 6, 5), 9, (3, 3), padding=((1, 1), (1, 1)), groups=3),
    conv("depthwise, rows that no strip divides", (17, 4, 5, 13), 4, (3, 3), padding=((1, 1), (1, 1)), groups=4),
    conv("depthwise with two filters a channel, mirrored", (17, 3, 9, 11), 6, (3, 5), groups=3, flip=True),
    conv("depthwise, stride three", (5, 3, 10, 17), 6, (3, 3), stride=(3, 3), padding=((1, 1), (1, 2)), groups=3),
    conv(
        "depthwise, stride along the rows alone",
        (3, 2, 9, 8),
        2,
        (3, 3),
        stride=(1, 2),
        padding=((0, 2), (1, 0)),
        groups=2,
    ),
    conv(
        "depthwise, stride across the rows alone",
        (3, 2, 9, 8),
        4,
        (3, 3),
        stride=(2, 1),
        padding=((1, 1), (1, 1)),
        groups=2,
    ),
    conv("depthwise, stride above the kernel", (3, 2, 9, 13), 2, (2, 2), stride=(3, 4), groups=2),
    conv(
        "depthwise, dilation and stride",
        (17, 3, 9, 12),
        3,
        (3, 3),
        stride=(1, 2),
        padding=((2, 1), (3, 2)),
        dilation=(2, 3),
        groups=3,
    ),
    conv("depthwise, one pixel", (17, 7, 1, 1), 14, (3, 3), padding=((1, 1), (1, 1)), groups=7),
    conv("depthwise, kernel of one", (17, 5, 2, 3), 10, (1, 1), groups=5),
    conv("depthwise, padding above the kernel", (3, 2, 3, 2), 2, (2, 2), padding=((3, 2), (0, 4)), groups=2),
    conv("depthwise, many rows of a kernel", (3, 2, 9, 10), 2, (7, 7), padding=((3, 3), (3, 3)), groups=2),
    conv("depthwise, wider than strips share", (3, 2, 3, 24), 4, (2, 11), padding=((0, 0), (5, 5)), groups=2),
    conv("depthwise, one axis", (17, 3, 23), 9, (5,), padding=((2, 2),), groups=3),
    conv(
        "depthwise, one axis, stride, mirrored",
        (17, 3, 23),
        3,
        (5,),
        stride=(2,),
        padding=((2, 1),),
        groups=3,
        flip=True,
    ),
    conv("depthwise, three axes", (17, 2, 4, 5, 9), 4, (3, 3, 3), padding=((1, 1),) * 3, groups=2),
    conv(
        "depthwise, three axes, stride, dilation",
        (3, 3, 5, 6, 9),
        3,
        (2, 3, 3),
        stride=(2, 1, 2),
        padding=((1, 0), (2, 1), (0, 3)),
        dilation=(1, 2, 1),
        groups=3,
    ),
    conv(
        "depthwise, reflected",
        (3, 2, 6, 9),
        2,
        (3, 3),
        padding=((1, 1), (1, 1)),
        padding_mode="reflect",
        groups=2,
    ),
    conv("same padding as TensorFlow places it", (3, 2, 8, 7), 3, (3, 4), stride=(2, 3), padding=((0, 1), (1, 2))),
    conv("reflected", (17, 3, 6, 7), 4, (3, 5), padding=((1, 1), (2, 2)), padding_mode="reflect"),
    conv("reflected by all but one pixel", (3, 2, 4, 3), 2, (3, 3), padding=((3, 1), (0, 2)), padding_mode="reflect"),
    conv("replicated far", (3, 2, 2, 3), 3, (3, 2), padding=((4, 0), (2, 5)), padding_mode="replicate"),
    conv("circular", (17, 2, 5, 6), 3, (3, 3), padding=((1, 1), (1, 1)), padding_mode="circular"),
    conv(
        "circular by the whole size, stride, dilation, groups",
        (5, 4, 4, 5),
        6,
        (2, 3),
        stride=(2, 1),
        padding=((4, 3), (0, 5)),
        padding_mode="circular",
        dilation=(3, 2),
        groups=2,
    ),
    conv(
        "one axis, reflected, true convolution",
        (2, 3, 7),
        4,
        (4,),
        padding=((2, 3),),
        padding_mode="reflect",
        flip=True,
    ),
    conv(
        "three axes, replicated",
        (2, 2, 3, 4, 3),
        3,
        (3, 2, 3),
        padding=((1, 1), (0, 1), (1, 1)),
        padding_mode="replicate",
    ),
    conv_transpose("U-Net's doubling", (17, 6, 5, 4), 3, (2, 2), stride=(2, 2)),
    conv_transpose("DCGAN's doubling", (3, 4, 4, 4), 5, (4, 4), stride=(2, 2), padding=((1, 1), (1, 1)), bias=False),
    conv_transpose("batch of one, one channel", (1, 1, 3, 3), 1, (3, 3)),
    conv_transpose("one pixel", (33, 7, 1, 1), 5, (3, 2)),
    conv_transpose("kernel of one", (5, 3, 4, 3), 4, (1, 1)),
    conv_transpose("stride above the kernel leaves gaps for the bias", (3, 2, 4, 3), 3, (2, 1), stride=(3, 4)),
    conv_transpose(
        "output padding", (5, 2, 4, 5), 3, (3, 3), stride=(2, 3), padding=((1, 1), (0, 2)), output_padding=(1, 2)
    ),
    conv_transpose(
        "output padding below the dilation alone", (3, 2, 4, 3), 2, (2, 3), output_padding=(1, 2), dilation=(2, 3)
    ),
    conv_transpose("output padding beyond every window", (3, 2, 3, 3), 2, (1, 2), stride=(4, 3), output_padding=(3, 2)),
    conv_transpose("uneven padding above the kernel", (3, 2, 6, 7), 3, (2, 3), padding=((3, 0), (1, 4))),
    conv_transpose("dilation and stride share a factor", (3, 3, 4, 4), 2, (3, 2), stride=(2, 4), dilation=(2, 2)),
    conv_transpose("two groups", (17, 4, 4, 5), 6, (3, 3), stride=(2, 1), groups=2),
    conv_transpose("depthwise", (3, 5, 4, 4), 5, (3, 3), stride=(2, 2), padding=((1, 0), (0, 1)), groups=5),
    conv_transpose("depthwise, three filters a channel", (17, 2, 5, 9), 6, (3, 3), padding=((1, 1), (1, 1)), groups=2),
    conv_transpose(
        "depthwise, one axis, stride, dilation",
        (3, 3, 11),
        3,
        (3,),
        stride=(2,),
        padding=((1, 1),),
        dilation=(2,),
        groups=3,
    ),
    conv_transpose("many channels in and out", (3, 34, 4, 4), 35, (3, 3), padding=((1, 1), (1, 1))),
    conv_transpose("one axis", (17, 3, 9), 4, (4,), stride=(2,), padding=((1, 1),)),
    conv_transpose("one axis, groups, dilation", (2, 4, 5), 2, (3,), stride=(3,), dilation=(2,), groups=2, bias=False),
    conv_transpose("three axes", (3, 3, 2, 3, 2), 2, (2, 2, 3), stride=(2, 2, 1), padding=((0, 0), (1, 0), (1, 1))),
    conv_transpose(
        "three axes, output padding",
        (2, 2, 2, 3, 2),
        4,
        (3, 1, 2),
        stride=(2, 3, 1),
        output_padding=(1, 2, 0),
        groups=2,
    ),
    linear("LeNet's first", 17, 192, 120),
    linear("batch of one", 1, 7, 3),
    linear("one feature in, one out", 33, 1, 1),
    linear("without bias", 5, 30, 11, bias=False),
    linear("a batch above every lane count", 100, 60, 10),
]


@st.composite
def convolutions(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    largest = 4 if rank < 3 else 2
    kernel_size = per_axis(draw, rank, st.integers(1, largest))
    stride = per_axis(draw, rank, st.integers(1, 3))
    dilation = per_axis(draw, rank, st.integers(1, 3 if rank < 3 else 2))
    padding = per_axis(draw, rank, st.tuples(st.integers(0, 3), st.integers(0, 3)))
    groups = draw(st.integers(1, 3))
    inputs, outputs = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    space = [
        draw(st.integers(max(1, gap * (kernel - 1) + 1 - before - after), gap * (kernel - 1) + 4))
        for kernel, gap, (before, after) in zip(kernel_size, dilation, padding, strict=True)
    ]
    padding_mode = draw(st.sampled_from(["zeros", "zeros", "reflect", "replicate", "circular"]))
    if padding_mode in ("reflect", "circular"):
        largest = [size - (padding_mode == "reflect") for size in space]
        padding = tuple((min(pair[0], most), min(pair[1], most)) for pair, most in zip(padding, largest, strict=True))
        assume(
            all(
                before + size + after > gap * (kernel - 1)
                for size, kernel, gap, (before, after) in zip(space, kernel_size, dilation, padding, strict=True)
            )
        )
    return conv(
        "random",
        (draw(BATCHES), inputs, *space),
        outputs,
        kernel_size,
        stride=stride,
        padding=padding,
        padding_mode=padding_mode,
        dilation=dilation,
        groups=groups,
        bias=draw(st.booleans()),
        flip=draw(st.booleans()),
    )


@st.composite
def transposed_convolutions(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    largest = 4 if rank < 3 else 2
    kernel_size = per_axis(draw, rank, st.integers(1, largest))
    stride = per_axis(draw, rank, st.integers(1, 3))
    dilation = per_axis(draw, rank, st.integers(1, 3 if rank < 3 else 2))
    output_padding = tuple(draw(st.integers(0, max(pair) - 1)) for pair in zip(stride, dilation, strict=True))
    groups = draw(st.integers(1, 3))
    inputs, outputs = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    space = per_axis(draw, rank, st.integers(1, largest))
    padding = []
    for size, kernel, step, gap, more in zip(space, kernel_size, stride, dilation, output_padding, strict=True):
        reached = (size - 1) * step + gap * (kernel - 1) + 1 + more
        before = draw(st.integers(0, min(3, reached - 1)))
        padding.append((before, draw(st.integers(0, min(3, reached - 1 - before)))))
    return conv_transpose(
        "random",
        (draw(BATCHES), inputs, *space),
        outputs,
        kernel_size,
        stride=stride,
        padding=tuple(padding),
        output_padding=output_padding,
        dilation=dilation,
        groups=groups,
        bias=draw(st.booleans()),
    )


@st.composite
def linears(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    return linear("random", draw(BATCHES), draw(st.integers(1, 40)), draw(st.integers(1, 20)), bias=draw(st.booleans()))


STRATEGIES = (convolutions, transposed_convolutions, linears)


def torch_conv(attributes, x, weight, bias):
    import torch

    rank, padding, flip = x.ndim - 2, attributes["padding"], attributes["flip"]
    mode = "constant" if attributes["padding_mode"] == "zeros" else attributes["padding_mode"]
    x = torch.nn.functional.pad(x, [amount for pair in reversed(padding) for amount in pair], mode)
    function = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}[rank]
    weight = weight.flip(tuple(range(2, weight.ndim))) if flip else weight
    settings = {name: attributes[name] for name in ("stride", "dilation", "groups")}
    return function(x, weight, bias, **settings)


def torch_conv_transpose(attributes, x, weight, bias):
    """PyTorch leaves out as much before as after, so uneven padding is cut off what it computes without."""
    import torch

    function = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}[x.ndim - 2]
    padding, settings = attributes["padding"], dict(attributes)
    settings["padding"] = tuple(before for before, _ in padding) if symmetric(padding) else 0
    y = function(x, weight, bias, **settings)
    if not symmetric(padding):
        y = y[:, :, *(slice(b, size - a) for (b, a), size in zip(padding, y.shape[2:], strict=True))]
    return y


def torch_linear(attributes, x, weight, bias):
    import torch

    return torch.nn.functional.linear(x, weight, bias)


TORCH = {"conv": torch_conv, "conv_transpose": torch_conv_transpose, "linear": torch_linear}
