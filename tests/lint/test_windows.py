"""What windows reach, counted by rules of arithmetic and one by one."""

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from nbcnn.lint import lint
from nbcnn.network import build
from nbcnn.spec import InvalidSpec, parse

sizes, kernels, strides, paddings = st.integers(1, 20), st.integers(1, 6), st.integers(1, 7), st.integers(0, 7)


def found(size: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> dict[str, str]:
    """The findings, by their codes, of one convolution over one axis."""
    layer = {
        "type": "conv",
        "out_channels": 2,
        "kernel_size": kernel,
        "stride": stride,
        "padding": [[before, after]],
        "dilation": dilation,
    }
    spec = parse({"input": {"shape": [1, size]}, "layers": [layer]})
    try:
        network = build(spec)
    except InvalidSpec:
        assume(False)
    return {each.code.value: each.message for each in lint(network)}


@settings(max_examples=300)
@example(size=1, kernel=2, stride=3, before=7, after=0, dilation=2)
@given(sizes, kernels, strides, paddings, paddings, st.integers(1, 4))
def test_every_input_that_no_window_reads_is_told(size, kernel, stride, before, after, dilation):
    told = found(size, kernel, stride, before, after, dilation)
    windows = range((size + before + after - (kernel - 1) * dilation - 1) // stride + 1)
    spans = [range(at * stride - before, at * stride - before + (kernel - 1) * dilation + 1) for at in windows]
    unread = [at for at in range(size) if not any(at in each for each in spans)]
    at_the_end = [at for at in unread if at >= windows[-1] * stride - before + max(len(spans[0]), stride)]
    between = len(unread) - len(at_the_end)
    assert (f"the last {len(at_the_end)} of {size}" in told.get("NB201", "")) == bool(at_the_end)
    assert (f" {between} of {size} positions are never read" in told.get("NB219", "")) == bool(between)
    assert ("NB219" in told) == bool(between)


@settings(max_examples=300)
@given(sizes, kernels, strides, paddings, paddings, st.integers(1, 4))
def test_weights_and_outputs_that_see_padding_alone_are_counted(size, kernel, stride, before, after, dilation):
    told = found(size, kernel, stride, before, after, dilation)
    outputs = (size + before + after - (kernel - 1) * dilation - 1) // stride + 1
    reads = [[0 <= at * stride - before + tap * dilation < size for tap in range(kernel)] for at in range(outputs)]
    idle = kernel - sum(map(any, zip(*reads, strict=True)))
    assert (f"{idle} of its kernel's {kernel} weights" in told.get("NB221", "")) == bool(idle)
    spans = [(at * stride - before, at * stride - before + (kernel - 1) * dilation) for at in range(outputs)]
    first = sum(end < 0 for _, end in spans)
    last = sum(start >= size for start, _ in spans)
    assert (f"the first {first} and last {last} of {outputs}" in told.get("NB222", "")) == bool(first + last)


@given(sizes, kernels, strides, paddings, st.integers(1, 4), st.booleans())
def test_the_cure_of_unread_input_reads_it(size, kernel, stride, padding, dilation, is_pool):
    layer = {"type": "conv", "out_channels": 1, "dilation": dilation, "padding": padding}
    if is_pool:
        layer = {"type": "avg_pool", "padding": min(padding, kernel // 2)}
    document = {"input": {"shape": [1, size]}, "layers": [layer | {"kernel_size": kernel, "stride": stride}]}
    try:
        network = build(parse(document))
    except InvalidSpec:
        assume(False)
    for finding in lint(network):
        if finding.code == "NB201":
            (change,) = finding.changes
            cured = build(parse(change.apply(document)))
            assert cured.output_shape[1] == network.output_shape[1] + 1
            assert "NB201" not in [each.code for each in lint(cured)]
