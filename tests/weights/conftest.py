"""A small network's worth of names and shapes, and a snapshot of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from nbcnn.layers.base import Parameter
from nbcnn.weights import Snapshot


def network_of(layers, initializer="pytorch"):
    """What weights/ reads of a network; `layers` is {name: (out, in, *kernel)}."""
    nodes = []
    for name, shape in layers.items():
        fan_in, fan_out = int(np.prod(shape[1:])), int(shape[0] * np.prod(shape[2:]))
        parameters = {
            "weight": Parameter(shape, fan_in, fan_out, initializer),
            "bias": Parameter(shape[:1], fan_in, fan_out, initializer if initializer == "pytorch" else "zeros"),
        }
        nodes.append(SimpleNamespace(name=name, parameters=parameters, buffers={}))
    nodes.append(SimpleNamespace(name="relu1", parameters={}, buffers={}))
    first, last = list(layers.values())[0], list(layers.values())[-1]
    return SimpleNamespace(layers=tuple(nodes), input_shape=(first[1], 8, 8), output_shape=(last[0],))


@pytest.fixture(scope="session")
def make_network():
    return network_of


@pytest.fixture(scope="session")
def network():
    return network_of({"conv1": (2, 1, 3, 3), "stage1.2.conv-a_b": (2, 2, 1, 1), "linear1": (4, 2)})


@pytest.fixture(scope="session")
def snapshot(network):
    """Everything that a file can hold, small."""
    generator = np.random.default_rng(0)
    parameters = {
        f"{node.name}.{name}": generator.normal(size=parameter.shape).astype(np.float32)
        for node in network.layers
        for name, parameter in node.parameters.items()
    }
    return Snapshot(
        spec={"name": "tiny", "layers": [{"type": "conv", "out_channels": 2}], "seed": 2**63},
        parameters=parameters,
        classes=("cat", "dog", "é", "日本"),
        normalization={"mean": [0.1], "std": [0.30000000000000004]},
        provenance={"command": "train", "accuracy": 0.97},
        optimizer={f"{slot}/{key}": array * 2 for slot in ("exp_avg", "max") for key, array in parameters.items()},
        trainer={"epoch": 3, "step": 7, "best": None},
    )
