import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcnn import data
from nbcnn.data import Dataset, channel_statistics
from nbcnn.errors import DataError


def dataset(inputs, labels=None):
    return Dataset(inputs, np.zeros(len(inputs), np.int64) if labels is None else np.asarray(labels, np.int64))


TEN = data.ClassNumbers(10, (), -100)


def test_data_that_fits_passes():
    given = dataset(np.zeros((3, 1, 4, 5), np.uint8), [0, 9, 3])
    np.testing.assert_array_equal(data.fitted(given, (1, 4, 5), TEN, "here").targets, [0, 9, 3])


def test_images_of_the_wrong_shape_name_both_shapes():
    with pytest.raises(DataError, match=r"here: .*\(1, 28, 28\), received \(1, 32, 32\)"):
        data.fitted(dataset(np.zeros((3, 1, 32, 32), np.uint8)), (1, 28, 28), TEN, "here")


@pytest.mark.parametrize("label", [-1, 10, 2**62])
def test_labels_out_of_range_are_named(label):
    with pytest.raises(DataError, match=f"from 0 to 9 .*received {label} at sample 1"):
        data.fitted(dataset(np.zeros((3, 1, 4, 5), np.uint8), [0, label, 3]), (1, 4, 5), TEN, "here")


def test_arrays_of_other_types_and_counts_never_reach_a_kernel():
    with pytest.raises(DataError, match="float64"):
        data.fitted(dataset(np.zeros((3, 1))), (1,), TEN, "here")
    with pytest.raises(DataError, match="3 labels are expected"):
        data.fitted(dataset(np.zeros((3, 1), np.uint8), [0, 1]), (1,), TEN, "here")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(50, 3, 7, 5), (50, 2, 30), (50, 4), (50, 2, 3, 4, 5)])
def test_statistics_are_those_of_numpy(dtype, shape, monkeypatch):
    monkeypatch.setattr(channel_statistics, "CHUNK", 1000)
    inputs = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    mean, deviation = data.statistics(dataset(inputs))
    read = inputs / 255.0 if dtype == np.uint8 else inputs.astype(np.float64)
    axes = (0, *range(2, len(shape)))
    np.testing.assert_allclose(mean, read.mean(axis=axes), rtol=1e-12)
    np.testing.assert_allclose(deviation, read.std(axis=axes), rtol=1e-12)


def test_statistics_of_large_numbers_keep_their_digits():
    inputs = (1e6 + np.random.default_rng(0).normal(size=(1000, 1, 8, 8))).astype(np.float32)
    assert data.statistics(dataset(inputs))[1][0] == pytest.approx(inputs.astype(np.float64).std(), rel=1e-9)


@pytest.mark.parametrize("value", [np.uint8(7), np.float32(0.1)])
def test_a_constant_channel_has_a_deviation_of_one(value):
    mean, deviation = data.statistics(dataset(np.full((10, 2, 3, 3), value)))
    assert deviation.tolist() == [1.0, 1.0]
    assert mean[0] == pytest.approx(value / 255 if isinstance(value, np.uint8) else value)


@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=6),
    share=st.floats(0.05, 0.9),
    seed=st.integers(0, 2**64 - 1),
)
def test_a_split_keeps_every_sample_once_and_the_shares_of_the_classes(counts, share, seed):
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    whole = dataset(np.arange(len(labels), dtype=np.float32).reshape(-1, 1), labels)
    try:
        rest, validation = data.split(whole, share, seed)
    except DataError:
        assert round(sum(counts) * share) == 0 or max(counts) <= 1
        return
    np.testing.assert_array_equal(np.sort(np.concatenate([rest.inputs, validation.inputs]).ravel()), whole.inputs[:, 0])
    for part in (rest, validation):
        assert (np.diff(part.inputs[:, 0]) > 0).all()
        np.testing.assert_array_equal(part.targets, labels[part.inputs[:, 0].astype(int)])
    taken = np.bincount(validation.targets, minlength=len(counts))
    for count, number in zip(counts, taken, strict=True):
        assert number < max(count, 1)
        assert abs(number - count * share) <= 1
    assert len(validation) <= round(sum(counts) * share)


def test_a_split_has_the_size_asked_for_and_follows_the_seed():
    whole = data.load("digits").train
    parts = [data.split(whole, 0.1, seed)[1] for seed in (0, 0, 1)]
    assert [len(part) for part in parts] == [144, 144, 144]
    np.testing.assert_array_equal(parts[0].inputs, parts[1].inputs)
    assert (parts[0].inputs != parts[2].inputs).any()


@pytest.mark.parametrize("share", [0.0, 0.01])
def test_an_empty_part_is_refused(share):
    with pytest.raises(DataError, match=f"validation = {share}: .* 20 samples of 2 classes"):
        data.split(dataset(np.zeros((20, 1), np.float32), [0, 1] * 10), share, 0)
