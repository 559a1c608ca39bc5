"""Arguments that do not fit are refused with both numbers and a cure, before any kernel runs."""

import inspect

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
    "a probability of 2": (
        lambda: F.cross_entropy(np.zeros((1, 2)), [[2.0, 0.0]]), r"from 0 to 1, received 0.0 \.\. 2.0",
    ),
    "a probability that is none": (lambda: F.cross_entropy(np.zeros((1, 2)), [[np.nan, 0.0]]), "from 0 to 1"),
    "probabilities that are ignored": (
        lambda: F.cross_entropy(np.zeros((1, 2)), [[0.5, 0.5]], ignore_index=0), "has no meaning where targets are",
    ),
    "log-probabilities and probabilities": (lambda: F.nll_loss(np.zeros((1, 2)), [[0.5, 0.5]]), "class numbers"),
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
    "a shape for other numbers": (lambda: F.reshape(IMAGE, (5, -1)), r"\(2, 3, 8, 8\) cannot be .* shape = \(5, -1\)"),
    "a number to flatten": (lambda: F.flatten(1.0), r"flatten: x of shape \(\) cannot be seen"),
    "a shape that is a number": (lambda: F.reshape(IMAGE, 192), "shape = 192; give sizes"),
    "rows of different lengths": (lambda: F.relu([[1.0], [1.0, 2.0]]), "relu: x: its rows differ in length"),
    "numbers with an imaginary part": (lambda: F.tanh(np.zeros(3, complex)), "received dtype complex128; convert it"),
    "classes in rows of different lengths": (
        lambda: F.cross_entropy(np.zeros((2, 3)), [[0], [1, 2]]), "cross_entropy: target: its rows differ in length",
    ),
    "no axis": (lambda: F.log_softmax(1.0), "received a single number"),
    "a fraction of a stride": (lambda: F.conv(IMAGE, WEIGHT, stride=1.5), "stride = 1.5 is not a whole number"),
    "a stride of none": (lambda: F.max_pool(IMAGE, 2, stride=0), "stride = 0 is not a whole number of at least 1"),
    "padding below 0": (lambda: F.conv(IMAGE, WEIGHT, padding=-1), "padding = -1 is not a whole number of at least 0"),
    "padding by an unknown word": (lambda: F.conv(IMAGE, WEIGHT, padding="full"), "'full' is not known; use \"same\""),
    "a window in words": (lambda: F.max_pool(IMAGE, "2"), "kernel_size = '2' is not a whole number"),
    "padding in words": (lambda: F.conv_transpose(IMAGE, WEIGHT[:3], padding="same"), "entry 'same' is not a pair"),
    "no group": (lambda: F.conv(IMAGE, WEIGHT, groups=0), r"in groups \(=0\)"),
    "padding of all that is computed": (
        lambda: F.conv_transpose(IMAGE, WEIGHT[:3], padding=5), "takes away all 10 rows .* at most 9 together",
    ),
    "groups of a transposed convolution": (
        lambda: F.conv_transpose(IMAGE, WEIGHT[:3], groups=2), r"divisible by groups \(=2\), received 3",
    ),
    "a window larger than the image": (lambda: F.min_pool(IMAGE, 9), "window of 9 does not fit 8 rows; use kernel"),
    "a kernel entry too few": (lambda: F.avg_pool(IMAGE, [2]), "has 1 entry but the input has 2 spatial axes"),
    "a norm of order 0": (lambda: F.lp_pool(IMAGE, 0, 2), "norm_type must be a number above 0, received 0; 2 is"),
    "the largest of all": (lambda: F.lp_pool(IMAGE, np.inf, 2), "received inf"),
    "more than there are": (lambda: F.kmax_pool(IMAGE, 9), "k = 9 but a window has 8 numbers; use k <= 8"),
    "the largest none": (lambda: F.kmax_pool(IMAGE, 0), "k = 0 is not a whole number of at least 1"),
    "a k of one and a half": (lambda: F.kmax_pool(IMAGE, 1.5), "k = 1.5 is not a whole number"),
    "an output of none": (lambda: F.adaptive_avg_pool(IMAGE, 0), "output_size = 0 is not a whole number of at least 1"),
    "an output size too many": (lambda: F.adaptive_max_pool(IMAGE, [1, 2, 3]), "3 entries but the input has 2 spatial"),
    "no space": (lambda: F.global_avg_pool(IMAGE[..., 0, 0]), "1, 2 or 3 spatial axes"),
    "six axes": (lambda: F.global_max_pool(IMAGE[..., None, None]), "1, 2 or 3 spatial axes"),
    "one summand": (lambda: F.add([IMAGE]), r"at least two arrays .* received \(2, 3, 8, 8\); give a list"),
    "summands that differ": (lambda: F.add([IMAGE, IMAGE[:1]]), r"received \(2, 3, 8, 8\) and \(1, 3, 8, 8\); change"),
    "rows that differ": (lambda: F.concat([IMAGE, IMAGE[:, :, 1:]]), r"and \(2, 3, 7, 8\); pad or crop"),
    "a factor for each sample": (
        lambda: F.multiply([IMAGE, IMAGE[:, :1]]), r"or \(2, 3, 1, 1\) is expected, received \(2, 1, 8, 8\); give",
    ),
    "a negative share": (lambda: F.channel_dropout(IMAGE, -0.5), "at least 0 and below 1, received -0.5"),
    "a number without samples": (lambda: F.stochastic_depth(1.0, 0.5), "a single number; add the missing axes"),
    "no groups of channels": (lambda: F.channel_shuffle(IMAGE, 0), r"divisible by groups \(=0\)"),
    "channels that are not there": (lambda: F.channel_slice(IMAGE, 1, 4), "not among the 3 that there are; use 0"),
    "more label than there is": (
        lambda: F.cross_entropy(np.zeros((1, 3)), [0], label_smoothing=1.5), "from 0 to 1, received 1.5",
    ),
    "a weight for other classes": (
        lambda: F.nll_loss(np.zeros((1, 3)), [0], np.ones(2)), r"shape \(3,\) is expected, received \(2,\)",
    ),
    "a negative weight": (
        lambda: F.cross_entropy(np.zeros((1, 2)), [0], [1, -1]), r"received -1.0 \.\. 1.0; 0 leaves a class out",
    ),
    "a weight of nothing": (
        lambda: F.binary_cross_entropy_with_logits(IMAGE, IMAGE, pos_weight=0.0), "above 0 and finite, received 0.0",
    ),
    "a target of another shape": (lambda: F.mse_loss(IMAGE, IMAGE[:1]), r"\(2, 3, 8, 8\) and \(1, 3, 8, 8\); reshape"),
    "a target for each row": (lambda: F.cross_entropy(IMAGE, np.zeros((2, 8), int)), "one class number for each pixel"),
    "numbers without samples": (lambda: F.l1_loss([1.0], [1.0]), r"received \(1,\) and \(1,\)"),
    "no delta": (lambda: F.huber_loss(IMAGE, IMAGE, 0.0), "delta must be above 0, received 0.0"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    call, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("name", sorted({*F.__all__} - {"vjp"}))
def test_every_function_refuses_text(name: str) -> None:
    function = getattr(F, name)
    text = np.array([["a"]])
    _, *others = inspect.signature(function).parameters.values()
    required = [1 for each in others if each.default is each.empty]
    x = [text, text] if name in ("add", "concat", "multiply") else text
    with pytest.raises(InputError, match=f"^{name}: .*numbers are expected, received dtype <U1; convert it with"):
        function(x, *required)


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
