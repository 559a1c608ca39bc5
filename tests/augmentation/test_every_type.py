"""What holds of every augmentation: numbers that follow from seed, epoch and sample alone, and from nothing else."""

import numpy as np
import pytest
from augmentations import EXAMPLES, augmentation_of, samples_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nbcnn.augmentation.augmentation import OPERATIONS
from nbcnn.errors import InputError
from nbcnn.spec.augment import AUGMENTATIONS

CASES = [
    pytest.param(shape, {"type": kind, **settings}, id=f"{kind}-{number}")
    for kind, examples in EXAMPLES.items()
    for number, (shape, settings) in enumerate(examples)
]
ALONE = [case for case in CASES if not AUGMENTATIONS[case.values[1]["type"]].mixes]
"""Those that change a sample without looking at others."""


def test_every_type_has_an_operation_and_an_example() -> None:
    assert set(OPERATIONS) == set(AUGMENTATIONS) == set(EXAMPLES)
    for kind, table in AUGMENTATIONS.items():
        assert table.model_fields["type"].annotation.__args__ == (kind,)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("shape,table", CASES)
def test_same_seed_same_numbers(shape, table, kind) -> None:
    if table["type"] == "rand_augment" and kind == np.float32:
        with pytest.raises(InputError, match="works on bytes"):
            augmentation_of(shape, table, kind=kind)
        return
    x, y, places = samples_of(shape, 20, kind), np.arange(20) % 10, np.arange(100, 120)
    augmentation = augmentation_of(shape, table, kind=kind)
    first, first_targets = augmentation(x.copy(), y.copy(), places, 1)
    again, targets = augmentation(x.copy(), y.copy(), places, 1)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first_targets, targets)
    assert first.dtype == kind and first.shape == x.shape and not np.array_equal(first, x)
    assert np.isfinite(first).all()
    assert not np.array_equal(augmentation(x.copy(), y.copy(), places, 2)[0], first)
    other = augmentation_of(shape, table, kind=kind, train={"seed": 1})
    assert not np.array_equal(other(x.copy(), y.copy(), places, 1)[0], first)


@pytest.mark.parametrize("shape,table", ALONE)
@settings(max_examples=10)
@given(st.permutations(range(12)), st.integers(1, 11))
def test_neither_the_batch_nor_its_order_matters(shape, table, order, cut) -> None:
    x, y, places = samples_of(shape, 12), np.zeros(12, np.int64), np.arange(12) * 7
    augmentation = augmentation_of(shape, table)
    whole, _ = augmentation(x.copy(), y, places, 3)
    for part in (order[:cut], order[cut:]):
        found, _ = augmentation(x[part], y[part], places[part], 3)
        np.testing.assert_array_equal(found, whole[part])


@pytest.mark.parametrize("shape,table", CASES)
def test_nothing_happens_with_probability_0(shape, table) -> None:
    x, y = samples_of(shape, 10), np.zeros(10, np.int64)
    found, _ = augmentation_of(shape, {**table, "p": 0.0})(x.copy(), y, np.arange(10), 1)
    np.testing.assert_array_equal(found, x)


def test_p_is_the_share_of_samples() -> None:
    x = np.tile(np.arange(5, dtype=np.uint8), (4000, 1, 1))
    for p in (0.1, 0.5, 0.9):
        table = {"type": "horizontal_flip", "p": p}
        found, _ = augmentation_of((1, 5), table)(x.copy(), np.zeros(4000, np.int64), np.arange(4000), 1)
        # Five standard deviations of a binomial share.
        assert abs((found[:, 0, 0] != 0).mean() - p) < 5 * np.sqrt(p * (1 - p) / 4000)


def test_two_of_a_type_draw_apart() -> None:
    x = np.tile(np.arange(5, dtype=np.uint8), (1000, 1, 1))
    flip = {"type": "horizontal_flip"}
    found, _ = augmentation_of((1, 5), flip, flip)(x.copy(), np.zeros(1000, np.int64), np.arange(1000), 1)
    assert 400 < (found[:, 0, 0] != 0).sum() < 600
