"""Rectified linear unit: fused into the kernel that made its input where that can clamp, in place otherwise."""

from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import add_backward, add_forward, formula
from nbcnn.kernels.cpu.language.vector import filled, where
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program

_ZERO = np.float32(0.0)


@formula("relu")
def _relu(x: Any) -> Any:
    return where(x < filled(x, _ZERO), filled(x, _ZERO), x)


@formula("relu_gradient")
def _relu_gradient(dy: Any, y: Any) -> Any:
    return where((y > filled(y, _ZERO)) | (y != y), dy, filled(y, _ZERO))


def relu(program: Program, x: Activation) -> Activation:
    """The larger of x and 0."""
    if x.producer is not None and "lowest" in x.producer.arguments and not x.shared:
        x.producer.arguments["lowest"] = 0.0
        x.storage.masks |= program.differentiates
        return x
    return add_forward(program, "relu", x)


def relu_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation]:
    """dy where y is positive; the derivative at 0 is 0."""
    producer = dy.producer
    if producer is not None and producer.set_mask is not None and not dy.shared and producer.set_mask(y):
        # A kernel masks once; what comes on top of it has a call of its own.
        producer.set_mask = None
        return (dy,)
    return (add_backward(program, "relu_gradient", dy, y),)
