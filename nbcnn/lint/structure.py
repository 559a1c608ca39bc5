"""Rules on how a network is put together: what is defined, how wide it is, and where its parameters are."""

from collections.abc import Iterator
from math import prod

from nbcnn.layers.catalogue import ACTIVATIONS
from nbcnn.layers.problems import Code
from nbcnn.lint.graph import AVERAGES, DROPOUTS, WEIGHTED, Graph
from nbcnn.lint.rules import Finding, rule
from nbcnn.network import Node
from nbcnn.spec.diagnostics import Change
from nbcnn.spec.edits import delete
from nbcnn.spec.places import quoted

_BY_ELEMENT = (kind for kind in ACTIVATIONS if "softmax" not in kind)
KEEPING_CHANNELS = (*DROPOUTS, *AVERAGES, *_BY_ELEMENT, "max_pool", "batch_norm", "instance_norm", "pad", "crop")
"""Layers that treat every channel by itself."""
LARGE = 1_000_000
"""Parameters, 4 MB of weights, below which it does not matter where they are."""


@rule(Code.UNUSED_BLOCK, "warning", "A block that no layer uses")
def unused_block(graph: Graph) -> Iterator[Finding]:
    """What stands in it is not part of the network."""
    used = {use.block for place in graph.spec.places for use in place.uses}
    for name in graph.spec.sources.document.get("blocks", {}):
        if name not in used:
            cures = (
                Change("delete it", (delete(("blocks", name)),)),
                f'use it: type = "block", block = {quoted(name)}',
            )
            yield Finding(("blocks", name), "no layer uses this block", cures, at_key=True)


@rule(Code.SEPARATE_GROUPS, "warning", "Groups of channels that never meet")
def separate_groups(graph: Graph) -> Iterator[Finding]:
    """Convolutions of the same groups one after another are networks beside one another, which learn nothing of each
    other (X. Zhang et al., ShuffleNet, arXiv:1707.01083, section 3.1 and figure 1a)."""

    def is_grouped(node: Node) -> bool:
        # A kernel for each channel by itself is for places alone; channels meet in a convolution of their own.
        return 1 < node.attributes.get("groups", 1) < node.input_shapes[0][0] and node.type in WEIGHTED

    origins = graph.origins(is_grouped, lambda node: node.type in KEEPING_CHANNELS)
    for node in graph.nodes:
        source = graph.source(node)
        before = origins.get(source.name) if source and is_grouped(node) else None
        groups, channels = node.attributes.get("groups", 1), node.input_shapes[0][0]
        if before is None or before.attributes["groups"] != groups:
            continue
        states = f"its {groups} groups are those of `{before.name}`: no channel learns of another group's"
        note = f"{groups} networks of {channels // groups} channels each run beside one another"
        cures = (f"put channel_shuffle with groups = {groups}, or a conv of kernel_size = 1, between them",)
        yield Finding(node, states, cures, (note, graph.at(before, " has the same groups")), ("groups",))


@rule(Code.SINGLE_CHANNEL, "warning", "A single channel between wider layers")
def single_channel(graph: Graph) -> Iterator[Finding]:
    """All that a network knows passes through it: representations should get narrower gently (C. Szegedy et al.,
    Rethinking the Inception architecture, arXiv:1512.00567, section 2, principle 1)."""
    last_read = {name: number for number, node in enumerate(graph.nodes) for name in node.inputs}
    open_until = last_read.get("input", 0)
    weighted_after = [number for number, node in enumerate(graph.nodes) if node.type in WEIGHTED]
    for number, node in enumerate(graph.nodes):
        is_only_way = open_until <= number
        open_until = max(open_until, last_read.get(node.name, number))
        if not is_only_way or node.type not in ("conv", "linear") or node.output_shape[0] > 1:
            continue
        later = next((graph.nodes[each] for each in weighted_after if each > number), None)
        if later is None or node.input_shapes[0][0] == 1 or later.output_shape[0] == 1:
            continue
        before, after = node.input_shapes[0][0], later.output_shape[0]
        states = f"makes one channel of {before}, from which `{later.name}` makes {after}"
        note = f"all that the network tells of a sample passes through {prod(node.output_shape)} of its numbers"
        field = "out_features" if node.type == "linear" else "out_channels"
        yield Finding(node, states, (f"use more {field.removeprefix('out_')} here",), (note,), (field,))


@rule(Code.MOST_PARAMETERS, "info", "A linear layer holds most of the parameters")
def most_parameters(graph: Graph) -> Iterator[Finding]:
    """After a flatten each position has weights of its own; global average pooling needs none (M. Lin, Q. Chen, S. Yan,
    Network in network, arXiv:1312.4400, section 3.2)."""
    total = graph.network.params
    for node in graph.nodes:
        flat = graph.source(node)
        if node.type != "linear" or node.params < max(LARGE, total / 2) or not flat or flat.type != "flatten":
            continue
        shape = flat.input_shapes[0]
        if prod(shape[1:]) == 1:
            continue
        inputs, outputs = node.input_shapes[0][0], node.output_shape[0]
        states = f"holds {node.params:,} of the network's {total:,} parameters, {node.params / total:.0%}"
        note = f"{' x '.join(map(str, shape))} = {inputs} features, times {outputs} outputs"
        cure = (
            f'pool before the flatten: "global_avg_pool" leaves {shape[0]} features and {shape[0] * outputs:,} weights'
        )
        yield Finding(node, states, (cure,), (note,))
