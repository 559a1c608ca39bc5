"""The Gaussian error linear unit, exactly or by its approximation with tanh."""

import math
from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import absolute, error_function, exponential, filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_ROOT_HALF = np.float32(math.sqrt(0.5))
_DENSITY = np.float32(1.0 / math.sqrt(2.0 * math.pi))
# The approximation x (1 + tanh v) / 2 is x / (1 + e**-2v); 2v = SLOPE (x + CUBIC x**3).
_SLOPE = np.float32(2.0 * math.sqrt(2.0 / math.pi))
_CUBIC = np.float32(0.044715)


@formula("gelu")
def _gelu(x: Any) -> Any:
    return x * (filled(x, _HALF) + filled(x, _HALF) * error_function(x * filled(x, _ROOT_HALF)))


@formula("gelu_gradient")
def _gelu_gradient(dy: Any, x: Any) -> Any:
    half = filled(x, _HALF)
    density = filled(x, _DENSITY) * exponential(filled(x, -_HALF) * x * x)
    return dy * (half + half * error_function(x * filled(x, _ROOT_HALF)) + x * density)


@formula("gelu_tanh")
def _gelu_tanh(x: Any) -> Any:
    twice = filled(x, _SLOPE) * (x + filled(x, _CUBIC) * x * x * x)
    return x / (filled(x, _ONE) + exponential(filled(x, _ZERO) - twice))


@formula("gelu_tanh_gradient")
def _gelu_tanh_gradient(dy: Any, x: Any) -> Any:
    zero, one, far = filled(x, _ZERO), filled(x, _ONE), filled(x, np.float32(20.0))
    # Beyond 20 the derivative is 0 or 1 in float32; powers of larger numbers would overflow.
    x = where(x > far, far, where(x < zero - far, zero - far, x))
    square = x * x
    twice = filled(x, _SLOPE) * (x + filled(x, _CUBIC) * square * x)
    steepness = filled(x, _SLOPE) * (one + filled(x, np.float32(3.0) * _CUBIC) * square)
    small = exponential(zero - absolute(twice))
    share = one / (one + small)
    return dy * (where(x < zero, small, one) * share + x * steepness * small * share * share)


def gelu(program: Program, x: Activation, *, approximate: str) -> Activation:
    """x times the standard normal distribution function of x, or times its approximation."""
    return add_forward(program, _name(approximate), x, gradient_reads_x=True)


def gelu_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, approximate: str
) -> tuple[Activation]:
    """dy times the derivative of the one or the other."""
    return (add_backward(program, f"{_name(approximate)}_gradient", dy, x),)


def _name(approximate: str) -> str:
    return "gelu_tanh" if approximate == "tanh" else "gelu"
