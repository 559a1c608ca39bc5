"""Random examples for hypothesis: every combination of attributes that a spec may ask for, at sizes of a few pixels."""

from hypothesis import strategies as st

import examples
from examples import Example

BATCHES = st.sampled_from([1, 2, 3, 5, 17])


@st.composite
def convolutions(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    largest = 4 if rank < 3 else 2
    kernel_size = _per_axis(draw, rank, st.integers(1, largest))
    stride = _per_axis(draw, rank, st.integers(1, 3))
    dilation = _per_axis(draw, rank, st.integers(1, 3 if rank < 3 else 2))
    padding = _per_axis(draw, rank, st.tuples(st.integers(0, 3), st.integers(0, 3)))
    groups = draw(st.integers(1, 3))
    inputs, outputs = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    space = [
        draw(st.integers(max(1, gap * (kernel - 1) + 1 - before - after), gap * (kernel - 1) + 4))
        for kernel, gap, (before, after) in zip(kernel_size, dilation, padding, strict=True)
    ]
    return examples.conv(
        "random",
        (draw(BATCHES), inputs, *space),
        outputs,
        kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=draw(st.booleans()),
        flip=draw(st.booleans()),
    )


@st.composite
def linears(draw) -> Example:
    return examples.linear(
        "random", draw(BATCHES), draw(st.integers(1, 40)), draw(st.integers(1, 20)), bias=draw(st.booleans())
    )


@st.composite
def max_pools(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    kernel_size = _per_axis(draw, rank, st.integers(1, 3))
    dilation = _per_axis(draw, rank, st.integers(1, 2))
    # From the dilation on, so that no window steps over the input and sees padding alone.
    space = [
        draw(st.integers(max(gap, gap * (kernel - 1) + 1), gap * kernel + 4))
        for kernel, gap in zip(kernel_size, dilation, strict=True)
    ]
    return examples.max_pool(
        "random",
        (draw(BATCHES), draw(st.integers(1, 3)), *space),
        kernel_size,
        stride=_per_axis(draw, rank, st.integers(1, 4)),
        padding=_pool_padding(draw, kernel_size),
        dilation=dilation,
        ceil_mode=draw(st.booleans()),
    )


@st.composite
def avg_pools(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    rank = draw(st.sampled_from(ranks))
    kernel_size = _per_axis(draw, rank, st.integers(1, 4))
    return examples.avg_pool(
        "random",
        (draw(BATCHES), draw(st.integers(1, 3)), *(draw(st.integers(kernel, kernel + 5)) for kernel in kernel_size)),
        kernel_size,
        stride=_per_axis(draw, rank, st.integers(1, 4)),
        padding=_pool_padding(draw, kernel_size),
        ceil_mode=draw(st.booleans()),
        count_include_pad=draw(st.booleans()),
    )


@st.composite
def elementwise(draw) -> Example:
    operation = draw(st.sampled_from(["relu", "sigmoid", "tanh"]))
    rest = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    return examples.plain(operation, "random", (draw(BATCHES), *rest))


@st.composite
def cross_entropies(draw) -> Example:
    return examples.plain("cross_entropy", "random", (draw(BATCHES), draw(st.integers(2, 40))))


def all_operations(ranks: tuple[int, ...] = (1, 2, 3)):
    """Draw an example of any operation that has neither a random mask nor nothing to compute."""
    windows = (convolutions(ranks), max_pools(ranks), avg_pools(ranks))
    return st.one_of(*windows, linears(), elementwise(), cross_entropies())


def _per_axis(draw, rank: int, strategy) -> tuple:
    return tuple(draw(strategy) for _ in range(rank))


def _pool_padding(draw, kernel_size: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Half the window at most; more is refused by the layers."""
    halves = [st.integers(0, kernel // 2) for kernel in kernel_size]
    return tuple((draw(half), draw(half)) for half in halves)
