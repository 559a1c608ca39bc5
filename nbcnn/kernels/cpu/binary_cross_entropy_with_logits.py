"""Sigmoid cross-entropy of questions that are answered yes (1) or no (0)."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import formula
from nbcnn.kernels.cpu.families.pair_losses import add_pair_loss, add_pair_loss_gradient
from nbcnn.kernels.cpu.families.targets import Target
from nbcnn.kernels.cpu.language.vector import absolute, exponential, filled, logarithm_of_one_plus, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_f = np.float32


@formula("binary_cross_entropy_with_logits")
def _loss(x: Any, target: Any, pos_weight: Any) -> Any:
    zero, one = filled(x, _f(0.0)), filled(x, _f(1.0))
    log_yes = where(x > zero, zero, x) - logarithm_of_one_plus(exponential(zero - absolute(x)))
    return zero - filled(x, pos_weight) * target * log_yes - (one - target) * (log_yes - x)


@formula("binary_cross_entropy_with_logits_gradient")
def _slope(x: Any, target: Any, pos_weight: Any) -> Any:
    one = filled(x, _f(1.0))
    # One of the two shares by division, so that neither is a difference of nearly equal numbers.
    power = exponential(filled(x, _f(0.0)) - absolute(x))
    larger, smaller = one / (one + power), power / (one + power)
    positive = x > filled(x, _f(0.0))
    yes, no = where(positive, larger, smaller), where(positive, smaller, larger)
    return (one - target) * yes - filled(x, pos_weight) * target * no


def binary_cross_entropy_with_logits(
    program: Program, logits: Activation, target: Target, *, pos_weight: float
) -> Activation:
    """The numbers of the target; each sample's loss goes to its scores."""
    return add_pair_loss(program, "binary_cross_entropy_with_logits", logits, target, pos_weight, answers=True)


def binary_cross_entropy_with_logits_gradient(
    program: Program, dy: float, logits: Activation, y: Activation, target: Target, *, pos_weight: float
) -> tuple[Activation]:
    """(1 - t) s(x) - pos_weight t (1 - s(x)) over the count of numbers; y is the target's numbers."""
    name = "binary_cross_entropy_with_logits_gradient"
    return (add_pair_loss_gradient(program, name, dy, logits, y, pos_weight),)
