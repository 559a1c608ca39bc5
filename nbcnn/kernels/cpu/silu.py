"""The sigmoid-weighted linear unit."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import absolute, exponential, filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)


@formula("silu")
def _silu(x: Any) -> Any:
    return x / (filled(x, _ONE) + exponential(filled(x, _ZERO) - x))


@formula("silu_gradient")
def _silu_gradient(dy: Any, x: Any) -> Any:
    zero, one = filled(x, _ZERO), filled(x, _ONE)
    # e**-|x| cannot overflow; the logistic function is 1 or this, divided by 1 + this.
    small = exponential(zero - absolute(x))
    share = one / (one + small)
    return dy * (where(x < zero, small, one) * share + x * small * share * share)


def silu(program: Program, x: Activation) -> Activation:
    """x / (1 + e**-x)."""
    return add_forward(program, "silu", x, gradient_reads_x=True)


def silu_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """dy (s + x s (1 - s)), s the logistic function of x."""
    return (add_backward(program, "silu_gradient", dy, x),)
