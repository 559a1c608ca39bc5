"""Mean and standard deviation of each input channel, which normalise what a network reads."""

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Array, Dataset

# So many numbers are converted to float64 at a time: 8 MiB, whatever the size of the data set.
CHUNK = 1 << 20


def statistics(dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and (biased) standard deviation of each channel over all samples and positions, summed in float64.

    Bytes count as value / 255, so that both results are in the units of the numbers that the network reads. A channel
    that never varies gets a deviation of 1: normalisation then only shifts it, where 0 would divide by zero.
    """
    if dataset.inputs.dtype == np.uint8:
        mean, variance = _of_bytes(dataset.inputs)
    else:
        mean, variance = _of_floats(dataset.inputs)
    return mean, np.where(variance > 0, np.sqrt(variance), 1.0)


def _of_bytes(inputs: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact: how often each of the 256 values occurs says all."""
    counts = np.zeros((inputs.shape[1], 256), np.int64)
    for chunk in _chunks(inputs):
        for channel, count in enumerate(counts):
            count += np.bincount(chunk[:, channel].ravel(), minlength=256)
    values = np.arange(256) / 255.0
    total = counts[0].sum()
    mean = (counts * values).sum(axis=1) / total
    return mean, (counts * (values - mean[:, np.newaxis]) ** 2).sum(axis=1) / total


def _of_floats(inputs: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """In two passes, since the mean of squares less the square of the mean cancels where the mean is large."""
    channels = inputs.shape[1]
    axes = (0, *range(2, inputs.ndim))
    total = inputs.size // channels
    mean = np.zeros(channels)
    for chunk in _chunks(inputs):
        mean += chunk.sum(axis=axes, dtype=np.float64)
    mean /= total
    variance = np.zeros(channels)
    for chunk in _chunks(inputs):
        centred = chunk.astype(np.float64) - mean.reshape(channels, *(1 for _ in axes[1:]))
        variance += (centred * centred).sum(axis=axes)
    return mean, variance / total


def _chunks(inputs: Array) -> list[Array]:
    samples = max(1, CHUNK * len(inputs) // inputs.size)
    return [inputs[start : start + samples] for start in range(0, len(inputs), samples)]
