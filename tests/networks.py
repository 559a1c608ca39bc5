"""Small networks for the tests of plan, model and trainer: between them every layer, option and rank."""

from typing import Any

from nbcnn import spec
from nbcnn.network import Network, build


def network(input_shape: tuple[int, ...], *layers: dict[str, Any]) -> Network:
    """Build a network from tables as a spec file has them."""
    return build(spec.parse({"input": {"shape": input_shape}, "layers": layers}))


def layer(kind: str, **options: Any) -> dict[str, Any]:
    """Return a layer's table; `from` is a word of Python's, so `from_` stands for it."""
    return {"type": kind} | {key.removesuffix("_"): value for key, value in options.items()}


def conv(out_channels: int, kernel_size: Any, **options: Any) -> dict[str, Any]:
    return layer("conv", out_channels=out_channels, kernel_size=kernel_size, **options)


def pool(kind: str, kernel_size: Any, **options: Any) -> dict[str, Any]:
    return layer(f"{kind}_pool", kernel_size=kernel_size, **options)


def linear(out_features: int, **options: Any) -> dict[str, Any]:
    return layer("linear", out_features=out_features, **options)


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

# Graphs: what several layers read, what several gradients start from, and what may still be done in place or fused.
NETWORKS |= {
    "residual": (
        (2, 7, 6),
        conv(4, 3, padding=1, activation="relu", name="stem"),
        conv(4, 3, padding=1, activation="relu", name="inner"),
        conv(4, 3, padding=1, name="outer"),
        {"type": "add", "from": ["outer", "stem"], "activation": "relu", "name": "sum"},
        conv(4, 1, activation="relu", name="point"),
        {"type": "add", "from": ["sum", "point"], "name": "more"},
        FLATTEN,
        linear(5),
    ),
    "dense": (
        (3, 6, 6),
        conv(3, 3, padding=1, activation="relu", name="one"),
        {"type": "concat", "from": ["input", "one"], "name": "both"},
        {"type": "relu", "from": "both"},
        conv(2, 3, padding=1, name="two"),
        {"type": "concat", "from": ["both", "two"]},
        pool("max", 2, ceil_mode=True),
        FLATTEN,
        linear(4),
    ),
    "one layer read three times, the input twice": (
        (1, 6, 8),
        {"type": "tanh", "name": "squashed"},
        conv(2, 3, from_="input", activation="relu", name="seen"),
        pool("max", 2, stride=1, padding=1, name="pooled"),
        pool("avg", 2, stride=1, padding=1, from_="seen", name="averaged"),
        {"type": "add", "from": ["pooled", "averaged", "pooled"], "name": "sum"},
        {"type": "flatten", "name": "row"},
        {"type": "flatten", "from": "squashed", "name": "other"},
        {"type": "concat", "from": ["row", "other", "row"]},
        dropout(0.3),
        linear(4),
    ),
    "a gate a channel": (
        (2, 6, 6),
        conv(5, 3, padding=1, activation="relu", name="map"),
        pool("avg", 6),
        conv(3, 1, activation="relu"),
        conv(5, 1, activation="sigmoid", name="gate"),
        {"type": "multiply", "from": ["map", "gate"], "name": "gated"},
        {"type": "multiply", "from": ["gated", "map"], "activation": "relu"},
        FLATTEN,
        linear(4),
    ),
    "branches of features": (
        (1, 3, 3),
        {"type": "flatten", "name": "row"},
        linear(7, activation="sigmoid", name="left"),
        linear(7, activation="relu", name="right", from_="row"),
        {"type": "add", "from": ["left", "right"], "activation": "tanh"},
        linear(3),
    ),
}

