"""Folds: every sample validates once, and every fold looks like the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcnn import data
from nbcnn.data import Dataset
from nbcnn.errors import DataError


def numbered(labels: np.ndarray) -> Dataset:
    return Dataset(np.arange(len(labels), dtype=np.float32)[:, np.newaxis], labels)


@given(labels=st.lists(st.integers(0, 4), min_size=2, max_size=60), folds=st.integers(2, 7), seed=st.integers(0, 9))
def test_each_sample_is_in_one_fold_and_classes_keep_their_shares(labels: list[int], folds: int, seed: int) -> None:
    folds = min(folds, len(labels))
    whole = numbered(np.array(labels, np.int64))
    seen: list[int] = []
    counts = []
    for number in range(folds):
        rest, part = data.fold(whole, folds, number, seed)
        assert sorted([*rest.inputs[:, 0], *part.inputs[:, 0]]) == list(range(len(labels)))
        assert list(part.inputs[:, 0]) == sorted(part.inputs[:, 0])
        seen += part.inputs[:, 0].astype(int).tolist()
        counts.append([np.count_nonzero(part.targets == label) for label in range(5)] + [len(part)])
    assert sorted(seen) == list(range(len(labels)))
    assert np.ptp(counts, axis=0).max() <= 1


def test_folds_follow_the_seed_alone() -> None:
    whole = numbered(np.arange(40) % 4)
    parts = [data.fold(whole, 5, 2, seed)[1].inputs.tolist() for seed in (0, 0, 1)]
    assert parts[0] == parts[1] != parts[2]


def test_numbers_and_maps_are_of_one_class() -> None:
    _, part = data.fold(numbered(np.zeros((10, 2, 2), np.int64)), 5, 1, 0)
    assert len(part) == 2


def test_more_folds_than_samples() -> None:
    with pytest.raises(DataError, match="folds = 5: each needs a sample, there are 4; use at most 4"):
        data.fold(numbered(np.zeros(4, np.int64)), 5, 0, 0)
