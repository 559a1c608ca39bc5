"""Layers that put numbers in another place and change none."""

from hypothesis import strategies as st

from families.drawing import BATCHES, per_axis
from families.example import Example, Shape, plain


def reshape(why: str, input_shape: Shape, shape: Shape) -> Example:
    return plain("reshape", why, input_shape, attributes={"shape": shape}, has_function=False)


def channel_shuffle(why: str, input_shape: Shape, groups: int) -> Example:
    return plain("channel_shuffle", why, input_shape, attributes={"groups": groups})


def channel_slice(why: str, input_shape: Shape, start: int, stop: int) -> Example:
    return plain("channel_slice", why, input_shape, attributes={"start": start, "stop": stop})


EXAMPLES = [
    plain("flatten", "an image", (17, 3, 4, 5), has_function=False),
    plain("flatten", "one axis, batch of one", (1, 3, 7), has_function=False),
    plain("flatten", "three axes", (5, 2, 3, 2, 3), has_function=False),
    reshape("an image of features", (17, 12), (3, 2, 2)),
    reshape("a signal of a volume", (2, 3, 2, 2, 5), (4, 15)),
    channel_shuffle("two groups of an image", (17, 6, 3, 5), 2),
    channel_shuffle("three groups of a signal", (2, 12, 7), 3),
    channel_shuffle("a group a channel", (1, 5, 2, 2), 5),
    channel_shuffle("features", (3, 8), 4),
    channel_slice("the first half of an image", (17, 6, 3, 5), 0, 3),
    channel_slice("the last of a signal", (2, 5, 7), 3, 5),
    channel_slice("the middle of a volume", (1, 4, 2, 3, 2), 1, 3),
    channel_slice("all features", (3, 8), 0, 8),
    channel_slice("one feature", (5, 8), 6, 7),
]


@st.composite
def shuffles(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    groups = draw(st.integers(1, 4))
    space = per_axis(draw, draw(st.sampled_from((0, *ranks))), st.integers(1, 4))
    return channel_shuffle("random", (draw(BATCHES), groups * draw(st.integers(1, 4)), *space), groups)


@st.composite
def slices(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    channels = draw(st.integers(1, 6))
    start = draw(st.integers(0, channels - 1))
    space = per_axis(draw, draw(st.sampled_from((0, *ranks))), st.integers(1, 4))
    return channel_slice("random", (draw(BATCHES), channels, *space), start, draw(st.integers(start + 1, channels)))


STRATEGIES = (shuffles, slices)


def torch_flatten(attributes, x):
    return x.flatten(1)


def torch_reshape(attributes, x):
    return x.reshape(len(x), *attributes["shape"])


def torch_channel_shuffle(attributes, x):
    """Its own wants at least one spatial axis."""
    import torch

    return torch.nn.functional.channel_shuffle(x[..., None, None], attributes["groups"])[..., 0, 0]


def torch_channel_slice(attributes, x):
    return x[:, attributes["start"] : attributes["stop"]]


TORCH = {
    "flatten": torch_flatten,
    "reshape": torch_reshape,
    "channel_shuffle": torch_channel_shuffle,
    "channel_slice": torch_channel_slice,
}