# What runs for the whole batch at once: many weights on a small map, or without neighbours.
NETWORKS |= {
    "wide": (
        (2, 5, 4),
        conv(70, 3, padding=1, activation="relu"),
        conv(69, 3, padding=1, activation="relu"),
        pool("max", 2),
        conv(67, 1, activation="relu"),
        conv(10, 2),
        FLATTEN,
        linear(3),
    ),
    "rising functions before pools": (
        (2, 9, 8),
        conv(3, 2, activation="sigmoid"),
        pool("max", 2),
        {"type": "tanh"},
        pool("max", 2, padding=1),
        {"type": "relu6"},
        pool("min", 2, stride=1),
        FLATTEN,
        linear(3),
        {"type": "sigmoid"},
    ),
    "many weights on few pixels": (
        (2, 3, 4),
        conv(130, 2, padding=((0, 1), (1, 0)), activation="relu"),
        pool("max", 2),
        conv(120, 3, padding=1, activation="relu"),
        conv(125, 3, stride=2, padding=1),
        FLATTEN,
        linear(1100, activation="relu"),
        linear(121, activation="tanh"),
        linear(3),
    ),
}

# Rows long enough, and channels many enough, for fewer products along the rows.
NETWORKS |= {
    "rows of five taps": (
        (2, 51),
        conv(32, 5, padding=2, activation="relu"),
        conv(33, 5, padding=2, activation="relu"),
        pool("max", 2),
        conv(34, 5, activation="relu"),
        FLATTEN,
        linear(3),
    ),
    "volumes with long rows": (
        (1, 2, 3, 8),
        conv(32, 3, padding=1, activation="relu"),
        conv(33, 3, padding=1, activation="relu"),
        FLATTEN,
        linear(3),
    ),
    "depthwise and pointwise": (
        (3, 9, 10),
        conv(18, 3, stride=2, padding=1, activation="tanh"),
        conv(36, 3, padding=1, groups=18, activation="relu"),
        conv(20, 1),
        conv(20, 3, stride=2, padding=1, groups=20, bias=False),
        layer("batch_norm", activation="relu"),
        conv(17, 1),
        FLATTEN,
        linear(3),
    ),
}

NETWORKS |= {
    "encoder and decoder": (
        (2, 8, 9),
        conv(4, 3, padding=1, padding_mode="circular", activation="relu", name="wide"),
        pool("max", 2),
        conv(6, 3, padding="same", padding_mode="reflect", activation="relu"),
        layer("conv_transpose", out_channels=4, kernel_size=3, stride=2, padding=1, output_padding=1, name="up"),
        layer("crop", from_="wide", crop=[[0, 0], [0, 1]], activation="relu", name="skip"),
        layer("concat", from_=["up", "skip"]),
        layer("conv_transpose", out_channels=4, kernel_size=3, groups=2, bias=False, activation="relu"),
        FLATTEN,
        linear(4),
    ),
    "resampled, before any weight and after": (
        (1, 5, 4),
        layer("pad", padding=[[1, 0], [2, 1]], mode="replicate"),
        layer("upsample", scale_factor=2, mode="bilinear"),
        {"type": "relu"},
        layer("conv_transpose", out_channels=3, kernel_size=2, dilation=2, activation="relu"),
        layer("upsample", size=[5, 7], mode="bilinear", align_corners=True, activation="relu"),
        layer("pad", padding=1, value=0.5, activation="relu"),
        conv(3, 3, padding=2, padding_mode="replicate", bias=False, activation="relu"),
        layer("upsample", size=[12, 16], activation="tanh"),
        layer("crop", crop=1),
        FLATTEN,
        linear(4),
    ),
    "resampled along one axis": (
        (2, 12),
        conv(3, 3, padding=2, padding_mode="circular", activation="relu"),
        layer("conv_transpose", out_channels=2, kernel_size=4, stride=3, padding=[[1, 2]], output_padding=2),
        layer("upsample", scale_factor=2),
        {"type": "relu"},
        FLATTEN,
        linear(3),
    ),
    "resampled along three axes": (
        (2, 3, 4, 3),
        layer("conv_transpose", out_channels=3, kernel_size=2, stride=[1, 2, 1], activation="relu"),
        layer("upsample", scale_factor=2, mode="bilinear"),
        conv(2, 3, padding=1, padding_mode="reflect", activation="relu"),
        layer("crop", crop=[1, 0, [2, 1]]),
        FLATTEN,
        linear(3),
    ),
}

