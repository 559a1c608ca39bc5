"""Random numbers by counter, beside the reference's generator."""

import numpy as np

from nbcnn.augmentation.draws import Draws
from nbcnn.kernels.reference._philox import philox4x32


def test_numbers_are_philox_words() -> None:
    seed, samples = 2**40 + 12345, np.array([7, 2**31 + 5, 0])
    draws = Draws(seed, 9, 3, samples)
    first, second = draws.uniform(np.arange(3), 6), draws.uniform(np.arange(3), 1)
    blocks = np.arange(3)
    words = philox4x32((blocks, samples[:, np.newaxis], 9, 2**31 + 3), (seed % 2**32, seed >> 32)).reshape(3, -1)
    np.testing.assert_array_equal(first, words[:, :6] / 2**32)
    np.testing.assert_array_equal(second, words[:, 8:9] / 2**32)


def test_numbers_of_some_samples_are_those_of_all() -> None:
    samples = np.arange(10) + 50
    some = np.array([8, 1])
    everything = Draws(1, 2, 3, samples).uniform(np.arange(10), 5)
    np.testing.assert_array_equal(Draws(1, 2, 3, samples).uniform(some, 5), everything[some])


def test_between_has_its_bounds() -> None:
    samples = np.arange(10_000)
    found = Draws(0, 1, 0, samples).between(samples, -2.0, 6.0)
    assert -2.0 <= found.min() < -1.99 and 5.99 < found.max() < 6.0
    # Five standard deviations of the mean of so many numbers spread evenly over 8.
    assert abs(found.mean() - 2.0) < 5 * 8 / np.sqrt(12 * len(samples))
