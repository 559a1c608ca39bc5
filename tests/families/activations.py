"""Functions of single numbers, and of a channel's slope."""

from math import prod

from hypothesis import strategies as st

from families.drawing import BATCHES, per_axis
from families.example import Example, Shape

KINKS = {"relu", "leaky_relu", "prelu", "relu6", "hard_sigmoid", "hard_swish", "elu", "selu"}
# Settings beside which the operation has others worth drawing.
SETTINGS = {
    "leaky_relu": {"negative_slope": st.sampled_from([0.01, 0.0, 0.2, 1.5, -0.5])},
    "elu": {"alpha": st.sampled_from([1.0, 0.0, 0.3, 2.0])},
    "gelu": {"approximate": st.sampled_from(["none", "tanh"])},
    "softplus": {"beta": st.sampled_from([1.0, 0.25, 2.0]), "threshold": st.sampled_from([20.0, 1.0, -0.5])},
}
PLAIN = ["relu", "selu", "silu", "mish", "sigmoid", "tanh", "hard_sigmoid", "hard_swish", "relu6"]


def activation(operation: str, why: str, input_shape: Shape, scale: float = 1.0, **attributes) -> Example:
    def draw(random, example) -> list:
        x = scale * random.standard_normal(example.input_shape)
        return [(2.0 * x).round() / 2.0 if example.kinks else x]

    # For large x PyTorch's gradients of these lose digits in 1 - tanh**2: up to 44 units, where the reference has 2.
    inexact = scale > 1.0 and (operation == "mish" or attributes.get("approximate") == "tanh")
    return Example(
        operation,
        why,
        input_shape,
        attributes=attributes,
        kinks=operation in KINKS,
        draw=draw,
        in_torch=not inexact,
    )


def prelu(why: str, input_shape: Shape, num_parameters: int) -> Example:
    count = prod(input_shape) // num_parameters
    return Example(
        "prelu",
        why,
        input_shape,
        {"weight": (num_parameters,)},
        kinks=True,
        terms=lambda kind, output: count if kind == "weight_gradient" else 1,
    )


def scale(why: str, input_shape: Shape) -> Example:
    channels = input_shape[1]
    count = prod(input_shape) // channels
    counts = {"forward": 1, "input_gradient": 1, "weight_gradient": count}
    return Example("scale", why, input_shape, {"weight": (channels,)}, terms=lambda kind, output: counts[kind])


EXAMPLES = [
    *(activation(operation, "an image", (17, 3, 4, 5)) for operation in PLAIN),
    *(activation(operation, "features", (1, 13)) for operation in PLAIN),
    *(activation(operation, "large numbers", (3, 2, 40), 30.0) for operation in PLAIN),
    activation("leaky_relu", "an image", (17, 3, 4, 5), negative_slope=0.01),
    activation("leaky_relu", "a slope above 1", (1, 13), negative_slope=1.5),
    activation("leaky_relu", "a negative slope", (2, 3, 7), negative_slope=-0.5),
    activation("leaky_relu", "no slope", (2, 3, 7), negative_slope=0.0),
    prelu("one slope a channel", (17, 3, 4, 5), 3),
    prelu("one slope for all", (17, 3, 4, 5), 1),
    prelu("features, batch of one", (1, 13), 13),
    prelu("a volume, one channel", (5, 1, 2, 3, 4), 1),
    scale("an image", (17, 3, 4, 5)),
    scale("features, batch of one", (1, 13)),
    scale("a volume, one channel", (5, 1, 2, 3, 4)),
    activation("elu", "an image", (17, 3, 4, 5), alpha=1.0),
    activation("elu", "a larger alpha", (1, 13), alpha=2.0),
    activation("elu", "large numbers", (3, 2, 40), 30.0, alpha=0.5),
    activation("elu", "no alpha", (2, 9), alpha=0.0),
    activation("gelu", "an image", (17, 3, 4, 5), approximate="none"),
    activation("gelu", "large numbers", (3, 2, 40), 30.0, approximate="none"),
    activation("gelu", "the approximation", (17, 3, 4, 5), approximate="tanh"),
    activation("gelu", "the approximation of large numbers", (3, 2, 40), 30.0, approximate="tanh"),
    activation("softplus", "an image", (17, 3, 4, 5), beta=1.0, threshold=20.0),
    activation("softplus", "steeper, straight from early on", (1, 13), beta=2.0, threshold=1.0),
    activation("softplus", "large numbers", (3, 2, 40), 30.0, beta=0.5, threshold=20.0),
]


@st.composite
def activations(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    operation = draw(st.sampled_from([*PLAIN, *SETTINGS]))
    rest = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    settings = {name: draw(values) for name, values in SETTINGS.get(operation, {}).items()}
    return activation(operation, "random", (draw(BATCHES), *rest), draw(st.sampled_from([1.0, 10.0])), **settings)


@st.composite
def prelus(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    channels = draw(st.integers(1, 5))
    space = per_axis(draw, draw(st.sampled_from((0, *ranks))), st.integers(1, 4))
    return prelu("random", (draw(BATCHES), channels, *space), draw(st.sampled_from([1, channels])))


@st.composite
def scales(draw, ranks: tuple[int, ...] = (1, 2, 3)) -> Example:
    space = per_axis(draw, draw(st.sampled_from((0, *ranks))), st.integers(1, 4))
    return scale("random", (draw(BATCHES), draw(st.integers(1, 5)), *space))


STRATEGIES = (activations, prelus, scales)


def torch_function(name: str):
    def run(attributes, x, *parameters):
        import torch

        return getattr(torch.nn.functional, name)(x, *parameters, **attributes)

    return run


def torch_hard_sigmoid(attributes, x):
    """Its own multiplies by 1/6 as float32, in float64 too, and so is right to eight digits only."""
    import torch

    return torch.nn.functional.relu6(x + 3.0) / 6.0


def torch_scale(attributes, x, weight):
    return x * weight.reshape(1, -1, *[1] * (x.ndim - 2))


TORCH = {name: torch_function(name.replace("hard_", "hard")) for name in (*PLAIN, *SETTINGS, "prelu")}
TORCH["hard_sigmoid"] = torch_hard_sigmoid
TORCH["scale"] = torch_scale