NETWORKS |= {
    "batch norm under relu, on branches and on features": (
        (2, 7, 6),
        conv(4, 3, padding=1, bias=False),
        layer("batch_norm", activation="relu", name="stem"),
        conv(4, 3, padding=1, name="outer"),
        layer("batch_norm", name="first"),
        conv(4, 1, from_="stem", bias=False),
        layer("batch_norm", momentum=0.3, name="second"),
        layer("add", from_=["first", "second"], activation="relu"),
        pool("avg", 2),
        FLATTEN,
        linear(9),
        layer("batch_norm", eps=1e-3, activation="tanh"),
        linear(5),
    ),
    "batch norm first and before relu, read twice, without weight, under dropout": (
        (3, 6, 6),
        layer("batch_norm"),
        conv(4, 3, padding=1, name="one"),
        layer("batch_norm", activation="relu"),
        conv(4, 3, padding=1),
        layer("add", from_=["one", "conv2"], name="sum"),
        layer("batch_norm", affine=False, name="normal"),
        layer("concat", from_=["normal", "sum", "input"]),
        layer("batch_norm"),
        dropout(0.0),
        FLATTEN,
        linear(4),
    ),
    "batch and instance norm over three axes": (
        (2, 5, 4, 6),
        conv(3, 2, bias=False),
        layer("batch_norm", activation="relu"),
        conv(4, 2, padding=1),
        layer("instance_norm", affine=True, activation="relu"),
        pool("max", 2),
        FLATTEN,
        linear(3),
    ),
    "norms of each sample": (
        (4, 6, 6),
        conv(6, 3, padding=1),
        layer("group_norm", num_groups=2, activation="relu"),
        conv(4, 3, padding=1),
        layer("layer_norm", axes=[1], eps=0.1, activation="tanh"),
        conv(4, 3, padding=1),
        layer("instance_norm", eps=0.1, activation="relu"),
        layer("local_response_norm", size=3, alpha=1.0),
        conv(4, 3, padding=1),
        layer("layer_norm", activation="sigmoid"),
        pool("avg", 3),
        FLATTEN,
        layer("layer_norm", affine=False),
        linear(5),
    ),
    "norms of each sample along one axis": (
        (3, 20),
        conv(6, 5, stride=2),
        layer("layer_norm", axes=[2]),
        {"type": "relu"},
        layer("group_norm", num_groups=3, affine=False),
        FLATTEN,
        linear(3),
    ),
}

# Activations that keep their input or their output or have slopes, on what others read too; and other shapes.
NETWORKS |= {
    "activations": (
        (2, 6, 7),
        layer("prelu", num_parameters=2, name="slopes"),
        conv(4, 3, padding=1, activation="silu", name="one"),
        layer("channel_shuffle", groups=2),
        conv(4, 3, padding=1, activation="prelu"),
        layer("add", from_=["one", "conv2"], name="sum"),
        layer("gelu", name="smooth"),
        layer("relu6", from_="sum"),
        layer("concat", from_=["smooth", "relu61", "sum"]),
        layer("reshape", shape=[6, -1, 7]),
        layer("leaky_relu", negative_slope=0.2),
        conv(3, 3, activation="hard_swish"),
        FLATTEN,
        linear(12, activation="elu"),
        layer("reshape", shape=[3, 4]),
        layer("softmax"),
        conv(4, 1, activation="mish"),
        FLATTEN,
        linear(5, activation="log_softmax"),
    ),
    "channels and samples dropped": (
        (2, 6, 6),
        conv(5, 3, padding=1, activation="relu", name="stem"),
        layer("channel_dropout", p=0.3),
        conv(5, 3, padding=1),
        layer("stochastic_depth", p=0.4, name="branch"),
        layer("add", from_=["stem", "branch"], activation="relu"),
        FLATTEN,
        linear(4),
    ),
}


def named(name: str) -> Network:
    return network(*NETWORKS[name])
