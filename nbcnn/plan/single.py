"""One operation as a plan of its own, forwards and back, for plain arrays."""

import math
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.targets import SCORES, add_target
from nbcnn.kernels.cpu.families.transfer import add_emit
from nbcnn.kernels.cpu.language.lanes import lane_count
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.plan.lowering import add_input
from nbcnn.plan.operations import forward_of, gradient_of, is_loss, is_random, random_attributes
from nbcnn.plan.plan import Plan, array_view
from nbcnn.plan.updating import total_of

Shape = tuple[int, ...]


class SinglePlan:
    """A plan for one operation at fixed shapes; `gradient` adds the way back.

    `inputs` are shapes with the batch, one for each activation that the operation reads; `others` are those of its
    parameters, None for one that is absent.
    """

    def __init__(
        self,
        operation: str,
        inputs: tuple[Shape, ...],
        others: tuple[Shape | None, ...],
        attributes: Mapping[str, Any],
        gradient: bool,
    ) -> None:
        self.samples = inputs[0][0]
        weights = sum(math.prod(shape) for shape in others if shape is not None)
        program = Program(self.samples, parameter_count=weights, differentiates=gradient)
        if is_random(operation):
            attributes = {**attributes, **random_attributes(program, salt=0)}
        self._inputs = inputs
        read = tuple(_input(program, f"x{number}", shape) for number, shape in enumerate(inputs))
        x = read if len(read) > 1 else read[0]
        self._parameters: list[Any] = [
            None if shape is None else Array(f"parameter {n}", shape) for n, shape in enumerate(others)
        ]
        self._is_loss = is_loss(operation)
        if self._is_loss:
            self._parameters[0] = add_target(program, numbers=others[0] == inputs[0])
        y = forward_of(operation)(program, x, *self._parameters, **attributes)
        self.y_shape: Shape = (self.samples, SCORES) if self._is_loss else _shape(self.samples, y, len(inputs[0]))
        add_emit(program, program.port("y"), self._parameters[0].scores if self._is_loss else y)
        self._gradients: list[Array | None] = []
        if gradient:
            dy: Any = 1.0 if self._is_loss else _input(program, "dy", self.y_shape)
            dx, *gradients = gradient_of(operation)(program, dy, x, y, *self._parameters, **attributes)
            for number, each in enumerate(dx if isinstance(dx, tuple) else (dx,)):
                add_emit(program, program.port(f"dx{number}"), each)
            self._gradients = [None if each is None else total_of(program, each) for each in gradients]
        self._plan = Plan(program)
        self._indices = np.arange(self.samples, dtype=np.int64)
        # Parameters and gradients lie in the arena, which callers in several threads share.
        self._in_use = threading.Lock()

    def run(
        self,
        inputs: Sequence[np.ndarray],
        parameters: Sequence[np.ndarray | None],
        dy: np.ndarray | None = None,
        seed: int = 0,
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray | None, ...]]:
        """Return y, and with `dy` the gradients of every input and of every parameter.

        Parameters that the operation itself changes, running statistics, are changed in their arrays.
        """
        y = np.empty(self.y_shape, dtype=np.float32)
        ports: dict[str, np.ndarray] = {"indices": self._indices, "y": y}
        ports |= {f"x{number}": each for number, each in enumerate(inputs)}
        if self._is_loss:
            target = parameters[0]
            assert target is not None
            ports["target"] = target
        dx: tuple[np.ndarray, ...] = ()
        if dy is not None:
            dx = tuple(np.empty(shape, dtype=np.float32) for shape in self._inputs)
            ports |= {f"dx{number}": each for number, each in enumerate(dx)}
            if not self._is_loss:
                ports["dy"] = dy
        with self._in_use:
            arrays = [
                (array_view(self._plan.arena, array), value)
                for array, value in zip(self._parameters, parameters, strict=True)
                if isinstance(array, Array) and value is not None
            ]
            for array, value in arrays:
                array[...] = value
            self._plan.run(self.samples, ports, seed=seed)
            for array, value in arrays:
                if not np.array_equal(array, value, equal_nan=True):
                    value[...] = array
            gradients = [
                None if each is None else array_view(self._plan.arena, each).copy() for each in self._gradients
            ]
        return y, dx, () if dy is None else tuple(gradients)


def _input(program: Program, name: str, shape: Shape) -> Activation:
    unit = np.tile(np.array([1.0, 0.0], dtype=np.float32), (shape[1], 1))
    return add_input(program, name, shape[1:], unit)


def _shape(samples: int, y: Activation, axes: int) -> Shape:
    """The shape of y with as many axes as x has, or with more where reshaping has put numbers on more."""
    first = next((axis for axis, size in enumerate(y.space) if size > 1), 3)
    return (samples, y.channels, *y.space[min(first, 3 - (axes - 2)) :])


@lru_cache(maxsize=16)
def _planned(
    operation: str,
    inputs: tuple[Shape, ...],
    others: tuple[Shape | None, ...],
    attributes: tuple[tuple[str, Any], ...],
    gradient: bool,
    lanes: int,
) -> SinglePlan:
    return SinglePlan(operation, inputs, others, dict(attributes), gradient)


def single_plan(
    operation: str,
    inputs: tuple[Shape, ...],
    others: tuple[Shape | None, ...],
    attributes: Mapping[str, Any],
    gradient: bool,
) -> SinglePlan:
    """A plan for these shapes, made once and kept."""
    return _planned(operation, inputs, others, tuple(attributes.items()), gradient, lane_count())
