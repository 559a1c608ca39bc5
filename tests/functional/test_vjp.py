"""What a pullback answers beyond the gradients that tests/kernels compare: for which arrays, and of which moment."""

import numpy as np

from nbcnn import functional as F


def test_an_array_given_by_name_has_its_gradient() -> None:
    x, weight = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)
    y, pullback = F.vjp(F.linear, x, weight, bias=np.zeros(4, np.float32))
    _, _, dbias = pullback(np.ones_like(y))
    assert np.array_equal(dbias, np.full(4, 2.0))


def test_an_absent_bias_has_none() -> None:
    y, pullback = F.vjp(F.linear, np.ones((2, 3)), np.ones((4, 3)))
    assert len(pullback(np.ones_like(y))) == 2


def test_the_pullback_belongs_to_the_moment_of_the_call() -> None:
    x = np.ones((2, 3), np.float32)
    y, pullback = F.vjp(F.linear, x, np.ones((4, 3), np.float32))
    x[...] = 7.0
    _, dweight = pullback(np.ones_like(y))
    assert np.array_equal(dweight, np.full((4, 3), 2.0))


def test_dropout_in_inference_passes_the_gradient_on() -> None:
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    y, pullback = F.vjp(F.dropout, x, training=False)
    assert np.array_equal(y, x)
    assert np.array_equal(pullback(x)[0], x)


def test_a_stride_far_beyond_the_image_is_as_good_as_one_that_leaves_a_single_window() -> None:
    """The way back sorts pixels by their place in a stride; it must not visit the places that have none."""
    random = np.random.default_rng(0)
    x, weight = random.standard_normal((3, 2, 5, 4)), random.standard_normal((4, 2, 3, 3))
    found = []
    for stride in (5, 1_000_000):
        y, pullback = F.vjp(F.conv, x, weight, stride=stride, padding=1)
        found.append((y, *pullback(y)))
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))
