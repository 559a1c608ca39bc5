"""From gradients to new parameters: sums are totalled and clipped, and the optimiser takes its step, chunk by chunk."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nbcnn.kernels.cpu.families.averages import add_average
from nbcnn.kernels.cpu.families.clipping import add_scaled, add_shrinkage, add_squares
from nbcnn.kernels.cpu.families.finiteness import add_watch, add_watch_of_loss
from nbcnn.kernels.cpu.families.sums import PartialSums, add_total, parts_of
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Call, Section
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.network import Node
from nbcnn.plan.operations import forward_of, state_names

Arrays = Mapping[str, np.ndarray]


class Average(NamedTuple):
    """The arrays, by the keys of those that they are averages of, and how much of them each update leaves.

    With `warmup` it is less at first: (1 + t) / (10 + t) in update t, as long as that is below `decay`.
    """

    arrays: Arrays
    decay: float
    warmup: bool


class Update(NamedTuple):
    """How parameters change: an optimiser's name, its hyperparameters but the learning rate, and its arrays.

    `state[name][key]` is the array `name` ("exp_avg") of parameter `key` ("conv1.weight"); arrays that the settings do
    not need are absent. `rates` has a float64 array of one number for each layer with a learning rate of its own, read
    at every step. `means` has an array for the gradient of each parameter where several batches make an update, and is
    empty otherwise. `average` follows the weights. The others are keys of the spec's `[train]` table.
    """

    optimizer: str
    settings: Mapping[str, Any]
    state: Mapping[str, Arrays]
    rates: Arrays = {}
    clip_grad_norm: float | None = None
    clip_grad_value: float | None = None
    shared_gradients: str = "sum"
    means: Arrays = {}
    average: Average | None = None


class Gradient(NamedTuple):
    """A parameter of a layer and the array, or partial sums, of its gradient."""

    node: Node
    name: str
    parameter: Array
    gradient: Array

    @property
    def key(self) -> str:
        return f"{self.node.name}.{self.name}"

    @property
    def parts(self) -> int:
        """Into how many chunks the update cuts it."""
        return parts_of(math.prod(self.parameter.shape))


def add_updates(program: Program, gradients: Sequence[Gradient], update: Update) -> None:
    """Total every gradient and let the optimiser take its step, chunk by chunk.

    All totals come first, in a stage of their own, which looks for numbers that are not finite: where there is one, the
    update is left out. Clipping by norm also needs their squares there, and the update multiplies every gradient by one
    factor. Where several batches make an update, their mean takes the place of the gradient.
    """
    program.section = Section("update")
    squares = Array("squares of gradients", (sum(each.parts for each in gradients),))
    factor = Array("clipping factor", (1,))
    first = 0
    for each in gradients:
        if update.means:
            each = _mean(program, each, update.means[each.key])
        gradient, measuring = _total(program, each, update)
        if not gradient.watched:
            measuring.append(add_watch(program, gradient))
        calls = []
        if update.clip_grad_norm is not None:
            measuring.append(add_squares(program, gradient, squares, first))
            calls.append(add_scaled(program, gradient, factor))
            first += each.parts
        if measuring:
            program.measure.add(measuring, each.parts)
        program.gradients[each.key] = gradient
        calls.append(_step(program, each, gradient, update))
        if update.average is not None:
            calls.append(_averaged(program, each.key, each.parameter, update.average))
        program.update.add(calls, each.parts)
    if update.clip_grad_norm is not None and gradients:
        program.combine.add([add_shrinkage(program, squares, factor, update.clip_grad_norm)])
    program.measure.add([add_watch_of_loss(program)])


def add_averages(program: Program, buffers: Arrays, average: Average) -> None:
    """Let the averages of running statistics follow these."""
    for key, values in buffers.items():
        buffer = Array(key, values.shape, external=values)
        program.update.add([_averaged(program, key, buffer, average)], parts_of(values.size))


def _averaged(program: Program, key: str, array: Array, average: Average) -> Call:
    values = average.arrays[key]
    result = Array(f"{key} average", values.shape, external=values)
    return add_average(program, array, result, decay=average.decay, warmup=average.warmup)


def _mean(program: Program, each: Gradient, values: np.ndarray) -> Gradient:
    """The same with the mean of the gradient over the batches so far, which is kept in `values`."""
    mean = Array(f"{each.key} mean gradient", values.shape, external=values)
    program.accumulate.add([add_total(program, each.gradient, mean, averages=True)], each.parts)
    return each._replace(gradient=mean)


def _total(program: Program, each: Gradient, update: Update) -> tuple[Array, list[Call]]:
    """The whole gradient as the optimiser is to see it, but for the norm, and the calls that bring it about."""
    scale = 1.0 / each.node.sharing(each.name) if update.shared_gradients == "mean" else 1.0
    limit = math.inf if update.clip_grad_value is None else update.clip_grad_value
    total = each.gradient
    if isinstance(total, PartialSums):
        total = Array(f"{each.key} gradient", each.parameter.shape)
    elif scale == 1.0 and limit == math.inf:
        return total, []
    return total, [add_total(program, each.gradient, total, scale=scale, limit=limit)]


def _step(program: Program, each: Gradient, gradient: Array, update: Update) -> Call:
    """The optimiser's call for one parameter."""
    state = [
        Array(each.key, arrays[each.key].shape, external=arrays[each.key])
        if (arrays := update.state.get(name))
        else None
        for name in state_names(update.optimizer)
    ]
    rate = update.rates.get(each.node.name)
    own = None if rate is None else Array(f"{each.node.name} learning rate", rate.shape, external=rate)
    call: Call = forward_of(update.optimizer)(
        program,
        each.parameter,
        gradient,
        *state,
        **update.settings,
        lr=own or program.state("learning_rate"),
        step=program.state("update"),
    )
    return call


def total_of(program: Program, gradient: Array) -> Array:
    """The whole gradient, in an array that nobody updates from."""
    if not isinstance(gradient, PartialSums):
        return gradient
    total = Array("gradient", gradient.total_shape)
    # Not with an update, which numbers that are not finite hold back.
    program.measure.add([add_total(program, gradient, total)], parts_of(math.prod(gradient.total_shape)))
    return total
