"""Pictures turned, scaled, sheared and moved: every pixel is read from where a matrix says that it was."""

import numpy as np
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
        place = 0
        for plane in range(planes):
            for row in range(rows):
                for column in range(columns):
                    before[place] = numbers[sample, plane, row, column]
                    place += 1
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


@compiled("void(T[:,:,:,::1],int64[::1],float64[:,::1],T[::1],float32)")
def warp_bilinear(numbers, chosen, matrices, filler, rounding):
    """As `warp_nearest`, but each from the four pixels around it; to whole numbers, which are cut, 0.5 is added."""
    _, planes, rows, columns = numbers.shape
    # With a border of what is outside, one pixel before and two behind, so that whatever is far away lies in it.
    before = np.empty((planes, rows + 3, columns + 3), np.float32)
    for number in range(len(chosen)):
        sample = chosen[number]
        for plane in range(planes):
            before[plane] = filler[plane]
            for row in range(rows):
                for column in range(columns):
                    before[plane, row + 1, column + 1] = numbers[sample, plane, row, column]
        for row in range(rows):
            for column in range(columns):
                x = matrices[number, 0] * column + matrices[number, 1] * row + matrices[number, 2] + 1.0
                y = matrices[number, 3] * column + matrices[number, 4] * row + matrices[number, 5] + 1.0
                x, y = min(max(x, 0.0), columns + 1.0), min(max(y, 0.0), rows + 1.0)
                left, top = int(x), int(y)
                right, below = np.float32(x - left), np.float32(y - top)
                for plane in range(planes):
                    upper, lower = before[plane, top, left], before[plane, top + 1, left]
                    upper += right * (before[plane, top, left + 1] - upper)
                    lower += right * (before[plane, top + 1, left + 1] - lower)
                    numbers[sample, plane, row, column] = upper + below * (lower - upper) + rounding


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
    undone = np.empty((len(degrees), 2, 2))
    # Without the scale the determinant is 1, so that the inverse has the same numbers in other places.
    undone[:, 1, 1] = np.cos(a - y) / np.cos(y)
    undone[:, 0, 1] = np.cos(a - y) * np.tan(x) / np.cos(y) + np.sin(a)
    undone[:, 1, 0] = -np.sin(a - y) / np.cos(y)
    undone[:, 0, 0] = -np.sin(a - y) * np.tan(x) / np.cos(y) + np.cos(a)
    return undone / scale[:, np.newaxis, np.newaxis]


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
