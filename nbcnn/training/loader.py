"""From a data set to the batches of an epoch, in order, prepared ahead of the step by threads where there is work."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nbcnn.data import Dataset
from nbcnn.data.background import in_order
from nbcnn.data.dataset import Array
from nbcnn.spec import Train
from nbcnn.training.order import epoch_order

BATCHES_AHEAD = 2
"""For each thread: one is under way, and one lies ready."""


class Batch(NamedTuple):
    """What `Trainer.step_batch` takes: the samples `indices` of arrays that hold these samples, and perhaps others."""

    inputs: Array
    targets: Array
    indices: NDArray[np.int64]


class Augmentation(Protocol):
    """Changes a batch: `inputs` (n, channels, *space) and `targets` are its own, and may be changed in place.

    `indices` are the samples' numbers in the training split; with these, `epoch` and a seed as the only source of
    randomness, results do not depend on threads. It is called by several threads at a time.
    """

    def __call__(
        self, inputs: Array, targets: Array, indices: NDArray[np.int64], epoch: int
    ) -> tuple[Array, Array]: ...


@dataclass(frozen=True)
class Loader:
    """The batches that train a network on `dataset`, by the order and the batch size in `settings`.

    In memory and without augmentation a batch is the data set itself and a part of the order: no copy, no thread.
    `augmentation` works on copies, in `threads` threads of the epoch's own, 0 being the caller's.
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
        parts = self._parts(epoch, start)
        if self.augmentation is None:
            yield from (Batch(self.dataset.inputs, self.dataset.targets, indices) for indices in parts)
            return
        jobs: Iterator[Callable[[], Batch]] = (
            partial(self._augmented, self.augmentation, indices, epoch) for indices in parts
        )
        yield from in_order(jobs, self.threads, BATCHES_AHEAD * self.threads)

    def _parts(self, epoch: int, start: int) -> Iterator[NDArray[np.int64]]:
        """The numbers of the samples of each batch."""
        settings = self.settings
        order = epoch_order(self.samples, seed=settings.seed, epoch=epoch, shuffle=settings.shuffle)
        for begin in range(start, len(order), settings.batch_size):
            yield order[begin : begin + settings.batch_size]

    def _augmented(self, augmentation: Augmentation, indices: NDArray[np.int64], epoch: int) -> Batch:
        inputs, targets = augmentation(self.dataset.inputs[indices], self.dataset.targets[indices], indices, epoch)
        return Batch(inputs, targets, np.arange(len(inputs), dtype=np.int64))
