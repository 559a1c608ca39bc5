"""A network becomes a program: every layer forwards, and for training the loss, every layer backwards, the updates."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nbcnn.kernels.cpu.add import add
from nbcnn.kernels.cpu.families.transfer import add_emit, add_ingest
from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Section
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.network import INPUT, Network, Node
from nbcnn.plan.checkpointing import segments
from nbcnn.plan.halos import clear_halos
from nbcnn.plan.losses import Loss, add_loss
from nbcnn.plan.operations import (
    differs_in_training,
    forward_of,
    gradient_of,
    is_random,
    parameter_names,
    random_attributes,
)
from nbcnn.plan.ordering import ordered
from nbcnn.plan.updating import (
    Arrays,
    Gradient,
    Update,
    add_averages,
    add_updates,
    total_of,
)

# What an operation reads: one activation, or several where it joins branches.
Inputs = Activation | tuple[Activation, ...]
# The port of a value between two layers that inference is asked to show.
SHOWN = "{} shown"


class _Step(NamedTuple):
    """One layer as it was lowered forwards, for its way back.

    `inputs` name the layers whose numbers x are, `shared` tells whether several layers read y, and `saved` is what the
    operation left for its gradient.
    """

    node: Node
    inputs: tuple[str, ...]
    x: Inputs
    y: Activation
    arrays: dict[str, Array]
    attributes: dict[str, Any]
    shared: bool
    saved: Any

    @property
    def reads(self) -> tuple[Activation, ...]:
        return self.x if isinstance(self.x, tuple) else (self.x,)

    @property
    def positional(self) -> list[Array | None]:
        """The arrays as the operation takes them; one that the layer does not have, such as a bias, is None."""
        return [self.arrays.get(name) for name in parameter_names(self.node.operation)]


def add_input(program: Program, name: str, shape: Sequence[int], scale: np.ndarray) -> Activation:
    """Read the batch from port NAME (float32 or bytes), its samples by number from port `indices` (int64)."""
    x = program.activation(name, shape[0], three_axes(shape[1:]))
    return add_ingest(program, name, program.port("indices"), Array(f"{name} scale", scale.shape, external=scale), x)


def _lowered(
    program: Program,
    node: Node,
    inputs: tuple[str, ...],
    read: tuple[Activation, ...],
    arrays: dict[str, Array],
    attributes: dict[str, Any],
    shared: bool,
) -> _Step:
    """The layer's calls, on what it reads."""
    program.section = Section(node.name, "forward", node.macs)
    x = read if len(read) > 1 else read[0]
    positional = [arrays.get(name) for name in parameter_names(node.operation)]
    y = forward_of(node.operation)(program, x, *positional, **attributes)
    y.wants_gradient = node.trainable or any(each.wants_gradient for each in read)
    y.shared |= shared
    return _Step(node, inputs, x, y, arrays, attributes, shared, y.saved)


def _add_forward(
    program: Program,
    network: Network,
    x: Activation,
    parameters: Arrays,
    buffers: Arrays,
    training: bool,
    shown: Collection[str] = (),
    learning: bool = True,
) -> tuple[list[list[_Step]], Activation]:
    """Every layer forwards: the steps of each segment, and the output.

    Of segments before the last nothing stays but the input and what was saved. Without `learning` activations alone
    want gradients.
    """
    # Where layers are shown, every layer gives what its name says.
    layers = list(network.layers) if shown else ordered(network.layers)
    # To show is to read once more, so that nobody writes over it.
    readers = Counter([*(name for node in layers for name in node.inputs), *shown])
    x.shared = readers[INPUT] > 1
    values = {INPUT: x}
    # What a layer that does nothing in inference gives is its input's.
    sources = {INPUT: INPUT}
    if INPUT in shown:
        add_emit(program, program.port(SHOWN.format(INPUT)), x)
    differentiates = program.differentiates
    checkpointing = differentiates and learning and network.spec.engine.checkpointing
    parts = segments(layers) if checkpointing else [range(len(layers))]
    found = []
    for part in parts:
        is_last = part.stop == len(layers)
        program.differentiates = differentiates and is_last
        values[layers[part.start].inputs[0]].kept |= not is_last
        steps = []
        for number in part:
            node = layers[number]
            attributes = dict(node.attributes)
            read = tuple(values[name] for name in node.inputs)
            if is_random(node.operation):
                if not training:
                    (values[node.name],) = read
                    sources[node.name] = sources[node.inputs[0]]
                    read[0].shared |= readers[node.name] > 1
                    continue
                attributes |= random_attributes(program, number)
            if differs_in_training(node.operation):
                attributes["training"] = training
            arrays = {
                name: Array(key, known[key].shape, external=known[key], wants_gradient=node.trainable and learning)
                for known, names in ((parameters, node.parameters), (buffers, node.buffers))
                for name in names
                for key in [f"{node.name}.{name}"]
            }
            inputs = tuple(sources[name] for name in node.inputs)
            step = _lowered(program, node, inputs, read, arrays, attributes, readers[node.name] > 1)
            values[node.name] = step.y
            sources[node.name] = node.name
            if node.name in shown:
                step.y.kept = True
                add_emit(program, program.port(SHOWN.format(node.name)), step.y)
            steps.append(step)
        found.append(steps)
    program.differentiates = differentiates
    return found, values[layers[-1].name]


def _again(program: Program, steps: Sequence[_Step]) -> list[_Step]:
    """A segment forwards once more, from the input that was kept, to the same numbers; statistics are not new."""
    values: dict[str, Activation] = {}
    found = []
    for step in steps:
        read = tuple(values.get(name, each) for name, each in zip(step.inputs, step.reads, strict=True))
        program.known = step.saved
        found.append(_lowered(program, step.node, step.inputs, read, step.arrays, step.attributes, step.shared))
        values[step.node.name] = found[-1].y
    program.known = None
    return found


