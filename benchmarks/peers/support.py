"""What several twins share: reading a node's windows, and weights with channels last."""

from collections.abc import Mapping

import numpy as np
from workload import Node, Workload


class Unsupported(Exception):
    """A twin has no such layer; the workloads need few."""

    def __init__(self, what: Node | str) -> None:
        super().__init__(what if isinstance(what, str) else f"no twin of {what.name} ({what.operation})")


def symmetric_padding(node: Node) -> tuple[int, ...]:
    pairs = node.attributes["padding"]
    if any(before != after for before, after in pairs):
        raise Unsupported(node)
    return tuple(before for before, _ in pairs)


def is_depthwise(node: Node) -> bool:
    """Whether each channel has one filter of its own."""
    return 1 < node.attributes["groups"] == node.input_shape[0] == node.output_shape[0]


def keeps_size(node: Node) -> bool:
    """Whether the padding is what TensorFlow calls SAME: half a kernel on either side, at stride 1."""
    kernel = node.parameters["weight"][2:]
    halves = [[size // 2, size // 2] for size in kernel]
    return set(node.attributes["stride"]) == {1} and node.attributes["padding"] == halves


def channels_last(workload: Workload, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Convolutions' weights as (*kernel, inputs, outputs), linear ones as (inputs, outputs).

    A linear layer behind a flatten gets its inputs in the order in which channels that lie last are flattened.
    """
    nodes = {node.name: node for node in workload.nodes}
    arrays = dict(weights)
    for node in workload.nodes:
        key = f"{node.name}.weight"
        if node.operation == "conv":
            arrays[key] = np.ascontiguousarray(np.moveaxis(weights[key], (0, 1), (-1, -2)))
        elif node.operation == "linear":
            weight, before = weights[key], nodes.get(node.inputs[0])
            if before is not None and before.operation == "flatten":
                by_channel = weight.reshape(len(weight), *before.input_shape)
                weight = np.moveaxis(by_channel, 1, -1).reshape(len(weight), -1)
            arrays[key] = np.ascontiguousarray(weight.T)
    return arrays


def images_channels_last(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(images, 1, -1))
