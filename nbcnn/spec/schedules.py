"""The `[train.schedule]` table: how the learning rate changes while training goes on.

Schedules count from the first step of the run. Names and formulas are those of `torch.optim.lr_scheduler`.
"""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict

from nbcnn.layers.fields import Expects
from nbcnn.layers.table import OneOf, Table

Epochs = Annotated[int, Field(ge=1, le=10**6)]
LeastRate = Annotated[float, Field(ge=0, le=1e6, description="The learning rate never falls below this.")]
Gamma = Annotated[float, Field(gt=0, le=1, description="What the learning rate is multiplied by.")]


def _rising(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise ValueError
    return numbers


class Schedule(Table):
    """What all schedules have."""

    type: str


class Warmed(Schedule):
    """A schedule that can start with a linear rise from 0 to the full learning rate."""

    warmup_epochs: Annotated[float, Field(ge=0, le=1e6, description="Epochs, or parts of one, of linear rise.")] = 0.0


class Constant(Warmed):
    """The learning rate stays as it is."""

    type: Literal["constant"]


class StepDecay(Warmed):
    """Multiplied by gamma after every step_size epochs."""

    type: Literal["step"]
    step_size: Annotated[Epochs, Field(description="Epochs between two changes.")]
    gamma: Gamma = 0.1


class MultiStep(Warmed):
    """Multiplied by gamma after each of some epochs."""

    type: Literal["multi_step"]
    milestones: Annotated[
        tuple[Epochs, ...],
        Strict(False),
        Field(min_length=1, max_length=1000, description="Epochs after which the learning rate changes."),
        AfterValidator(_rising),
        Expects("a list of whole numbers from 1 to 1000000, each larger than the one before"),
    ]
    gamma: Gamma = 0.1


class Exponential(Warmed):
    """Multiplied by gamma after every epoch."""

    type: Literal["exponential"]
    gamma: Gamma


class Polynomial(Warmed):
    """(1 - t)^power of the full rate, where t rises from 0 to 1; with power = 1 a straight line down to 0."""

    type: Literal["polynomial"]
    power: Annotated[float, Field(gt=0, le=100)] = 1.0


class Cosine(Warmed):
    """Half a cosine from the full rate down to eta_min at the end (Loshchilov and Hutter, arXiv:1608.03983)."""

    type: Literal["cosine"]
    eta_min: LeastRate = 0.0


class CosineRestarts(Warmed):
    """Half cosines down to eta_min, one after the other (Loshchilov and Hutter, arXiv:1608.03983, section 3)."""

    type: Literal["cosine_restarts"]
    T_0: Annotated[Epochs, Field(description="Epochs of the first one.")]
    T_mult: Annotated[Epochs, Field(description="How many times as long each is as the one before.")] = 1
    eta_min: LeastRate = 0.0


class OneCycle(Schedule):
    """Up from lr / div_factor to lr, then far down, both as half cosines (Smith and Topin, arXiv:1708.07120).

    The momentum stays as it is.
    """

    type: Literal["one_cycle"]
    pct_start: Annotated[float, Field(gt=0, lt=1, description="Share of all steps in which the rate rises.")] = 0.3
    div_factor: Annotated[float, Field(ge=1, le=1e9, description="The first rate is lr divided by this.")] = 25.0
    final_div_factor: Annotated[
        float, Field(ge=1, le=1e12, description="The last rate is the first one divided by this.")
    ] = 1e4


class ReduceOnPlateau(Warmed):
    """Multiplied by factor where the validation loss (without validation, the training loss) has stopped falling."""

    type: Literal["reduce_on_plateau"]
    factor: Annotated[float, Field(gt=0, lt=1, description="What the learning rate is multiplied by.")] = 0.1
    patience: Annotated[int, Field(ge=0, le=10**6, description="Epochs without a lower loss that are let pass.")] = 10
    threshold: Annotated[
        float, Field(ge=0, lt=1, description="Share by which a loss must be lower to count as lower.")
    ] = 1e-4
    cooldown: Annotated[int, Field(ge=0, le=10**6, description="Epochs after a change that do not count.")] = 0
    min_lr: LeastRate = 0.0


_Schedule = (
    Constant | StepDecay | MultiStep | Exponential | Polynomial | Cosine | CosineRestarts | OneCycle | ReduceOnPlateau
)
AnySchedule = Annotated[_Schedule, OneOf.union(_Schedule)]
