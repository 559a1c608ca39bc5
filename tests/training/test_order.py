import numpy as np

from nbcnn.training.order import epoch_order


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
