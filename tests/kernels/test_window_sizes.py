"""The shape rule that layers declare counts as many windows as the reference computes."""

import pytest
from families.convolutions import convolutions, transposed_convolutions
from families.pools import avg_pools, extreme_pools, kmax_pools, lp_pools, whole_pools
from hypothesis import given, settings
from hypothesis import strategies as st
from operations import arrays, run_reference

from examples import EXAMPLES, Example
from nbcnn.layers.axes import Window, window_output_size
from nbcnn.layers.catalogue import LAYER_TYPES
from nbcnn.layers.resizing import transposed_sizes

OTHER_RULES = ("conv_transpose", "kmax_pool")
WINDOWED = [example for example in EXAMPLES if "stride" in example.attributes and example.operation not in OTHER_RULES]
TRANSPOSED = [example for example in EXAMPLES if example.operation == "conv_transpose"]


@pytest.mark.parametrize("example", WINDOWED, ids=str)
def test_rule_equals_shape(example: Example) -> None:
    check(example)


@settings(max_examples=100)
@given(st.one_of(convolutions(), extreme_pools(), avg_pools(), lp_pools()))
def test_rule_equals_shape_for_random_configurations(example: Example) -> None:
    check(example)


@settings(max_examples=100)
@given(st.one_of(extreme_pools(), avg_pools(), lp_pools(), kmax_pools(), whole_pools()))
def test_a_pooling_layer_tells_the_shape_and_attributes_of_its_operation(example: Example) -> None:
    layer = LAYER_TYPES[example.operation](type=example.operation, **example.attributes)
    shape = example.input_shape[1:]
    y, _ = run_reference(example, arrays(example))
    assert layer.output_shape(shape) == y.shape[1:]
    assert layer.attributes(shape) == example.attributes


@pytest.mark.parametrize("example", TRANSPOSED, ids=str)
def test_transposed_rule_equals_shape(example: Example) -> None:
    check_transposed(example)


@settings(max_examples=100)
@given(transposed_convolutions())
def test_transposed_rule_equals_shape_for_random_configurations(example: Example) -> None:
    check_transposed(example)


def check_transposed(example: Example) -> None:
    attributes, space = example.attributes, example.input_shape[2:]
    kernel_size = example.parameters["weight"][2:]
    window = Window(kernel_size, attributes["stride"], attributes["padding"], attributes["dilation"])
    y, _ = run_reference(example, arrays(example))
    assert y.shape[2:] == transposed_sizes(space, window, attributes["output_padding"])


def check(example: Example) -> None:
    attributes = example.attributes
    no_dilation = (1,) * example.rank
    kernel_size = attributes.get("kernel_size") or example.parameters["weight"][2:]
    rule = tuple(
        window_output_size(size, kernel, stride, before, after, dilation, attributes.get("ceil_mode", False))
        for size, kernel, stride, (before, after), dilation in zip(
            example.input_shape[2:],
            kernel_size,
            attributes["stride"],
            attributes["padding"],
            attributes.get("dilation", no_dilation),
            strict=True,
        )
    )
    y, _ = run_reference(example, arrays(example))
    assert y.shape[2:] == rule
