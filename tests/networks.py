"""Small networks for the tests of plan, model and trainer: between them every layer, option and rank."""

from typing import Any

from nbcnn import spec
from nbcnn.network import Network, build


def network(input_shape: tuple[int, ...], *layers: dict[str, Any]) -> Network:
    """Build a network from tables as a spec file has them."""
    return build(spec.parse({"input": {"shape": input_shape}, "layers": layers}))


def conv(out_channels: int, kernel_size: Any, **options: Any) -> dict[str, Any]:
    return {"type": "conv", "out_channels": out_channels, "kernel_size": kernel_size, **options}


def pool(kind: str, kernel_size: Any, **options: Any) -> dict[str, Any]:
    return {"type": f"{kind}_pool", "kernel_size": kernel_size, **options}


def linear(out_features: int, **options: Any) -> dict[str, Any]:
    return {"type": "linear", "out_features": out_features, **options}


def dropout(p: float) -> dict[str, Any]:
    return {"type": "dropout", "p": p}


FLATTEN = {"type": "flatten"}

NETWORKS = {
    "relu after relu, over pools of both kinds": (
        (1, 12, 12),
        conv(4, 3, padding=1),
        pool("avg", 2),
        {"type": "relu"},
        {"type": "relu"},
        conv(5, 3, padding=1),
        pool("max", 2),
        {"type": "relu"},
        {"type": "relu"},
        conv(3, 3, padding=1),
        FLATTEN,
        {"type": "relu"},
        linear(4),
    ),
    "pool first": ((2, 8, 8), pool("max", 2), conv(3, 3, activation="relu"), FLATTEN, linear(4)),
    "padding, two pools": (
        (1, 9, 7),
        conv(5, 3, padding=1, activation="relu"),
        pool("max", 2),
        conv(7, 3, padding="same", activation="relu"),
        pool("max", 2, ceil_mode=True),
        FLATTEN,
        linear(10),
    ),
    "strides, uneven padding, dilation": (
        (2, 11, 8),
        conv(4, 3, stride=(2, 1), padding=((1, 0), (0, 2)), activation="tanh"),
        conv(3, 2, dilation=2, bias=False, activation="sigmoid"),
        FLATTEN,
        linear(5),
    ),
    "groups, average pools": (
        (4, 8, 8),
        conv(8, 3, groups=2, padding=1, activation="relu"),
        pool("avg", 3, stride=2, padding=1),
        conv(16, 2, groups=8, activation="relu"),
        pool("avg", 2, stride=1, count_include_pad=False),
        FLATTEN,
        linear(7, bias=False),
    ),
    "one axis": (
        (3, 20),
        conv(6, 5, stride=2, activation="relu"),
        pool("max", 3, stride=2, padding=1),
        FLATTEN,
        linear(19, activation="tanh"),
        linear(3),
    ),
    "three axes": (
        (2, 5, 4, 6),
        conv(3, (2, 3, 2), padding=(1, 0, 1), activation="relu"),
        pool("max", (2, 1, 2)),
        conv(4, 2, activation="tanh"),
        FLATTEN,
        linear(4),
    ),
    "true convolution, dropout of nothing": (
        (2, 6, 6),
        conv(4, 3, flip=True, activation="relu"),
        dropout(0.0),
        FLATTEN,
        linear(35, activation="relu"),
        linear(6),
    ),
    "channels that are summed in several chunks, twice under a relu": (
        (1, 8, 8),
        conv(16, 3, padding="same", activation="relu"),
        conv(32, 3, padding="same", activation="relu"),
        FLATTEN,
        linear(10),
    ),
    "linear alone": ((1, 3, 3), FLATTEN, linear(17, activation="sigmoid"), linear(2)),
    "dropout": (
        (2, 6, 6),
        conv(5, 3, activation="relu"),
        dropout(0.25),
        FLATTEN,
        linear(21, activation="relu"),
        dropout(0.5),
        linear(6),
    ),
}


def named(name: str) -> Network:
    return network(*NETWORKS[name])
