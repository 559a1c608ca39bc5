"""Arguments of normalisations that do not fit are refused with both numbers and a cure."""

import numpy as np
import pytest

from nbcnn import functional as F
from nbcnn.errors import InputError

IMAGE = np.zeros((2, 4, 3, 3), np.float32)
ONE = np.ones(4, np.float32)

REFUSED = {
    "one number a channel": (
        lambda: F.batch_norm(np.zeros((1, 4)), training=True), r"more than one number a channel.*received .*\(1, 4\)",
    ),
    "inference without statistics": (lambda: F.batch_norm(IMAGE), "both of them"),
    "a mean without a variance": (lambda: F.batch_norm(IMAGE, ONE, training=True), "both of them"),
    "statistics that nobody could see moved": (
        lambda: F.batch_norm(IMAGE, [0.0] * 4, [1.0] * 4, training=True), "running_mean must be a NumPy array",
    ),
    "a mean too long": (lambda: F.batch_norm(IMAGE, np.zeros(5), ONE), r"shape \(4,\) is expected, received \(5,\)"),
    "a momentum above 1": (lambda: F.batch_norm(IMAGE, ONE, ONE, momentum=2.0), "momentum = 2.0: .*less than or equal"),
    "no eps": (lambda: F.batch_norm(IMAGE, ONE, ONE, eps=0.0), "eps = 0.0: .*greater than or equal to"),
    "groups that do not divide": (
        lambda: F.group_norm(IMAGE, 3), r"channels \(=4\) must be divisible by num_groups \(=3\); use num_groups = 2",
    ),
    "no group": (lambda: F.group_norm(IMAGE, 0), "num_groups = 0: .*from 1"),
    "another normalized_shape": (lambda: F.layer_norm(IMAGE, (4, 3)), r"received normalized_shape = \(4, 3\)"),
    "all axes and the batch": (lambda: F.layer_norm(IMAGE, IMAGE.shape), "must be the last sizes of a sample"),
    "shape and axes": (lambda: F.layer_norm(IMAGE, 3, axes=[3]), "leave one of the two out"),
    "an axis that is not there": (lambda: F.layer_norm(IMAGE, axes=[4]), "names axis 4 of an input that has 3"),
    "an axis twice": (lambda: F.layer_norm(IMAGE, axes=[1, 1]), "names an axis twice"),
    "a weight of another shape": (
        lambda: F.layer_norm(IMAGE, (3, 3), weight=ONE), r"weight of shape \(3, 3\) is expected, received \(4,\)",
    ),
    "one position": (lambda: F.instance_norm(IMAGE[:, :, :1, :1]), "gives 0 whatever the number is"),
    "features": (lambda: F.instance_norm(IMAGE[:, :, 0, 0]), r"\(channels, \*space\)"),
    "a window of none": (lambda: F.local_response_norm(IMAGE, 0), "size = 0: .*from 1"),
    "no k": (lambda: F.local_response_norm(IMAGE, 3, k=0.0), "k = 0.0: .*greater than or equal to"),
    "too many axes": (lambda: F.local_response_norm(IMAGE[..., None, None], 3), "up to 3 spatial axes"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        call()


def test_layer_norm_over_the_last_axes_by_shape_by_size_and_by_axes() -> None:
    x = np.random.default_rng(0).standard_normal((2, 4, 3, 5))
    assert np.array_equal(F.layer_norm(x, (3, 5)), F.layer_norm(x, axes=[2, 3]))
    assert np.array_equal(F.layer_norm(x, 5), F.layer_norm(x, axes=[3]))
    assert np.array_equal(F.layer_norm(x, (4, 3, 5)), F.layer_norm(x))


def test_a_bias_without_a_weight_has_its_gradient() -> None:
    x, bias = np.random.default_rng(0).standard_normal((5, 4, 3)), np.ones(4)
    for function in (F.instance_norm, F.batch_norm):
        settings = {"training": True} if function is F.batch_norm else {}
        y, pullback = F.vjp(function, x, bias=bias, **settings)
        dx, dbias = pullback(np.full_like(y, 2.0))
        assert dx.shape == x.shape
        assert np.array_equal(dbias, np.full(4, 30.0))
