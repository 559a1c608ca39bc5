"""Which numbers a dropout keeps: a function of counters alone, so that nothing depends on an order of drawing."""

from math import floor

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.reference._philox import philox4x32


def kept(samples: int, features: int, p: float, seed: int, step: int, salt: int) -> NDArray[np.bool_]:
    """A mask (samples, features) that holds with probability 1 - p.

    Feature f of sample n is kept where word f % 4 of the counter (f // 4, n, step, salt) is not below p * 2**32.
    """
    blocks = np.arange(-(-features // 4))
    words = philox4x32((blocks, np.arange(samples)[:, np.newaxis], step, salt), (seed % 2**32, seed >> 32))
    return np.asarray(words.reshape(samples, -1)[:, :features] >= floor(p * 2**32))


def growth(p: float) -> float:
    """What keeps the mean: what is kept is multiplied by it."""
    return 1.0 / (1.0 - p) if p < 1.0 else 0.0
