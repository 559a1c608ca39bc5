"""The loop over an epoch's batches: little Python around a step, since a step can take less than a millisecond."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from nbcnn.network import Network
from nbcnn.training.loader import Loader
from nbcnn.training.signals import StopRequest
from nbcnn.training.standing import Standing
from nbcnn.training.trainer import Trainer

REPORT_SECONDS = 0.1


def refuse_last_batch(network: Network, samples: int, batch_size: int) -> None:
    """Raises InputError before training where an epoch's last batch would be too small."""
    if samples:
        network.refuse_batch(samples % batch_size or batch_size, f"the last batch of {samples} samples by {batch_size}")


def train_epoch(
    trainer: Trainer,
    loader: Loader,
    learning_rate: Callable[[int], float],
    standing: Standing,
    stop: StopRequest,
    report: Callable[[], None],
    listeners: Sequence[Callable[[float], None]] = (),
) -> bool:
    """Train on the batches of the epoch that `standing` has still before it, and count them there.

    Returns False where `stop` ended it before its time; raises NotFinite, and DataError where samples cannot be read.
    `report` is called ten times a second, `listeners` with the mean loss of each batch.
    """
    samples = loader.samples
    started = time.perf_counter() - standing.seconds
    next_report = 0.0
    skipped_before = trainer.skipped - standing.skipped
    with closing(loader.batches(standing.epoch, standing.samples)) as batches:
        between_updates = True
        # That of the step before, for an epoch of which all steps have been taken and only the end is still to come.
        trainer.learning_rate = learning_rate(max(standing.step - 1, 0))
        while standing.samples < samples:
            # What several batches have gathered for an update is not saved.
            if between_updates and stop.signal_number is not None:
                return False
            asked = time.perf_counter()
            batch = next(batches)
            standing.input_wait += time.perf_counter() - asked
            trainer.learning_rate = learning_rate(standing.step)
            is_last = standing.samples + len(batch.indices) == samples
            loss_sum, correct, answers = trainer.step_batch(*batch, last=is_last)
            between_updates = trainer.steps > standing.step
            standing.step = trainer.steps
            standing.samples += len(batch.indices)
            standing.skipped = trainer.skipped - skipped_before
            standing.skipped_in_a_row = trainer.skipped_in_a_row
            if math.isfinite(loss_sum):
                standing.loss_sum += loss_sum
                standing.correct += correct
                standing.answers += answers
            else:
                standing.unmeasured += len(batch.indices)
            for listener in listeners:
                listener(loss_sum / len(batch.indices))
            now = time.perf_counter()
            standing.seconds = now - started
            if now >= next_report:
                report()
                next_report = now + REPORT_SECONDS
    return True
