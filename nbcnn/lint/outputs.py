"""Rules on what the loss reads."""

from collections.abc import Iterator
from math import exp, log, log1p

from nbcnn.layers.problems import Code
from nbcnn.lint.graph import DROPOUTS, SHAPING, Graph
from nbcnn.lint.rules import Finding, rule
from nbcnn.network import Node

CROSS_ENTROPY, BINARY = "cross_entropy", "binary_cross_entropy_with_logits"
SHARES = ("softmax", "sigmoid", "hard_sigmoid")
"""Activations that give numbers from 0 to 1."""
BOUNDS = {
    "relu": (0.0, None),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, None),
    "tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "elu": (-1.0, None),
    "selu": (-1.7581, None),
    "gelu": (-0.17, None),
    "silu": (-0.2785, None),
    "mish": (-0.3088, None),
    "hard_swish": (-0.375, None),
}
"""The numbers between which an activation's output lies; None for no bound. The lowest values of the smooth ones as
their definitions have them at the minimum."""


@rule(Code.SOFTMAX_BEFORE_LOSS, "warning", "softmax before cross_entropy")
def softmax_before_loss(graph: Graph) -> Iterator[Finding]:
    """The loss takes the softmax of the logits itself (I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, MIT Press
    2016, section 6.2.2.3). Of shares from 0 to 1 of K classes, the best, e / (e + K - 1), costs ln(1 + (K - 1) / e)."""
    node = graph.answer
    if graph.spec.train.loss.type != CROSS_ENTROPY or node.type not in ("softmax", "log_softmax"):
        return
    if node.type == "log_softmax":
        note = "the log_softmax of a log_softmax is the same numbers again"
    else:
        classes = node.output_shape[0]
        least = log1p((classes - 1) / exp(1))
        bound = f"ln(1 + {classes - 1} / e) = {least:.3f}"
        note = f"of outputs from 0 to 1 for {classes} classes, the loss cannot fall below {bound}"
    states = f"{node.type} before cross_entropy, which takes the softmax itself"
    yield Finding(node, states, (graph.deletion(node, safe=True),), (note,))


@rule(Code.SIGMOID_BEFORE_LOSS, "warning", "sigmoid before binary_cross_entropy_with_logits")
def sigmoid_before_loss(graph: Graph) -> Iterator[Finding]:
    """The loss takes the sigmoid of the logits itself (C. Bishop, Pattern Recognition and Machine Learning, 2006,
    section 4.3.2); that of a share from 0 to 1 lies between 1/2 and 1 / (1 + 1/e)."""
    node = graph.answer
    if graph.spec.train.loss.type != BINARY or node.type not in SHARES:
        return
    note = (
        f"the sigmoid of numbers from 0 to 1 lies between 0.5 and {1 / (1 + exp(-1)):.3f}, so that a right no costs at "
        f"least ln 2 = {log(2):.3f}"
    )
    states = f"{node.type} before {BINARY}, which takes the sigmoid itself"
    yield Finding(node, states, (graph.deletion(node, safe=True),), (note,))


@rule(Code.ACTIVATED_LOGITS, "warning", "An activation between the last layer and a loss of classes")
def activated_logits(graph: Graph) -> Iterator[Finding]:
    """Logits are any numbers: the log of odds, or of shares (C. Bishop, Pattern Recognition and Machine Learning, 2006,
    sections 4.2 and 4.3). Where they are bounded, so is what the network can be sure of."""
    node, loss = graph.answer, graph.spec.train.loss.type
    told_elsewhere = loss == BINARY and node.type in SHARES
    if loss not in (CROSS_ENTROPY, BINARY) or node.type not in BOUNDS or told_elsewhere:
        return
    low, high = BOUNDS[node.type]
    classes = node.output_shape[0]
    if loss == BINARY:
        note = f"no logit is below {low:g}, so that a right no costs at least ln(1 + e^{low:g}) = {log1p(exp(low)):.3f}"
    elif high is not None:
        least = log1p((classes - 1) * exp(low - high))
        note = f"of logits from {low:g} to {high:g} for {classes} classes, the loss cannot fall below {least:.3f}"
    else:
        note = f"no logit is below {low:g}: where it is there, what speaks against a class is lost"
    states = f"{node.type} before {loss}, which expects any numbers as logits"
    yield Finding(node, states, (graph.deletion(node),), (note,))


@rule(Code.SINGLE_CLASS, "warning", "cross_entropy over one output")
def single_class(graph: Graph) -> Iterator[Finding]:
    """The softmax of one number is 1, whatever the number."""
    node = graph.answer
    if graph.spec.train.loss.type != CROSS_ENTROPY or graph.network.output_shape[0] != 1:
        return
    field = {"linear": "out_features", "conv": "out_channels"}.get(node.type)
    cures = (*((graph.set_on(node, field, 2),) if field else ()), f'set loss = "{BINARY}", with targets 0.0 and 1.0')
    note = "the softmax of a single number is 1, so the loss is 0 and no gradient flows, whatever the network says"
    yield Finding(node, "gives one output to cross_entropy, which tells classes apart", cures, (note,), _key(field))


@rule(Code.DROPPED_ANSWERS, "warning", "Dropout between the last layer and the loss")
def dropped_answers(graph: Graph) -> Iterator[Finding]:
    """Dropout thins hidden units, so that none relies on another (N. Srivastava et al., JMLR 15, 2014, section 4)."""
    node = graph.nodes[-1]
    while node.type in (*SHAPING, *DROPOUTS):
        if p := _share(node):
            note = "no unit comes after it that could learn to do without the others"
            states = f"sets {p:.0%} of the network's answers to 0 in training, and the loss counts them"
            yield Finding(node, states, (graph.deletion(node),), (note,))
        source = graph.source(node)
        if source is None:
            return
        node = source


def _share(node: Node) -> float:
    return float(node.attributes["p"]) if node.type in DROPOUTS else 0.0


def _key(field: str | None) -> tuple[str, ...]:
    return (field,) if field else ()
