"""Memory of a network by arithmetic: of its weights, and of predicting one sample, float32.

What training takes follows from how it is planned, in the room above.
"""

from collections.abc import Sequence
from math import prod

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
