"""The shape rule that layers declare counts as many windows as the reference computes."""

import configurations
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations import arrays, run_reference

from examples import EXAMPLES, Example
from nbcnn.layers.axes import window_output_size

WINDOWED = [example for example in EXAMPLES if "stride" in example.attributes]


@pytest.mark.parametrize("example", WINDOWED, ids=str)
def test_rule_equals_shape(example: Example) -> None:
    check(example)


@settings(max_examples=100, deadline=None)
@given(st.one_of(configurations.convolutions(), configurations.max_pools(), configurations.avg_pools()))
def test_rule_equals_shape_for_random_configurations(example: Example) -> None:
    check(example)


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
