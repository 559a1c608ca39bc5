"""Rules on activations: where one is missing, idle or one too many."""

from collections.abc import Iterator
from math import prod

from nbcnn.layers.catalogue import ACTIVATIONS
from nbcnn.layers.problems import Code
from nbcnn.lint.graph import AVERAGES, DROPOUTS, NORMS, SHAPING, Graph
from nbcnn.lint.outputs import BINARY, BOUNDS, CROSS_ENTROPY
from nbcnn.lint.rules import Finding, rule
from nbcnn.network import Node

IDENTITIES = ("relu", "leaky_relu", "elu", "prelu")
"""Activations that give back what is not below 0."""
NOT_BELOW_0 = ("softmax", "lp_pool", *(kind for kind, (low, _) in BOUNDS.items() if low == 0))
KEEPING_SIGNS = (*SHAPING, *DROPOUTS, *AVERAGES, "max_pool", "min_pool", "kmax_pool", "global_max_pool",
    "adaptive_max_pool", "add", "concat", "multiply", "crop", "upsample", "channel_shuffle", "channel_slice",
    "stochastic_depth")  # fmt: skip
"""Layers of which no output is below 0 where no input is."""
DEEP = 5
"""Sigmoids in a row that do not train: X. Glorot and Y. Bengio saw networks of four hidden layers of sigmoids leave
saturation late and of five never."""


@rule(Code.LINEAR_AFTER_LINEAR, "warning", "No activation between two layers with weights")
def linear_after_linear(graph: Graph) -> Iterator[Finding]:
    """Two linear maps in a row are one (I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, MIT Press 2016, section
    6.1). Left alone is what is a factorisation on purpose: fewer channels between than on either side (M. Sandler et
    al., MobileNetV2, arXiv:1801.04381, section 3.2), groups, and kernels along different axes."""
    between = (*SHAPING, *DROPOUTS, *AVERAGES, "batch_norm", "scale")
    origins = graph.origins(_is_dense, lambda node: node.type in between)
    for node in graph.nodes:
        source = graph.source(node)
        first = origins.get(source.name) if source and _is_dense(node) else None
        if first is None or source is None or graph.reader(source) is not node or _is_factor(first, node):
            continue
        before: Node | None = source
        while before is not None and before is not first and before.type not in NORMS:
            before = graph.source(before)
        total = first.params + node.params
        note = f"`{first.name}` and this have {first.params:,} + {node.params:,} = {total:,} parameters"
        if first.type == node.type == "linear":
            inputs, outputs = first.input_shapes[0][0], node.output_shape[0]
            note += f"; one linear layer from {inputs} to {outputs} does the same with {(inputs + 1) * outputs:,}"
        elif first.type == node.type == "conv" and first.output_shape[1:] == node.input_shapes[0][1:]:
            note += f"; one kernel of {_joint_kernel(first, node)} does the same"
        cures = (graph.set_on(before or first, "activation", "relu"), "delete one of the two")
        states = f"no activation between `{first.name}` and this: two linear maps in a row are one"
        yield Finding(node, states, cures, (note,))


def _is_dense(node: Node) -> bool:
    return node.type == "linear" or (node.type == "conv" and node.attributes["groups"] == 1)


def _joint_kernel(first: Node, second: Node) -> str:
    """The sizes of the kernel that two convolutions have together."""
    shapes = (first.input_shapes[0], second.input_shapes[0])
    windows = [node.layer.window(shape) for node, shape in zip((first, second), shapes, strict=True)]
    assert windows[0] is not None and windows[1] is not None
    sizes = (
        span + (other - 1) * stride
        for span, other, stride in zip(windows[0].spans, windows[1].spans, windows[0].stride, strict=True)
    )
    return " x ".join(map(str, sizes))


def _is_factor(first: Node, second: Node) -> bool:
    """Whether two layers are a product that one layer of their kind is not, or needs more weights to be."""
    if second.type == "linear":
        inner, ends = prod(second.input_shapes[0]), (prod(first.input_shapes[0]), second.output_shape[0])
    else:
        inner, ends = second.input_shapes[0][0], (first.input_shapes[0][0], second.output_shape[0])
    if inner < min(ends):
        return True
    kernels = [node.parameters["weight"].shape[2:] for node in (first, second)]
    along = [{axis for axis, size in enumerate(kernel) if size > 1} for kernel in kernels]
    return bool(along[0]) and bool(along[1]) and not along[0] & along[1]


@rule(Code.IDLE_ACTIVATION, "warning", "An activation gives back what it reads")
def idle_activation(graph: Graph) -> Iterator[Finding]:
    """max(x, 0) is x where x is not below 0, as it is after another relu, also beyond a pool."""
    not_below_0: dict[str, Node] = {}
    for node in graph.nodes:
        before = [not_below_0.get(name) for name in node.inputs]
        if node.type in NOT_BELOW_0:
            not_below_0[node.name] = node
        elif before[0] and all(before) and node.type in (*KEEPING_SIGNS, *IDENTITIES):
            not_below_0[node.name] = before[0]
        if node.type in IDENTITIES and before[0]:
            states = f"{node.type} gives back what it reads, which is never below 0"
            cure = graph.deletion(node, safe=not node.parameters)
            yield Finding(node, states, (cure,), (graph.at(before[0], " gives nothing below 0"),))


@rule(Code.DOUBLED_ACTIVATION, "warning", "Two activations in a row")
def doubled_activation(graph: Graph) -> Iterator[Finding]:
    """A layer is an affine map and one function of each of its outputs (I. Goodfellow, Y. Bengio, A. Courville, Deep
    Learning, MIT Press 2016, section 6.3); the second function sees what the first leaves of it."""
    for node in graph.nodes:
        source = graph.source(node)
        if node.type not in ACTIVATIONS or not source or source.type not in ACTIVATIONS:
            continue
        is_idle = node.type in IDENTITIES and source.type in NOT_BELOW_0
        is_logits = node is graph.answer and graph.spec.train.loss.type in (CROSS_ENTROPY, BINARY)
        if is_idle or is_logits or "softmax" in node.type or graph.reader(source) is not node:
            continue
        notes = (graph.at(source, _bounds(source.type)),) if source.type in BOUNDS else ()
        cures = (graph.deletion(node), graph.deletion(source))
        yield Finding(node, f"{node.type} comes directly after {source.type}: one of the two is too many", cures, notes)


def _bounds(kind: str) -> str:
    low, high = BOUNDS[kind]
    return f" gives numbers from {low:g} on" if high is None else f" gives numbers from {low:g} to {high:g}"


@rule(Code.DEEP_SIGMOIDS, "warning", "Many sigmoids in a row")
def deep_sigmoids(graph: Graph) -> Iterator[Finding]:
    """A sigmoid's derivative is at most 1/4, so gradients shrink from layer to layer (X. Glorot, Y. Bengio,
    Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010, section 3.1)."""
    depths: dict[str, int] = {}
    for node in graph.nodes:
        source = graph.source(node)
        if source and node.type not in NORMS:
            depths[node.name] = depths.get(source.name, 0) + (node.type == "sigmoid")
        else:
            depths[node.name] = int(node.type == "sigmoid")
        if node.type == "sigmoid" and depths[node.name] == DEEP:
            states = "this is the fifth sigmoid in a row, without normalisation or a shortcut between them"
            note = f"each passes on at most 1/4 of a gradient, all of them 1/{4**DEEP} = {4.0**-DEEP:.1e}"
            yield Finding(node, states, ("use relu, or batch_norm before each sigmoid",), (note,))
