"""The reference against numbers worked out by hand, most of them from texts that teach convolution."""

import numpy as np
import pytest

from nbcnn.kernels.reference.adam import adam
from nbcnn.kernels.reference.avg_pool import avg_pool, avg_pool_gradient
from nbcnn.kernels.reference.conv import conv, conv_gradient
from nbcnn.kernels.reference.cross_entropy import cross_entropy, cross_entropy_gradient
from nbcnn.kernels.reference.flatten import flatten, flatten_gradient
from nbcnn.kernels.reference.linear import linear, linear_gradient
from nbcnn.kernels.reference.max_pool import max_pool, max_pool_gradient
from nbcnn.kernels.reference.relu import relu, relu_gradient
from nbcnn.kernels.reference.sgd import sgd
from nbcnn.kernels.reference.sigmoid import sigmoid, sigmoid_gradient
from nbcnn.kernels.reference.tanh import tanh, tanh_gradient

ONE_STEP = {
    "stride": (1, 1),
    "padding": ((0, 0), (0, 0)),
    "padding_mode": "zeros",
    "dilation": (1, 1),
    "groups": 1,
    "flip": False,
}
COUNT = np.arange(9.0).reshape(1, 1, 3, 3)


def image(*rows: list[float]) -> np.ndarray:
    return np.array([[rows]], dtype=np.float64)


def test_cross_correlation_of_three_by_three_with_two_by_two() -> None:
    y = conv(COUNT, np.arange(4.0).reshape(1, 1, 2, 2), None, **ONE_STEP)
    assert y.tolist() == [[[[19.0, 25.0], [37.0, 43.0]]]]


def test_true_convolution_mirrors_the_kernel() -> None:
    kernel = np.arange(4.0).reshape(1, 1, 2, 2)
    y = conv(COUNT, kernel, None, **{**ONE_STEP, "flip": True})
    # 3 * 0 + 2 * 1 + 1 * 3 + 0 * 4 = 5 at the first position.
    assert y.tolist() == [[[[5.0, 11.0], [23.0, 29.0]]]]
    assert np.array_equal(y, conv(COUNT, kernel[:, :, ::-1, ::-1], None, **ONE_STEP))


def test_zero_padding_and_stride() -> None:
    y = conv(
        COUNT,
        np.arange(4.0).reshape(1, 1, 2, 2),
        None,
        **{**ONE_STEP, "padding": ((1, 1), (1, 1)), "stride": (3, 2)},
    )
    # Above, the windows see the row 0 1 2 below a row of zeros; below, the row 6 7 8 above one.
    assert y.tolist() == [[[[0.0, 8.0], [6.0, 8.0]]]]


def test_input_channels_are_summed_and_bias_added() -> None:
    x = np.stack([COUNT[0, 0], COUNT[0, 0] + 1.0])[np.newaxis]
    weight = np.array([[[[0.0, 1.0], [2.0, 3.0]], [[1.0, 2.0], [3.0, 4.0]]]])
    y = conv(x, weight, np.array([0.5]), **ONE_STEP)
    assert y.tolist() == [[[[56.5, 72.5], [104.5, 120.5]]]]


def test_groups_read_their_own_channels() -> None:
    x = np.array([[[[1.0]], [[10.0]]]])
    weight = np.array([2.0, 3.0]).reshape(2, 1, 1, 1)
    assert conv(x, weight, None, **{**ONE_STEP, "groups": 2}).ravel().tolist() == [2.0, 30.0]


def test_dilation_spreads_the_kernel() -> None:
    y = conv(COUNT, np.ones((1, 1, 2, 2)), None, **{**ONE_STEP, "dilation": (2, 2)})
    assert y.tolist() == [[[[0.0 + 2.0 + 6.0 + 8.0]]]]


def test_edge_detection() -> None:
    x = np.ones((1, 1, 6, 8))
    x[..., 2:6] = 0.0
    y = conv(x, image([1.0, -1.0]), None, **ONE_STEP)
    assert y.shape == (1, 1, 6, 7)
    assert (y == np.array([0.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0])).all()


def test_two_dice() -> None:
    """The chance that two dice show 4 is the convolution of their distributions: 3 of 36."""
    die = np.array([0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]) / 6.0
    total = conv(
        die.reshape(1, 1, -1),
        die.reshape(1, 1, -1),
        None,
        stride=(1,),
        padding=((6, 6),),
        padding_mode="zeros",
        dilation=(1,),
        groups=1,
        flip=True,
    )
    assert total.ravel() == pytest.approx(np.array([0, 0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1]) / 36.0)


