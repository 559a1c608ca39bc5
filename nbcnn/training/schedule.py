"""The learning rate of each step, from the schedule in the spec and, where that asks for it, the history so far."""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

from nbcnn.spec import Train
from nbcnn.spec.schedules import (
    AnySchedule,
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    MultiStep,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    StepDecay,
    Warmed,
)
from nbcnn.training.events import EpochRecord


def learning_rates(train: Train, steps_per_epoch: int, records: Sequence[EpochRecord] = ()) -> Callable[[int], float]:
    """A function from the step, counted from 0 over the whole run, to its learning rate.

    `records` are of the epochs that have ended; the function is for the steps of the next one. `warmup_epochs` of
    linear rise reach the full rate in their last step. What falls until the end does so over the epochs that are left;
    what changes after so many epochs counts these from the start of the run.
    """
    full, schedule = train.optimizer.lr, train.schedule
    warmup = schedule.warmup_epochs if isinstance(schedule, Warmed) else 0.0

    def rate(step: int) -> float:
        epochs = step / steps_per_epoch
        if epochs < warmup:
            return full * min(1.0, (step + 1) / (warmup * steps_per_epoch))
        if isinstance(schedule, OneCycle):
            return full * _one_cycle(schedule, step, train.epochs * steps_per_epoch)
        if isinstance(schedule, ReduceOnPlateau):
            return _after_plateaus(schedule, full, records)
        return _rate(schedule, full, epochs, warmup, train.epochs)

    return rate


def _rate(schedule: AnySchedule, full: float, epochs: float, warmup: float, last: int) -> float:
    """The rate after so many `epochs`, not all of them whole, of `last` in all."""
    done = (epochs - warmup) / (last - warmup)
    match schedule:
        case StepDecay():
            return full * schedule.gamma ** (math.floor(epochs) // schedule.step_size)
        case MultiStep():
            return full * schedule.gamma ** bisect_right(schedule.milestones, epochs)
        case Exponential():
            return full * schedule.gamma ** math.floor(epochs)
        case Polynomial():
            return full * math.pow(1.0 - done, schedule.power)
        case Cosine():
            return _half_cosine(full, min(full, schedule.eta_min), done)
        case CosineRestarts():
            done = _since_restart(schedule, epochs - warmup)
            return _half_cosine(full, min(full, schedule.eta_min), done)
        case _:
            assert isinstance(schedule, Constant)
            return full


def _half_cosine(first: float, last: float, done: float) -> float:
    """From `first` to `last` while `done` rises from 0 to 1."""
    return last + (first - last) * 0.5 * (1.0 + math.cos(math.pi * done))


def _since_restart(schedule: CosineRestarts, epochs: float) -> float:
    """The share that is done of the half cosine under way."""
    length = float(schedule.T_0)
    while epochs >= length:
        epochs -= length
        length *= schedule.T_mult
    return epochs / length


def _one_cycle(schedule: OneCycle, step: int, steps: int) -> float:
    """The share of the largest rate, which belongs to step pct_start * steps - 1, as the least does to the last."""
    first = 1.0 / schedule.div_factor
    top, end = schedule.pct_start * steps - 1.0, steps - 1.0
    if step <= top:
        return _half_cosine(first, 1.0, step / top if top else 1.0)
    done = min(1.0, (step - top) / (end - top))
    return _half_cosine(1.0, first / schedule.final_div_factor, done)


def _after_plateaus(schedule: ReduceOnPlateau, rate: float, records: Sequence[EpochRecord]) -> float:
    """What is left of a rate after the losses of these epochs."""
    lowest, without, cooling = math.inf, 0, 0
    for record in records:
        loss = record.loss if record.val_loss is None else record.val_loss
        if loss < lowest * (1.0 - schedule.threshold):
            lowest, without = loss, 0
        else:
            without += 1
        if cooling:
            cooling -= 1
            without = 0
        if without > schedule.patience:
            rate = max(rate * schedule.factor, min(rate, schedule.min_lr))
            cooling, without = schedule.cooldown, 0
    return rate
