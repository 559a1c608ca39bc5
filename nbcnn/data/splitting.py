"""A validation split that keeps the shares of the classes, where samples have one, and depends on the seed alone."""

import numpy as np

from nbcnn.data.dataset import Dataset
from nbcnn.errors import DataError


def split(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """The data set parted in two, (rest, validation), where validation holds `share` (0 to 1) of the samples.

    The number of samples is `share * N` rounded; each class gives its share of them, leftovers by the largest
    remainder (the lowest class first among equals), chosen by `seed`. A class keeps at least one sample in the rest.
    Samples without a class of their own, those of class maps and numbers, count as one class. Both parts keep the order
    of the data set. Raises DataError where a part would be empty.
    """
    labels = np.zeros(len(dataset), np.int64) if dataset.labels is None else dataset.labels
    _, targets, counts = np.unique(labels, return_inverse=True, return_counts=True)
    exact = counts * share
    taken = np.minimum(np.floor(exact).astype(np.int64), np.maximum(counts - 1, 0))
    missing = round(len(dataset) * share) - int(taken.sum())
    for label in np.argsort(taken - exact, kind="stable"):
        if missing > 0 and taken[label] + 1 < counts[label]:
            taken[label] += 1
            missing -= 1
    if not 0 < taken.sum() < len(dataset):
        raise DataError(
            f"validation = {share}: both parts need a sample, {len(dataset)} samples of {len(counts)} "
            f"classes would give {taken.sum()} to validation; choose another share, or 0 for no validation"
        )
    generator = np.random.Generator(np.random.Philox(seed))
    chosen = np.zeros(len(dataset), np.bool_)
    for label in np.flatnonzero(taken):
        members = np.flatnonzero(targets == label)
        chosen[generator.permutation(members)[: taken[label]]] = True
    return dataset.take(np.flatnonzero(~chosen)), dataset.take(np.flatnonzero(chosen))
