"""Normalisations."""

from math import prod

import numpy as np
from hypothesis import strategies as st

from families.drawing import BATCHES, per_axis
from families.example import Example, Shape

EPS = 1e-5


def draw_spread(random: np.random.Generator, example: Example) -> list:
    """Draw x so that no set of numbers is nearly constant, since 1 / deviation magnifies every rounding.

    Neighbours along any axis lie on different sides of 0; running variances are near 1.
    """
    shape = example.input_shape
    sides = 1.0 - 2.0 * (np.indices(shape).sum(axis=0) % 2)
    values = [sides + 0.3 * random.standard_normal(shape)]
    for name, own in example.parameters.items():
        drawn = None if own is None else random.standard_normal(own)
        values.append(drawn if name != "running_var" or drawn is None else 1.0 + 0.5 * np.abs(drawn))
    return values


def batch_norm(
    why: str, input_shape: Shape, *, training: bool = True, affine: bool = True, eps: float = EPS
) -> Example:
    """In training without running statistics, since a call changes them: test_running_statistics.py has these."""
    channels = (input_shape[1],)
    kept, own = None if training else channels, channels if affine else None
    count = prod(input_shape) // input_shape[1]
    counts = {"forward": count if training else 1, "input_gradient": count if training else 1, "weight_gradient": count}
    return Example(
        "batch_norm",
        why,
        input_shape,
        {"running_mean": kept, "running_var": kept, "weight": own, "bias": own},
        {"momentum": 0.1, "eps": eps, "training": training},
        draw=draw_spread,
        terms=lambda kind, output: counts[kind],
    )


def of_each_sample(
    operation: str,
    why: str,
    input_shape: Shape,
    attributes: dict,
    weight: Shape,
    numbers: int,
    affine: bool,
    function_attributes: dict | None = None,
) -> Example:
    """An example whose sets have so many `numbers`."""
    own = weight if affine else None
    of_a_weight = prod(input_shape) // prod(weight)
    return Example(
        operation,
        why,
        input_shape,
        {"weight": own, "bias": own},
        attributes,
        draw=draw_spread,
        terms=lambda kind, output: of_a_weight if kind == "weight_gradient" else numbers,
        function_attributes=function_attributes,
    )


def layer_norm(
    why: str, input_shape: Shape, axes: Shape | None = None, *, affine: bool = True, eps: float = EPS
) -> Example:
    named = axes or tuple(range(1, len(input_shape)))
    sizes = tuple(input_shape[axis] for axis in named)
    # The operation counts spatial axes from the end.
    inside = tuple(axis if axis == 1 else axis - len(input_shape) for axis in named)
    attributes, of_function = {"axes": inside, "eps": eps}, {"axes": axes, "eps": eps}
    return of_each_sample("layer_norm", why, input_shape, attributes, sizes, prod(sizes), affine, of_function)


def instance_norm(why: str, input_shape: Shape, *, affine: bool = False, eps: float = EPS) -> Example:
    numbers = prod(input_shape[2:])
    return of_each_sample("instance_norm", why, input_shape, {"eps": eps}, input_shape[1:2], numbers, affine)


def group_norm(why: str, input_shape: Shape, groups: int, *, affine: bool = True, eps: float = EPS) -> Example:
    attributes = {"num_groups": groups, "eps": eps}
    numbers = prod(input_shape[1:]) // groups
    return of_each_sample("group_norm", why, input_shape, attributes, input_shape[1:2], numbers, affine)