def _add_backward(
    program: Program, parts: Sequence[Sequence[_Step]], dy: Activation, until: str = INPUT
) -> tuple[list[Gradient], Activation | None]:
    """Every layer backwards from the gradient of the last: the gradients of the parameters, and that of the input.

    `until` names the layer whose output's gradient is to be found in place of the input's; nothing is computed then
    beyond it. None where nobody wants it.
    A layer that several read adds up what they give. Segments before the last are computed again first.
    """
    found = []
    pending: dict[str, list[Activation]] = {parts[-1][-1].node.name: [dy]}

    def taken(name: str) -> Activation | None:
        parts = pending.pop(name, [])
        return add(program, tuple(parts)) if len(parts) > 1 else parts[0] if parts else None

    for step in _backwards(program, parts):
        node = step.node
        if node.name == until:
            break
        products = node.trainable + any(each.wants_gradient for each in step.reads)
        program.section = Section(node.name, "backward", node.macs * products)
        if (here := taken(node.name)) is None or not step.y.wants_gradient:
            continue
        dx, *of_arrays = gradient_of(node.operation)(program, here, step.x, step.y, *step.positional, **step.attributes)
        for name, gradient in zip(parameter_names(node.operation), of_arrays, strict=True):
            if gradient is not None and node.trainable:
                found.append(Gradient(node, name, step.arrays[name], gradient))
        of_inputs = dx if isinstance(dx, tuple) else (dx,)
        times = Counter(each.storage for each in of_inputs if each is not None)
        for name, each in zip(step.inputs, of_inputs, strict=True):
            if each is not None:
                each.shared |= times[each.storage] > 1
                pending.setdefault(name, []).append(each)
    return found, taken(until)


def _backwards(program: Program, parts: Sequence[Sequence[_Step]]) -> Iterator[_Step]:
    """The steps in the order of the way back; what has to be there again is computed when its segment begins."""
    yield from reversed(parts[-1])
    for steps in reversed(parts[:-1]):
        if steps[-1].y.wants_gradient:
            # What made the gradient at hand stays right before what takes it: batch norm may sum it part by part.
            last_calls = program.set_aside()
            again = _again(program, steps)
            for call in last_calls:
                program.each_block(call)
            yield from reversed(again)


def lower_inference(
    network: Network,
    samples: int,
    parameters: Arrays,
    buffers: Arrays,
    scale: np.ndarray,
    training: bool = False,
    shown: Collection[str] = (),
) -> Program:
    """A program from port `input` to port `output`: the last layer's numbers for up to `samples` samples.

    What the layers named in `shown` give goes to ports of their own.
    """
    program = Program(samples, differentiates=False, winograd=network.spec.engine.winograd)
    x = add_input(program, "input", network.input_shape, scale)
    _, y = _add_forward(program, network, x, parameters, buffers, training, shown)
    program.section = Section("output")
    add_emit(program, program.port("output"), y)
    clear_halos(program)
    return program


def lower_training(
    network: Network,
    samples: int,
    parameters: Arrays,
    buffers: Arrays,
    scale: np.ndarray,
    loss: Loss,
    update: Update,
    *,
    outline: bool = False,
) -> Program:
    """A program for one update: ports `input`, `target` and `indices`; `scores` gets three numbers a sample.

    An outline is not to be run; it tells how much memory it would take.
    """
    program = Program(samples, network.params, winograd=network.spec.engine.winograd, outline=outline)
    x = add_input(program, "input", network.input_shape, scale)
    x.wants_gradient = False
    parts, logits = _add_forward(program, network, x, parameters, buffers, training=True)
    gradients, _ = _add_backward(program, parts, add_loss(program, loss, logits))
    add_updates(program, gradients, update)
    if update.average is not None:
        add_averages(program, buffers, update.average)
    clear_halos(program)
    return program


def lower_gradients(
    network: Network, samples: int, parameters: Arrays, buffers: Arrays, scale: np.ndarray
) -> tuple[Program, dict[str, Array]]:
    """A program from ports `input` and `dy` to `output` and `dx`, and where it leaves the parameters' gradients."""
    program = Program(samples, network.params, winograd=network.spec.engine.winograd)
    x = add_input(program, "input", network.input_shape, scale)
    parts, y = _add_forward(program, network, x, parameters, buffers, training=True)
    add_emit(program, program.port("output"), y)
    unit = np.tile(np.array([1.0, 0.0], dtype=np.float32), (y.channels, 1))
    dy = add_input(program, "dy", network.output_shape, unit)
    gradients, dx = _add_backward(program, parts, dy)
    assert dx is not None
    add_emit(program, program.port("dx"), dx)
    return program, {each.key: total_of(program, each.gradient) for each in gradients}


def lower_score(
    network: Network, samples: int, parameters: Arrays, buffers: Arrays, scale: np.ndarray, layer: str
) -> Program:
    """A program of inference from ports `input` and `dy` to what `layer`, or the input, gives, and to its gradient.

    The gradient, of sum(dy * output), goes to port `dx`.
    """
    program = Program(samples, winograd=network.spec.engine.winograd)
    x = add_input(program, "input", network.input_shape, scale)
    parts, y = _add_forward(program, network, x, parameters, buffers, False, (layer,), learning=False)
    unit = np.tile(np.array([1.0, 0.0], dtype=np.float32), (y.channels, 1))
    _, dx = _add_backward(program, parts, add_input(program, "dy", network.output_shape, unit), until=layer)
    assert dx is not None
    add_emit(program, program.port("dx"), dx)
    return program
