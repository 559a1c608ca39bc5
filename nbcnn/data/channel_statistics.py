"""Mean and standard deviation of each input channel, which normalise what a network reads."""

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Array, Dataset

# So many numbers are converted to float64 at a time: 8 MiB, whatever the size of the data set.
CHUNK = 1 << 20


def statistics(
    dataset: Dataset, on_progress: Callable[[int, int], None] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and (biased) standard deviation of each channel over all samples and positions, summed in float64.

    Bytes count as value / 255, so that both results are in the units of the numbers that the network reads. A channel
    that never varies gets a deviation of 1: normalisation then only shifts it, where 0 would divide by zero.
    `on_progress(done, total)` hears of samples. Raises DataError where they cannot be read.
    """
    moments = moments_of(dataset)
    done = 0
    for inputs, _ in dataset.parts(chunk_of(dataset)):
        moments.add(inputs)
        done += len(inputs)
        if on_progress is not None:
            on_progress(done, len(dataset))
    mean, variance = moments.results()
    return mean, np.where(variance > 0, np.sqrt(variance), 1.0)


def chunk_of(dataset: Dataset) -> int:
    """How many samples to look at together."""
    return max(1, CHUNK // math.prod(dataset.inputs.shape[1:]))


class Moments(Protocol):
    """Takes in the inputs of a data set part by part, and then tells mean and (biased) variance of each channel."""

    def add(self, inputs: Array) -> None: ...

    def results(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...


def moments_of(dataset: Dataset) -> Moments:
    """Moments for inputs of the data set's type and channels, of nothing yet."""
    channels = dataset.inputs.shape[1]
    return _OfBytes(channels) if dataset.inputs.dtype == np.uint8 else _OfFloats(channels)


class _OfBytes:
    """Exact: how often each of the 256 values occurs says all."""

    def __init__(self, channels: int) -> None:
        self._counts = np.zeros((channels, 256), np.int64)

    def add(self, inputs: Array) -> None:
        for channel, count in enumerate(self._counts):
            count += np.bincount(inputs[:, channel].ravel(), minlength=256)

    def results(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        values = np.arange(256) / 255.0
        total = self._counts[0].sum()
        mean = (self._counts * values).sum(axis=1) / total
        return mean, (self._counts * (values - mean[:, np.newaxis]) ** 2).sum(axis=1) / total


class _OfFloats:
    """Merges the moments of parts, since the mean of squares less the square of the mean cancels for a large mean.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for computing sample
    variances, 1979, equation 2.1.
    """

    def __init__(self, channels: int) -> None:
        self._count, self._mean, self._squares = 0, np.zeros(channels), np.zeros(channels)

    def add(self, inputs: Array) -> None:
        axes = (0, *range(2, inputs.ndim))
        numbers = inputs.astype(np.float64)
        added = numbers.size // len(self._mean)
        mean = numbers.mean(axis=axes)
        numbers -= mean.reshape(-1, *(1 for _ in axes[1:]))
        difference = mean - self._mean
        between = difference**2 * (self._count * added / (self._count + added))
        self._squares += np.square(numbers, out=numbers).sum(axis=axes) + between
        self._count += added
        self._mean += difference * (added / self._count)

    def results(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._mean, self._squares / self._count
