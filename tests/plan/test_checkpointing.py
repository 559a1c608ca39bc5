"""Activations computed again on the way back: the same bits, in less memory."""

import math

import numpy as np
import pytest
from networks import conv, layer, linear, named, network, pool
from reference_training import batch

from nbcnn.layers.catalogue import ACTIVATIONS
from nbcnn.model import Model
from nbcnn.network import INPUT, Network, build
from nbcnn.plan.checkpointing import segments
from nbcnn.plan.ordering import ordered
from nbcnn.spec.model import Engine
from nbcnn.training.trainer import Trainer


def unit(channels: int, **options) -> list[dict]:
    return [conv(channels, 3, padding=1, **options), layer("batch_norm"), layer("relu")]


def residual(number: int, before: str, channels: int) -> list[dict]:
    return [
        *unit(channels, from_=before),
        conv(channels, 3, padding=1),
        layer("batch_norm", name=f"norm{number}"),
        layer("add", from_=[f"norm{number}", before], name=f"sum{number}"),
        layer("relu", name=f"out{number}"),
    ]


END = [layer("global_avg_pool"), layer("flatten"), linear(4)]
DEEP = {
    "residual": (
        *unit(8),
        layer("max_pool", kernel_size=2, name="out0"),
        *[each for n in range(1, 5) for each in residual(n, f"out{n - 1}", 8)],
        *END,
    ),
    "dropout everywhere": (
        *[
            each
            for _ in range(6)
            for each in (conv(6, 3, padding=1), layer("dropout", p=0.3), layer("sigmoid"), layer("channel_dropout"))
        ],
        *END,
    ),
    "norms and functions of all kinds": (
        *unit(6),
        layer("batch_norm"),
        conv(6, 3, padding=1, activation="gelu"),
        layer("layer_norm"),
        conv(6, 3, padding=1, activation="tanh"),
        layer("batch_norm", affine=False),
        pool("avg", 2),
        conv(6, 3, activation="relu"),
        layer("group_norm", num_groups=2),
        pool("max", 2),
        conv(8, 1, activation="silu"),
        *END,
    ),
    "relu after every convolution": (
        *[conv(6, 3, padding=1, activation="relu") for _ in range(5)],
        pool("max", 2),
        *[conv(6, 3, padding=1, activation="relu") for _ in range(4)],
        *END,
    ),
    "depthwise": (
        *unit(8),
        *[each for _ in range(4) for each in (*unit(8, groups=8), conv(8, 1), layer("batch_norm"), layer("relu"))],
        *END,
    ),
    "features alone": (
        layer("flatten"),
        *[each for _ in range(5) for each in (linear(20, activation="relu"), layer("batch_norm"))],
        linear(4),
    ),
}


def with_checkpointing(net: Network, wanted: bool) -> Network:
    return build(net.spec.model_copy(update={"engine": Engine(checkpointing=wanted)}))


def deep(name: str) -> Network:
    # The sums of batch norm on the larger maps are taken by rows.
    return network((3, 48, 48) if name == "depthwise" else (3, 12, 12), *DEEP[name])


def trained(net: Network, samples: int) -> tuple[Model, Trainer, list[float]]:
    model = Model(net, seed=3)
    trainer = Trainer(model, optimizer={"type": "adam", "lr": 0.01}, seed=5)
    x, y = batch(net, samples)
    return model, trainer, [trainer.step(x, y) for _ in range(3)]


@pytest.mark.parametrize("samples", [5, 50])
@pytest.mark.parametrize("name", [*DEEP, "dropout", "dense"])
def test_results_are_the_same_bits(name: str, samples: int) -> None:
    net = deep(name) if name in DEEP else named(name)
    model, _, losses = trained(with_checkpointing(net, False), samples)
    again, _, same_losses = trained(with_checkpointing(net, True), samples)
    assert same_losses == losses
    for arrays, same in ((model.parameters, again.parameters), (model.buffers, again.buffers)):
        for key, value in arrays.items():
            assert np.array_equal(value, same[key]), key


@pytest.mark.parametrize("name", DEEP)
def test_segments_read_nothing_but_what_the_one_before_left(name: str) -> None:
    layers = ordered(deep(name).layers)
    parts = segments(layers)
    assert len(parts) > 1
    assert [number for part in parts for number in part] == list(range(len(layers)))
    for part in parts:
        inside = {layers[number].name for number in part}
        outside = {each for number in part for each in layers[number].inputs} - inside
        assert outside == {layers[part.start - 1].name if part.start else INPUT}
        assert layers[part.start].operation not in ACTIVATIONS


def test_a_chain_of_equal_layers_has_as_many_segments_as_the_root_of_its_length() -> None:
    net = network((4, 8, 8), *[conv(4, 3, padding=1) for _ in range(64)])
    parts = segments(ordered(net.layers))
    assert 6 <= len(parts) <= 11
    assert max(map(len, parts)) <= 2 * math.sqrt(64)
