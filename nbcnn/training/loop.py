"""The loop over an epoch's batches: little Python around a step, since a step can take less than a millisecond."""

import math
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nbcnn.data import Dataset
from nbcnn.network import Network
from nbcnn.training.signals import StopRequest
from nbcnn.training.standing import Standing
from nbcnn.training.trainer import Trainer

REPORT_SECONDS = 0.1


class NotFinite(Exception):
    """The loss of a batch is not a finite number; the weights are those of its update."""


def refuse_last_batch(network: Network, samples: int, batch_size: int) -> None:
    """Raises InputError before training where an epoch's last batch would be too small."""
    if samples:
        network.refuse_batch(samples % batch_size or batch_size, f"the last batch of {samples} samples by {batch_size}")


def train_epoch(
    trainer: Trainer,
    dataset: Dataset,
    order: NDArray[np.int64],
    batch_size: int,
    learning_rate: Callable[[int], float],
    standing: Standing,
    stop: StopRequest,
    report: Callable[[], None],
) -> bool:
    """Train on the samples of `order` that `standing` has still before it, and count them there.

    Returns False where `stop` ended it before its time; raises NotFinite. `report` is called ten times a second.
    """
    inputs, targets, samples = dataset.inputs, dataset.targets, len(order)
    started = time.perf_counter() - standing.seconds
    next_report = 0.0
    while standing.samples < samples:
        if stop.signal_number is not None:
            return False
        indices = order[standing.samples : standing.samples + batch_size]
        trainer.learning_rate = learning_rate(standing.step)
        loss_sum, correct, answers = trainer.step_batch(inputs, targets, indices)
        standing.step += 1
        if not math.isfinite(loss_sum):
            raise NotFinite(f"the loss of a batch is {loss_sum}")
        standing.samples += len(indices)
        standing.loss_sum += loss_sum
        standing.correct += correct
        standing.answers += answers
        now = time.perf_counter()
        standing.seconds = now - started
        if now >= next_report:
            report()
            next_report = now + REPORT_SECONDS
    return True
