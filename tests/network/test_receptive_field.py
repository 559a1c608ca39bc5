"""Receptive fields against the inputs that a unit is seen to depend on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbcnn.layers.axes import Window
from nbcnn.network import build
from nbcnn.network.receptive_field import ReceptiveField
from nbcnn.spec import parse

windows = st.builds(
    lambda kernel, stride, before, after, dilation: Window((kernel,), (stride,), ((before, after),), (dilation,)),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 3),
)


def seen(unit: int, stack: list[Window]) -> set[int]:
    """Indices of the input, those in padding too, that a unit of the last window depends on: walked back one by one."""
    units = {unit}
    for window in reversed(stack):
        (kernel,), (stride,), ((before, _),), (dilation,) = (
            window.kernel_size,
            window.stride,
            window.padding,
            window.dilation,
        )
        units = {each * stride - before + tap * dilation for each in units for tap in range(kernel)}
    return units


@given(st.lists(windows, max_size=4))
def test_size_jump_and_start_are_those_of_the_inputs_seen(stack):
    field = ReceptiveField.of_input(1)
    for window in stack:
        field = field.through(window)
    first, second = seen(0, stack), seen(1, stack)
    assert field.start == (min(first),)
    assert field.size == (max(first) - min(first) + 1,)
    assert field.jump == (min(second) - min(first),)


@settings(max_examples=30)
@given(st.integers(1, 8), st.integers(1, 7))
def test_stride_one_layers_grow_as_document_003_says(count, kernel):
    layers = [{"type": "conv", "out_channels": 1, "kernel_size": kernel, "padding": "same"}] * count
    network = build(parse({"input": {"shape": [1, 64]}, "layers": layers}))
    assert network.layers[-1].receptive_field == (1 + count * (kernel - 1),)


def test_it_is_null_after_what_sees_everything():
    assert ReceptiveField.of_input(2).through(None) is None


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_the_input_sees_itself(rank):
    assert ReceptiveField.of_input(rank) == ReceptiveField((1,) * rank, (1,) * rank, (0,) * rank)
