"""Mish."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.later import njit
from nbcnn.kernels.cpu.language.vector import absolute, exponential, filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)


@formula("mish")
def _mish(x: Any) -> Any:
    share, _ = _shares(x)
    return x * share


@formula("mish_gradient")
def _mish_gradient(dy: Any, x: Any) -> Any:
    zero, one = filled(x, _ZERO), filled(x, _ONE)
    share, rest = _shares(x)
    small = exponential(zero - absolute(x))
    logistic = where(x < zero, small, one) / (one + small)
    return dy * (share + x * rest * (one + share) * logistic)


@njit(error_model="numpy")
def _shares(x: Any) -> Any:
    """t = tanh(log(1 + e**x)) and 1 - t, as fractions of powers of u = e**-|x|, which cannot overflow.

    With w = e**x, t = (w**2 + 2 w) / (w**2 + 2 w + 2).
    """
    one, two = filled(x, _ONE), filled(x, np.float32(2.0))
    small = exponential(filled(x, _ZERO) - absolute(x))
    negative = x < filled(x, _ZERO)
    above = where(negative, small * (small + two), one + small + small)
    rest = where(negative, two, two * small * small)
    return above / (above + rest), rest / (above + rest)


def mish(program: Program, x: Activation) -> Activation:
    """x tanh(log(1 + e**x))."""
    return add_forward(program, "mish", x, gradient_reads_x=True)


def mish_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """dy (t + x (1 - t**2) s), t that tanh and s the logistic function."""
    return (add_backward(program, "mish_gradient", dy, x),)
