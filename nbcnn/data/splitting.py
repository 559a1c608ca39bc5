"""Splits that keep the shares of the classes, where samples have one, and depend on the seed alone."""

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.dataset import Dataset
from nbcnn.errors import DataError


def split(dataset: Dataset, share: float, seed: int, name: str = "validation") -> tuple[Dataset, Dataset]:
    """The data set parted in two, (rest, part), where the part, `name` in messages, holds `share` (0 to 1) of it.

    The number of samples is `share * N` rounded; each class gives its share of them, leftovers by the largest
    remainder (the lowest class first among equals), chosen by `seed`. A class keeps at least one sample in the rest.
    Samples without a class of their own, those of class maps and numbers, count as one class. Both parts keep the order
    of the data set. Raises DataError where a part would be empty.
    """
    _, targets, counts = np.unique(_classes(dataset), return_inverse=True, return_counts=True)
    exact = counts * share
    taken = np.minimum(np.floor(exact).astype(np.int64), np.maximum(counts - 1, 0))
    missing = round(len(dataset) * share) - int(taken.sum())
    for label in np.argsort(taken - exact, kind="stable"):
        if missing > 0 and taken[label] + 1 < counts[label]:
            taken[label] += 1
            missing -= 1
    if not 0 < taken.sum() < len(dataset):
        raise DataError(
            f"{name} = {share}: both parts need a sample, {len(dataset)} samples of {len(counts)} "
            f"classes would give {taken.sum()} to {name}; choose another share, or 0 for no {name}"
        )
    generator = np.random.Generator(np.random.Philox(seed))
    chosen = np.zeros(len(dataset), np.bool_)
    for label in np.flatnonzero(taken):
        members = np.flatnonzero(targets == label)
        chosen[generator.permutation(members)[: taken[label]]] = True
    return dataset.take(np.flatnonzero(~chosen)), dataset.take(np.flatnonzero(chosen))


def fold(dataset: Dataset, folds: int, number: int, seed: int) -> tuple[Dataset, Dataset]:
    """The data set but for one of its `folds`, and that fold, `number` counted from 0.

    Each sample is in one fold; folds differ by one sample at most, and so does what each has of a class. `seed` deals
    the samples of a class out. Both parts keep the order of the data set. Raises DataError for too few samples.
    """
    if len(dataset) < folds:
        raise DataError(f"folds = {folds}: each needs a sample, there are {len(dataset)}; use at most {len(dataset)}")
    labels = _classes(dataset)
    shuffled = np.random.Generator(np.random.Philox(seed)).permutation(len(dataset))
    dealt = shuffled[np.argsort(labels[shuffled], kind="stable")]
    chosen = np.zeros(len(dataset), np.bool_)
    chosen[dealt[number::folds]] = True
    return dataset.take(np.flatnonzero(~chosen)), dataset.take(np.flatnonzero(chosen))


def _classes(dataset: Dataset) -> NDArray[np.int64]:
    """The class of each sample; all have the same where they have none of their own."""
    return np.zeros(len(dataset), np.int64) if dataset.labels is None else dataset.labels
