"""silu with a hard sigmoid."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)
_THREE = np.float32(3.0)
_SIX = np.float32(6.0)


@formula("hard_swish")
def _hard_swish(x: Any) -> Any:
    zero, six = filled(x, _ZERO), filled(x, _SIX)
    raised = x + filled(x, _THREE)
    return x * (where(raised < zero, zero, where(raised > six, six, raised)) / six)


@formula("hard_swish_gradient")
def _hard_swish_gradient(dy: Any, x: Any) -> Any:
    three = filled(x, _THREE)
    between = where(x < three, dy * (x / three + filled(x, np.float32(0.5))), dy)
    return where(x <= filled(x, -_THREE), filled(x, _ZERO), between)


def hard_swish(program: Program, x: Activation) -> Activation:
    """x times the hard sigmoid of x."""
    return add_forward(program, "hard_swish", x, gradient_reads_x=True)


def hard_swish_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """0 up to -3, dy (x / 3 + 1/2) up to 3, dy from there on."""
    return (add_backward(program, "hard_swish_gradient", dy, x),)
