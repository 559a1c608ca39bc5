"""Functions of single numbers."""

import math

from numpy.typing import ArrayLike

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, each_number, floats


@differentiable
def relu(x: ArrayLike) -> Floats:
    """The larger of x and 0; the derivative at 0 is 0."""
    return each_number("relu", x)


@differentiable
def leaky_relu(x: ArrayLike, negative_slope: float = 0.01) -> Floats:
    """x where it is above 0 and negative_slope * x elsewhere.

    Raises InputError unless the slope is a finite number.
    """
    if not math.isfinite(negative_slope):
        raise InputError(f"leaky_relu: negative_slope must be finite, received {negative_slope}; 0.01 is usual")
    return each_number("leaky_relu", x, negative_slope=float(negative_slope))


@differentiable
def prelu(x: ArrayLike, weight: ArrayLike) -> Floats:
    """x where it is above 0 and weight * x elsewhere, for x (N, C, *space) and weight (1,) or (C,).

    Raises InputError where shapes do not fit.
    """
    x, weight = floats(x, "prelu: x"), floats(weight, "prelu: weight")
    if x.ndim not in (2, 3, 4, 5) or weight.shape not in ((1,), x.shape[1:2]):
        raise InputError(
            f"prelu: x (N, C, *space) and weight (1,) or (C,) are expected, received {x.shape} and {weight.shape}; "
            "give one slope, or one per channel"
        )
    return apply("prelu", x, (weight,))


@differentiable
def scale(x: ArrayLike, weight: ArrayLike) -> Floats:
    """Each channel of x (N, C, *space) times its weight (C,); raises InputError where shapes do not fit."""
    x, weight = floats(x, "scale: x"), floats(weight, "scale: weight")
    if x.ndim not in (2, 3, 4, 5) or weight.shape != x.shape[1:2]:
        raise InputError(
            f"scale: x (N, C, *space) and weight (C,) are expected, received {x.shape} and {weight.shape}; "
            "give one factor per channel"
        )
    return apply("scale", x, (weight,))


@differentiable
def elu(x: ArrayLike, alpha: float = 1.0) -> Floats:
    """x where it is above 0 and alpha * (e**x - 1) elsewhere; raises InputError where alpha is negative."""
    if not 0 <= alpha < math.inf:
        raise InputError(f"elu: alpha must be at least 0 and finite, received {alpha}; 1 is usual")
    return each_number("elu", x, alpha=float(alpha))


@differentiable
def selu(x: ArrayLike) -> Floats:
    """1.0507 times elu(x, alpha=1.6733), which keeps mean 0 and variance 1."""
    return each_number("selu", x)


@differentiable
def gelu(x: ArrayLike, approximate: str = "none") -> Floats:
    """x times the share of a standard normal distribution below x; "tanh" approximates it.

    Raises InputError for another approximation.
    """
    if approximate not in ("none", "tanh"):
        raise InputError(f'gelu: approximate must be "none" or "tanh", received {approximate!r}; "none" is exact')
    return each_number("gelu", x, approximate=approximate)


@differentiable
def silu(x: ArrayLike) -> Floats:
    """x / (1 + e**-x)."""
    return each_number("silu", x)


@differentiable
def mish(x: ArrayLike) -> Floats:
    """x times the hyperbolic tangent of log(1 + e**x)."""
    return each_number("mish", x)


@differentiable
def softplus(x: ArrayLike, beta: float = 1.0, threshold: float = 20.0) -> Floats:
    """log(1 + e**(beta x)) / beta, and x itself where beta * x is above the threshold.

    Raises InputError unless beta is above 0.
    """
    if not 0 < beta < math.inf or math.isnan(threshold):
        raise InputError(
            f"softplus: beta must be above 0 and finite and threshold a number, received {beta} and {threshold}; "
            "1 and 20 are usual"
        )
    return each_number("softplus", x, beta=float(beta), threshold=float(threshold))


@differentiable
def sigmoid(x: ArrayLike) -> Floats:
    """1 / (1 + e**-x)."""
    return each_number("sigmoid", x)


@differentiable
def tanh(x: ArrayLike) -> Floats:
    """The hyperbolic tangent of x."""
    return each_number("tanh", x)


@differentiable
def hard_sigmoid(x: ArrayLike) -> Floats:
    """x / 6 + 1/2, but not below 0 and not above 1."""
    return each_number("hard_sigmoid", x)


@differentiable
def hard_swish(x: ArrayLike) -> Floats:
    """x times hard_sigmoid(x)."""
    return each_number("hard_swish", x)


@differentiable
def relu6(x: ArrayLike) -> Floats:
    """x, but not below 0 and not above 6; the derivative at both is 0."""
    return each_number("relu6", x)