def test_convolution_gradient_of_one_window() -> None:
    x, weight = image([1.0, 2.0], [3.0, 4.0]), image([5.0, 6.0], [7.0, 8.0])
    dx, dweight, dbias = conv_gradient(np.full((1, 1, 1, 1), 2.0), x, x, weight, np.zeros(1), **ONE_STEP)
    assert np.array_equal(dx, 2.0 * weight)
    assert np.array_equal(dweight, 2.0 * x)
    assert dbias is not None and dbias.tolist() == [2.0]


def test_a_shared_weight_collects_the_gradient_of_every_position() -> None:
    _, dweight, dbias = conv_gradient(
        np.ones((1, 1, 2, 2)), COUNT, COUNT, np.zeros((1, 1, 2, 2)), np.zeros(1), **ONE_STEP
    )
    assert dweight.tolist() == [[[[8.0, 12.0], [20.0, 24.0]]]]
    assert dbias is not None and dbias.tolist() == [4.0]


def test_linear() -> None:
    x, weight, bias = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]), np.array([0.5, -0.5])
    y = linear(x, weight, bias)
    assert y.tolist() == [[11.5, 16.5]]
    dx, dweight, dbias = linear_gradient(np.array([[1.0, 10.0]]), x, y, weight, bias)
    assert dx.tolist() == [[53.0, 64.0]]
    assert dweight.tolist() == [[1.0, 2.0], [10.0, 20.0]]
    assert dbias is not None and dbias.tolist() == [1.0, 10.0]


TWO_BY_TWO = {"kernel_size": (2, 2), "stride": (1, 1), "padding": ((0, 0), (0, 0)), "ceil_mode": False}


def test_pooling_of_three_by_three() -> None:
    assert max_pool(COUNT, **TWO_BY_TWO, dilation=(1, 1)).tolist() == [[[[4.0, 5.0], [7.0, 8.0]]]]
    assert avg_pool(COUNT, **TWO_BY_TWO, count_include_pad=True).tolist() == [[[[2.0, 3.0], [5.0, 6.0]]]]


def test_a_tie_goes_to_the_first_maximum() -> None:
    x = image([1.0, 7.0], [7.0, 7.0])
    (dx,) = max_pool_gradient(np.ones((1, 1, 1, 1)), x, x, **TWO_BY_TWO, dilation=(1, 1))
    assert dx.tolist() == [[[[0.0, 1.0], [0.0, 0.0]]]]


def test_max_pool_of_negative_values_ignores_the_padding() -> None:
    attributes = {**TWO_BY_TWO, "padding": ((1, 1), (1, 1)), "stride": (2, 2), "dilation": (1, 1)}
    assert max_pool(image([-1.0, -2.0], [-3.0, -4.0]), **attributes).ravel().tolist() == [-1.0, -2.0, -3.0, -4.0]


def test_max_pool_of_minus_infinity_keeps_its_gradient_inside_the_image() -> None:
    attributes = {**TWO_BY_TWO, "padding": ((1, 0), (1, 0)), "dilation": (1, 1)}
    x = image([-np.inf])
    (dx,) = max_pool_gradient(np.ones((1, 1, 1, 1)), x, x, **attributes)
    assert dx.tolist() == [[[[1.0]]]]


def test_nan_passes_through_max_pool_and_relu() -> None:
    x = image([1.0, np.nan], [3.0, 2.0])
    assert np.isnan(max_pool(x, **TWO_BY_TWO, dilation=(1, 1))).all()
    assert np.isnan(relu(x)).sum() == 1


def test_a_window_that_sees_only_padding_is_minus_infinity() -> None:
    """Two rows three apart around an image of one row: rows -2 and 1, then -1 and 2 lie in the padding."""
    attributes = {**TWO_BY_TWO, "padding": ((2, 2), (0, 0)), "dilation": (3, 1), "kernel_size": (2, 1)}
    y = max_pool(image([5.0]), **attributes)
    assert y.ravel().tolist() == [-np.inf, -np.inf]
    (dx,) = max_pool_gradient(np.ones(y.shape), image([5.0]), y, **attributes)
    assert dx.tolist() == [[[[0.0]]]]


