"""Layers that leave numbers out at random; their masks are their own, so PyTorch is no measure."""

from hypothesis import strategies as st

from families.drawing import BATCHES
from families.example import Example, Shape


def dropout(operation: str, why: str, input_shape: Shape, p: float, *, seed: int = 0) -> Example:
    attributes = {"p": p, "seed": seed, "step": 0, "salt": 0}
    # One call of the function is the first step of the first layer: it has the seed alone.
    return Example(
        operation, why, input_shape, {}, attributes, function_attributes={"p": p, "seed": seed}, in_torch=False
    )


EXAMPLES = [
    dropout("dropout", "an image, features that four does not divide", (17, 3, 3, 5), 0.5),
    dropout("dropout", "features, a seed of more than 32 bits", (5, 30), 0.2, seed=2**40 + 7),
    dropout("dropout", "nothing is dropped", (2, 9), 0.0),
    dropout("channel_dropout", "an image, channels that four does not divide", (17, 6, 3, 5), 0.5),
    dropout("channel_dropout", "a volume, a seed of more than 32 bits", (3, 9, 2, 3, 2), 0.3, seed=2**40 + 7),
    dropout("channel_dropout", "features", (5, 7), 0.5),
    dropout("stochastic_depth", "an image", (17, 3, 4, 5), 0.5),
    dropout("stochastic_depth", "features, a seed of more than 32 bits", (33, 5), 0.2, seed=2**40 + 7),
]


@st.composite
def dropouts(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    operation = draw(st.sampled_from(["dropout", "channel_dropout", "stochastic_depth"]))
    rest = draw(st.lists(st.integers(1, 5), min_size=1, max_size=1 + max(ranks)))
    p = draw(st.sampled_from([0.0, 0.1, 0.5, 0.9]))
    return dropout(operation, "random", (draw(BATCHES), *rest), p, seed=draw(st.integers(0, 2**63 - 1)))


STRATEGIES = (dropouts,)
TORCH = {}
