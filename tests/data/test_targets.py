"""Targets are brought into the shape and type that kernels read, or refused with both numbers."""

import numpy as np
import pytest

from nbcnn import data
from nbcnn.data import ClassNumbers, Dataset, Numbers
from nbcnn.errors import DataError

PIXELS = ClassNumbers(3, (4, 5), 255)
SHARES = Numbers((1, 4, 5), 0.0, 1.0)
ANY = Numbers((1,), -np.inf, np.inf)


def fitted(targets, wanted):
    return data.fitted(
        Dataset(np.zeros((len(targets), 1, 4, 5), np.float32), targets), (1, 4, 5), wanted, "here"
    ).targets


@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 1, 4, 5), (6, 4, 5, 1)])
def test_axes_of_size_one_do_not_matter(shape):
    maps = np.arange(120).reshape(shape) % 3
    assert fitted(maps, PIXELS).shape == (6, 4, 5)
    assert fitted(maps.astype(np.float32) / 2, SHARES).shape == (6, 1, 4, 5)
    assert fitted(np.arange(6.0), ANY).shape == (6, 1)


def test_types_become_those_that_kernels_read():
    assert fitted(np.zeros((6, 4, 5), np.uint8), PIXELS).dtype == np.int64
    assert fitted(np.zeros((6, 4, 5), np.int64), SHARES).dtype == np.float32
    assert fitted(np.zeros((6, 4, 5), bool), SHARES).dtype == np.float32
    assert fitted(np.asfortranarray(np.zeros((6, 4, 5), np.int64)), PIXELS).flags.c_contiguous


def test_what_does_not_count_may_be_out_of_range():
    maps = np.zeros((2, 4, 5), int)
    maps[1, 2, 3] = 255
    assert fitted(maps, PIXELS)[1, 2, 3] == 255


@pytest.mark.parametrize(
    ("targets", "wanted", "message"),
    [
        (np.full((6, 4, 5), 3), PIXELS, r"from 0 to 2 are expected.*received 3 at sample 0, place \(0, 0\) \(120 such"),
        (np.full((6, 4, 5), -100), PIXELS, r"received -100 .* ignore_index \(=255\)"),
        (np.zeros((6, 5, 4), int), PIXELS, r"one for each pixel, of shape \(6, 4, 5\), received \(6, 5, 4\)"),
        (np.zeros(6, int), PIXELS, "end the network with flatten and linear"),
        (np.zeros((6, 4, 5)), PIXELS, "expected as integers, received float64.*mse_loss"),
        (np.full((6, 4, 5), 255), SHARES, "from 0 to 1 are expected, received 255 at sample 0"),
        (np.full(6, np.nan), ANY, "finite numbers are expected, received nan"),
        (np.full(6, 1e300), ANY, "finite numbers are expected"),
        (np.zeros((6, 2)), ANY, r"of shape \(6, 1\) are expected, received \(6, 2\)"),
    ],
)
def test_others_are_refused(targets, wanted, message):
    with pytest.raises(DataError, match=f"here: .*{message}"):
        fitted(targets, wanted)


@pytest.mark.parametrize("targets", [np.zeros((20, 3, 3), int), np.arange(20.0), np.full((20, 1), 7.0)])
def test_samples_without_a_class_are_split_at_random(targets):
    whole = Dataset(np.arange(20, dtype=np.float32).reshape(20, 1), targets)
    rest, validation = data.split(whole, 0.25, seed=3)
    assert (len(rest), len(validation)) == (15, 5)
    assert rest.targets.shape[1:] == targets.shape[1:]
    assert (data.split(whole, 0.25, seed=4)[1].inputs != validation.inputs).any()


def test_classes_that_do_not_count_are_split_like_any_other():
    labels = np.array([-100, 0, 1, 1] * 10)
    _, validation = data.split(Dataset(np.zeros((40, 1), np.float32), labels), 0.2, seed=0)
    assert sorted(validation.targets) == [-100, -100, 0, 0, 1, 1, 1, 1]
