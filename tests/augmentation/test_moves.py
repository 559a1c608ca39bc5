"""Flips, crops, shifts and affine maps beside plain NumPy, and targets that follow."""

import numpy as np
import pytest
from augmentations import augmentation_of, samples_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nbcnn.augmentation.augmentation import Augmentation
from nbcnn.augmentation.draws import Draws
from nbcnn.augmentation.shifts import BORDERS, _shift
from nbcnn.augmentation.warps import warp_bilinear, warp_nearest

CROPS = {"constant": "constant", "edge": "edge", "reflect": "reflect", "symmetric": "symmetric", "circular": "wrap"}
"""What NumPy calls each border."""


@pytest.mark.parametrize("kind,axis,shape", [
    ("horizontal_flip", -1, (3, 6, 5)), ("horizontal_flip", -1, (2, 9)), ("horizontal_flip", -1, (1, 3, 4, 5)),
    ("vertical_flip", -2, (3, 6, 5)), ("vertical_flip", -2, (1, 3, 4, 5)), ("depth_flip", -3, (2, 3, 4, 5)),
])  # fmt: skip
def test_flips(kind, axis, shape) -> None:
    x = samples_of(shape, 40)
    found, _ = augmentation_of(shape, {"type": kind})(x.copy(), np.zeros(40, np.int64), np.arange(40), 1)
    turned = np.flip(x, axis)
    flipped = (found == turned).reshape(40, -1).all(axis=1)
    kept = (found == x).reshape(40, -1).all(axis=1)
    assert (flipped | kept).all() and 5 < flipped.sum() < 35


@pytest.mark.parametrize("border", BORDERS)
@given(
    arrays.array_shapes(min_dims=3, max_dims=3, max_side=6),
    st.lists(st.integers(-15, 15), min_size=3, max_size=3),
    st.sampled_from([np.uint8, np.float32, np.int64]),
)
def test_shifts_are_parts_of_what_numpy_pads(border, space, begins, kind) -> None:
    rng = np.random.default_rng(1)
    x = (100 * rng.random((3, 2, *space))).astype(kind)
    filler = np.array([7, 9]).astype(kind)
    found = x.copy()
    _shift(found, np.array([2, 0]), np.array([begins, begins]), BORDERS[border], filler)
    np.testing.assert_array_equal(found[1], x[1])
    for sample in (0, 2):
        for channel in range(2):
            values = {"constant_values": filler[channel]} if border == "constant" else {}
            padded = np.pad(x[sample, channel], 15, CROPS[border], **values)
            part = padded[
                tuple(slice(15 + begin, 15 + begin + size) for begin, size in zip(begins, space, strict=True))
            ]
            np.testing.assert_array_equal(found[sample, channel], part)


def test_crops_begin_anywhere_in_the_padding() -> None:
    """Every place that padding of 2 before and 1 after allows, and no other, each about as often."""
    x = np.tile(np.arange(1, 5, dtype=np.uint8), (4000, 1, 1))
    table = {"type": "random_crop", "padding": [[2, 1]]}
    found, _ = augmentation_of((1, 4), table)(x.copy(), np.zeros(4000, np.int64), np.arange(4000), 1)
    parts, counts = np.unique(found[:, 0], axis=0, return_counts=True)
    assert parts.tolist() == [[0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 0]]
    assert (abs(counts - 1000) < 150).all()


def test_signals_move_to_either_side() -> None:
    x = np.tile(np.arange(1, 101, dtype=np.float32), (500, 1, 1))
    for rollover in (False, True):
        table = {"type": "time_shift", "max_shift": 0.2, "rollover": rollover, "fill": -1.0}
        found, _ = augmentation_of((1, 100), table, kind=np.float32)(
            x.copy(), np.zeros(500, np.int64), np.arange(500), 1
        )
        begins = found[:, 0, 50] - 51
        assert begins.min() == -20 and begins.max() == 20
        for sample, begin in zip(found[:, 0], begins.astype(int), strict=True):
            expected = np.roll(x[0, 0], -begin)
            if not rollover:
                expected[slice(100 - begin, None) if begin > 0 else slice(0, -begin)] = -1.0
            np.testing.assert_array_equal(sample, expected)


