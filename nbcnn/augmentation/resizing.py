"""A part of an image, brought to the size of the whole."""

import math

import numpy as np

from nbcnn.augmentation.batch import Batch
from nbcnn.augmentation.compiled import compiled
from nbcnn.augmentation.draws import Draws
from nbcnn.augmentation.erasing import ATTEMPTS
from nbcnn.spec.augmentations import RandomResizedCrop


@compiled("void(T[:,:,:,::1],int64[::1],int64[:,::1])")
def resize_nearest(numbers, chosen, boxes):
    """Each chosen sample, (planes, rows, columns), from the box (top, left, height, width) of itself."""
    _, planes, rows, columns = numbers.shape
    before = np.empty((rows, columns), numbers.dtype)
    for number in range(len(chosen)):
        sample = chosen[number]
        top, left, height, width = boxes[number]
        for plane in range(planes):
            for row in range(rows):
                for column in range(columns):
                    before[row, column] = numbers[sample, plane, row, column]
            for row in range(rows):
                from_row = top + (2 * row + 1) * height // (2 * rows)
                for column in range(columns):
                    numbers[sample, plane, row, column] = before[
                        from_row, left + (2 * column + 1) * width // (2 * columns)
                    ]


@compiled("void(T[:,:,:,::1],int64[::1],int64[:,::1],float32)")
def resize_bilinear(numbers, chosen, boxes, rounding):
    """As `resize_nearest`, but from the four pixels around each place; to whole numbers, which are cut, 0.5 is added.

    Pixels have a width: the middle of pixel i of n stands at (i + 1/2) / n of the box, whose border goes on outside.
    """
    _, planes, rows, columns = numbers.shape
    before = np.empty((rows, columns), np.float32)
    firsts, seconds, shares = np.empty(columns, np.int64), np.empty(columns, np.int64), np.empty(columns, np.float32)
    for number in range(len(chosen)):
        sample = chosen[number]
        top, left, height, width = boxes[number]
        for column in range(columns):
            place = max((column + 0.5) * width / columns - 0.5, 0.0)
            first = int(place)
            firsts[column] = left + first
            seconds[column] = left + min(first + 1, width - 1)
            shares[column] = place - first
        for plane in range(planes):
            for row in range(rows):
                for column in range(columns):
                    before[row, column] = numbers[sample, plane, row, column]
            for row in range(rows):
                place = max((row + 0.5) * height / rows - 0.5, 0.0)
                upper = int(place)
                share = np.float32(place - upper)
                lower = top + min(upper + 1, height - 1)
                upper += top
                for column in range(columns):
                    first, second = firsts[column], seconds[column]
                    above = before[upper, first] + shares[column] * (before[upper, second] - before[upper, first])
                    below = before[lower, first] + shares[column] * (before[lower, second] - before[lower, first])
                    numbers[sample, plane, row, column] = above + share * (below - above) + rounding


def random_resized_crop(table: RandomResizedCrop, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    _, rows, columns = batch.space
    # Ten boxes are drawn until one fits, as torchvision does.
    numbers = draws.uniform(chosen, 2 * ATTEMPTS + 2)
    area = (table.scale[0] + (table.scale[1] - table.scale[0]) * numbers[:, :ATTEMPTS]) * rows * columns
    low, high = map(math.log, table.ratio)
    ratio = np.exp(low + (high - low) * numbers[:, ATTEMPTS : 2 * ATTEMPTS])
    widths, heights = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
    fits = (widths >= 1) & (widths <= columns) & (heights >= 1) & (heights <= rows)
    each, first = np.arange(len(chosen)), fits.argmax(axis=1)
    width, height = widths[each, first], heights[each, first]
    top = np.floor(numbers[:, -2] * (rows - height + 1))
    left = np.floor(numbers[:, -1] * (columns - width + 1))
    # Where none does, the largest middle part with a ratio within bounds.
    none = ~fits.any(axis=1)
    nearest = min(max(columns / rows, table.ratio[0]), table.ratio[1])
    width[none], height[none] = min(columns, max(round(rows * nearest), 1)), min(rows, max(round(columns / nearest), 1))
    top[none], left[none] = (rows - height[none]) // 2, (columns - width[none]) // 2
    boxes = np.ascontiguousarray(np.stack([top, left, height, width], axis=1), np.int64)
    for picture in batch.pictures:
        planes = picture.planes
        if picture.interpolates(table.interpolation):
            resize_bilinear(planes, chosen, boxes, picture.rounding)
        else:
            resize_nearest(planes, chosen, boxes)
