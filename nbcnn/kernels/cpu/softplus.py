"""The smooth rectifier."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import absolute, exponential, filled, logarithm_of_one_plus, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)


@formula("softplus")
def _softplus(x: Any, beta: Any, threshold: Any) -> Any:
    zero = filled(x, _ZERO)
    steep = x * filled(x, beta)
    smooth = where(steep < zero, zero, steep) + logarithm_of_one_plus(exponential(zero - absolute(steep)))
    return where(steep > filled(x, threshold), x, smooth / filled(x, beta))


@formula("softplus_gradient")
def _softplus_gradient(dy: Any, x: Any, beta: Any, threshold: Any) -> Any:
    one = filled(x, _ONE)
    steep = x * filled(x, beta)
    share = one / (one + exponential(filled(x, _ZERO) - steep))
    return where(steep > filled(x, threshold), dy, dy * share)


def softplus(program: Program, x: Activation, *, beta: float, threshold: float) -> Activation:
    """log(1 + e**(beta x)) / beta, and x itself where beta x is above the threshold."""
    return add_forward(program, "softplus", x, beta, threshold, gradient_reads_x=True)


def softplus_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, beta: float, threshold: float
) -> tuple[Activation]:
    """dy times the logistic function of beta x, and dy where that is above the threshold."""
    return (add_backward(program, "softplus_gradient", dy, x, beta, threshold),)
