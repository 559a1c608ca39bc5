"""Hyperbolic tangent, in place."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import filled, hyperbolic_tangent
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ONE = np.float32(1.0)


@formula("tanh")
def _tanh(x: Any) -> Any:
    return hyperbolic_tangent(x)


@formula("tanh_gradient")
def _tanh_gradient(dy: Any, y: Any) -> Any:
    one = filled(y, _ONE)
    # The factors of 1 - y**2: neither rounds near 1, where the square would.
    return dy * ((one - y) * (one + y))


def tanh(program: Program, x: Activation) -> Activation:
    """The hyperbolic tangent of x."""
    return add_forward(program, "tanh", x)


def tanh_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """dy (1 - y**2)."""
    return (add_backward(program, "tanh_gradient", dy, y),)
