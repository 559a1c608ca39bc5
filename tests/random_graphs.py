"""Random small graphs over all layer types, as specs that grow layer by layer."""

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
from hypothesis import assume
from networks import linear, network
from pydantic import ValidationError

from nbcnn.errors import NbcnnError
from nbcnn.layers.catalogue import LAYER_TYPES
from nbcnn.layers.trainable import Trainable
from nbcnn.model import Model
from nbcnn.network import INPUT, Network

MOST_TRIES, MOST_NUMBERS = 14, 400
# A number of this size, relative to what it is added to, stands for float32's roundings.
NOISE = 2.0**-22

SMALL = (1, 2, 3)
FLAGS = (False, True)
# A small eps would blow up the roundings of sets of nearly equal numbers.
EPS = (0.1,)

# The settings of every layer type that has some, but for those that depend on the input.
OPTIONS: dict[str, dict[str, Sequence[Any]]] = {
    "conv": {
        "out_channels": (1, 2, 3, 5),
        "kernel_size": SMALL,
        "stride": (1, 1, 2),
        "padding": (0, 1, 2, "same"),
        "padding_mode": ("zeros", "zeros", "zeros", "reflect", "circular", "replicate"),
        "dilation": (1, 1, 2),
        "bias": FLAGS,
        "flip": FLAGS,
    },
    "conv_transpose": {
        "out_channels": (1, 2, 4),
        "kernel_size": SMALL,
        "stride": (1, 2),
        "padding": (0, 1),
        "bias": FLAGS,
    },
    "upsample": {"scale_factor": (2,), "mode": ("nearest", "bilinear")},
    "pad": {"padding": (0, 1), "mode": ("constant", "replicate", "circular", "reflect")},
    "crop": {"crop": (0, 1)},
    "max_pool": {"kernel_size": (2, 3), "stride": SMALL, "padding": (0, 1), "ceil_mode": FLAGS},
    "min_pool": {"kernel_size": (2, 3), "stride": SMALL, "padding": (0, 1), "ceil_mode": FLAGS},
    "avg_pool": {"kernel_size": (2, 3), "stride": SMALL, "padding": (0, 1), "count_include_pad": FLAGS},
    "lp_pool": {"kernel_size": (2, 3), "stride": SMALL, "norm_type": (1.0, 2.0)},
    "kmax_pool": {"k": (1, 2), "kernel_size": (2, 3)},
    "adaptive_avg_pool": {"output_size": SMALL},
    "adaptive_max_pool": {"output_size": SMALL},
    "linear": {"out_features": (1, 3, 7, 19), "bias": FLAGS},
    "prelu": {"num_parameters": (1,)},
    "batch_norm": {"eps": EPS, "affine": FLAGS},
    "layer_norm": {"eps": EPS, "affine": FLAGS},
    "instance_norm": {"eps": EPS, "affine": FLAGS},
    "group_norm": {"eps": EPS, "num_groups": (1,)},
    "local_response_norm": {"size": SMALL},
    "dropout": {"p": (0.0, 0.4)},
    "channel_dropout": {"p": (0.0, 0.4)},
    "stochastic_depth": {"p": (0.0, 0.4)},
}
JOINS = ("add", "concat", "multiply")
# Those that fuse, overwrite or look at buffers in another way come up more often than the many plain functions.
KINDS = [
    *(kind for kind in LAYER_TYPES if kind not in ("linear", "flatten")),
    *["relu", "add", "conv"] * 6,
    *["max_pool", "concat", "multiply", "conv_transpose", "batch_norm", "reshape"] * 3,
]


