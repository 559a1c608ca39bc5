"""Layers that join branches."""

from hypothesis import strategies as st

from families.drawing import BATCHES, per_axis
from families.example import Example


def merge(operation: str, why: str, *shapes: tuple[int, ...]) -> Example:
    first, *others = shapes
    return Example(
        operation, why, first, more_inputs=tuple(others), terms=lambda kind, output: output[-1] + len(shapes)
    )


EXAMPLES = [
    merge("add", "two images", (17, 3, 4, 5), (17, 3, 4, 5)),
    merge("add", "three rows of features", (5, 7), (5, 7), (5, 7)),
    merge("concat", "images of different channels", (17, 3, 4, 5), (17, 1, 4, 5)),
    merge("concat", "three volumes, batch of one", (1, 2, 2, 3, 2), (1, 3, 2, 3, 2), (1, 1, 2, 3, 2)),
    merge("concat", "features", (3, 4), (3, 5)),
    merge("multiply", "two images", (17, 3, 4, 5), (17, 3, 4, 5)),
    merge("multiply", "one factor a channel", (17, 3, 4, 5), (17, 3, 1, 1)),
    merge("multiply", "one factor a channel of a signal", (2, 3, 9), (2, 3, 1)),
    merge("multiply", "flat factors", (3, 2, 5, 6), (3, 2)),
    merge("multiply", "three volumes", (3, 2, 2, 3, 2), (3, 2, 2, 3, 2), (3, 2, 2, 3, 2)),
    merge("multiply", "two factors a channel and an image", (5, 3, 4, 4), (5, 3), (5, 3, 4, 4), (5, 3, 1, 1)),
]


@st.composite
def merges(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    operation = draw(st.sampled_from(["add", "concat", "multiply"]))
    space = per_axis(draw, draw(st.sampled_from((0, *ranks))), st.integers(1, 4))
    batch, channels = draw(BATCHES), draw(st.integers(1, 4))
    first = (batch, channels, *space)
    if operation == "multiply":
        shapes = st.sampled_from([first, (batch, channels, *[1] * len(space)), (batch, channels)])
        return merge(operation, "random", first, *draw(st.lists(shapes, min_size=1, max_size=3)))
    count = draw(st.integers(1, 3))
    if operation == "add":
        return merge(operation, "random", first, *[first] * count)
    return merge(operation, "random", first, *((batch, draw(st.integers(1, 3)), *space) for _ in range(count)))


STRATEGIES = (merges,)


def torch_add(attributes, x):
    return sum(x)


def torch_concat(attributes, x):
    import torch

    return torch.cat(x, dim=1)


def torch_multiply(attributes, x):
    whole, *factors = x
    for factor in factors:
        whole = whole * factor.reshape(*factor.shape, *[1] * (whole.ndim - factor.ndim))
    return whole


TORCH = {"add": torch_add, "concat": torch_concat, "multiply": torch_multiply}