def _plain_warp(image, matrix, fill, bilinear):
    """A channel read where the matrix says, pixel by pixel."""
    a, b, c, d, e, f = matrix
    rows, columns = image.shape

    def at(row, column):
        return float(image[row, column]) if 0 <= row < rows and 0 <= column < columns else fill

    out = np.empty(image.shape)
    for row, column in np.ndindex(image.shape):
        x, y = a * column + b * row + c, d * column + e * row + f
        if not bilinear:
            out[row, column] = at(round(y), round(x))
            continue
        left, top = int(np.floor(x)), int(np.floor(y))
        right, below = x - left, y - top
        out[row, column] = (1 - below) * ((1 - right) * at(top, left) + right * at(top, left + 1)) + below * (
            (1 - right) * at(top + 1, left) + right * at(top + 1, left + 1)
        )
    return out


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6), st.sampled_from([np.uint8, np.float32]))
def test_warps(matrix, kind) -> None:
    x = samples_of((2, 5, 4), 2, kind)
    filler = np.array([1, 0], kind)
    matrices = np.array([matrix])
    for bilinear in (False, True):
        found = x.copy()
        if bilinear:
            warp_bilinear(found, np.array([1]), matrices, filler, 0.5 if kind == np.uint8 else 0.0)
        else:
            warp_nearest(found, np.array([1]), matrices, filler)
        np.testing.assert_array_equal(found[0], x[0])
        for channel in range(2):
            expected = _plain_warp(x[1, channel], matrix, float(filler[channel]), bilinear)
            # Half a byte is rounded, and a little more where float32 rounds; float32 by the largest number, 1.
            atol = 0 if not bilinear else 0.5 + 1e-3 if kind == np.uint8 else 1e-6
            np.testing.assert_allclose(found[1, channel], expected, rtol=0, atol=atol)


def _maps(shape, *tables, outside=-100):
    """An augmentation of a network that gives classes by pixel, put together without one."""
    known = augmentation_of(shape, *tables)
    return Augmentation(known.tables, known.seed, shape, (1, *shape[1:]), outside)


@pytest.mark.parametrize("table", [
    {"type": "horizontal_flip"}, {"type": "vertical_flip"}, {"type": "random_crop", "padding": 3},
    {"type": "random_rotation", "degrees": 45}, {"type": "random_affine", "translate": [0.3, 0.3], "shear": 20},
    {"type": "random_crop", "padding": 3, "padding_mode": "reflect"},
], ids=lambda table: table["type"])  # fmt: skip
def test_targets_by_pixel_follow(table) -> None:
    """With a picture of its own targets, it does not matter which of the two is moved."""
    shape = (1, 11, 8)
    masks = np.random.default_rng(3).integers(1, 200, (30, *shape[1:]))
    x = masks[:, np.newaxis].astype(np.uint8)
    found, targets = _maps(shape, table)(x.copy(), masks.copy(), np.arange(30), 1)
    assert targets.dtype == np.int64
    np.testing.assert_array_equal(np.where(targets == -100, 0, targets), found[:, 0])
    assert not np.array_equal(found, x)


def test_targets_by_pixel_are_never_between_two_classes() -> None:
    shape = (1, 12, 12)
    masks = np.random.default_rng(3).choice([3, 250], (10, *shape[1:]))
    table = {"type": "random_rotation", "degrees": 90, "interpolation": "bilinear"}
    _, targets = _maps(shape, table)(masks[:, np.newaxis].astype(np.uint8), masks.copy(), np.arange(10), 1)
    assert set(np.unique(targets)) == {-100, 3, 250}


def test_only_what_moves_moves_targets() -> None:
    shape = (1, 12, 12)
    masks = np.random.default_rng(3).integers(0, 5, (10, *shape[1:]))
    tables = {"type": "gaussian_noise"}, {"type": "random_erasing", "p": 1.0}
    _, targets = _maps(shape, *tables)(samples_of(shape, 10), masks.copy(), np.arange(10), 1)
    np.testing.assert_array_equal(targets, masks)


def test_numbers_by_pixel_follow_too() -> None:
    known = augmentation_of((1, 6, 6), {"type": "horizontal_flip"})
    augmentation = Augmentation(known.tables, 0, (1, 6, 6), (2, 6, 6), 0.0)
    x = samples_of((1, 6, 6), 20, np.float32)
    y = np.concatenate([x, -x], axis=1)
    found, targets = augmentation(x.copy(), y.copy(), np.arange(20), 1)
    np.testing.assert_array_equal(targets, np.concatenate([found, -found], axis=1))


def test_draws_do_not_depend_on_masks() -> None:
    shape = (1, 8, 8)
    x, masks = samples_of(shape, 10), np.zeros((10, 8, 8), np.int64)
    table = {"type": "random_crop", "padding": 3}
    with_masks, _ = _maps(shape, table)(x.copy(), masks, np.arange(10), 1)
    without, _ = augmentation_of(shape, table)(x.copy(), np.zeros(10, np.int64), np.arange(10), 1)
    np.testing.assert_array_equal(with_masks, without)
    assert Draws(0, 1, 0, np.arange(3)).chosen(1.0).tolist() == [0, 1, 2]