class Graph:
    """A spec that grows layer by layer, with the shapes so far."""

    def __init__(
        self, random: Random, kinds: Sequence[str] = KINDS, options: Mapping[str, Mapping[str, Sequence[Any]]] = OPTIONS
    ) -> None:
        self.random = random
        self.kinds, self.options = kinds, options
        rank = random.randint(1, 3)
        self.input_shape = (random.randint(1, 3), *(random.randint(3, 7 - rank) for _ in range(rank)))
        self.shapes: dict[str, tuple[int, ...]] = {INPUT: self.input_shape}
        self.unread: list[str] = []
        self.layers: list[dict[str, Any]] = []

    def add(self, kind: str, sources: list[str], **options: Any) -> str | None:
        """The new layer's name; None where these options do not go with these inputs."""
        name = f"n{len(self.layers)}"
        table = {"type": kind, "name": name, "from": sources if len(sources) > 1 else sources[0]} | options
        try:
            layer = LAYER_TYPES[kind].model_validate(table)
            shape = layer.join([self.shapes[source] for source in sources], sources)
            output = layer.output_shape(shape)
            wrong = any(layer.review(shape))
        except (NbcnnError, ValidationError):
            return None
        if wrong or math.prod(output) > MOST_NUMBERS:
            return None
        self.layers.append(table)
        self.shapes[name] = output
        self.unread = [each for each in self.unread if each not in sources] + [name]
        return name

    def grow(self) -> None:
        """One more layer, behind the last one or behind any other."""
        random = self.random
        names = list(self.shapes)
        source = random.choice(names) if random.random() < 0.3 else names[-1]
        shape = self.shapes[source]
        if random.random() < 0.15:
            self.add_relus(source)
            return
        kind = random.choice(self.kinds if len(shape) > 1 else [*self.kinds, *["linear", "relu"] * 9])
        if kind in JOINS:
            self.join(kind, source)
            return
        options = {key: random.choice(values) for key, values in self.options.get(kind, {}).items()}
        if kind in ("conv", "conv_transpose") and random.random() < 0.3:
            options |= {"groups": shape[0], "out_channels": shape[0]}
        if kind == "reshape":
            options["shape"] = random.choice([[-1], [1, -1], [-1, shape[-1]], [shape[0], -1], [shape[0], 1, -1]])
        if kind == "channel_shuffle":
            options["groups"] = shape[0]
        if kind == "channel_slice":
            options |= {"start": shape[0] // 2, "stop": shape[0]}
        if issubclass(LAYER_TYPES[kind], Trainable):
            options["trainable"] = random.random() < 0.8
        self.add(kind, [source], **options)

    def add_relus(self, source: str) -> None:
        """What seldom comes about by chance: a sum of a relu and something like it, whose one reader could mask."""
        random = self.random
        fits = [name for name, shape in self.shapes.items() if shape == self.shapes[source]]
        relus = [self.add("relu", [each]) or each for each in (source, random.choice(fits))]
        both = self.add("add", [relus[0], random.choice([relus[1], *fits])])
        if both is not None:
            reader: tuple[str, dict[str, Any]] = random.choice(
                [("max_pool", {"kernel_size": 2}), ("conv", {"out_channels": 2, "kernel_size": 2, "padding": 1})]
            )
            self.add(reader[0], [both], **reader[1])

    def join(self, kind: str, source: str) -> None:
        random = self.random
        shape = self.shapes[source]
        fits = [
            name
            for name, other in self.shapes.items()
            if other == shape or (kind == "concat" and len(other) == len(shape) and other[1:] == shape[1:])
        ]
        others = random.choices(fits, k=random.randint(1, 2))
        if kind == "multiply" and len(shape) > 1 and random.random() < 0.5:
            gate = self.add("global_avg_pool", [random.choice(fits)])
            others = [gate] if gate else others
        self.add(kind, [source, *others])

    def end(self) -> None:
        """Everything that nobody reads, side by side, under a linear layer; or a last layer as it is."""
        if not self.layers:
            self.add("relu", [INPUT])
        if self.unread == [self.layers[-1]["name"]] and self.random.random() < 0.5:
            return
        # Of what others read, something is seen flat as well.
        ends = [*self.unread, self.random.choice(list(self.shapes))]
        rows = [name if len(self.shapes[name]) == 1 else self.add("flatten", [name]) or name for name in ends]
        if len(rows) > 1:
            self.layers.append({"type": "concat", "name": "all", "from": rows})
        else:
            self.layers.append({"type": "tanh", "name": "all", "from": rows[0]})
        self.layers.append(linear(3, name="last"))


def graph(seed: int) -> Network:
    random = Random(seed)
    grown = Graph(random)
    for _ in range(random.randint(1, MOST_TRIES)):
        grown.grow()
    grown.end()
    return network(grown.input_shape, *grown.layers)


def described(net: Network) -> str:
    return "\n".join(
        f"{node.name} {node.operation} {node.inputs} {node.output_shape} {node.layer!r}" for node in net.layers
    )


def assert_known(actual: dict[str, Any], expected: dict[str, Any], again: dict[str, Any], net: Network) -> None:
    """Compare array by array; `again` is `expected` after a change in the seventh digit."""
    largest = max(np.abs(each).max() for each in expected.values())
    assume(np.isfinite(largest))
    for key, value in actual.items():
        # Where a gradient vanishes, as that of a bias before a norm, its terms are as large as those of others.
        scale = max(np.abs(expected[key]).max(), 0.3 * largest)
        noise = np.abs(again[key] - expected[key]).max()
        assume(noise <= 1e-3 * scale)
        difference = np.abs(value.reshape(expected[key].shape) - expected[key]).max()
        # Written so that a NaN fails.
        assert difference <= 20.0 * noise + 2e-5 * scale, f"{key}: {difference} of {scale}, {noise=}\n{described(net)}"


def disturbed(arrays: dict[str, np.ndarray], random: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        key: each.astype(np.float64) * (1.0 + NOISE * random.standard_normal(each.shape))
        for key, each in arrays.items()
    }


def drawn_model(net: Network) -> Model:
    model = Model(net, seed=1)
    random = np.random.default_rng(1)
    for value in model.parameters.values():
        value += 0.3 * random.standard_normal(value.shape, dtype=np.float32)
    return model
