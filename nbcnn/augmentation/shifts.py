"""Whole pixels to either side: crops of a padded picture, and signals that begin earlier or later."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nbcnn.augmentation.batch import Batch
from nbcnn.augmentation.compiled import compiled
from nbcnn.augmentation.draws import Draws
from nbcnn.spec.augmentations import RandomCrop, TimeShift

BORDERS = {"constant": 0, "edge": 1, "reflect": 2, "symmetric": 3, "circular": 4}
"""1234 goes on to the left as ..., 1111, 2343 (the first is no mirror image of itself), 4321 and 1234."""


@njit
def _inside(place, size, border):
    """Which of `size` pixels stands at a place outside of them; -1 where none does."""
    if 0 <= place < size:
        return place
    if border == 0:
        return -1
    if border == 1:
        return 0 if place < 0 else size - 1
    if border == 4:
        return place % size
    # A mirror at either end makes a period of there and back again.
    turn = 1 if border == 2 else 0
    period = max(2 * (size - turn), 1)
    place = place % period
    return place if place < size else period - 1 + turn - place


@compiled("void(T[:,:,:,:,::1],int64[::1],int64[:,::1],int64,T[::1])")
def _shift(numbers, chosen, begins, border, filler):
    """Each chosen sample becomes the part of itself, with a border, that begins at (slice, row, column)."""
    _, channels, slices, rows, columns = numbers.shape
    before = np.empty(slices * rows * columns, numbers.dtype)
    for number in range(len(chosen)):
        sample = chosen[number]
        first = begins[number, 2]
        # Columns from low to high are inside, in one piece.
        low = min(max(-first, 0), columns)
        high = max(min(columns - first, columns), low)
        for channel in range(channels):
            for plane in range(slices):
                for row in range(rows):
                    for column in range(columns):
                        before[(plane * rows + row) * columns + column] = numbers[sample, channel, plane, row, column]
            for plane in range(slices):
                from_plane = _inside(plane + begins[number, 0], slices, border)
                for row in range(rows):
                    from_row = _inside(row + begins[number, 1], rows, border)
                    if from_plane < 0 or from_row < 0:
                        for column in range(columns):
                            numbers[sample, channel, plane, row, column] = filler[channel]
                        continue
                    line = (from_plane * rows + from_row) * columns
                    for column in range(low, high):
                        numbers[sample, channel, plane, row, column] = before[line + first + column]
                    for outside in range(columns - (high - low)):
                        column = outside if outside < low else outside + high - low
                        place = _inside(column + first, columns, border)
                        numbers[sample, channel, plane, row, column] = (
                            before[line + place] if place >= 0 else filler[channel]
                        )


def _shift_all(
    batch: Batch, chosen: NDArray[np.int64], begins: NDArray[np.int64], border: str, fill: float | tuple[float, ...]
) -> None:
    for picture in batch.pictures:
        _shift(picture.numbers, chosen, begins, BORDERS[border], picture.filler(fill))


def random_crop(table: RandomCrop, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    pairs = table.pairs(batch.rank)
    before, after = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    begins = np.zeros((len(chosen), 3), dtype=np.int64)
    places = draws.uniform(chosen, len(pairs)) * (before + after + 1)
    begins[:, 3 - len(pairs) :] = places.astype(np.int64) - before
    _shift_all(batch, chosen, begins, table.padding_mode, table.fill)


def time_shift(table: TimeShift, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    begins = np.zeros((len(chosen), 3), dtype=np.int64)
    longest = table.max_shift * batch.space[2]
    begins[:, 2] = np.rint(draws.between(chosen, -longest, longest))
    _shift_all(batch, chosen, begins, "circular" if table.rollover else "constant", table.fill)
