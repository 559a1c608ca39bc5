import numpy as np

from nbcnn import data


def test_digits_are_complete_and_split_by_the_documented_rule():
    splits = data.load("digits")
    assert splits.train.inputs.shape == (1442, 1, 8, 8)
    assert splits.test.inputs.shape == (355, 1, 8, 8)
    assert splits.validation is None
    assert splits.classes == tuple("0123456789")
    for part in (splits.train, splits.test):
        assert part.inputs.dtype == np.float32
        assert part.targets.dtype == np.int64
        assert part.inputs.min() == 0
        assert part.inputs.max() == 1
    counts = np.bincount(splits.train.targets) + np.bincount(splits.test.targets)
    # The numbers that the UCI repository gives for optdigits.tes.
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(splits.test.targets).tolist() == (counts // 5).tolist()


def test_digits_look_like_digits():
    first_zero = data.load("digits").train.inputs[0, 0]
    assert (first_zero[2:6, 3:5].max(axis=1) < 0.8).all() and first_zero[3, 2] > 0.5 and first_zero[3, 5] > 0.3


def test_digits_are_the_same_every_time():
    first, second = data.load("digits"), data.load("digits")
    np.testing.assert_array_equal(first.train.inputs, second.train.inputs)
    np.testing.assert_array_equal(first.test.targets, second.test.targets)
