"""A network becomes a program for one sample with channels as lanes."""

from collections import Counter
from collections.abc import Mapping
from importlib import import_module

import numpy as np

from nbcnn.kernels.cpu.by_channel.layout import Blocked, Unsupported, planar
from nbcnn.kernels.cpu.by_channel.products import look_ahead
from nbcnn.kernels.cpu.by_channel.regroup import add_scatter, into_lanes
from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Section
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.network import INPUT, Network, Node
from nbcnn.plan.operations import forward_of, is_random, parameter_names
from nbcnn.plan.ordering import ordered

# Operations that tell channels apart, each with a version of its own.
_BY_CHANNEL = ("conv", "linear", "flatten", "batch_norm", "add", "concat")
# Operations that treat all channels alike: with channels as lanes they are the same calls.
_ALIKE = (
    "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "sigmoid", "tanh",
    "hard_sigmoid", "hard_swish",
    "max_pool", "min_pool", "avg_pool", "lp_pool",
    "adaptive_avg_pool", "adaptive_max_pool", "global_avg_pool", "global_max_pool",
    "upsample", "pad", "crop",
)  # fmt: skip


def lower_by_channel(network: Network, arrays: Mapping[str, np.ndarray]) -> tuple[Program, Blocked, Array]:
    """The program, its input, to be filled by the caller, and the array of its output (1, *shape).

    Raises Unsupported where an operation has no version with channels as lanes.
    """
    program = Program(1, differentiates=False, winograd=network.spec.engine.winograd)
    layers = ordered(network.layers)
    readers = Counter(name for node in layers for name in node.inputs)
    channels, *space = network.input_shape
    x = planar(channels, three_axes(space))
    values = {INPUT: x}
    for node in layers:
        program.section = Section(node.name, "forward", node.macs)
        y = values[node.name] = lower_layer(program, node, tuple(values[name] for name in node.inputs), arrays)
        y.activation.shared |= readers[node.name] > 1
    look_ahead(program)
    program.section = Section("output")
    output = Array("output", (1, *network.output_shape))
    add_scatter(program, into_lanes(program, values[layers[-1].name]), output)
    return program, x, output


def lower_layer(program: Program, node: Node, read: tuple[Blocked, ...], arrays: Mapping[str, np.ndarray]) -> Blocked:
    """Append one layer to the walk; raises Unsupported."""
    operation = node.operation
    if is_random(operation):
        return read[0]
    if operation in _BY_CHANNEL:
        function = getattr(import_module(f"nbcnn.kernels.cpu.by_channel.{operation}"), operation)
        positional = [arrays.get(f"{node.name}.{name}") for name in parameter_names(operation)]
        result: Blocked = function(program, read if len(read) > 1 else read[0], *positional, **node.attributes)
        return result
    if operation in _ALIKE:
        x = into_lanes(program, read[0])
        y = forward_of(operation)(program, x.activation, **node.attributes)
        return Blocked(y, x.channels, x.flat)
    raise Unsupported
