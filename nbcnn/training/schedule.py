"""The learning rate of each step, from the schedule in the spec."""

import math
from collections.abc import Callable

from nbcnn.spec import Constant, Cosine, StepDecay, Train


def learning_rates(train: Train, steps_per_epoch: int) -> Callable[[int], float]:
    """A function from the step, counted from 0 over the whole run, to its learning rate.

    `warmup_epochs` of linear rise reach the full rate in their last step; a cosine falls over the epochs that are left,
    and "step" counts its epochs from the start of the run.
    """
    full, schedule = train.optimizer.lr, train.schedule
    warmup = schedule.warmup_epochs

    def rate(step: int) -> float:
        epochs = step / steps_per_epoch
        if epochs < warmup:
            return full * min(1.0, (step + 1) / (warmup * steps_per_epoch))
        return full * _share(schedule, epochs, warmup, train.epochs)

    return rate


def _share(schedule: Constant | Cosine | StepDecay, epochs: float, warmup: float, last: int) -> float:
    """The part of the full rate that is left after so many `epochs`, not all of them whole."""
    match schedule:
        case Constant():
            return 1.0
        case Cosine():
            return 0.5 * (1.0 + math.cos(math.pi * (epochs - warmup) / (last - warmup)))
        case StepDecay():
            return schedule.gamma ** (math.floor(epochs) // schedule.step_size)
