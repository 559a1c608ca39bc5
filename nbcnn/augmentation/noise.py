"""Normal numbers, one for each number of a sample."""

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from nbcnn.augmentation.batch import Batch
from nbcnn.augmentation.compiled import compiled
from nbcnn.augmentation.draws import Draws
from nbcnn.kernels.cpu.language.philox import LOW, philox
from nbcnn.spec.augmentations import GaussianNoise

STEPS = 1 << 16
"""As many normal numbers there are, each as likely as any other: half a word of a counter names one.

A table takes a tenth of the time of logarithms and sines. The largest is 4.2; their variance is 0.99996.
"""


@lru_cache(maxsize=1)
def _quantiles() -> NDArray[np.float32]:
    """The middles, by probability, of STEPS equal parts of the normal distribution."""
    inverse = NormalDist().inv_cdf
    lower = np.array([inverse((step + 0.5) / STEPS) for step in range(STEPS // 2)], np.float32)
    return np.concatenate([lower, -lower[::-1]])


@compiled(
    "void(T[:,::1],int64[::1],int64[::1],float32[::1],float32,float32,float32,float32,uint64,uint64,uint64,uint64)"
)
def _add_noise(numbers, chosen, samples, quantiles, mean, sigma, highest, rounding, seed, epoch, operation, begin):
    """Add noise to the chosen rows; where `highest` is above 0, results stay from 0 to it."""
    size = numbers.shape[1]
    steps = np.empty(size + 7, np.uint16)
    for number in range(len(chosen)):
        for start in range(0, size, 8):
            counter = begin + np.uint64(start // 8)
            words = philox(
                counter, np.uint64(samples[number]) & LOW, epoch, operation, seed & LOW, seed >> np.uint64(32)
            )
            for word in range(4):
                steps[start + 2 * word] = np.uint16(words[word] & np.uint64(0xFFFF))
                steps[start + 2 * word + 1] = np.uint16(words[word] >> np.uint64(16))
        sample = chosen[number]
        for place in range(size):
            value = numbers[sample, place] + mean + sigma * quantiles[steps[place]]
            if highest > 0.0:
                value = min(max(value, np.float32(0.0)), highest)
            numbers[sample, place] = value + rounding


def gaussian_noise(table: GaussianNoise, batch: Batch, draws: Draws) -> None:
    picture, chosen = batch.inputs, draws.chosen(table.p)
    flat = picture.numbers.reshape(len(picture.numbers), -1)
    key = draws.take(-(-flat.shape[1] // 8))
    mean, sigma = table.mean * picture.one, table.sigma * picture.one
    samples = draws.samples[chosen]
    _add_noise(flat, chosen, samples, _quantiles(), mean, sigma, picture.highest, picture.rounding, *key)
