"""A fully connected layer with channels as lanes: a window as large as the space, at one place."""

import numpy as np

from nbcnn.kernels.cpu.by_channel.layout import Blocked, blocked
from nbcnn.kernels.cpu.by_channel.products import add_product, reading
from nbcnn.kernels.cpu.by_channel.regroup import into_lanes
from nbcnn.kernels.cpu.families.windows import Window, forward_strands
from nbcnn.kernels.cpu.program.program import Program

_ONE = (1, 1, 1)


def linear(program: Program, x: Blocked, weight: np.ndarray, bias: np.ndarray | None) -> Blocked:
    """x times the transpose of weight (outputs, inputs), plus bias."""
    y = blocked(program, "linear", len(weight), _ONE)
    strands = forward_strands(Window(x.activation.space, _ONE, (0, 0, 0), _ONE), _ONE, flip=False)
    x = into_lanes(program, x)
    add_product(program, x, reading(x, strands), weight.reshape(len(weight), x.channels, -1), bias, y)
    return y
