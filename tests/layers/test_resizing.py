"""Padding, cropping, upsampling and transposed convolution: what the layers declare, refuse and let through."""

from math import ceil, prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import network

from nbcnn.layers.axes import Window, padding_pairs, span
from nbcnn.layers.base import Layer
from nbcnn.layers.catalogue import LAYER_TYPES
from nbcnn.layers.problems import Code, Problem


def layer(kind: str, **fields: Any) -> Layer:
    return LAYER_TYPES[kind](type=kind, **fields)


def transposed(**fields: Any) -> Layer:
    return layer("conv_transpose", **{"out_channels": 4, "kernel_size": 3} | fields)


@pytest.mark.parametrize(
    "shape, output, weight",
    [
        ((2, 5), (4, 10), (2, 4, 2)),
        ((2, 5, 3), (4, 10, 6), (2, 4, 2, 2)),
        ((2, 5, 3, 1), (4, 10, 6, 2), (2, 4, 2, 2, 2)),
    ],
)
def test_conv_transpose_takes_its_rank_from_the_input(shape, output, weight):
    doubling = transposed(kernel_size=2, stride=2)
    assert doubling.output_shape(shape) == output
    parameters = doubling.parameters(shape)
    assert parameters["weight"].shape == weight and parameters["bias"].shape == (4,)
    # As torch.nn.init counts them: by the second and the first axis of the weight.
    assert parameters["weight"].fan_in == 4 * prod(weight[2:]) and parameters["weight"].fan_out == 2 * prod(weight[2:])
    assert doubling.macs(shape) == prod(shape) * prod(weight[1:])
    assert doubling.other_flops(shape) == {"bias_additions": prod(output)}
    assert doubling.window(shape) is None


def test_conv_transpose_resolves_its_attributes():
    resolved = transposed(stride=[1, 2], padding=[[0, 1], 2], output_padding=[1, 0], dilation=2, groups=2, bias=False)
    assert resolved.attributes((2, 9, 9)) == {
        "stride": (1, 2),
        "padding": ((0, 1), (2, 2)),
        "output_padding": (1, 0),
        "dilation": (2, 2),
        "groups": 2,
    }
    assert {name: each.shape for name, each in resolved.parameters((2, 9, 9)).items()} == {"weight": (2, 2, 3, 3)}
    assert resolved.macs((2, 9, 9)) == 2 * 81 * 2 * 9


def test_conv_transpose_checks_its_channels():
    (problem,) = transposed(groups=3).review((6, 5))
    assert str(problem) == "out_channels (=4) must be divisible by groups (=3); use groups = 2"
    (problem,) = transposed(in_channels=3).review((6, 5))
    assert problem.code is Code.DECLARED_SIZE and "declares 3 input channels but receives 6" in problem.rule


REFUSED = {
    "output padding": (
        transposed(stride=2, output_padding=[0, 2]),
        "output_padding of 2 along the columns must be smaller than stride (=2) or dilation (=1); "
        "use output_padding <= 1",
    ),
    "transposed padding": (
        transposed(padding=[[5, 3], 0]),
        "padding of 5 and 3 takes away all 8 rows that are computed; leave out at most 7 together",
    ),
    "crop": (
        layer("crop", crop=[[0, 0], [2, 3]]),
        "crop of 2 and 3 leaves nothing of 5 columns; leave out at most 4 together",
    ),
    "pairs for another rank": (
        layer("crop", crop=[[1, 1]]),
        "crop has 1 entry but the input has 2 spatial axes; give one integer, or 2 entries, each an integer or a pair "
        "[before, after]",
    ),
    "no size": (
        layer("upsample"),
        "neither size nor scale_factor is given; give one of the two, such as scale_factor = 2",
    ),
    "two sizes": (
        layer("upsample", size=4, scale_factor=2),
        "both size and scale_factor are given; give one of the two, such as scale_factor = 2",
    ),
    "corners of the nearest": (
        layer("upsample", scale_factor=2, align_corners=True),
        'align_corners = true has no meaning with mode = "nearest"; delete it or use mode = "bilinear"',
    ),
}


