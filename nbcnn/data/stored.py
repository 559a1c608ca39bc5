"""Arrays that stay in their files: parts are read when they are asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 1 << 20
"""Bytes read at a stroke: on any disk, looking for the place then takes less time than the reading."""

GAP_BYTES = 1 << 12
"""Bytes between two wanted samples that are read and thrown away rather than skipped, which takes a call of its own."""

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Stored:
    """Samples of an array (N, ...) that lies in a file; indexed along the first axis, it gives arrays in memory.

    `read(start, stop)` reads samples of the file, of which these are the `numbers`, in order. `block` is how many are
    read at a stroke, None where they are as quickly read one by one, in any order, as those in files of their own;
    `chunk` is how many the file keeps together, 1 where it can be read anywhere. `fill(array, start)` reads samples
    from `start` on straight into an array, where they lie in the file as they are wanted.
    """

    shape: Shape
    dtype: np.dtype[Any]
    read: Callable[[int, int], Array]
    numbers: NDArray[np.int64]
    block: int | None
    chunk: int = 1
    fill: Callable[[Array, int], None] | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all samples, were they in memory."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def blocks(self) -> NDArray[np.int64] | None:
        """For each sample the number of its block in the file; None where samples are read in any order."""
        return None if self.block is None else self.numbers // self.block

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, key: int | slice | NDArray[np.int64]) -> Array:
        numbers = self.numbers[key]
        rows, places = np.unique(numbers, return_inverse=True)
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for start, stop in self._runs(rows):
            first, last = int(rows[start]), int(rows[stop - 1])
            has_gaps = last - first >= stop - start
            if self.fill is not None and not has_gaps:
                self.fill(found[start:stop], first)
                continue
            part = self.read(first, last + 1)
            found[start:stop] = part[rows[start:stop] - first] if has_gaps else part
        # In the file's order, as most are asked for, they need no copy.
        if np.array_equal(places, np.arange(len(rows))):
            return found[0] if numbers.ndim == 0 else found
        return found[places]

    def take(self, indices: NDArray[np.int64]) -> "Stored":
        """The samples at `indices`, in that order, still in their file."""
        return replace(self, numbers=self.numbers[indices], shape=(len(indices), *self.shape[1:]))

    def formed(self, form: Callable[[Array, int], Array]) -> "Stored":
        """The samples as `form(part, first)` makes them of parts of the file that begin with sample `first`.

        It is tried on a part without samples, which tells shape and type.
        """
        empty = form(np.empty((0, *self.shape[1:]), self.dtype), 0)

        def read(start: int, stop: int) -> Array:
            return form(self.read(start, stop), start)

        return replace(self, shape=(len(self), *empty.shape[1:]), dtype=empty.dtype, read=read, fill=None)

    def _runs(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Parts of `rows`, which are in order, that are read at a stroke: in one block, and without a wide gap."""
        steps = np.diff(rows)
        if self.block is None:
            ends = np.flatnonzero(steps > 1) + 1
        else:
            gap = max(self.chunk, GAP_BYTES // max(1, sample_bytes(self)))
            ends = np.flatnonzero((steps > gap) | (np.diff(rows // self.block) != 0)) + 1
        yield from zip([0, *ends.tolist()], [*ends.tolist(), len(rows)], strict=True) if len(rows) else ()


def sample_bytes(samples: Array | Stored) -> int:
    """Bytes of one sample in memory."""
    return prod(samples.shape[1:]) * samples.dtype.itemsize


def block_of(shape: Shape, dtype: np.dtype[Any], chunk: int) -> int:
    """How many samples to read at a stroke, whole chunks of `chunk` samples."""
    return chunk * max(1, BLOCK_BYTES // max(1, chunk * prod(shape[1:]) * dtype.itemsize))
