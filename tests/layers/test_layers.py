"""What layers declare: parameters, counts, and the rules that they check."""

from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from math import prod
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcnn.kernels import reference
from nbcnn.layers.avg_pool import AvgPool
from nbcnn.layers.catalogue import ACTIVATIONS, LAYER_TYPES
from nbcnn.layers.conv import Conv
from nbcnn.layers.elementwise import Activation
from nbcnn.layers.flatten import Flatten
from nbcnn.layers.linear import Linear
from nbcnn.layers.max_pool import MaxPool
from nbcnn.layers.problems import Code, Problem


def conv(**fields):
    return Conv(**{"type": "conv", "out_channels": 4, "kernel_size": 3} | fields)


def test_every_type_has_its_operation_and_no_operation_lacks_a_type():
    """A layer's type is the name of its function in both folders of kernels; losses and optimisers are no layers."""
    for name, layer_type in LAYER_TYPES.items():
        assert get_args(layer_type.model_fields["type"].annotation) == (name,)
        assert find_spec(f"nbcnn.kernels.cpu.{name}") is not None
    operations = {path.stem for path in Path(reference.__file__).parent.glob("*.py") if not path.stem.startswith("_")}
    assert set(LAYER_TYPES) <= operations
    for operation in operations - set(LAYER_TYPES):
        function = getattr(import_module(f"nbcnn.kernels.reference.{operation}"), operation)
        assert {"target", "parameter"} & set(signature(function).parameters), f"{operation} has no layer"


def test_activations_are_functions_of_one_tensor():
    assert {*ACTIVATIONS.values()} == {each for each in LAYER_TYPES.values() if issubclass(each, Activation)}


@pytest.mark.parametrize(
    "shape, output, weight",
    [
        ((2, 9), (4, 7), (4, 2, 3)),
        ((2, 9, 8), (4, 7, 6), (4, 2, 3, 3)),
        ((2, 9, 8, 7), (4, 7, 6, 5), (4, 2, 3, 3, 3)),
    ],
)
def test_conv_takes_its_rank_from_the_input(shape, output, weight):
    layer = conv()
    assert layer.output_shape(shape) == output
    parameters = layer.parameters(shape)
    assert list(parameters) == ["weight", "bias"]
    assert parameters["weight"].shape == weight
    assert parameters["weight"].fan_in == prod(weight[1:])
    assert parameters["weight"].fan_out == 4 * prod(weight[2:])
    assert parameters["bias"].shape == (4,)
    assert layer.macs(shape) == prod(output) * prod(weight[1:])
    assert layer.other_flops(shape) == {"bias_additions": prod(output)}


def test_conv_resolves_its_attributes():
    layer = conv(stride=[1, 2], padding=[[0, 1], 2], dilation=2, groups=2, flip=True, bias=False)
    assert layer.attributes((2, 9, 9)) == {
        "stride": (1, 2),
        "padding": ((0, 1), (2, 2)),
        "padding_mode": "zeros",
        "dilation": (2, 2),
        "groups": 2,
        "flip": True,
    }
    assert list(layer.parameters((2, 9, 9))) == ["weight"]
    assert layer.parameters((2, 9, 9))["weight"].shape == (4, 1, 3, 3)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
def test_groups_must_divide_both_channels(received, produced, groups):
    layer = conv(out_channels=produced, groups=groups)
    problems = list(layer.review((received, 5)))
    assert bool(problems) == (received % groups != 0 or produced % groups != 0)
    for problem in problems:
        assert problem.code is Code.BAD_GROUPS
        assert f"groups (={groups})" in problem.rule
        cured = conv(out_channels=produced, groups=int(problem.cure.removeprefix("use groups = ")))
        assert not list(cured.review((received, 5)))


def test_conv_refuses_what_has_no_space():
    with pytest.raises(
        Problem, match=r"expects an input of shape \(channels, \*space\), received \(10,\); move it before"
    ):
        conv().output_shape((10,))


def test_bias_starts_at_zero_unless_the_initializer_is_pytorchs():
    assert conv().parameters((1, 5))["bias"].initializer == "pytorch"
    assert conv(initializer="he_normal").parameters((1, 5))["bias"].initializer == "zeros"
    assert conv(initializer="he_normal").parameters((1, 5))["weight"].initializer == "he_normal"


def test_linear_wants_features():
    layer = Linear(type="linear", in_features=400, out_features=10)
    assert layer.output_shape((400,)) == (10,)
    assert layer.parameters((400,))["weight"].shape == (10, 400)
    assert layer.macs((400,)) == 4000
    (declared,) = layer.review((256,))
    assert str(declared) == "declares 400 inputs but receives 256; delete this line; the value is inferred"
    (unflattened,) = layer.review((16, 4, 4))
    assert unflattened.code is Code.NOT_FLAT
    assert "16 x 4 x 4" in unflattened.rule and "flatten" in unflattened.cure


def test_flatten_takes_any_shape():
    assert Flatten(type="flatten").output_shape((3, 4, 5)) == (60,)
    assert Flatten(type="flatten").output_shape((60,)) == (60,)


def test_pools_step_by_their_kernel():
    pool = MaxPool(type="max_pool", kernel_size=[2, 3])
    assert pool.stride == (2, 3)
    assert pool.output_shape((5, 8, 9)) == (5, 4, 3)
    assert pool.other_flops((5, 8, 9)) == {"comparisons": 5 * 12 * 5}
    assert MaxPool(type="max_pool", kernel_size=2, stride=1).stride == 1
    average = AvgPool(type="avg_pool", kernel_size=2, count_include_pad=False)
    assert average.attributes((5, 8, 8)) == {
        "kernel_size": (2, 2),
        "stride": (2, 2),
        "padding": ((0, 0), (0, 0)),
        "ceil_mode": False,
        "count_include_pad": False,
    }


def test_pool_padding_stays_within_half_the_window():
    (problem,) = MaxPool(type="max_pool", kernel_size=3, padding=2).review((1, 9, 9))
    assert str(problem) == "padding of 2 is more than half the window of 3; use padding <= 1"
    assert not list(MaxPool(type="max_pool", kernel_size=3, stride=1, padding=1).review((1, 9, 9)))
