"""Random numbers of an augmentation: a function of seed, epoch, sample and augmentation, and of nothing else.

So a sample is changed alike whichever thread does it, whatever else is in its batch, and when a run is resumed.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nbcnn.augmentation.compiled import compiled
from nbcnn.kernels.cpu.language import later
from nbcnn.kernels.cpu.language.philox import LOW, philox

later.load()

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]
UNIT = 2.0**-32
APART = 1 << 31
"""What is added to the augmentation's number: dropout counts by layers there, under the same seed."""


@compiled("void(T[:,::1],int64[::1],uint64,uint64,uint64,uint64)")
def _uniform(out, samples, seed, epoch, operation, begin):
    """Numbers from 0 up to but not including 1; four for each counter (begin, begin + 1, ...)."""
    for row in range(len(samples)):
        for number in range(0, out.shape[1], 4):
            words = philox(
                begin + np.uint64(number // 4),
                np.uint64(samples[row]) & LOW,
                epoch,
                operation,
                seed & LOW,
                seed >> np.uint64(32),
            )
            for each in range(min(4, out.shape[1] - number)):
                out[row, number + each] = words[each] * UNIT


@dataclass
class Draws:
    """The numbers of one augmentation, `operation`, for the samples of a batch, whose places in the data are `samples`.

    Every call draws others: the counter goes on where the call before ended.
    """

    seed: int
    epoch: int
    operation: int
    samples: Positions
    begin: int = field(default=0, init=False)

    def chosen(self, p: float) -> Positions:
        """Places in the batch of samples that are changed, each with probability p."""
        everything = np.arange(len(self.samples), dtype=np.int64)
        return everything[self.uniform(everything, 1)[:, 0] < p] if p < 1.0 else everything

    def uniform(self, chosen: Positions, count: int) -> Floats:
        """Numbers from 0 up to but not including 1, (len(chosen), count)."""
        out = np.empty((len(chosen), count))
        _uniform(out, self.samples[chosen], *self.take(-(-count // 4)))
        return out

    def between(self, chosen: Positions, low: float, high: float) -> Floats:
        """One number from low to high for each."""
        return low + (high - low) * self.uniform(chosen, 1)[:, 0]

    def take(self, blocks: int) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
        """(seed, epoch, operation, begin): so many blocks of four words from counter `begin` on are the caller's."""
        begin = self.begin
        self.begin += blocks
        return np.uint64(self.seed), np.uint64(self.epoch), np.uint64(APART + self.operation), np.uint64(begin)
