"""The exponential linear unit."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import exponential_minus_one, filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)


@formula("elu")
def _elu(x: Any, alpha: Any) -> Any:
    return where(x < filled(x, _ZERO), filled(x, alpha) * exponential_minus_one(x), x)


@formula("elu_gradient")
def _elu_gradient(dy: Any, y: Any, alpha: Any) -> Any:
    return where(y <= filled(y, _ZERO), dy * (y + filled(y, alpha)), dy)


def elu(program: Program, x: Activation, *, alpha: float) -> Activation:
    """x where it is above 0 and alpha (e**x - 1) elsewhere."""
    return add_forward(program, "elu", x, alpha)


def elu_gradient(program: Program, dy: Activation, x: Activation, y: Activation, *, alpha: float) -> tuple[Activation]:
    """dy where y is above 0 and dy (y + alpha) elsewhere."""
    return (add_backward(program, "elu_gradient", dy, y, alpha),)