@pytest.mark.parametrize("refused, message", REFUSED.values(), ids=REFUSED)
def test_what_gives_no_size_is_refused(refused, message):
    with pytest.raises(Problem) as problem:
        refused.output_shape((3, 6, 5))
    assert str(problem.value) == message


@pytest.mark.parametrize("kind", ["conv_transpose", "upsample", "pad", "crop"])
def test_flat_inputs_are_refused(kind):
    fields = {
        "conv_transpose": {"out_channels": 1, "kernel_size": 1},
        "upsample": {"size": 2},
        "pad": {"padding": 1},
        "crop": {"crop": 1},
    }[kind]
    with pytest.raises(Problem, match="expects an input of shape"):
        layer(kind, **fields).output_shape((10,))


@pytest.mark.parametrize(
    "mode, padding, message",
    [
        ("reflect", 5, "reflect padding of 5 does not fit 5 columns, which give at most 4; use padding <= 4"),
        ("circular", 7, "circular padding of 7 does not fit 6 rows, which give at most 6; use padding <= 6"),
        ("reflect", 4, None),
        ("circular", 5, None),
        ("replicate", 50, None),
    ],
)  # fmt: skip
def test_borders_are_copied_from_what_is_there(mode, padding, message):
    for problems in (
        layer("pad", padding=padding, mode=mode).review((3, 6, 5)),
        layer("conv", out_channels=1, kernel_size=1, padding=padding, padding_mode=mode).review((3, 6, 5)),
    ):
        assert [str(problem) for problem in problems] == ([f"{message} or another mode"] if message else [])


def test_only_a_constant_border_has_a_value():
    (problem,) = layer("pad", padding=1, mode="reflect", value=2.0).review((1, 4))
    assert str(problem) == 'value = 2 has no meaning with mode = "reflect"; delete it or use mode = "constant"'


def test_sizes_of_resizing_layers():
    assert layer("pad", padding=[[1, 2], 3]).output_shape((2, 4, 5)) == (2, 7, 11)
    assert layer("crop", crop=[[1, 2], 1]).output_shape((2, 4, 5)) == (2, 1, 3)
    assert layer("upsample", scale_factor=[2, 3]).output_shape((2, 4, 5)) == (2, 8, 15)
    assert layer("upsample", size=7).output_shape((2, 4, 5)) == (2, 7, 7)
    assert layer("upsample", size=[3], mode="bilinear").other_flops((2, 4)) == {"multiplications": 12, "additions": 6}


def test_padding_and_cropping_shift_the_receptive_field():
    built = network(
        (1, 20, 20),
        {"type": "conv", "out_channels": 1, "kernel_size": 3, "stride": 2},
        {"type": "pad", "padding": [[1, 0], [0, 2]], "mode": "reflect"},
        {"type": "crop", "crop": [[3, 1], [2, 0]]},
    )
    (_, padded, cropped) = (node.field for node in built.layers)
    assert (padded.size, padded.jump, padded.start) == ((3, 3), (2, 2), (-2, 0))
    assert (cropped.size, cropped.jump, cropped.start) == ((3, 3), (2, 2), (4, 4))


@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 8), st.integers(1, 3))
def test_same_padding_is_tensorflows(size: int, kernel: int, stride: int, dilation: int) -> None:
    """TensorFlow documents SAME by the remainder: with size % stride == 0 the padding is max(extent - stride, 0), else
    max(extent - size % stride, 0); half of it, rounded down, goes before (tf.nn, "Notes on padding")."""
    extent = span(kernel, dilation)
    total = max(extent - (size % stride or stride), 0)
    ((before, after),) = padding_pairs("same", 1, (kernel,), (stride,), (dilation,), (size,))
    assert (before, after) == (total // 2, total - total // 2)
    ((lower_before, lower_after),) = padding_pairs("same_lower", 1, (kernel,), (stride,), (dilation,), (size,))
    assert (lower_before, lower_after) == (after, before)
    window = Window.resolve((size,), kernel, stride, "same", dilation)
    assert window.output_sizes((size,)) == (ceil(size / stride),)
