"""How Winograd's method parts a block's outputs into tiles, and where each tile's inputs and outputs lie."""

import math
from dataclasses import dataclass

import numpy as np

from nbcnn.kernels.cpu.families.windows import every
from nbcnn.kernels.cpu.language.lanes import register_count
from nbcnn.kernels.cpu.products.winograd_axis import tile_of, values_of
from nbcnn.kernels.cpu.program.calls import Activation, Halo, Pool, Space
from nbcnn.kernels.cpu.program.program import Program


@dataclass(frozen=True)
class Tiling:
    """The tiles of outputs of one block: `space` is the outputs', and the first starts `before` the input.

    Tiles at one place of successive planes make a column, of `planes` tiles at most: where the `kernel` has several
    planes, they share their inputs.
    """

    space: Space
    before: Space
    kernel: Space

    # So many tiles of a column at most: their values must stay in the second-level cache.
    _MOST_PLANES = 8

    @property
    def planes(self) -> int:
        depth = self.space[0]
        return math.ceil(depth / math.ceil(depth / self._MOST_PLANES)) if self.kernel[0] > 1 else 1

    @property
    def patches(self) -> int:
        """How many tiles of inputs a column reads."""
        return self.planes + self.kernel[0] - 1

    @property
    def sizes(self) -> Space:
        """The outputs of a column of tiles."""
        return self.planes, tile_of(self.kernel[1]), tile_of(self.kernel[2])

    @property
    def counts(self) -> Space:
        depth, rows, columns = (math.ceil(all_ / size) for all_, size in zip(self.space, self.sizes, strict=True))
        return depth, rows, columns

    @property
    def count(self) -> int:
        return math.prod(self.counts)

    @property
    def values(self) -> int:
        """How many values a tile has."""
        return values_of(self.kernel[1]) * values_of(self.kernel[2])

    @property
    def _reach(self) -> Space:
        """The outputs of all tiles, of which those beyond `space` are not stored, but for the depth."""
        _, rows, columns = (size * count for size, count in zip(self.sizes, self.counts, strict=True))
        return self.space[0], rows, columns

    def input_halo(self, source: Space) -> Halo:
        """How far the tiles' inputs reach beyond the source."""
        depth, rows, columns = (
            (max(0, before), max(0, reach + taps - 1 - before - size))
            for before, reach, taps, size in zip(self.before, self._reach, self.kernel, source, strict=True)
        )
        return depth, rows, columns

    @property
    def output_halo(self) -> Halo:
        """How far the tiles reach beyond the outputs."""
        _, rows, columns = (reach - size for reach, size in zip(self._reach, self.space, strict=True))
        return (0, 0), (0, rows), (0, columns)

    def table(self, source: Activation, target: Activation, mask: Activation, pool: Pool | None = None) -> np.ndarray:
        """For each column of tiles the byte offsets of its inputs, outputs and mask; its outputs on three axes.

        With a `pool`, outputs are what it stores, and in place of the mask is what it leaves of winners.
        """
        corners = np.array(self.sizes) * every(self.counts)
        planes, rows, columns = np.minimum(self.sizes, np.array(self.space) - corners).T
        inputs = source.offsets(corners - np.array(self.before))
        if pool:
            windows, (_, height, width) = corners // np.array(pool.kernel), pool.y.space
            winners = pool.entry * (windows @ np.array([height * width, width, 1]))
            return np.stack([inputs, pool.y.offsets(windows), winners, rows, columns, planes], axis=1)
        offsets = inputs, target.offsets(corners), mask.offsets(corners)
        return np.stack([*offsets, rows, columns, planes], axis=1)


def product_tile() -> tuple[int, int]:
    """Filters and tiles of one product: four of each, as registers allow, waste least with few tiles."""
    return (4, 4) if register_count() >= 32 else (3, 4)


def scratch(program: Program, name: str, tiling: Tiling, count: int) -> tuple[Activation, int]:
    """Room for the values of `count` tiles, for each worker, and the bytes from one value to the next.

    Values begin one vector further apart than they need to: what lies a power of two apart has the same place in a
    cache, and transforms access all values in turn.
    """
    vectors = program.activation(name, tiling.values, (1, 1, count + 1))
    vectors.storage.per_worker = True
    return vectors, vectors.channel_stride
