"""Mean and standard deviation of each input channel, which normalise what a network reads."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Array, Dataset

# So many numbers are converted to float64 at a time: 8 MiB, whatever the size of the data set.
CHUNK = 1 << 20


def statistics(dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and (biased) standard deviation of each channel over all samples and positions, summed in float64.

    Bytes count as value / 255, so that both results are in the units of the numbers that the network reads. A channel
    that never varies gets a deviation of 1: normalisation then only shifts it, where 0 would divide by zero. Raises
    DataError where samples cannot be read.
    """
    mean, variance = (_of_bytes if dataset.inputs.dtype == np.uint8 else _of_floats)(dataset)
    return mean, np.where(variance > 0, np.sqrt(variance), 1.0)


def _of_bytes(dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact: how often each of the 256 values occurs says all."""
    counts = np.zeros((dataset.inputs.shape[1], 256), np.int64)
    for chunk in _chunks(dataset):
        for channel, count in enumerate(counts):
            count += np.bincount(chunk[:, channel].ravel(), minlength=256)
    values = np.arange(256) / 255.0
    total = counts[0].sum()
    mean = (counts * values).sum(axis=1) / total
    return mean, (counts * (values - mean[:, np.newaxis]) ** 2).sum(axis=1) / total


def _of_floats(dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Merges the moments of parts, since the mean of squares less the square of the mean cancels for a large mean.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for computing sample
    variances, 1979, equation 2.1.
    """
    channels = dataset.inputs.shape[1]
    axes = (0, *range(2, dataset.inputs.ndim))
    count, mean, squares = 0, np.zeros(channels), np.zeros(channels)
    for chunk in _chunks(dataset):
        numbers = chunk.astype(np.float64)
        added = numbers.size // channels
        own_mean = numbers.mean(axis=axes)
        numbers -= own_mean.reshape(channels, *(1 for _ in axes[1:]))
        difference = own_mean - mean
        squares += np.square(numbers, out=numbers).sum(axis=axes) + difference**2 * (count * added / (count + added))
        count += added
        mean += difference * (added / count)
    return mean, squares / count


def _chunks(dataset: Dataset) -> Iterator[Array]:
    for inputs, _ in dataset.parts(max(1, CHUNK // math.prod(dataset.inputs.shape[1:]))):
        yield inputs
