"""Axes that run backwards."""

import numpy as np

from nbcnn.augmentation.batch import Batch
from nbcnn.augmentation.compiled import compiled
from nbcnn.augmentation.draws import Draws
from nbcnn.spec.augmentations import DepthFlip, HorizontalFlip, VerticalFlip

SLICES, ROWS, COLUMNS = 2, 3, 4


@compiled("void(T[:,:,:,::1],int64[::1])")
def _flip(blocks, chosen):
    """Reverse the third axis of (N, outer, size, inner)."""
    _, outer, size, inner = blocks.shape
    before = np.empty(size * inner, blocks.dtype)
    for sample in chosen:
        for block in range(outer):
            for line in range(size):
                for number in range(inner):
                    before[line * inner + number] = blocks[sample, block, line, number]
            if inner == 1:
                for line in range(size):
                    blocks[sample, block, line, 0] = before[size - 1 - line]
            else:
                for line in range(size):
                    for number in range(inner):
                        blocks[sample, block, line, number] = before[(size - 1 - line) * inner + number]


def _flip_axis(axis: int, p: float, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(p)
    for picture in batch.pictures:
        numbers = picture.numbers
        size = numbers.shape[axis]
        inner = numbers[0, 0, 0, 0].size if axis == ROWS else numbers[0, 0, 0].size if axis == SLICES else 1
        _flip(numbers.reshape(len(numbers), -1, size, inner), chosen)


def horizontal_flip(table: HorizontalFlip, batch: Batch, draws: Draws) -> None:
    _flip_axis(COLUMNS, table.p, batch, draws)


def vertical_flip(table: VerticalFlip, batch: Batch, draws: Draws) -> None:
    _flip_axis(ROWS, table.p, batch, draws)


def depth_flip(table: DepthFlip, batch: Batch, draws: Draws) -> None:
    _flip_axis(SLICES, table.p, batch, draws)