@pytest.mark.parametrize(("count_include_pad", "corner"), [(True, 10.0 / 4.0), (False, 10.0)])
def test_the_divisor_of_an_average(count_include_pad: bool, corner: float) -> None:
    attributes = {**TWO_BY_TWO, "stride": (2, 2), "padding": ((1, 1), (1, 1)), "count_include_pad": count_include_pad}
    y = avg_pool(np.full((1, 1, 2, 2), 10.0), **attributes)
    assert y.tolist() == [[[[corner, corner], [corner, corner]]]]
    (dx,) = avg_pool_gradient(np.full((1, 1, 2, 2), 10.0), y, y, **attributes)
    assert dx.tolist() == y.tolist()


def test_the_overhang_of_ceil_mode_is_never_counted() -> None:
    y = avg_pool(COUNT, **{**TWO_BY_TWO, "stride": (2, 2), "ceil_mode": True}, count_include_pad=True)
    assert y.tolist() == [[[[2.0, 3.5], [6.5, 8.0]]]]


def test_flatten_keeps_c_order() -> None:
    x = np.arange(12.0).reshape(1, 2, 2, 3)
    y = flatten(x)
    assert y.tolist() == [list(range(12))]
    assert np.array_equal(flatten_gradient(y, x, y)[0], x)


def test_activations() -> None:
    x, ones = np.array([[-1000.0, 0.0, 1000.0]]), np.ones((1, 3))
    assert relu(x).tolist() == [[0.0, 0.0, 1000.0]]
    assert relu_gradient(ones, x, relu(x))[0].tolist() == [[0.0, 0.0, 1.0]]
    assert sigmoid(x).tolist() == [[0.0, 0.5, 1.0]]
    assert sigmoid_gradient(ones, x, sigmoid(x))[0].tolist() == [[0.0, 0.25, 0.0]]
    assert tanh(x).tolist() == [[-1.0, 0.0, 1.0]]
    assert tanh_gradient(ones, x, tanh(x))[0].tolist() == [[0.0, 1.0, 0.0]]


def test_cross_entropy_of_equal_logits_is_the_log_of_the_number_of_classes() -> None:
    logits, target = np.full((2, 4), 1000.0), np.array([1, 3])
    settings = {"ignore_index": -100, "label_smoothing": 0.0}
    loss = cross_entropy(logits, target, None, **settings)
    assert loss == pytest.approx(np.log(4.0))
    (gradient,) = cross_entropy_gradient(np.ones(()), logits, loss, target, None, **settings)
    assert gradient == pytest.approx(np.array([[0.25, -0.75, 0.25, 0.25], [0.25, 0.25, 0.25, -0.75]]) / 2.0)


def test_first_two_steps_of_momentum() -> None:
    settings = {"lr": 0.1, "momentum": 0.9, "dampening": 0.0, "nesterov": False, "weight_decay": 0.0}
    parameter, buffer = sgd(np.array([1.0]), np.array([2.0]), np.zeros(1), **settings, step=1)
    assert (parameter[0], buffer[0]) == pytest.approx((0.8, 2.0))
    parameter, buffer = sgd(parameter, np.array([1.0]), buffer, **settings, step=2)
    assert (parameter[0], buffer[0]) == pytest.approx((0.8 - 0.28, 2.8))


def test_nesterov_looks_one_step_ahead() -> None:
    settings = {"lr": 0.1, "momentum": 0.5, "dampening": 0.0, "nesterov": True, "weight_decay": 0.5}
    parameter, buffer = sgd(np.array([2.0]), np.array([1.0]), np.zeros(1), **settings, step=1)
    # The gradient with its decay is 2; the buffer 2; the direction 2 + 0.5 * 2.
    assert (parameter[0], buffer[0]) == pytest.approx((1.7, 2.0))


def test_the_first_step_of_adam_has_the_length_of_the_learning_rate() -> None:
    parameter, mean, square = adam(
        np.zeros(2), np.array([1e-3, -50.0]), np.zeros(2), np.zeros(2),
        lr=0.01, betas=(0.9, 0.999), eps=0.0, weight_decay=0.0, step=1,
    )  # fmt: skip
    assert parameter == pytest.approx([-0.01, 0.01])
    assert mean == pytest.approx([1e-4, -5.0])
    assert square == pytest.approx([1e-9, 2.5])
