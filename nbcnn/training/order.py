"""The order in which an epoch visits the samples, a function of (seed, epoch) and of the data alone.

A checkpoint therefore holds two integers where it would otherwise hold the state of a generator.
"""

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import DataError


def epoch_order(samples: int, *, seed: int, epoch: int, shuffle: bool) -> NDArray[np.int64]:
    """Indices of the samples in the order of `epoch` (counted from 1); without `shuffle`, as they lie.

    The permutation sorts one 64-bit word per sample, words 0, 1, 2, ... of Philox keyed by (seed, epoch). NumPy
    promises these raw words for good, while `Generator.permutation` may change from one release to the next.
    """
    if not shuffle:
        return np.arange(samples, dtype=np.int64)
    order: NDArray[np.int64] = _permutations(samples, 1, seed, epoch)[0]
    return order


def stored_order(blocks: NDArray[np.int64], window: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """Indices of samples that lie in blocks of a file, in an order that reads the file by blocks.

    `blocks` has the number of each sample's block. The blocks come in random order, and of each `window` samples that
    so follow on each other, the order is random again: a batch has samples from all the blocks of a window, and a
    window blocks from all over the file. Where all samples fit one window, every order is as likely as any other.
    The words are those of `epoch_order`: one per sample, then one per block.
    """
    words = _words(len(blocks) + int(blocks.max()) + 1, seed, epoch)
    of_samples, of_blocks = words[: len(blocks)], words[len(blocks) :]
    by_block = np.lexsort((blocks, of_blocks[blocks]))
    windows = np.arange(len(blocks)) // window
    return by_block[np.lexsort((of_samples[by_block], windows))].astype(np.int64)


def balanced_order(classes: NDArray[np.int64], *, ignored: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Indices of as many samples as there are, of each class that occurs as many, give or take one, in a random order.

    Within a class each sample comes as often as the others, give or take one: those of rare classes several times, of
    frequent ones not all in one epoch. Samples whose class is `ignored` do not come. Raises DataError where all are.
    """
    samples = len(classes)
    found, counts = np.unique(classes, return_counts=True)
    counted = np.flatnonzero(found != ignored)
    if not len(counted):
        raise DataError('sampling = "balanced": no sample has a class that counts; check ignore_index and the targets')
    first, second = _permutations(samples, 2, seed, epoch)
    by_class = np.split(first[np.argsort(classes[first], kind="stable")], np.cumsum(counts)[:-1])
    share, rest = divmod(samples, len(counted))
    drawn = []
    for rank, place in enumerate(counted):
        # What is left over when all have their share goes to other classes in each epoch.
        extra = (rank + epoch) % len(counted) < rest
        drawn.append(np.resize(by_class[place], share + extra))
    order: NDArray[np.int64] = np.concatenate(drawn)[second]
    return order


def numbered(order: NDArray[np.int64], samples: int) -> NDArray[np.int64]:
    """A number for every place of an order: its sample's, and so many more for each time that this has come before."""
    by_sample = np.argsort(order, kind="stable")
    ranked = order[by_sample]
    times = np.arange(len(order)) - np.searchsorted(ranked, ranked)
    numbers = np.empty_like(order)
    numbers[by_sample] = ranked + samples * times
    return numbers


def _permutations(samples: int, count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    words = _words(count * samples, seed, epoch)
    orders: NDArray[np.int64] = np.argsort(words.reshape(count, samples), axis=1, kind="stable").astype(np.int64)
    return orders


def _words(count: int, seed: int, epoch: int) -> NDArray[np.uint64]:
    return np.random.Philox(key=np.array([seed, epoch], dtype=np.uint64)).random_raw(count)
