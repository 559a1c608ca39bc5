"""What the layers give in training, layer after layer: slow, and for looking into a batch that went wrong."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nbcnn.network import Network, Node
from nbcnn.network.node import FLOAT_BYTES
from nbcnn.plan.lowering import SHOWN, lower_inference
from nbcnn.plan.plan import Plan

Floats = NDArray[np.float32]

# What layers that are shown together may take; the batch is computed once for each such group.
GROUP_BYTES = 256 << 20


def outputs_in_training(
    network: Network,
    parameters: Mapping[str, Floats],
    buffers: Mapping[str, Floats],
    scale: Floats,
    inputs: np.ndarray,
    indices: NDArray[np.int64],
    *,
    step: int,
    seed: int,
) -> Iterator[tuple[Node, Floats]]:
    """Each layer and what it gives for the samples `indices` of `inputs`, (N, *its shape), in the order of computing.

    `step` and `seed` are those of the training step to be repeated. Nothing is changed.
    """
    samples = len(indices)
    for group in _groups(network.layers, samples):
        shown = {node.name: np.empty((samples, *node.output_shape), dtype=np.float32) for node in group}
        moved = {key: values.copy() for key, values in buffers.items()}
        plan = Plan(lower_inference(network, samples, parameters, moved, scale, training=True, shown=shown))
        ports = {SHOWN.format(name): values for name, values in shown.items()}
        output = np.empty((samples, *network.output_shape), dtype=np.float32)
        plan.run(samples, {"input": inputs, "indices": indices, "output": output, **ports}, step=step, seed=seed)
        for node in group:
            yield node, shown[node.name]


def _groups(layers: Sequence[Node], samples: int) -> Iterator[list[Node]]:
    """Layers that follow each other, as many as `GROUP_BYTES` have room for, one at least."""
    group: list[Node] = []
    room = GROUP_BYTES
    for node in layers:
        size = FLOAT_BYTES * samples * math.prod(node.output_shape)
        if group and size > room:
            yield group
            group, room = [], GROUP_BYTES
        group.append(node)
        room -= size
    yield group
