"""The scaled exponential linear unit; the constants are those of Klambauer et al., NIPS 2017, equation 2."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import exponential_minus_one, filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)
_SCALE = np.float32(1.0507009873554805)
# SCALE * ALPHA, with ALPHA = 1.6732632423543772.
_BELOW = np.float32(1.7580993408473766)


@formula("selu")
def _selu(x: Any) -> Any:
    below = filled(x, _BELOW) * exponential_minus_one(x)
    return where(x < filled(x, _ZERO), below, filled(x, _SCALE) * x)


@formula("selu_gradient")
def _selu_gradient(dy: Any, y: Any) -> Any:
    return dy * where(y <= filled(y, _ZERO), y + filled(y, _BELOW), filled(y, _SCALE))


def selu(program: Program, x: Activation) -> Activation:
    """SCALE x where x is above 0 and SCALE ALPHA (e**x - 1) elsewhere."""
    return add_forward(program, "selu", x)


def selu_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """SCALE dy where y is above 0 and dy (y + SCALE ALPHA) elsewhere."""
    return (add_backward(program, "selu_gradient", dy, y),)
