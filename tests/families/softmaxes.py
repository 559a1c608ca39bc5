"""Shares of a whole, and their logarithms."""

from hypothesis import strategies as st

from families.drawing import BATCHES, per_axis
from families.example import Example, Shape


def softmax(operation: str, why: str, input_shape: Shape, scale: float = 1.0) -> Example:
    def draw(random, example) -> list:
        return [scale * random.standard_normal(example.input_shape)]

    return Example(operation, why, input_shape, draw=draw, terms=lambda kind, output: input_shape[1])


EXAMPLES = [
    softmax(operation, why, shape, scale)
    for operation in ("softmax", "log_softmax")
    for why, shape, scale in (
        ("classes", (17, 10), 1.0),
        ("one class, batch of one", (1, 1), 1.0),
        ("an image", (17, 3, 4, 5), 1.0),
        ("a volume", (2, 4, 2, 3, 2), 1.0),
        ("large numbers of many channels", (3, 37, 6), 100.0),
    )
]


@st.composite
def softmaxes(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    space = per_axis(draw, draw(st.sampled_from((0, *ranks))), st.integers(1, 4))
    shape = (draw(BATCHES), draw(st.integers(1, 20)), *space)
    return softmax(draw(st.sampled_from(["softmax", "log_softmax"])), "random", shape)


STRATEGIES = (softmaxes,)


def torch_function(name: str):
    def run(attributes, x):
        import torch

        return getattr(torch, name)(x, dim=1)

    return run


TORCH = {name: torch_function(name) for name in ("softmax", "log_softmax")}
