"""A learning rate to begin with: trained on rates that rise from step to step, the loss shows where it falls fastest.

L. N. Smith, Cyclical learning rates for training neural networks, arXiv:1506.01186, section 3.3, on rates that rise
exponentially.
"""

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from nbcnn import network as networks
from nbcnn.errors import DivergenceError, InputError
from nbcnn.kernels.cpu.compiling.helpers import helpers
from nbcnn.spec import Spec
from nbcnn.spec.augment import mixes
from nbcnn.training.balance import with_class_weights
from nbcnn.training.events import Compiling, Measuring, OnEvent
from nbcnn.training.fit import Model
from nbcnn.training.loader import Batch, Loader
from nbcnn.training.loop import refuse_last_batch
from nbcnn.training.pretrained import take_pretrained
from nbcnn.training.samples import load_samples, normalization, training_loader
from nbcnn.training.threads import threads as using_threads
from nbcnn.training.trainer import Trainer, arguments_of

SMOOTHING = 0.9
"""What each step leaves of the average of losses. fastai and Lightning have 0.98, which lags by decades of rates."""
DIVERGED = 4.0
"""Times its least value that the smoothed loss may have before the steps end, as in fastai and Lightning."""
FEWEST_STEPS = 20
SKIPPED = 10
"""First steps among which no rate is looked for: the average is of few losses there."""

LEAST_FALL = 0.05
"""Share of its first value by which the smoothed loss must fall, or its slopes are those of noise."""


@dataclass(frozen=True)
class RateTest:
    """One entry a step: its learning rate, its loss before the update, and the running average of losses.

    `suggestion` is the rate at which that falls fastest, over the rate's logarithm and before its least value; None
    where it falls by less than a twentieth. `diverged` tells whether the loss grew so that the steps ended before the
    highest rate.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float | None
    diverged: bool

    @property
    def highest_shown(self) -> float:
        """Of the smoothed loss what a curve has room for: half as much above its first value as it falls below that."""
        first, low, high = self.smoothed[0], min(self.smoothed), max(self.smoothed)
        return min(high, first + 0.5 * (first - low)) if first > low else high

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn lr-find --format json` prints."""
        return asdict(self)


def lr_find(
    spec: Spec,
    *,
    lowest: float,
    highest: float,
    steps: int,
    data_dir: Path | None,
    threads: int | None,
    report: OnEvent,
) -> RateTest:
    """Train first weights of a spec for so many `steps`, at rates from `lowest` to `highest`; nothing is kept of it.

    All is as the spec says but for schedule and averages. Raises InputError for rates, steps or a spec that do not do,
    and DivergenceError where already the first loss is not a finite number.
    """
    if not 0 < lowest < highest < math.inf:
        raise InputError(f"lowest = {lowest:g}, highest = {highest:g}: two rates are expected, 0 < lowest < highest")
    if steps < FEWEST_STEPS:
        raise InputError(f"steps = {steps}: at least {FEWEST_STEPS} are expected; fewer show no curve")
    network = networks.build(spec)
    with using_threads(threads):
        splits = load_samples(network, data_dir, Path(spec.file).parent if spec.file else None, report)
        network = with_class_weights(network, splits.train)
        settings = network.spec.train
        refuse_last_batch(network, len(splits.train), settings.batch_size)
        model = Model(network, seed=settings.seed)
        take_pretrained(model)
        model.normalization = normalization(network, splits.train, report)
        with helpers():
            trainer = Trainer(
                model,
                batch_size=min(settings.batch_size, len(splits.train)),
                on_compile=lambda kernel, done, total: report(Compiling(kernel, done, total)),
                class_probabilities=mixes(network.spec.augment),
                **arguments_of(settings) | {"ema": None, "non_finite": "skip", "max_skips": steps},
            )
        rates = np.geomspace(lowest, highest, steps).tolist()
        losses: list[float] = []
        with closing(_batches(training_loader(network, splits.train, on_event=report))) as batches:
            for loss in _losses(trainer, batches, rates):
                losses.append(loss)
                if not math.isfinite(losses[0]):
                    raise DivergenceError(
                        f"{spec.file or spec.name}: the loss is {loss} before the first update, whatever the learning "
                        "rate; scale the data, such as by normalize = true, or use other first weights"
                    )
                report(Measuring(len(losses), steps))
                if _diverges(losses):
                    break
    return _found(rates, losses)


def _batches(loader: Loader) -> Generator[tuple[Batch, bool]]:
    """Batches of one epoch after the other, and whether each is its epoch's last."""
    for epoch in count(1):
        with closing(loader.batches(epoch)) as batches:
            for number, batch in enumerate(batches, start=1):
                yield batch, number == loader.steps


def _losses(trainer: Trainer, batches: Iterator[tuple[Batch, bool]], rates: list[float]) -> Iterator[float]:
    """The mean loss of each update, of which each has a rate."""
    for rate in rates:
        trainer.learning_rate = rate
        update, loss_sum, samples = trainer.steps, 0.0, 0
        while trainer.steps == update:
            batch, is_last = next(batches)
            loss_sum += trainer.step_batch(*batch, last=is_last)[0]
            samples += len(batch.indices)
        yield loss_sum / samples


def _diverges(losses: list[float]) -> bool:
    if not math.isfinite(losses[-1]):
        return True
    smoothed = _smoothed(losses)
    return smoothed[-1] > DIVERGED * min(smoothed)


def _smoothed(losses: list[float]) -> list[float]:
    """Averages that leave little of what is long ago, of the losses so far alone (Adam's correction of bias)."""
    average, found = 0.0, []
    for step, loss in enumerate(losses, start=1):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        found.append(average / (1 - SMOOTHING**step))
    return found


def _found(rates: list[float], losses: list[float]) -> RateTest:
    diverged = _diverges(losses)
    if not math.isfinite(losses[-1]):
        losses = losses[:-1]
    smoothed = _smoothed(losses)
    # Behind its least value the loss may fall as fast from where it leapt to.
    least = int(np.argmin(smoothed))
    suggestion = None
    if least > SKIPPED and smoothed[least] < smoothed[SKIPPED] - LEAST_FALL * abs(smoothed[0]):
        suggestion = rates[SKIPPED + int(np.argmin(np.gradient(smoothed[SKIPPED : least + 1])))]
    return RateTest(tuple(rates[: len(losses)]), tuple(losses), tuple(smoothed), suggestion, diverged)
