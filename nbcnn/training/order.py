"""The order in which an epoch visits the samples, a function of (seed, epoch) and of nothing else.

A checkpoint therefore holds two integers where it would otherwise hold the state of a generator.
"""

import numpy as np
from numpy.typing import NDArray


def epoch_order(samples: int, *, seed: int, epoch: int, shuffle: bool) -> NDArray[np.int64]:
    """Indices of the samples in the order of `epoch` (counted from 1); without `shuffle`, as they lie.

    The permutation sorts one 64-bit word per sample, words 0, 1, 2, ... of Philox keyed by (seed, epoch). NumPy
    promises these raw words for good, while `Generator.permutation` may change from one release to the next.
    """
    if not shuffle:
        return np.arange(samples, dtype=np.int64)
    words = np.random.Philox(key=np.array([seed, epoch], dtype=np.uint64)).random_raw(samples)
    return np.argsort(words, kind="stable").astype(np.int64)
