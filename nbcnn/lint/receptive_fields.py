"""Rules on receptive fields: where branches meet, and what the last units of a network see.

Alignment and growth: A. Araujo, W. Norris, J. Sim, Computing receptive fields of convolutional neural networks, Distill
2019 (doi:10.23915/distill.00021).
"""

from collections.abc import Iterator, Mapping
from math import prod

from nbcnn.layers.axes import AXIS_NAMES
from nbcnn.layers.conv import Conv
from nbcnn.layers.problems import Code
from nbcnn.lint.graph import Graph
from nbcnn.lint.rules import Finding, rule
from nbcnn.network import Node
from nbcnn.network.receptive_field import ReceptiveField

SEEN_AT_LEAST = 0.25
"""Share of an axis below which the last units see little: BagNets (W. Brendel, M. Bethge, arXiv:1904.00760, figure 2)
lose most where they see 9 or 17 of 224 pixels, and come near a ResNet with 33."""

ENOUGH = 0.75
"""Share of the convolutions that may see the whole input. Networks of a hundred layers and more have two thirds."""


def _meeting(graph: Graph) -> Iterator[tuple[Node, dict[str, ReceptiveField]]]:
    """Nodes where branches meet whose receptive fields are known, under the names that the spec gives them."""
    rank = len(graph.network.input_shape) - 1
    fields = {node.name: node.field for node in graph.nodes} | {"input": ReceptiveField.of_input(rank)}
    for node in graph.nodes:
        if len({shape[1:] for shape in node.input_shapes}) > 1:
            continue  # a factor for each channel
        names = node.layer.sources or node.inputs
        known = {name: field for name, source in zip(names, node.inputs, strict=True) if (field := fields[source])}
        if len(known) > 1 and len(known) == len({*names}):
            yield node, known


@rule(Code.JUMPS_DIFFER, "warning", "Branches that meet move over the input at different steps")
def jumps_differ(graph: Graph) -> Iterator[Finding]:
    """Units of one place then look at different places (section "Alignment issues")."""
    for node, fields in _meeting(graph):
        if difference := _difference({name: field.jump for name, field in fields.items()}):
            states = f"branches move over the input at different steps, so no receptive field is known: {difference}"
            yield Finding(node, states, ("give both branches the same strides",))


@rule(Code.MISALIGNED, "warning", "Branches that meet look at different centres")
def misaligned(graph: Graph) -> Iterator[Finding]:
    """Units of one place then look at places beside one another (section "Alignment issues")."""
    for node, fields in _meeting(graph):
        centres = {name: field.centre for name, field in fields.items()}
        if len({field.jump for field in fields.values()}) == 1 and (difference := _difference(centres)):
            states = f"branches are misaligned, the centres that unit 0 sees differ: {difference}"
            yield Finding(node, states, ("odd kernels, padded alike before and after, keep them aligned",))


def _difference(values: Mapping[str, tuple[float, ...]]) -> str:
    """`rows 3.5 by "a", 4 by "b"` for each axis on which the values of the branches are not all the same."""
    parts = []
    rank = len(next(iter(values.values())))
    for axis, label in enumerate(AXIS_NAMES[rank] if rank else ()):
        along: dict[float, str] = {}
        for name, value in values.items():
            along.setdefault(value[axis], name)
        if len(along) > 1:
            values_by_name = [f'{number:g} by "{name}"' for number, name in along.items()]
            parts.append(f"{label} {', '.join(values_by_name)}")
    return "; ".join(parts)


@rule(Code.SEES_LITTLE, "info", "The last units see a small part of the input")
def sees_little(graph: Graph) -> Iterator[Finding]:
    """Where the last map is pooled to one number a channel, nothing brings distant pixels together by their places (W.
    Luo et al., Understanding the effective receptive field, arXiv:1701.04128, section 1)."""
    node, pooled = graph.nodes[-1], False
    while node.field is None and (source := graph.source(node)):
        pooled |= len(node.input_shapes[0]) == len(node.output_shape) > 1 == prod(node.output_shape[1:])
        node = source
    if node.field is None or not pooled:
        return
    sizes = graph.network.input_shape[1:]
    parts = [
        f"{seen} of {size} {axis}"
        for axis, seen, size in zip(AXIS_NAMES[len(sizes)], node.field.size, sizes, strict=True)
        if seen < SEEN_AT_LEAST * size
    ]
    if parts:
        states = f"its units, the last before the answer, see {' and '.join(parts)} of the input"
        note = "what is larger than that is seen in pieces, which nothing after it puts together by their places"
        yield Finding(node, states, ("add layers, strides, pools or dilation",), (note,))


@rule(Code.SEES_ENOUGH, "info", "Most convolutions read units that see the whole input")
def sees_enough(graph: Graph) -> Iterator[Finding]:
    """Convolutions whose input already sees all of the image add little to what the network knows (M. Richter et al.,
    (Input) size matters for CNN classifiers, ICANN 2021, arXiv:2106.12634, section 4)."""
    sizes = graph.network.input_shape[1:]
    fields = {node.name: node.field for node in graph.nodes}
    convolutions = [node for node in graph.nodes if isinstance(node.layer, Conv) and max(_kernel(node)) > 1]
    late = [
        node
        for node in convolutions
        if (field := fields.get(node.inputs[0])) and all(map(int.__ge__, field.size, sizes))
    ]
    if len(late) > ENOUGH * len(convolutions):
        seen = fields[late[0].inputs[0]]
        assert seen is not None
        states = f"from here on {len(late)} of {len(convolutions)} convolutions read units that see the whole input"
        image, field_size = (" x ".join(map(str, each)) for each in (sizes, seen.size))
        cures = ("use larger images, fewer strides at the beginning, or fewer layers",)
        yield Finding(late[0], states, cures, (f"these see {field_size} pixels, the input has {image}",))


def _kernel(node: Node) -> tuple[int, ...]:
    return node.parameters["weight"].shape[2:]
