"""Memory of a network by conventional arithmetic, to be known before anything is allocated.

Every buffer is counted as if it existed for itself, float32. What a plan really takes is less, because buffers whose
lifetimes do not meet share memory, and is known exactly once there is a plan.
"""

from collections.abc import Sequence
from math import prod

from nbcnn.layers.axes import Shape
from nbcnn.network.node import FLOAT_BYTES, Node


def weights_bytes(nodes: Sequence[Node]) -> int:
    return FLOAT_BYTES * sum(node.params for node in nodes)


def inference_bytes(nodes: Sequence[Node]) -> int:
    """Weights, and for one sample the inputs and output of the layer where these are largest together."""
    live = (FLOAT_BYTES * sum(map(prod, node.input_shapes)) + node.memory_bytes for node in nodes)
    return weights_bytes(nodes) + max(live, default=0)


def training_bytes(nodes: Sequence[Node], input_shape: Shape, batch_size: int, state_arrays: int) -> int:
    """Weights, gradients and `state_arrays` of the optimiser, each as large as the weights; for every sample of the
    batch its input, every activation, and the gradient of every activation."""
    activations = sum(node.memory_bytes for node in nodes)
    sample = FLOAT_BYTES * prod(input_shape) + 2 * activations
    return weights_bytes(nodes) * (2 + state_arrays) + batch_size * sample
