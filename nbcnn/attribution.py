"""Which part of an input speaks for a class: saliency and Grad-CAM."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import InputError
from nbcnn.network import Network, Node
from nbcnn.plan.scores import Weighted

Floats = NDArray[np.float32]
Target = int | Sequence[int] | NDArray[np.integer]


def saliency(weighted: Weighted, x: np.ndarray, target: Target | None) -> Floats:
    """How much each place of x (N, C, *space) moves the score of the target: (N, *space).

    The largest of the channels' absolute gradients, with respect to x after bytes are divided by 255. K. Simonyan,
    A. Vedaldi, A. Zisserman, Deep inside convolutional networks, arXiv:1312.6034, section 3.1.
    """
    _, gradient = weighted.score_gradient(x, _upstream(weighted.outputs(x), target))
    factors = weighted.scale[:, 0].reshape(-1, *[1] * (x.ndim - 2))
    found: Floats = np.abs(gradient * factors).max(axis=1)
    return found


def grad_cam(weighted: Weighted, x: np.ndarray, target: Target | None, layer: str) -> Floats:
    """What at each position of a layer speaks for the target: (N, *space of the layer), 0 and above.

    The layer's channels are summed, each times the mean of its gradient, and what is below 0 is left out. R. Selvaraju
    et al., Grad-CAM, arXiv:1610.02391, section 3, equations 1 and 2.
    """
    given, gradient = weighted.score_gradient(x, _upstream(weighted.outputs(x), target), layer)
    space = tuple(range(2, given.ndim))
    weights = gradient.mean(axis=space, keepdims=True)
    found: Floats = np.maximum((weights * given).sum(axis=1), 0.0)
    return found


def last_map(network: Network) -> str:
    """The layer that Grad-CAM is meant for: the last with positions, before a pool that follows it.

    Raises InputError where none has them, and where the output itself does.
    """
    if _has_positions(network.layers[-1]):
        raise InputError(
            "layer: the network's output has positions itself, so there is no last layer with them; name a layer"
        )
    node = next((each for each in reversed(network.layers) if _has_positions(each)), None)
    while node is not None and node.operation.endswith("_pool") and node.inputs[0] in _names(network):
        node = network[node.inputs[0]]
    if node is None:
        raise InputError(f"layer: no layer of {network.name} has positions, which a map is made of")
    return node.name


def refuse_flat(node: Node) -> None:
    """Raises InputError where a layer has no positions."""
    if len(node.output_shape) == 1:
        raise InputError(
            f'layer: "{node.name}" ({node.type}) gives {node.output_shape[0]} numbers without positions, a map is made '
            "of positions; choose a layer before it is flattened"
        )


def _upstream(outputs: Floats, target: Target | None) -> Floats:
    """dy that makes a score of outputs (N, channels, *space): one channel, summed over all positions.

    `target` is the channel, for all samples or one for each; None takes each sample's highest. Raises InputError for a
    channel that is not there.
    """
    samples, channels = outputs.shape[:2]
    sums = outputs.reshape(samples, channels, -1).sum(axis=2)
    chosen = np.asarray(sums.argmax(axis=1) if target is None else target)
    if chosen.dtype.kind not in "iu" or chosen.shape not in ((), (samples,)):
        raise InputError(
            f"target: a class number, or one for each of {samples} samples, is expected, received {str(target)[:100]}; "
            "leave it out for the highest score"
        )
    if not ((chosen >= 0) & (chosen < channels)).all():
        raise InputError(f"target: {chosen.ravel().tolist()[:10]} with {channels} outputs; use 0 to {channels - 1}")
    dy = np.zeros_like(outputs)
    dy[np.arange(samples), chosen] = 1.0
    return dy


def _has_positions(node: Node) -> bool:
    return any(size > 1 for size in node.output_shape[1:])


def _names(network: Network) -> set[str]:
    return {node.name for node in network.layers}
