"""Averages that follow an array from update to update, each a little."""

import math

import numpy as np

from nbcnn.kernels.cpu.families.sums import CHUNK
from nbcnn.kernels.cpu.families.tails import load_first, store_first
from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import splat
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Call
from nbcnn.kernels.cpu.program.program import Program


def average(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        values, result, count, update, share, warmup = arguments("bbiwri", arena, row, index, slot)
        if warmup:
            share = max(share, np.float32(9.0 / (10.0 + update)))
        last = min(count, (index + 1) * CHUNK)
        for i in range(index * CHUNK, last, lanes):
            value = load_first(lanes, values + 4 * i, last - i)
            # The first value is the first average.
            if update > 1:
                before = load_first(lanes, result + 4 * i, last - i)
                value = before + splat(lanes, share) * (value - before)
            store_first(value, result + 4 * i, last - i)

    return body


def add_average(program: Program, values: Array, result: Array, *, decay: float, warmup: bool) -> Call:
    """A call, over `parts_of` parts, that moves `result` towards `values`: by 1 - decay of what parts them.

    The rule of torch.optim.swa_utils.get_ema_avg_fn; with `warmup` the decay of update t is at most (1 + t) / (10 + t),
    as that of tf.train.ExponentialMovingAverage is with num_updates = t.
    """
    return program.call(
        average,
        values=values,
        result=result,
        count=math.prod(result.shape),
        update=program.state("update"),
        share=1.0 - decay,
        warmup=int(warmup),
    )
