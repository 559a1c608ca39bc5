"""The rectifier that leaks."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)


@formula("leaky_relu")
def _leaky_relu(x: Any, negative_slope: Any) -> Any:
    return where(x > filled(x, _ZERO), x, x * filled(x, negative_slope))


@formula("leaky_relu_gradient")
def _leaky_relu_gradient(dy: Any, known: Any, negative_slope: Any) -> Any:
    return where(known > filled(known, _ZERO), dy, dy * filled(dy, negative_slope))


def leaky_relu(program: Program, x: Activation, *, negative_slope: float) -> Activation:
    """x where it is above 0 and negative_slope * x elsewhere."""
    return add_forward(program, "leaky_relu", x, negative_slope, gradient_reads_x=negative_slope < 0.0)


def leaky_relu_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, negative_slope: float
) -> tuple[Activation]:
    """dy where x is above 0 and negative_slope * dy elsewhere; y has the sign of x unless the slope is negative."""
    known = x if negative_slope < 0.0 else y
    return (add_backward(program, "leaky_relu_gradient", dy, known, negative_slope),)
