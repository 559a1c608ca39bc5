"""Adam on one parameter with weight decay that does not pass through its averages."""

from nbcnn.kernels.cpu.adam import adam
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Argument, Call
from nbcnn.kernels.cpu.program.program import Program


def adamw(
    program: Program,
    parameter: Array,
    gradient: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    lr: Argument,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    step: Argument,
) -> Call:
    """PyTorch's rule: the decay is multiplied by the learning rate (Loshchilov and Hutter 2019, algorithm 2)."""
    call = adam(
        program, parameter, gradient, exp_avg, exp_avg_sq, lr=lr, betas=betas, eps=eps, weight_decay=0.0, step=step
    )
    call.arguments["decoupled_decay"] = weight_decay
    return call