def local_response_norm(
    why: str, input_shape: Shape, size: int, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Example:
    attributes = {"size": size, "alpha": alpha, "beta": beta, "k": k}
    return Example("local_response_norm", why, input_shape, {}, attributes, terms=lambda kind, output: size)


EXAMPLES = [
    batch_norm("an image", (17, 3, 4, 5)),
    batch_norm("features", (33, 19)),
    batch_norm("two samples of one feature", (2, 1)),
    batch_norm("batch of one", (1, 5, 3, 3)),
    batch_norm("one axis, no weight", (5, 4, 7), affine=False),
    batch_norm("three axes, a large eps", (3, 2, 2, 3, 4), eps=0.5),
    batch_norm("more channels than a part combines", (5, 37, 2, 1)),
    batch_norm("inference, an image", (17, 3, 4, 5), training=False),
    batch_norm("inference, features, batch of one", (1, 7), training=False),
    batch_norm("inference, no weight", (3, 18, 5), training=False, affine=False),
    layer_norm("an image", (17, 3, 4, 5)),
    layer_norm("features", (3, 21)),
    layer_norm("channels at each position", (17, 6, 3, 4), (1,)),
    layer_norm("rows and columns", (5, 3, 4, 2), (2, 3)),
    layer_norm("channels and columns, no weight", (2, 3, 4, 5), (1, 3), affine=False),
    layer_norm("one axis", (4, 3, 8)),
    layer_norm("the last of three axes", (2, 3, 2, 4, 5), (4,)),
    layer_norm("channels and depth", (17, 3, 4, 2, 3), (1, 2), eps=0.1),
    instance_norm("an image", (17, 3, 4, 5)),
    instance_norm("with a weight", (5, 4, 3, 3), affine=True),
    instance_norm("one axis, batch of one", (1, 3, 9)),
    instance_norm("three axes, with a weight", (2, 3, 2, 3, 4), affine=True, eps=0.2),
    group_norm("an image", (17, 6, 4, 5), 2),
    group_norm("one group, features", (3, 12), 1),
    group_norm("as many groups as channels", (4, 5, 3, 2), 5),
    group_norm("one axis, no weight", (2, 6, 7), 3, affine=False),
    group_norm("three axes", (3, 4, 2, 3, 2), 2),
    local_response_norm("AlexNet's", (5, 8, 4, 3), 5),
    local_response_norm("strong, an even window", (17, 7, 3, 4), 4, alpha=2.0),
    local_response_norm("another power", (3, 6, 5), 3, alpha=1.5, beta=0.6, k=2.0),
    local_response_norm("a window larger than the channels", (2, 3, 2, 2, 3), 9, alpha=3.0, beta=1.0),
    local_response_norm("features, a window of one", (3, 5), 1, alpha=1.0, k=0.5),
]


@st.composite
def norms(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    operation = draw(st.sampled_from([batch_norm, layer_norm, instance_norm, group_norm, local_response_norm]))
    rank = draw(st.sampled_from(ranks if operation is instance_norm else (0, *ranks)))
    batch, space = draw(BATCHES), per_axis(draw, rank, st.integers(1, 4))
    settings = {"affine": draw(st.booleans()), "eps": draw(st.sampled_from([1e-5, 1e-3, 0.1]))}
    if operation is group_norm:
        groups, width = draw(st.integers(1, 4)), draw(st.integers(1 if prod(space) > 1 else 2, 3))
        return group_norm("random", (batch, groups * width, *space), groups, **settings)
    if operation is instance_norm and prod(space) == 1:
        space = (2, *space[1:])
    shape = (batch, draw(st.integers(1, 5)), *space)
    if operation is local_response_norm:
        return local_response_norm(
            "random",
            shape,
            draw(st.integers(1, 7)),
            alpha=draw(st.sampled_from([1e-4, 0.5, 3.0])),
            beta=draw(st.sampled_from([0.5, 0.75, 1.0, 1.3])),
            k=draw(st.sampled_from([0.5, 1.0, 2.0])),
        )
    if operation is batch_norm:
        training = draw(st.booleans()) and prod(shape) > shape[1]
        return batch_norm("random", shape, training=training, **settings)
    if operation is layer_norm:
        axes = tuple(sorted(draw(st.sets(st.integers(1, rank + 1), min_size=1))))
        if prod(shape[axis] for axis in axes) == 1:
            shape = tuple(2 if axis in axes else size for axis, size in enumerate(shape))
        return layer_norm("random", shape, axes, **settings)
    return operation("random", shape, **settings)


STRATEGIES = (norms,)


def torch_batch_norm(attributes, x, running_mean, running_var, weight, bias):
    import torch

    training = attributes.get("training", True)
    return torch.nn.functional.batch_norm(
        x, running_mean, running_var, weight, bias, training, attributes["momentum"], attributes["eps"]
    )


def torch_layer_norm(attributes, x, weight, bias):
    """PyTorch normalises the last axes: the others go before them, and back."""
    import torch

    axes = [axis % x.ndim for axis in attributes["axes"]]
    order = [axis for axis in range(x.ndim) if axis not in axes] + axes
    moved = x.permute(order)
    sizes = moved.shape[x.ndim - len(axes) :]
    y = torch.nn.functional.layer_norm(moved, sizes, weight, bias, attributes["eps"])
    return y.permute([order.index(axis) for axis in range(x.ndim)])


def torch_instance_norm(attributes, x, weight, bias):
    import torch

    return torch.nn.functional.instance_norm(x, weight=weight, bias=bias, eps=attributes["eps"])


def torch_group_norm(attributes, x, weight, bias):
    import torch

    return torch.nn.functional.group_norm(x, attributes["num_groups"], weight, bias, attributes["eps"])


def torch_local_response_norm(attributes, x):
    """PyTorch wants a position: rows of features get one."""
    import torch

    y = torch.nn.functional.local_response_norm(x if x.ndim > 2 else x[..., None], **attributes)
    return y.reshape(x.shape)


TORCH = {
    "batch_norm": torch_batch_norm,
    "layer_norm": torch_layer_norm,
    "instance_norm": torch_instance_norm,
    "group_norm": torch_group_norm,
    "local_response_norm": torch_local_response_norm,
}
