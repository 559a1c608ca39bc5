"""Batch norm in inference is one factor and one shift a channel, which the product before it can have built in."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nbcnn.kernels.cpu.by_channel.batch_norm import factor_and_shift
from nbcnn.layers.base import Parameter
from nbcnn.network import Network, Node

Arrays = Mapping[str, np.ndarray]

# Operations with a weight (outputs, ...) and perhaps a bias (outputs,).
_FOLDABLE = ("conv", "linear")


def fold(network: Network, parameters: Arrays, buffers: Arrays) -> tuple[Network, dict[str, np.ndarray]]:
    """The network of inference without the batch norms that follow a product, and copies of all arrays it still has.

    The factors are multiplied in float64 and the result rounded once.
    """
    arrays = {key: value.copy() for key, value in {**parameters, **buffers}.items()}
    readers = Counter(name for node in network.layers for name in node.inputs)
    nodes: dict[str, Node] = {}
    # The name under which what a layer computed is now found, and how many read it.
    names: dict[str, str] = {}
    for node in network.layers:
        node = replace(node, inputs=tuple(names.get(name, name) for name in node.inputs))
        before = nodes.get(node.inputs[0])
        if node.operation == "batch_norm" and before and before.operation in _FOLDABLE and readers[before.name] == 1:
            nodes[before.name] = _folded(before, node, arrays)
            names[node.name] = before.name
            readers[before.name] = readers[node.name]
        else:
            nodes[node.name] = node
    return replace(network, layers=tuple(nodes.values())), arrays


def _folded(product: Node, norm: Node, arrays: dict[str, np.ndarray]) -> Node:
    mean, variance, scale, start = (
        arrays.pop(f"{norm.name}.{name}", None) for name in ("running_mean", "running_var", "weight", "bias")
    )
    factor, shift = factor_and_shift(mean, variance, scale, start, norm.attributes["eps"])
    weight = arrays[f"{product.name}.weight"].astype(np.float64)
    bias = arrays.get(f"{product.name}.bias", np.zeros(len(weight))).astype(np.float64)
    factor = np.broadcast_to(factor, bias.shape)
    scaled = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
    arrays[f"{product.name}.weight"] = scaled.astype(np.float32)
    arrays[f"{product.name}.bias"] = (bias * factor + shift).astype(np.float32)
    return replace(product, parameters=product.parameters | {"bias": Parameter(bias.shape, 0, 0, 0.0)})
