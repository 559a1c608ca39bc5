"""The rectifier that saturates."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)
_SIX = np.float32(6.0)


@formula("relu6")
def _relu6(x: Any) -> Any:
    zero, six = filled(x, _ZERO), filled(x, _SIX)
    return where(x < zero, zero, where(x > six, six, x))


@formula("relu6_gradient")
def _relu6_gradient(dy: Any, y: Any) -> Any:
    zero = filled(y, _ZERO)
    return where((y <= zero) | (y >= filled(y, _SIX)), zero, dy)


def relu6(program: Program, x: Activation) -> Activation:
    """x, but not below 0 and not above 6."""
    return add_forward(program, "relu6", x)


def relu6_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """dy where y lies between 0 and 6, and 0 elsewhere."""
    return (add_backward(program, "relu6_gradient", dy, y),)
