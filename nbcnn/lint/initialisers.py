"""Rules on what weights start from."""

from collections.abc import Iterator
from math import sqrt

from nbcnn.layers.base import Parameter
from nbcnn.layers.problems import Code
from nbcnn.lint.graph import WEIGHTED, Graph
from nbcnn.lint.rules import Finding, rule
from nbcnn.network import Node

SATURATING = ("sigmoid", "tanh")


def _followed_by(graph: Graph, kinds: tuple[str, ...]) -> Iterator[tuple[Node, Node, str]]:
    """Layers with weights and one of these activations directly behind them, with the name of the initializer."""
    for node in graph.nodes:
        source = graph.source(node)
        if node.type in kinds and source and source.type in WEIGHTED:
            yield source, node, str(source.parameters["weight"].initializer)


@rule(Code.HE_BEFORE_SATURATION, "warning", "An initializer made for relu before sigmoid or tanh")
def he_before_saturation(graph: Graph) -> Iterator[Finding]:
    """He's variance, 2 / fan_in, makes up for the half that relu cuts off (K. He et al., arXiv:1502.01852, section
    2.2); what saturates wants 2 / (fan_in + fan_out) (X. Glorot, Y. Bengio, AISTATS 2010, section 4.2). A gate, whose
    output multiplies something, may be as it likes."""
    for node, activation, initializer in _followed_by(graph, SATURATING):
        is_gate = any(each.type == "multiply" for each in graph.readers(activation))
        if not initializer.startswith("he_") or is_gate or activation is graph.answer:
            continue
        fan_in, fan_out = _fans(node.parameters["weight"])
        other = initializer.replace("he_", "glorot_")
        states = f"{initializer} is made for relu, and {activation.type} follows"
        note = (
            f"its deviation is sqrt(2 / {fan_in}) = {sqrt(2 / fan_in):.3g}, that of {other} "
            f"sqrt(2 / ({fan_in} + {fan_out})) = {sqrt(2 / (fan_in + fan_out)):.3g}"
        )
        cures = (graph.set_on(node, "initializer", other),)
        yield Finding(node, states, cures, (note,), ("initializer",), f"expected {other}")


@rule(Code.SELU_WITHOUT_LECUN, "warning", "selu without LeCun's initializer")
def selu_without_lecun(graph: Graph) -> Iterator[Finding]:
    """selu keeps mean 0 and variance 1 only if weights have variance 1 / fan_in (G. Klambauer et al., Self-normalizing
    neural networks, arXiv:1706.02515, section 2, "Initialization")."""
    for node, _, initializer in _followed_by(graph, ("selu",)):
        if initializer.startswith("lecun_") or initializer in ("zeros", "ones"):
            continue
        fan_in, fan_out = _fans(node.parameters["weight"])
        variances = {"pytorch": 1 / (3 * fan_in), "he": 2 / fan_in, "glorot": 2 / (fan_in + fan_out)}
        variance = variances[initializer.partition("_")[0]]
        other = f"lecun_{initializer.partition('_')[2] or 'normal'}"
        states = f"selu follows, which wants weights of variance 1 / fan_in; that of {initializer} is another"
        times = f"{variance * fan_in:.2g} times that"
        note = f"here 1 / {fan_in} = {1 / fan_in:.3g}, and {initializer}'s is {variance:.3g}, {times}"
        yield Finding(node, states, (graph.set_on(node, "initializer", other),), (note,), ("initializer",))


@rule(Code.ALIKE_CHANNELS, "warning", "Hidden units that start alike")
def alike_channels(graph: Graph) -> Iterator[Finding]:
    """Units with the same weights get the same gradients and stay the same: something has to break the symmetry (I.
    Goodfellow, Y. Bengio, A. Courville, Deep Learning, MIT Press 2016, section 8.4). The last layer may start from
    zeros, and so may the last one of a branch that is added."""

    def is_alike(node: Node) -> bool:
        weight = node.parameters.get("weight")
        is_dense = node.type in WEIGHTED and node.attributes.get("groups", 1) == 1
        return is_dense and weight is not None and weight.initializer in ("zeros", "ones") and node.output_shape[0] > 1

    origins = graph.origins(is_alike, lambda node: node.type not in WEIGHTED)
    for node in graph.nodes:
        source = graph.source(node)
        alike = origins.get(source.name) if source and node.type in WEIGHTED else None
        if alike is None or not alike.trainable:
            continue
        initializer, count = alike.parameters["weight"].initializer, alike.output_shape[0]
        states = (
            f"all {count} outputs start from {initializer}: they are the same number, and stay the same in training"
        )
        note = f"`{node.name}` reads {count} copies of one number"
        cures = (graph.set_on(alike, "initializer", "he_normal"),)
        yield Finding(alike, states, cures, (note,), ("initializer",))


def _fans(weight: Parameter) -> tuple[int, int]:
    return weight.fan_in, weight.fan_out
