"""Boxes that are overwritten."""

import math

import numpy as np
from numpy.typing import NDArray

from nbcnn.augmentation.batch import Batch
from nbcnn.augmentation.compiled import compiled
from nbcnn.augmentation.draws import UNIT, Draws, Floats
from nbcnn.kernels.cpu.language.philox import LOW, philox
from nbcnn.spec.augmentations import RandomErasing

ATTEMPTS = 10
"""Boxes that are drawn until one fits, as torchvision does; where none does the sample stays as it is."""


@compiled("void(T[:,:,:,:,::1],int64[::1],int64[:,::1],T[::1])")
def _erase(numbers, chosen, boxes, values):
    """Boxes are (first slice, row and column, then one beyond the last of each)."""
    for number in range(len(chosen)):
        plane, row, column, plane_end, row_end, column_end = boxes[number]
        for channel in range(numbers.shape[1]):
            box = numbers[chosen[number], channel, plane:plane_end, row:row_end, column:column_end]
            box[...] = values[channel]


@compiled("void(T[:,:,:,:,::1],int64[::1],int64[:,::1],int64[::1],float64,uint64,uint64,uint64,uint64)")
def _erase_at_random(numbers, chosen, boxes, samples, scale, seed, epoch, operation, begin):
    """Boxes become numbers from 0 up to but not including `scale`, each as likely as any other."""
    for number in range(len(chosen)):
        plane, row, column, plane_end, row_end, column_end = boxes[number]
        box = numbers[chosen[number], :, plane:plane_end, row:row_end, column:column_end]
        count = np.uint64(0)
        for place in np.ndindex(box.shape):
            counter = begin + count // np.uint64(4)
            words = philox(
                counter, np.uint64(samples[number]) & LOW, epoch, operation, seed & LOW, seed >> np.uint64(32)
            )
            box[place] = scale * UNIT * words[count % np.uint64(4)]
            count += np.uint64(1)


def random_erasing(table: RandomErasing, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    sizes, fits = _sizes(table, batch, chosen, draws)
    chosen, sizes = chosen[fits], sizes[fits]
    boxes = boxes_of(sizes, batch.space, draws.uniform(chosen, 3))
    if table.value == "random":
        picture = batch.inputs
        # As many as a whole sample has, so that what is drawn next does not depend on the size of a box.
        key = draws.take(-(-picture.numbers[0].size // 4))
        scale = 256.0 if picture.numbers.dtype == np.uint8 else 1.0
        _erase_at_random(picture.numbers, chosen, boxes, draws.samples[chosen], scale, *key)
    else:
        _erase(batch.inputs.numbers, chosen, boxes, batch.inputs.filler(table.value))


def _sizes(
    table: RandomErasing, batch: Batch, chosen: NDArray[np.int64], draws: Draws
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Slices, rows and columns of each box (N, 3), and whether it fits."""
    rank, space = batch.rank, np.array(batch.space)
    numbers = draws.uniform(chosen, 2 * ATTEMPTS)
    shares = table.scale[0] + (table.scale[1] - table.scale[0]) * numbers[:, :ATTEMPTS]
    low, high = map(math.log, table.ratio)
    ratio = np.exp(low + (high - low) * numbers[:, ATTEMPTS:])
    if rank == 1:
        each = [shares * 0 + 1, shares * 0 + 1, shares * space[2]]
    else:
        # Of a volume's block, all axes have the same share before the ratio changes rows and columns.
        depth = shares ** (1 / 3) if rank == 3 else shares * 0 + 1
        area = shares / depth * space[1] * space[2]
        each = [depth * space[0], np.sqrt(area * ratio), np.sqrt(area / ratio)]
    attempts = np.rint(np.stack(each, axis=-1)).astype(np.int64)
    # torchvision takes no box as long as the picture.
    limits = np.where(space == 1, 1, space - 1)
    fits = ((attempts >= 1) & (attempts <= limits)).all(axis=-1)
    first = fits.argmax(axis=1)
    return attempts[np.arange(len(chosen)), first], fits.any(axis=1)


def boxes_of(sizes: NDArray[np.int64], space: tuple[int, int, int], places: Floats) -> NDArray[np.int64]:
    """Boxes of these sizes (N, 3), where `places` from 0 to 1 say how far along each axis they begin."""
    begins = (places * (np.array(space) - sizes + 1)).astype(np.int64)
    return np.ascontiguousarray(np.concatenate([begins, begins + sizes], axis=1))
