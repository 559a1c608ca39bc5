"""A network becomes a program: every layer forwards, and for training the loss, every layer backwards, the updates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbcnn.kernels.cpu.cross_entropy import Target
from nbcnn.kernels.cpu.program import Activation, Array, Program
from nbcnn.kernels.cpu.sums import PartialSums, add_total, parts_of
from nbcnn.kernels.cpu.transfer import add_emit, add_ingest
from nbcnn.kernels.cpu.windows import three_axes
from nbcnn.network import Network, Node
from nbcnn.plan.operations import forward_of, gradient_of, is_random, parameter_names, random_attributes, state_names

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Update:
    """How parameters change: an optimiser's name, its hyperparameters but the learning rate, and its arrays.

    `state[name][key]` is the array `name` ("exp_avg") of parameter `key` ("conv1.weight").
    """

    optimizer: str
    settings: Mapping[str, Any]
    state: Mapping[str, Arrays]


@dataclass(frozen=True)
class _Step:
    """One layer as it was lowered forwards, for its way back."""

    node: Node
    x: Activation
    y: Activation
    parameters: dict[str, Array]
    attributes: dict[str, Any]


def add_input(program: Program, name: str, shape: Sequence[int], scale: np.ndarray) -> Activation:
    """Read the batch from port NAME (float32 or bytes), its samples by number from port `indices` (int64)."""
    x = program.activation(name, shape[0], three_axes(shape[1:]))
    return add_ingest(
        program, program.port(name), program.port("indices"), Array(f"{name} scale", scale.shape, external=scale), x
    )


def _add_forward(program: Program, network: Network, x: Activation, parameters: Arrays, training: bool) -> list[_Step]:
    steps = []
    for number, node in enumerate(network.layers):
        attributes = dict(node.attributes)
        if is_random(node.operation):
            if not training:
                continue
            attributes |= random_attributes(program, number)
        arrays = {
            name: Array(f"{node.name}.{name}", parameter.shape, external=parameters[f"{node.name}.{name}"])
            for name, parameter in node.parameters.items()
        }
        y = forward_of(node.operation)(program, x, *_in_order(node, arrays), **attributes)
        steps.append(_Step(node, x, y, arrays, attributes))
        x = y
    return steps


def _in_order(node: Node, arrays: dict[str, Array]) -> list[Array | None]:
    """The parameters as the operation takes them; one that the layer does not have, such as a bias, is None."""
    return [arrays.get(name) for name in parameter_names(node.operation)]


def lower_inference(
    network: Network, samples: int, parameters: Arrays, scale: np.ndarray, training: bool = False
) -> Program:
    """A program from port `input` to port `output`: the last layer's numbers for up to `samples` samples."""
    program = Program(samples)
    x = add_input(program, "input", network.input_shape, scale)
    steps = _add_forward(program, network, x, parameters, training)
    add_emit(program, program.port("output"), steps[-1].y if steps else x)
    return program


def lower_training(
    network: Network, samples: int, parameters: Arrays, scale: np.ndarray, loss: str, update: Update
) -> Program:
    """A program for one update: ports `input`, `labels` and `indices`; `scores` gets loss and correctness by sample."""
    program = Program(samples, network.params)
    x = add_input(program, "input", network.input_shape, scale)
    x.wants_gradient = False
    steps = _add_forward(program, network, x, parameters, training=True)
    logits = steps[-1].y
    scores = program.activation("scores", 2, (1, 1, 1))
    target = Target(program.port("labels"), program.port("indices"), scores)
    probabilities = forward_of(loss)(program, logits, target)
    add_emit(program, program.port("scores"), scores)
    (dy,) = gradient_of(loss)(program, 1.0, logits, probabilities, target)
    for step in reversed(steps):
        dy, *gradients = gradient_of(step.node.operation)(
            program, dy, step.x, step.y, *_in_order(step.node, step.parameters), **step.attributes
        )
        for (name, parameter), gradient in zip(step.parameters.items(), gradients, strict=False):
            _add_update(program, f"{step.node.name}.{name}", parameter, gradient, update)
        if dy is None:
            break
    return program


def _add_update(program: Program, key: str, parameter: Array, gradient: Array, update: Update) -> None:
    """Sum the gradient's partitions and let the optimiser take its step, chunk by chunk."""
    calls = []
    if isinstance(gradient, PartialSums):
        total = Array(f"{key} gradient", parameter.shape)
        calls.append(add_total(program, gradient, total))
        gradient = total
    arrays = [update.state[name][key] for name in state_names(update.optimizer)]
    state = [Array(key, array.shape, external=array) for array in arrays]
    calls.append(
        forward_of(update.optimizer)(
            program,
            parameter,
            gradient,
            *state,
            **update.settings,
            lr=program.state("learning_rate"),
            step=program.state("step"),
        )
    )
    program.update.add(calls, parts_of(int(np.prod(parameter.shape))))
