"""One operation as a plan of its own, forwards and back, for plain arrays."""

import math
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from nbcnn.kernels.cpu.cross_entropy import Target
from nbcnn.kernels.cpu.lanes import lane_count
from nbcnn.kernels.cpu.program import Array, Program
from nbcnn.kernels.cpu.sums import PartialSums, add_total, parts_of
from nbcnn.kernels.cpu.transfer import add_emit
from nbcnn.plan.lowering import add_input
from nbcnn.plan.operations import forward_of, gradient_of, is_random, random_attributes
from nbcnn.plan.plan import Plan, array_view

Shape = tuple[int, ...]


class SinglePlan:
    """A plan for one operation at fixed shapes; `gradient` adds the way back."""

    def __init__(
        self, operation: str, shapes: tuple[Shape | None, ...], attributes: Mapping[str, Any], gradient: bool
    ) -> None:
        x_shape, *parameter_shapes = shapes
        assert x_shape is not None
        self.samples = x_shape[0]
        weights = sum(math.prod(shape) for shape in parameter_shapes if shape is not None)
        program = Program(self.samples, parameter_count=weights)
        if is_random(operation):
            attributes = {**attributes, **random_attributes(program, salt=0)}
        unit = np.tile(np.array([1.0, 0.0], dtype=np.float32), (x_shape[1], 1))
        x = add_input(program, "x", x_shape[1:], unit)
        self._parameters: list[Any] = [
            None if shape is None else Array(f"parameter {n}", shape) for n, shape in enumerate(parameter_shapes)
        ]
        self._is_loss = operation == "cross_entropy"
        if self._is_loss:
            scores = program.activation("scores", 2, (1, 1, 1))
            self._parameters = [Target(program.port("labels"), program.port("indices"), scores)]
        y = forward_of(operation)(program, x, *self._parameters, **attributes)
        self.y_shape: Shape = (self.samples, 2) if self._is_loss else _shape(self.samples, y, len(x_shape))
        add_emit(program, program.port("y"), scores if self._is_loss else y)
        self._gradients: list[Array | None] = []
        if gradient:
            dy: Any = 1.0
            if not self._is_loss:
                unit = np.tile(np.array([1.0, 0.0], dtype=np.float32), (y.channels, 1))
                dy = add_input(program, "dy", self.y_shape[1:], unit)
            dx, *gradients = gradient_of(operation)(program, dy, x, y, *self._parameters, **attributes)
            add_emit(program, program.port("dx"), dx)
            self._gradients = [_totalled(program, each) for each in gradients]
        self._plan = Plan(program)
        self._indices = np.arange(self.samples, dtype=np.int64)
        # Parameters and gradients lie in the arena, which callers in several threads share.
        self._in_use = threading.Lock()

    def run(
        self, x: np.ndarray, parameters: list[np.ndarray | None], dy: np.ndarray | None = None, seed: int = 0
    ) -> tuple[np.ndarray, tuple[np.ndarray | None, ...]]:
        """Return y, and with `dy` the gradients of x and of every parameter."""
        y = np.empty(self.y_shape, dtype=np.float32)
        ports = {"x": x, "indices": self._indices, "y": y}
        if self._is_loss:
            (labels,) = parameters
            assert labels is not None
            ports["labels"] = labels
        dx = np.empty(x.shape, dtype=np.float32)
        if dy is not None:
            ports["dx"] = dx
            if not self._is_loss:
                ports["dy"] = dy
        with self._in_use:
            for array, value in zip(self._parameters, parameters, strict=True):
                if isinstance(array, Array):
                    array_view(self._plan.arena, array)[...] = value
            self._plan.run(self.samples, ports, seed=seed)
            gradients = [
                None if each is None else array_view(self._plan.arena, each).copy() for each in self._gradients
            ]
        return y, () if dy is None else (dx, *gradients)


def _shape(samples: int, y: Any, axes: int) -> Shape:
    return (samples, y.channels, *y.space[3 - (axes - 2) :]) if axes > 2 else (samples, y.channels)


def _totalled(program: Program, gradient: Array | None) -> Array | None:
    if not isinstance(gradient, PartialSums):
        return gradient
    total = Array("gradient", gradient.total_shape)
    program.update.add([add_total(program, gradient, total)], parts_of(int(np.prod(gradient.total_shape))))
    return total


@lru_cache(maxsize=16)
def _planned(
    operation: str,
    shapes: tuple[Shape | None, ...],
    attributes: tuple[tuple[str, Any], ...],
    gradient: bool,
    lanes: int,
) -> SinglePlan:
    return SinglePlan(operation, shapes, dict(attributes), gradient)


def single_plan(
    operation: str, shapes: tuple[Shape | None, ...], attributes: Mapping[str, Any], gradient: bool
) -> SinglePlan:
    """A plan for these shapes, made once and kept."""
    return _planned(operation, shapes, tuple(attributes.items()), gradient, lane_count())
