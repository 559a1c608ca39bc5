"""Logistic function, in place."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import filled, logistic
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ONE = np.float32(1.0)


@formula("sigmoid")
def _sigmoid(x: Any) -> Any:
    return logistic(x)


@formula("sigmoid_gradient")
def _sigmoid_gradient(dy: Any, y: Any) -> Any:
    return dy * y * (filled(y, _ONE) - y)


def sigmoid(program: Program, x: Activation) -> Activation:
    """1 / (1 + e**-x)."""
    return add_forward(program, "sigmoid", x)


def sigmoid_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """dy y (1 - y)."""
    return (add_backward(program, "sigmoid_gradient", dy, y),)
