"""What a loss compares a batch with, and where it says how the comparison went."""

from typing import NamedTuple

import numpy as np

from nbcnn.kernels.cpu.families.transfer import add_ingest
from nbcnn.kernels.cpu.program.buffers import Array, Word
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


class Target(NamedTuple):
    """The port of a data set's targets, the samples of it that make the batch, and where their scores go.

    Targets are class numbers (int64), one for each pixel of a sample, or, where `numbers` says so, as many numbers
    (float32) as the network has outputs. `scores` gets three numbers for each sample: its part of the loss, of which
    the mean over the batch is the batch's loss; how many answers were right; and how many there were, 0 where no answer
    is right or wrong. `weights` is what the targets of each block count together, for losses in which they do not all
    count the same.
    """

    port: str
    indices: Word
    scores: Activation
    weights: Array
    numbers: bool


SCORES = 3


def add_target(program: Program, *, numbers: bool) -> Target:
    """The targets at port `target`, of the samples at port `indices`."""
    scores = program.activation("scores", SCORES, (1, 1, 1))
    weights = Array("weights of targets", (program.blocks,))
    return Target("target", program.port("indices"), scores, weights, numbers)


def add_numbers(program: Program, target: Target, x: Activation) -> Activation:
    """Append to the walk the reading of targets that are numbers, as many as x has."""
    unit = np.tile(np.array([1.0, 0.0], dtype=np.float32), (x.channels, 1))
    scale = Array("target scale", unit.shape, external=unit)
    numbers = program.activation("target", x.channels, x.space)
    return add_ingest(program, target.port, target.indices, scale, numbers)
