"""The logistic function made of three straight lines."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)
_SIX = np.float32(6.0)


@formula("hard_sigmoid")
def _hard_sigmoid(x: Any) -> Any:
    zero, six = filled(x, _ZERO), filled(x, _SIX)
    raised = x + filled(x, np.float32(3.0))
    return where(raised < zero, zero, where(raised > six, six, raised)) / six


@formula("hard_sigmoid_gradient")
def _hard_sigmoid_gradient(dy: Any, y: Any) -> Any:
    zero = filled(y, _ZERO)
    return where((y > zero) & (y < filled(y, np.float32(1.0))), dy / filled(y, _SIX), zero)


def hard_sigmoid(program: Program, x: Activation) -> Activation:
    """x / 6 + 1/2, but not below 0 and not above 1."""
    return add_forward(program, "hard_sigmoid", x)


def hard_sigmoid_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """dy / 6 where y lies between 0 and 1, and 0 elsewhere."""
    return (add_backward(program, "hard_sigmoid_gradient", dy, y),)
