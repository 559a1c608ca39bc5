"""Layers that leave numbers out at random; their masks are their own, so PyTorch is no measure."""

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

STRATEGIES = ()
TORCH = {}
