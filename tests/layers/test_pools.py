"""Rules of the pools: shapes, counts, receptive fields, and what is refused with which numbers."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import layer, network

import nbcnn
from nbcnn import functional as F
from nbcnn import spec
from nbcnn.errors import InputError, SpecError
from nbcnn.kernels.reference._adaptive import adaptive_window
from nbcnn.layers.catalogue import LAYER_TYPES
from nbcnn.layers.problems import Code, Problem

SLIDING = ["max_pool", "min_pool", "avg_pool", "lp_pool"]
WHOLE = ["adaptive_avg_pool", "adaptive_max_pool", "global_avg_pool", "global_max_pool"]


def make(kind: str, **fields):
    if kind == "lp_pool":
        fields.setdefault("norm_type", 2)
    if kind.startswith("adaptive"):
        fields.setdefault("output_size", 1)
    return LAYER_TYPES[kind](type=kind, **fields)


@pytest.mark.parametrize("kind", SLIDING)
@given(st.integers(1, 20), st.integers(1, 5), st.integers(1, 6), st.sampled_from(["same", "same_lower"]))
def test_same_padding_gives_the_ceiling_of_size_over_stride(kind, size, kernel, stride, padding):
    pool = make(kind, kernel_size=kernel, stride=stride, padding=padding)
    assert pool.output_shape((3, size, size)) == (3, -(-size // stride), -(-size // stride))
    # Unpadded, the last window starts within the image; so less than a window is missing, half of it on each side.
    assert not [each for each in pool.review((3, size, size)) if each.code is Code.BAD_PADDING]


@pytest.mark.parametrize("kind", SLIDING)
def test_padding_stays_within_half_the_window(kind):
    (problem,) = make(kind, kernel_size=4, padding=3).review((1, 9, 9, 9))
    assert str(problem) == "padding of 3 is more than half the window of 4; use padding <= 2"


@pytest.mark.parametrize("kind", SLIDING)
def test_ceil_mode_reads_what_a_floor_leaves(kind):
    assert make(kind, kernel_size=2).output_shape((1, 7)) == (1, 3)
    assert make(kind, kernel_size=2).window((1, 7)).unread((7,)) == (1,)
    lifted = make(kind, kernel_size=2, ceil_mode=True)
    assert lifted.output_shape((1, 7)) == (1, 4)
    assert lifted.window((1, 7)).unread((7,)) == (0,)


@pytest.mark.parametrize("kind", ["adaptive_avg_pool", "adaptive_max_pool"])
@given(st.integers(1, 40), st.integers(1, 40))
def test_the_reads_of_adaptive_pooling_are_those_of_its_windows(kind, size, count):
    pool = make(kind, output_size=count)
    windows = [adaptive_window((at,), (size,), (count,))[0] for at in range(count)]
    assert pool.reads((3, size)) == 3 * sum(window.stop - window.start for window in windows)


def test_operations_are_counted():
    shape = (2, 6, 4)
    assert make("min_pool", kernel_size=2).other_flops(shape) == {"comparisons": 2 * 6 * 3}
    assert make("lp_pool", norm_type=1, kernel_size=2).other_flops(shape) == {"additions": 12 * 3}
    assert make("lp_pool", kernel_size=2).other_flops(shape) == {
        "multiplications": 12 * 4,
        "additions": 12 * 3,
        "square_roots": 12,
    }
    assert make("lp_pool", norm_type=2.5, kernel_size=2).other_flops(shape) == {
        "powers": 12 * 4 + 12,
        "additions": 12 * 3,
    }
    assert make("global_avg_pool").other_flops(shape) == {"additions": 2 * 23, "divisions": 2}
    assert make("global_max_pool").other_flops(shape) == {"comparisons": 2 * 23}
    # Rows in windows of 2, 2 and 2; columns in windows of 2, 2 and 2 that share a column each.
    assert make("adaptive_max_pool", output_size=3).other_flops(shape) == {"comparisons": 2 * (6 * 6 - 9)}
    assert make("adaptive_avg_pool", output_size=3).other_flops(shape) == {
        "additions": 2 * (6 * 6 - 9),
        "divisions": 2 * 9,
    }
    assert make("kmax_pool", k=2).other_flops(shape) == {"comparisons": 12 * 4 * 3}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("shape", [(5, 9), (5, 9, 8), (5, 9, 8, 7)])
def test_pools_over_everything_keep_the_axes(kind, shape):
    assert make(kind).output_shape(shape) == (5, *[1] * (len(shape) - 1))
    assert make(kind).window(shape) is None


@pytest.mark.parametrize("kind", [*WHOLE, "kmax_pool"])
def test_flat_features_are_refused(kind):
    with pytest.raises(Problem, match=r"expects an input of shape \(channels, \*space\), received \(10,\)"):
        make(kind, **{"k": 1} if kind == "kmax_pool" else {}).output_shape((10,))


def test_output_size_has_an_entry_for_each_axis():
    assert make("adaptive_avg_pool", output_size=[2, 3]).output_shape((4, 8, 8)) == (4, 2, 3)
    with pytest.raises(Problem, match="output_size has 2 entries but the input has 1 spatial axis"):
        make("adaptive_avg_pool", output_size=[2, 3]).output_shape((4, 8))


def test_kmax_pooling_of_a_whole_axis():
    pool = make("kmax_pool", k=3)
    assert pool.output_shape((5, 11)) == (5, 3)
    assert pool.output_shape((5, 4, 11)) == (5, 4, 3)
    assert pool.attributes((5, 4, 11)) == {"k": 3, "kernel_size": 11, "stride": 11}
    assert pool.window((5, 11)) is None


def test_kmax_pooling_of_windows():
    pool = make("kmax_pool", k=2, kernel_size=4, stride=3)
    assert pool.output_shape((5, 11)) == (5, 3 * 2)
    assert pool.attributes((5, 11)) == {"k": 2, "kernel_size": 4, "stride": 3}
    assert make("kmax_pool", k=2, kernel_size=4).attributes((5, 12))["stride"] == 4


@pytest.mark.parametrize(
    "share, length, kept", [(0.5, 10, 5), (0.5, 11, 6), (0.1, 30, 3), (0.01, 5, 1), (0.3, 10, 3), (0.999, 4, 4)]
)
def test_a_share_of_the_length_is_rounded_up(share, length, kept):
    """As written in decimals: 0.1 * 30 is a little above 3 in binary."""
    assert make("kmax_pool", k=share).output_shape((2, length)) == (2, kept)
    assert F.kmax_pool(np.zeros((1, 2, length)), share).shape == (1, 2, kept)


def test_more_than_a_window_holds_is_refused():
    with pytest.raises(Problem, match="k = 5 but a window has 3 numbers; use k <= 3, or a share"):
        make("kmax_pool", k=5).output_shape((2, 3))
    with pytest.raises(Problem, match="a window of 9 does not fit 3 positions"):
        make("kmax_pool", k=5, kernel_size=9).output_shape((2, 3))


@pytest.mark.parametrize(
    "kind, fields, expected",
    [
        ("kmax_pool", {"k": 0}, "a share of the length between 0 and 1"),
        ("kmax_pool", {"k": 1.5}, "a share of the length between 0 and 1"),
        ("kmax_pool", {"k": 2, "kernel_size": [2, 2]}, "a whole number from 1"),
        ("lp_pool", {"kernel_size": 2, "norm_type": 0}, "a number above 0"),
        ("lp_pool", {"kernel_size": 2, "norm_type": float("inf")}, "a finite number"),
        ("lp_pool", {"kernel_size": 2}, "norm_type"),
        ("adaptive_max_pool", {"output_size": 0}, "a whole number from 1"),
        ("global_avg_pool", {"output_size": 1}, "output_size"),
        ("min_pool", {"kernel_size": 2, "padding": -1}, "a whole number from 0"),
    ],
)
def test_values_out_of_range_are_refused_with_what_is_expected(kind, fields, expected):
    with pytest.raises(SpecError, match=expected):
        spec.parse({"input": {"shape": [2, 8, 8]}, "layers": [layer(kind, **fields)]})


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: F.lp_pool(x, 0.0, 2), "norm_type must be a number above 0, received 0.0"),
        (lambda x: F.kmax_pool(x, 9), "kmax_pool: k = 9 but a window has 8 numbers"),
        (lambda x: F.kmax_pool(x, 1.5), "k = 1.5 is not a whole number of at least 1"),
        (lambda x: F.kmax_pool(x, 2, 9), "a window of 9 does not fit 8 columns"),
        (lambda x: F.adaptive_avg_pool(x, 0), "output_size = 0 is not a whole number"),
        (lambda x: F.adaptive_max_pool(x, (2, 2, 2)), "output_size has 3 entries but the input has 2 spatial axes"),
        (lambda x: F.global_avg_pool(x[..., 0, 0]), "1, 2 or 3 spatial axes"),
        (lambda x: F.min_pool(x, 3, padding=2), "more than half the window"),
    ],
)
def test_functions_refuse_with_both_numbers(call, message):
    with pytest.raises(InputError, match=message):
        call(np.zeros((2, 3, 8, 8), np.float32))


def test_receptive_fields_end_at_pools_that_see_everything():
    built = network((1, 12, 12), layer("min_pool", kernel_size=3, stride=2), layer("adaptive_max_pool", output_size=2))
    assert built.layers[0].receptive_field == (3, 3)
    assert built.layers[1].receptive_field is None


def test_a_schema_tells_what_k_may_be():
    described = nbcnn.schema()["$defs"]["KMaxPool"]["properties"]["k"]
    assert {each["type"] for each in described["anyOf"] if "type" in each} == {"integer", "number"}


def test_kmax_keeps_the_order_and_the_first_of_equals():
    x = np.array([[[3.0, 1.0, 5.0, 3.0, 3.0, 9.0]]], np.float32)
    y, pullback = F.vjp(F.kmax_pool, x, 4)
    assert y.tolist() == [[[3.0, 5.0, 3.0, 9.0]]]
    (dx,) = pullback(np.array([[[1.0, 2.0, 3.0, 4.0]]]))
    assert dx.tolist() == [[[1.0, 0.0, 2.0, 3.0, 0.0, 4.0]]]


def test_not_a_number_is_the_largest_of_all():
    x = np.array([[[1.0, np.nan, np.inf, -np.inf, np.nan]]], np.float32)
    y, pullback = F.vjp(F.kmax_pool, x, 3)
    assert np.array_equal(y, [[[np.nan, np.inf, np.nan]]], equal_nan=True)
    assert pullback(np.array([[[1.0, 2.0, 3.0]]]))[0].tolist() == [[[0.0, 1.0, 2.0, 0.0, 3.0]]]


def test_kmax_of_nothing_but_minus_infinity():
    y, pullback = F.vjp(F.kmax_pool, np.full((1, 1, 4), -np.inf), 2)
    assert y.tolist() == [[[-np.inf, -np.inf]]]
    assert pullback(np.ones((1, 1, 2)))[0].tolist() == [[[1.0, 1.0, 0.0, 0.0]]]


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, 0.5])
def test_norms_of_zeros_and_of_what_is_not_finite(norm_type):
    x = np.array([[[0.0, 0.0, 3.0, np.nan, np.inf, 1.0, 0.0, -7.0]]], np.float32)
    y, pullback = F.vjp(F.lp_pool, x, norm_type, 2)
    assert y[0, 0, 0] == 0.0
    assert np.isnan(y[0, 0, 1])
    assert y[0, 0, 2] == np.inf
    assert y[0, 0, 3] == 7.0
    (dx,) = pullback(np.ones_like(y))
    assert dx[0, 0, :2].tolist() == [0.0, 0.0]
    assert np.isnan(dx[0, 0, 3])
    assert dx[0, 0, 6:].tolist() == [0.0, -1.0]


@pytest.mark.parametrize("norm_type", [3.0, 50.0])
def test_norms_whose_powers_float32_cannot_hold(norm_type):
    """(2e15)**3 is too large and (2e-20)**3 too small for it."""
    for size in (2e15, 2e-20):
        y = F.lp_pool(np.full((1, 1, 4), size), norm_type, 4)
        assert y[0, 0, 0] == pytest.approx(size * 4 ** (1 / norm_type), rel=1e-6)


def test_norms_of_the_extremest_powers():
    x = np.array([[[3.0, 4.0, 0.0, 5.0]]], np.float32)
    assert F.lp_pool(x, 1e300, 2).tolist() == [[[4.0, 5.0]]]
    assert F.lp_pool(x, 1e-300, 2).tolist() == [[[np.inf, 5.0]]]


def test_an_average_of_many_pixels_is_exact_to_float32():
    x = np.random.default_rng(0).uniform(0.0, 1.0, (2, 3, 64, 64)).astype(np.float32)
    expected = x.astype(np.float64).mean(axis=(2, 3))
    assert F.global_avg_pool(x)[..., 0, 0] == pytest.approx(expected, rel=1e-5)
    assert F.adaptive_avg_pool(x, (1, 1))[..., 0, 0] == pytest.approx(expected, rel=1e-5)
    assert prod(F.global_max_pool(x).shape) == 6
