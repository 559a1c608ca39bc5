"""Boxes that are overwritten, and noise."""

from statistics import NormalDist

import numpy as np
import pytest
from augmentations import augmentation_of


def _augmented(x, table):
    count = len(x)
    shape = x.shape[1:]
    found, _ = augmentation_of(shape, table, kind=x.dtype)(x.copy(), np.zeros(count, np.int64), np.arange(count), 1)
    return found


@pytest.mark.parametrize("shape", [(2, 400), (2, 40, 30), (1, 12, 14, 16)])
def test_boxes(shape) -> None:
    """What is erased is one box in all channels, not the whole of an axis, with a share that was asked for."""
    table = {"type": "random_erasing", "p": 1.0, "scale": [0.1, 0.3], "value": 0.5}
    x = np.ones((300, *shape), np.float32)
    found = _augmented(x, table)
    shares = []
    for sample in found:
        assert (sample == sample[:1]).all() and set(np.unique(sample)) <= {0.5, 1.0}
        places = np.argwhere(sample[0] == 0.5)
        first, last = places.min(axis=0), places.max(axis=0)
        assert len(places) == np.prod(last - first + 1)
        assert (last - first + 1 < shape[1:]).all()
        shares.append(len(places) / sample[0].size)
    # Sides are rounded to whole pixels, the shortest of which are four.
    assert 0.08 < min(shares) < 0.13 and 0.27 < max(shares) < 0.34


def test_ratio_is_height_over_width() -> None:
    x = np.ones((200, 1, 100, 100), np.float32)
    table = {"type": "random_erasing", "p": 1.0, "scale": [0.1, 0.1], "ratio": [3.9, 4.1]}
    for sample in _augmented(x, table)[:, 0]:
        rows, columns = (sample == 0).any(axis=1).sum(), (sample == 0).any(axis=0).sum()
        assert 3.6 < rows / columns < 4.4


def test_what_does_not_fit_is_left() -> None:
    """An area of all, ten times drawn, never leaves a border."""
    x = np.ones((20, 1, 10, 10), np.float32)
    found = _augmented(x, {"type": "random_erasing", "p": 1.0, "scale": [1, 1], "ratio": [1, 1]})
    np.testing.assert_array_equal(found, x)


def test_one_value_a_channel() -> None:
    x = np.zeros((20, 2, 10, 10), np.uint8)
    found = _augmented(x, {"type": "random_erasing", "p": 1.0, "value": [0.2, 1.0]})
    assert set(np.unique(found[:, 0])) == {0, 51} and set(np.unique(found[:, 1])) == {0, 255}


@pytest.mark.parametrize("kind,highest", [(np.uint8, 255), (np.float32, 1.0)])
def test_random_values_are_spread_evenly(kind, highest) -> None:
    x = np.full((50, 1, 60, 60), 128, np.uint8) if kind == np.uint8 else np.full((50, 1, 60, 60), 2, kind)
    table = {"type": "random_erasing", "p": 1.0, "scale": [0.5, 0.6], "ratio": [0.9, 1.1], "value": "random"}
    found = _augmented(x, table)
    new = found[found != x[0, 0, 0, 0]].astype(float)
    assert new.min() < 0.01 * highest and new.max() > 0.99 * highest
    assert abs(new.mean() / highest - 0.5) < 0.01 and abs(new.std() / highest - np.sqrt(1 / 12)) < 0.01
    assert len(np.unique(found[0, 0])) > 200


def test_noise_is_normal() -> None:
    x = np.zeros((20, 1, 100, 50), np.float32)
    found = _augmented(x, {"type": "gaussian_noise", "mean": 1.0, "sigma": 2.0}).ravel()
    # Five standard deviations of what so many numbers give.
    count = found.size
    assert abs(found.mean() - 1) < 5 * 2 / np.sqrt(count)
    assert abs(found.std() - 2) < 5 * 2 / np.sqrt(2 * count)
    for share in (0.001, 0.1, 0.5, 0.9, 0.999):
        below = (found < NormalDist(1, 2).inv_cdf(share)).mean()
        assert abs(below - share) < 5 * np.sqrt(share * (1 - share) / count)
    neighbours = np.corrcoef(found[:-1], found[1:])[0, 1]
    assert abs(neighbours) < 5 / np.sqrt(count)


def test_noisy_bytes_stay_bytes() -> None:
    x = np.concatenate([np.full((50, 1, 100), value, np.uint8) for value in (0, 100, 255)])
    found = _augmented(x, {"type": "gaussian_noise", "sigma": 10 / 255}).reshape(3, -1).astype(float)
    assert abs(found[1].mean() - 100) < 1 and abs(found[1].std() - 10) < 1
    # Half of what would leave is cut: the mean of what stays is sigma / sqrt(2 pi) within.
    assert abs(found[0].mean() - 3.99) < 0.5 and abs(found[2].mean() - 251.01) < 0.5
