"""By its checksum a data set is known again, in any process and on any machine."""

import sys

import numpy as np
import pytest

from nbcnn.data import Dataset, checksum


def dataset() -> Dataset:
    inputs = np.arange(5 * 1 * 3 * 2, dtype=np.uint8).reshape(5, 1, 3, 2)
    return Dataset(inputs, np.array([0, 1, 2, 1, 0]))


def test_the_same_numbers_give_the_same_checksum() -> None:
    assert checksum(dataset()) == "b52e8056bbd55d93f3fd5724861c2a9b8e0ce184b8ad2582cec877c38b0c4bf3"
    reversed_twice = Dataset(np.asfortranarray(dataset().inputs), dataset().targets[::-1][::-1])
    assert checksum(reversed_twice) == checksum(dataset())


@pytest.mark.parametrize("index", [0, 17, 29])
def test_every_input_counts(index: int) -> None:
    changed = dataset()
    changed.inputs.reshape(-1)[index] ^= 1
    assert checksum(changed) != checksum(dataset())


def test_targets_types_and_shapes_count() -> None:
    given = dataset()
    others = [
        Dataset(given.inputs, np.array([0, 1, 2, 1, 1])),
        Dataset(given.inputs, given.targets.astype(np.float32)),
        Dataset(given.inputs.reshape(5, 1, 2, 3), given.targets),
        Dataset(given.inputs.astype(np.float32), given.targets),
        given.take(np.arange(4)),
        given.take(np.array([1, 0, 2, 3, 4])),
    ]
    assert len({checksum(given), *map(checksum, others)}) == 7


def test_of_large_data_evenly_spaced_samples_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 30 bytes at most 10 are read: those of samples 0 and 3."""
    monkeypatch.setattr(sys.modules["nbcnn.data.checksum"], "MOST_BYTES", 10)
    whole = checksum(dataset())
    changes = []
    for sample in range(5):
        changed = dataset()
        changed.inputs[sample] += 1
        changes.append(checksum(changed) != whole)
    assert changes == [True, False, False, True, False]
