"""Memory of a network by conventional arithmetic, to be known before anything is allocated.

Every buffer is counted as if it existed for itself, float32. What a plan really takes is less, because buffers whose
lifetimes do not meet share memory, and is known exactly once there is a plan.
"""

from collections.abc import Sequence
from math import prod

from nbcnn.layers.axes import Shape
from nbcnn.network.node import FLOAT_BYTES, Node
from nbcnn.spec.references import INPUT


def weights_bytes(nodes: Sequence[Node]) -> int:
    """Parameters and buffers."""
    return FLOAT_BYTES * sum(node.params + node.buffer_elements for node in nodes)


def inference_bytes(nodes: Sequence[Node]) -> int:
    """Weights, and for one sample the activations that are kept at once where these are largest together: a layer's
    output, its inputs, and what later layers have yet to read."""
    elements = {name: prod(shape) for node in nodes for name, shape in zip(node.inputs, node.input_shapes, strict=True)}
    last_reader = {name: node.name for node in nodes for name in node.inputs}
    kept, most = elements.get(INPUT, 0), 0
    for node in nodes:
        kept += prod(node.output_shape)
        most = max(most, kept)
        kept -= sum(elements[name] for name in set(node.inputs) if last_reader[name] == node.name)
    return weights_bytes(nodes) + FLOAT_BYTES * most


def training_bytes(nodes: Sequence[Node], input_shape: Shape, batch_size: int, state_arrays: int) -> int:
    """Weights; gradients and `state_arrays` of the optimiser, each as large as the weights that train; for every sample
    of the batch its input, every activation, and the gradient of every activation."""
    activations = sum(node.memory_bytes for node in nodes)
    sample = FLOAT_BYTES * prod(input_shape) + 2 * activations
    trained = FLOAT_BYTES * sum(node.params for node in nodes if node.trainable)
    return weights_bytes(nodes) + trained * (1 + state_arrays) + batch_size * sample
