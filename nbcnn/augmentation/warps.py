"""Pictures turned, scaled, sheared and moved: every pixel is read from where a matrix says that it was."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nbcnn.augmentation.batch import Batch
from nbcnn.augmentation.compiled import compiled
from nbcnn.augmentation.draws import Draws, Floats
from nbcnn.spec.augmentations import RandomAffine, RandomRotation

Fill = float | tuple[float, ...]


@compiled("void(T[:,:,:,::1],int64[::1],float64[:,::1],T[::1])")
def warp_nearest(numbers, chosen, matrices, filler):
    """Each chosen sample, (planes, rows, columns), from its nearest pixels; `filler` has one number a plane.

    A matrix (a, b, c, d, e, f) says that pixel (column, row) is read at column' = a column + b row + c and
    row' = d column + e row + f.
    """
    _, planes, rows, columns = numbers.shape
    before = np.empty(planes * rows * columns, numbers.dtype)
    for number in range(len(chosen)):
        sample = chosen[number]
        _copy(numbers, sample, before)
        for row in range(rows):
            for column in range(columns):
                x = matrices[number, 0] * column + matrices[number, 1] * row + matrices[number, 2]
                y = matrices[number, 3] * column + matrices[number, 4] * row + matrices[number, 5]
                left, top = int(np.rint(x)), int(np.rint(y))
                inside = 0 <= left < columns and 0 <= top < rows
                place = top * columns + left
                for plane in range(planes):
                    numbers[sample, plane, row, column] = (
                        before[plane * rows * columns + place] if inside else filler[plane]
                    )


@njit
def _copy(numbers, sample, before):
    """One sample, number after number."""
    _, planes, rows, columns = numbers.shape
    place = 0
    for plane in range(planes):
        for row in range(rows):
            for column in range(columns):
                before[place] = numbers[sample, plane, row, column]
                place += 1


@njit
def _neighbours(place, size):
    """The two pixels of an axis around a place, each 0 where there is none, and how much each counts."""
    first = math.floor(place)
    second_share = np.float32(place - first)
    first = int(first)
    shares = np.float32(1.0) - second_share, second_share
    inside = 0 <= first < size, 0 <= first + 1 < size
    return (
        first if inside[0] else 0,
        first + 1 if inside[1] else 0,
        shares[0] if inside[0] else np.float32(0.0),
        shares[1] if inside[1] else np.float32(0.0),
    )


@compiled("void(T[:,:,:,::1],int64[::1],float64[:,::1],T[::1],float32)")
def warp_bilinear(numbers, chosen, matrices, filler, rounding):
    """As `warp_nearest`, but each from the four pixels around it; to whole numbers, which are cut, 0.5 is added."""
    _, planes, rows, columns = numbers.shape
    before = np.empty(planes * rows * columns, numbers.dtype)
    for number in range(len(chosen)):
        sample = chosen[number]
        _copy(numbers, sample, before)
        for row in range(rows):
            for column in range(columns):
                x = matrices[number, 0] * column + matrices[number, 1] * row + matrices[number, 2]
                y = matrices[number, 3] * column + matrices[number, 4] * row + matrices[number, 5]
                left, right, of_left, of_right = _neighbours(x, columns)
                top, below, of_top, of_below = _neighbours(y, rows)
                of_filler = np.float32(1.0) - (of_left + of_right) * (of_top + of_below)
                for plane in range(planes):
                    upper, lower = (plane * rows + top) * columns, (plane * rows + below) * columns
                    value = of_top * (of_left * before[upper + left] + of_right * before[upper + right])
                    value += of_below * (of_left * before[lower + left] + of_right * before[lower + right])
                    value += of_filler * filler[plane]
                    numbers[sample, plane, row, column] = value + rounding


def warp(batch: Batch, chosen: NDArray[np.int64], matrices: Floats, interpolation: str, fill: Fill) -> None:
    """All pictures of a batch by the same matrices; targets from their nearest pixels."""
    for picture in batch.pictures:
        planes = picture.planes
        filler = picture.filler(fill).repeat(planes.shape[1] // picture.numbers.shape[1])
        if picture.interpolates(interpolation):
            warp_bilinear(planes, chosen, matrices, filler, picture.rounding)
        else:
            warp_nearest(planes, chosen, matrices, filler)


def about_centre(turn: Floats, move: Floats, centre: Floats | tuple[float, float]) -> Floats:
    """Matrices (N, 6) that read pixels at turn (N, 2, 2) times (column - x, row - y) - move (N, 2), plus (x, y).

    (x, y) is the centre of all, or each has its own, (N, 2).
    """
    matrices = np.empty((len(turn), 2, 3))
    matrices[:, :, :2] = turn
    matrices[:, :, 2] = centre - np.einsum("nij,nj->ni", turn, centre + move)
    return matrices.reshape(-1, 6)


def centre_of(batch: Batch) -> tuple[float, float]:
    """Column and row of the middle."""
    _, rows, columns = batch.space
    return (columns - 1) / 2, (rows - 1) / 2


def inverse(degrees: Floats, scale: Floats, shear_x: Floats, shear_y: Floats) -> Floats:
    """What undoes a shear, then a turn (clockwise as rows are counted downwards), then a scaling: (N, 2, 2).

    With A the turn by a, and X and Y the shears along x and y, it is the inverse of scale A Y X; its terms are those of
    torchvision's `_get_inverse_affine_matrix`.
    """
    a, x, y = np.deg2rad(degrees), np.deg2rad(shear_x), np.deg2rad(shear_y)
    forward = np.empty((len(degrees), 2, 2))
    forward[:, 0, 0] = np.cos(a - y) / np.cos(y)
    forward[:, 0, 1] = -np.cos(a - y) * np.tan(x) / np.cos(y) - np.sin(a)
    forward[:, 1, 0] = np.sin(a - y) / np.cos(y)
    forward[:, 1, 1] = -np.sin(a - y) * np.tan(x) / np.cos(y) + np.cos(a)
    return np.asarray(np.linalg.inv(forward * scale[:, np.newaxis, np.newaxis]), np.float64)


def around_zero(value: float | tuple[float, float]) -> tuple[float, float]:
    """A number d means from -d to d."""
    return value if isinstance(value, tuple) else (-value, value)


def random_rotation(table: RandomRotation, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    # Counter-clockwise, as torchvision's rotation is and its affine map is not.
    degrees = -draws.between(chosen, *around_zero(table.degrees))
    zero = np.zeros(len(chosen))
    turn = inverse(degrees, zero + 1, zero, zero)
    matrices = about_centre(turn, np.zeros((len(chosen), 2)), centre_of(batch))
    warp(batch, chosen, matrices, table.interpolation, table.fill)


def random_affine(table: RandomAffine, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    zero = np.zeros(len(chosen))
    degrees = draws.between(chosen, *around_zero(table.degrees))
    move = np.zeros((len(chosen), 2))
    if table.translate is not None:
        _, rows, columns = batch.space
        reach = np.array(table.translate) * (columns, rows)
        move = np.rint((2 * draws.uniform(chosen, 2) - 1) * reach)
    scale = draws.between(chosen, *table.scale) if table.scale is not None else zero + 1
    shear_x = shear_y = zero
    if table.shear is not None:
        low, high, *along_columns = table.shear if isinstance(table.shear, tuple) else around_zero(table.shear)
        shear_x = draws.between(chosen, low, high)
        shear_y = draws.between(chosen, *along_columns) if along_columns else zero
    turn = inverse(degrees, scale, shear_x, shear_y)
    matrices = about_centre(turn, move, centre_of(batch))
    warp(batch, chosen, matrices, table.interpolation, table.fill)
