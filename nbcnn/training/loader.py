"""From a data set to the batches of an epoch, in order, prepared ahead of the step by threads where there is work."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nbcnn.data import Dataset
from nbcnn.data.background import in_order
from nbcnn.data.dataset import Array
from nbcnn.data.stored import sample_bytes
from nbcnn.spec import CrossEntropy, Train
from nbcnn.training.order import balanced_order, epoch_order, numbered, stored_order

BATCHES_AHEAD = 2
"""For each thread: one is under way, and one lies ready."""

WINDOW_BYTES = 128 << 20
"""Of samples that are stored, so many are in memory for training, and as many are read meanwhile."""


class Batch(NamedTuple):
    """What `Trainer.step_batch` takes: the samples `indices` of arrays that hold these samples, and perhaps others."""

    inputs: Array
    targets: Array
    indices: NDArray[np.int64]


class Augmentation(Protocol):
    """Changes a batch: `inputs` (n, channels, *space) and `targets` are its own, and may be changed in place.

    `indices` are the samples' numbers in the training split, and numbers beyond it for one that comes again in the
    epoch; with these, `epoch` and a seed as the only source of randomness, results do not depend on threads. It is
    called by several threads at a time.
    """

    def __call__(
        self, inputs: Array, targets: Array, indices: NDArray[np.int64], epoch: int
    ) -> tuple[Array, Array]: ...


@dataclass(frozen=True)
class Loader:
    """The batches that train a network on `dataset`, by the order and the batch size in `settings`.

    In memory and without augmentation a batch is the data set itself and a part of the order: no copy, no thread.
    Samples that are stored in blocks are read a window at a time, the next one while training is at this one; those
    that are scattered, a batch at a time, where `augmentation`, which works on copies, follows at once. All do so in
    threads of the epoch's own, `threads` of them for batches, 0 being the caller's.
    """

    dataset: Dataset
    settings: Train
    augmentation: Augmentation | None = None
    threads: int = 0

    @property
    def samples(self) -> int:
        """Samples of an epoch."""
        return len(self.dataset)

    @property
    def steps(self) -> int:
        """Batches of an epoch, of which the last may be smaller."""
        return -(-self.samples // self.settings.batch_size)

    def batches(self, epoch: int, start: int = 0) -> Generator[Batch]:
        """The batches of an epoch, counted from 1, but for those of its first `start` samples.

        Close it, so that its threads end. Raises DataError where samples cannot be read.
        """
        with closing(self._windows(self._order(epoch), start)) as windows:
            parts = (part for window in windows for part in window.parts(self.settings.batch_size))
            if self.augmentation is None and not self.dataset.is_scattered:
                yield from (Batch(*each.samples.loaded(slice(None)), each.indices) for each in parts)
                return
            jobs = (partial(_gathered, each, self.augmentation, epoch) for each in parts)
            with closing(in_order(jobs, self.threads, BATCHES_AHEAD * self.threads)) as batches:
                yield from batches

    @property
    def _window(self) -> int:
        """Samples that are in memory together, whole batches of them."""
        bytes_each = sample_bytes(self.dataset.inputs) + sample_bytes(self.dataset.targets)
        return self.settings.batch_size * max(1, WINDOW_BYTES // (bytes_each * self.settings.batch_size))

    def _order(self, epoch: int) -> NDArray[np.int64]:
        settings, loss = self.settings, self.settings.loss
        blocks, labels = self.dataset.blocks, self.dataset.labels
        if settings.sampling is not None and isinstance(loss, CrossEntropy) and labels is not None:
            return balanced_order(labels, ignored=loss.ignore_index, seed=settings.seed, epoch=epoch)
        if blocks is not None and settings.shuffle:
            return stored_order(blocks, self._window, seed=settings.seed, epoch=epoch)
        return epoch_order(self.samples, seed=settings.seed, epoch=epoch, shuffle=settings.shuffle)

    def _windows(self, order: NDArray[np.int64], start: int) -> Generator["_Window"]:
        # A sample that comes several times in an epoch is not augmented alike each time.
        numbers = order if self.settings.sampling is None else numbered(order, self.samples)
        if not self.dataset.is_stored or self.dataset.is_scattered:
            yield _Window(self.dataset, order[start:], numbers[start:])
            return
        begins = range(start - start % self._window, len(order), self._window)
        parts = (slice(max(start, begin), begin + self._window) for begin in begins)
        jobs = (partial(self._read, order[part], numbers[part]) for part in parts)
        yield from in_order(jobs, min(self.threads, 1), ahead=1)

    def _read(self, order: NDArray[np.int64], numbers: NDArray[np.int64]) -> "_Window":
        rows, indices = np.unique(order, return_inverse=True)
        return _Window(Dataset(*self.dataset.loaded(rows)), indices, numbers)


@dataclass(frozen=True)
class _Window:
    """Samples that can be had in any order, the order of their use, and the numbers that they are augmented by."""

    samples: Dataset
    indices: NDArray[np.int64]
    numbers: NDArray[np.int64]

    def parts(self, batch_size: int) -> Iterator["_Window"]:
        """One batch after the other."""
        for start in range(0, len(self.indices), batch_size):
            part = slice(start, start + batch_size)
            yield _Window(self.samples, self.indices[part], self.numbers[part])


def _gathered(part: _Window, augmentation: Augmentation | None, epoch: int) -> Batch:
    """A batch of its own samples alone."""
    inputs, targets = part.samples.loaded(part.indices)
    if augmentation is not None:
        inputs, targets = augmentation(inputs, targets, part.numbers, epoch)
    return Batch(inputs, targets, np.arange(len(inputs), dtype=np.int64))
