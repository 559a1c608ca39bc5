import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcnn.errors import DataError
from nbcnn.training.order import balanced_order, epoch_order, numbered, stored_order


def test_every_sample_once() -> None:
    order = epoch_order(1000, seed=3, epoch=2, shuffle=True)
    assert order.dtype == np.int64
    assert np.array_equal(np.sort(order), np.arange(1000))


def test_seed_and_epoch_change_it_and_nothing_else() -> None:
    first = epoch_order(100, seed=3, epoch=1, shuffle=True)
    assert np.array_equal(first, epoch_order(100, seed=3, epoch=1, shuffle=True))
    assert not np.array_equal(first, epoch_order(100, seed=3, epoch=2, shuffle=True))
    assert not np.array_equal(first, epoch_order(100, seed=4, epoch=1, shuffle=True))


def test_is_the_same_on_every_machine() -> None:
    """These numbers must never change: a resumed run would go on in another order."""
    assert epoch_order(8, seed=0, epoch=1, shuffle=True).tolist() == [5, 3, 7, 2, 4, 1, 0, 6]


def test_unshuffled() -> None:
    assert epoch_order(5, seed=3, epoch=2, shuffle=False).tolist() == [0, 1, 2, 3, 4]


def test_every_place_is_as_likely() -> None:
    """Where sample 0 lands in 4,000 epochs of 8: each place 500 times, give or take 5 standard deviations (21)."""
    places = [int(np.argmin(epoch_order(8, seed=1, epoch=epoch, shuffle=True))) for epoch in range(4000)]
    counts = np.bincount(places, minlength=8)
    assert (abs(counts - 500) < 105).all()


@given(blocks=st.lists(st.integers(0, 9), min_size=1, max_size=60), window=st.integers(1, 70), epoch=st.integers(1, 4))
def test_stored_samples_come_once_and_block_by_block(blocks: list[int], window: int, epoch: int) -> None:
    of_samples = np.array(sorted(blocks))
    order = stored_order(of_samples, window, seed=1, epoch=epoch)
    assert sorted(order) == list(range(len(blocks)))
    assert np.array_equal(order, stored_order(of_samples, window, seed=1, epoch=epoch))
    windows = [of_samples[order[start : start + window]].tolist() for start in range(0, len(order), window)]
    # But for the one that it begins with and the one that it ends with, a window has whole blocks.
    for part in windows:
        whole = [block for block in set(part) if part.count(block) == blocks.count(block)]
        assert len(set(part)) - len(whole) <= 2
    assert all(len(set(one) & set(other)) <= 1 for one, other in zip(windows, windows[1:], strict=False))


def test_stored_order_is_the_same_on_every_machine() -> None:
    """These numbers must never change: a resumed run would go on in another order."""
    order = stored_order(np.arange(12) // 3, 6, seed=0, epoch=1)
    assert order.tolist() == [7, 8, 11, 10, 6, 9, 5, 3, 2, 4, 1, 0]


def test_every_place_in_a_window_and_every_window_are_as_likely() -> None:
    """Where sample 0 of 8, two a block and four a window, lands: each place 500 of 4,000 times, within 5 deviations."""
    orders = [stored_order(np.arange(8) // 2, 4, seed=1, epoch=epoch) for epoch in range(4000)]
    assert (abs(np.bincount([int(np.argmin(order)) for order in orders], minlength=8) - 500) < 105).all()


def test_what_fits_one_window_comes_as_it_would_in_memory() -> None:
    order = stored_order(np.arange(50) // 4, 50, seed=3, epoch=2)
    assert np.array_equal(order, epoch_order(50, seed=3, epoch=2, shuffle=True))


# 2 of class 0, 90 of class 1, none of class 2, 8 of class 3, 20 that do not count.
CLASSES = np.repeat([0, 1, 3, -1], [2, 90, 8, 20])


def balanced(epoch: int = 1, seed: int = 0) -> np.ndarray:
    return balanced_order(CLASSES, ignored=-1, seed=seed, epoch=epoch)


def test_each_class_comes_as_often_and_within_it_each_sample() -> None:
    order = balanced()
    assert order.dtype == np.int64 and len(order) == 120
    counts = np.bincount(order, minlength=120)
    assert [counts[label == CLASSES].sum() for label in (0, 1, 3, -1)] == [40, 40, 40, 0]
    for label in (0, 1, 3):
        assert np.ptp(counts[label == CLASSES]) <= 1


def test_what_is_left_over_goes_round() -> None:
    classes = np.array([0, 1, 2, 0, 0])
    drawn = [
        np.bincount(classes[balanced_order(classes, ignored=-1, seed=0, epoch=epoch)]).tolist() for epoch in range(3)
    ]
    assert drawn == [[2, 2, 1], [2, 1, 2], [1, 2, 2]]


def test_a_balanced_order_depends_on_seed_and_epoch_alone() -> None:
    assert np.array_equal(balanced(), balanced())
    assert not np.array_equal(balanced(), balanced(epoch=2)) and not np.array_equal(balanced(), balanced(seed=1))
    assert balanced_order(np.array([0, 1, 0, 0]), ignored=-1, seed=0, epoch=1).tolist() == [2, 1, 3, 1]


def test_all_samples_of_a_frequent_class_come_in_some_epoch() -> None:
    seen = {int(index) for epoch in range(20) for index in balanced(epoch)}
    assert seen == set(range(100))


def test_places_have_nothing_to_do_with_classes() -> None:
    """The first of an epoch is of each class in a third of 3,000 epochs, give or take 5 standard deviations (26)."""
    first = CLASSES[[balanced(epoch)[0] for epoch in range(3000)]]
    assert all(abs(int((first == label).sum()) - 1000) < 130 for label in (0, 1, 3))


def test_every_place_has_a_number_of_its_own() -> None:
    assert numbered(np.array([2, 0, 2, 1, 2, 0]), 10).tolist() == [2, 0, 12, 1, 22, 10]
    order = balanced()
    numbers = numbered(order, 1000)
    assert len(set(numbers.tolist())) == len(order) and np.array_equal(numbers % 1000, order)


def test_where_nothing_counts_nothing_can_be_drawn() -> None:
    with pytest.raises(DataError, match="no sample has a class that counts"):
        balanced_order(np.array([-1, -1]), ignored=-1, seed=0, epoch=1)
