"""Arguments that do not fit are refused with both numbers and a cure, before any kernel runs."""

import numpy as np
import pytest

from nbcnn import functional as F
from nbcnn.errors import InputError

IMAGE = np.zeros((2, 3, 8, 8), np.float32)
WEIGHT = np.zeros((4, 3, 3, 3), np.float32)

REFUSED = {
    "a kernel larger than the image": (lambda: F.conv(IMAGE, np.zeros((4, 3, 9, 9))), "window of 9 does not fit 8"),
    "channels that differ": (lambda: F.conv(IMAGE, WEIGHT[:, :2]), "expects 2 input channels"),
    "groups that do not divide": (lambda: F.conv(IMAGE, WEIGHT[:, :1], groups=3), "groups"),
    "axes that differ": (lambda: F.conv(IMAGE, WEIGHT[..., 0]), "as many axes as x"),
    "a bias of another length": (lambda: F.conv(IMAGE, WEIGHT, np.zeros(3)), "one number per output"),
    "no spatial axis": (lambda: F.max_pool(IMAGE[..., 0, 0], 2), "1, 2 or 3 spatial axes"),
    "padding above half a window": (lambda: F.avg_pool(IMAGE, 2, padding=2), "more than half the window"),
    "an image for a linear layer": (lambda: F.linear(IMAGE, np.zeros((2, 8))), "flatten x"),
    "text": (lambda: F.relu(np.array(["a"])), "numbers are expected"),
    "no samples": (lambda: F.relu(np.zeros((0, 3))), "at least one sample"),
    "a share of one": (lambda: F.dropout(IMAGE, p=1.0), "below 1, received 1.0"),
    "a class out of range": (lambda: F.cross_entropy(np.zeros((2, 3)), [0, 3]), "0 .. 2, received 0 .. 3"),
    "a class too few": (lambda: F.cross_entropy(np.zeros((2, 3)), [0]), "must agree"),
    "a gradient of another shape": (lambda: F.vjp(F.relu, IMAGE)[1](IMAGE[:1]), "must have the shape of y"),
    "a wrapped operation": (lambda: F.vjp(lambda a: 2 * F.relu(a), IMAGE), "no operation with a gradient"),
    "no outputs": (lambda: F.linear(np.zeros((2, 8)), np.zeros((0, 8))), "must agree"),
    "an axis too many": (lambda: F.softmax(IMAGE, axis=4), "from -4 to 3, received 4"),
    "a seed too large": (lambda: F.dropout(IMAGE, seed=2**64), "seed must be"),
    "classes in fractions": (lambda: F.cross_entropy(np.zeros((2, 3)), [0.9, 1.7]), "class numbers"),
    "a function without a gradient": (lambda: F.vjp(F.flatten, IMAGE), "no operation with a gradient"),
    "slopes for other channels": (lambda: F.prelu(IMAGE, np.ones(2)), r"received \(2, 3, 8, 8\) and \(2,\)"),
    "a slope without an end": (lambda: F.leaky_relu(IMAGE, np.inf), "must be finite, received inf"),
    "a negative alpha": (lambda: F.elu(IMAGE, -1.0), "at least 0 and finite, received -1.0"),
    "an unknown approximation": (lambda: F.gelu(IMAGE, "erf"), "received 'erf'"),
    "no beta": (lambda: F.softplus(IMAGE, 0.0), "beta must be above 0"),
    "samples without channels": (lambda: F.channel_dropout(IMAGE[0, 0, 0]), "add the missing axes"),
    "a share of one of the samples": (lambda: F.stochastic_depth(IMAGE, 1.0), "below 1, received 1.0"),
    "groups that do not divide the channels": (lambda: F.channel_shuffle(IMAGE, 2), r"the 3 channels .*groups \(=2\)"),
    "a shape for other numbers": (lambda: F.reshape(IMAGE, (5, -1)), r"seen as \(N, 5, -1\)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("function", [F.dropout, F.channel_dropout, F.stochastic_depth])
def test_dropout_in_inference_is_the_identity(function) -> None:
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(function(x, p=0.5, training=False), x)


def test_shapes_are_numpys() -> None:
    assert F.flatten(IMAGE).shape == (2, 192)
    assert F.reshape(IMAGE, (-1, 4)).shape == (2, 48, 4)


def test_softmax_sums_to_one_and_survives_large_numbers() -> None:
    probabilities = F.softmax(np.array([[1000.0, 1000.0, -1000.0]]))
    assert np.allclose(probabilities, [[0.5, 0.5, 0.0]])
