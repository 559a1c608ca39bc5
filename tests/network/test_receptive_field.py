"""Receptive fields against the inputs that a unit is seen to depend on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbcnn.layers.axes import Window
from nbcnn.layers.problems import Code
from nbcnn.lint import lint
from nbcnn.network import Network, build, trace
from nbcnn.network.receptive_field import ReceptiveField
from nbcnn.spec import Diagnostic, parse

windows = st.builds(
    lambda kernel, stride, before, after, dilation: Window((kernel,), (stride,), ((before, after),), (dilation,)),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 3),
)


def meeting(network: Network) -> list[Diagnostic]:
    """What is said of branches that meet."""
    return [each for each in lint(network) if each.code in (Code.JUMPS_DIFFER, Code.MISALIGNED)]


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


@st.composite
def branched(draw):
    """Two stacks of windows over one input, of one stride in all, and each window's place in the spec."""
    strides = draw(st.lists(st.integers(1, 2), min_size=1, max_size=3))
    return [
        [
            Window((draw(st.integers(1, 4)),), (stride,), ((draw(st.integers(0, 3)), draw(st.integers(0, 3))),), (1,))
            for stride in draw(st.permutations(strides))
        ]
        for _ in range(2)
    ]


def as_layer(window: Window, name: str, source: str) -> dict[str, object]:
    (kernel,), (stride,), (pair,) = window.kernel_size, window.stride, window.padding
    described = {"kernel_size": kernel, "stride": stride, "padding": [list(pair)]}
    return {"type": "conv", "name": name, "from": source, "out_channels": 1} | described


@given(branched())
def test_branches_that_meet_see_the_union(branches):
    layers, ends = [], []
    for letter, stack in zip("ab", branches, strict=True):
        source = "input"
        for index, window in enumerate(stack):
            layers.append(as_layer(window, f"{letter}{index}", source))
            source = f"{letter}{index}"
        ends.append(source)
    # A last window, with padding or a larger kernel, brings the second branch to the first one's size.
    nodes, _ = trace(parse({"input": {"shape": [1, 64]}, "layers": layers}))
    lengths = {node.name: node.output_shape[1] for node in nodes}
    difference = lengths[ends[0]] - lengths[ends[1]]
    after = Window((1 + max(-difference, 0),), (1,), ((0, max(difference, 0)),), (1,))
    layers.append(as_layer(after, "fit", ends[1]))
    network = build(parse({"input": {"shape": [1, 64]}, "layers": [*layers, add(ends[0], "fit")]}))

    seen_by = [branches[0], [*branches[1], after]]
    first = set().union(*(seen(0, stack) for stack in seen_by))
    second = set().union(*(seen(1, stack) for stack in seen_by))
    assert network["sum"].rf_start == (min(first),)
    assert network["sum"].receptive_field == (max(first) - min(first) + 1,)
    assert network["sum"].jump == (min(second) - min(first),)
    centres = {(min(each) + max(each)) / 2 for each in (seen(0, stack) for stack in seen_by)}
    codes = [finding.code.value for finding in meeting(network)]
    assert codes == (["NB203"] if len(centres) > 1 else [])


def add(*names):
    return {"type": "add", "name": "sum", "from": list(names)}


def test_misaligned_branches_are_told_with_their_centres():
    layers = [
        {"type": "conv", "name": "even", "out_channels": 1, "kernel_size": [3, 2], "padding": "same"},
        {"type": "conv", "name": "odd", "from": "input", "out_channels": 1, "kernel_size": 3, "padding": "same"},
        add("even", "odd"),
    ]
    network = build(parse({"input": {"shape": [1, 8, 8]}, "layers": layers}))
    (warning,) = meeting(network)
    assert warning.code == "NB203"
    assert 'columns 0.5 by "even", 0 by "odd"' in warning.message and "rows" not in warning.message
    assert network["sum"].receptive_field == (3, 3)
    assert network["sum"].rf_start == (-1, -1)


def test_branches_at_different_steps_have_no_receptive_field():
    layers = [
        {"type": "conv", "name": "skips", "out_channels": 1, "kernel_size": 1, "stride": [1, 2]},
        {"type": "conv", "name": "slides", "from": "input", "out_channels": 1, "kernel_size": [1, 2]},
        add("skips", "slides"),
    ]
    network = build(parse({"input": {"shape": [1, 8, 3]}, "layers": layers}))
    (warning,) = meeting(network)
    assert warning.code == "NB202"
    assert 'columns 2 by "skips", 1 by "slides"' in warning.message and "rows" not in warning.message
    assert network["sum"].receptive_field is None and network["sum"].jump is None


def test_a_branch_that_sees_everything_makes_it_null_without_a_warning():
    layers = [{"type": "flatten"}, {"type": "linear", "out_features": 3}, add("flatten1", "linear1")]
    layers[1] = {"type": "linear", "out_features": 8}
    network = build(parse({"input": {"shape": [1, 8]}, "layers": layers}))
    assert network["sum"].receptive_field is None and not meeting(network)


def test_the_branches_of_a_residual_network_are_aligned():
    """A 3x3 with stride 2 and padding 1 beside a 1x1 with stride 2, as in ResNet (arXiv:1512.03385)."""
    fields = {"type": "conv", "out_channels": 1, "stride": 2}
    layers = [
        fields | {"name": "long", "kernel_size": 3, "padding": 1},
        fields | {"name": "short", "kernel_size": 1, "from": "input"},
        add("long", "short"),
    ]
    assert not meeting(build(parse({"input": {"shape": [1, 8, 8]}, "layers": layers})))
