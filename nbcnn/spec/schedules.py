"""The `[train.schedule]` table: how the learning rate changes, step by step, with the fraction of epochs done."""

from typing import Annotated, Literal

from pydantic import Field

from nbcnn.layers.table import Table


class Schedule(Table):
    """Every schedule can start with a linear rise from 0 to the full learning rate."""

    type: str
    warmup_epochs: Annotated[float, Field(ge=0, le=1e6, description="Epochs, or parts of one, of linear rise.")] = 0.0


class Constant(Schedule):
    """The learning rate stays as it is."""

    type: Literal["constant"]


class Cosine(Schedule):
    """Half a cosine from the full learning rate down to 0 at the end (Loshchilov and Hutter, arXiv:1608.03983)."""

    type: Literal["cosine"]


class StepDecay(Schedule):
    """Multiplied by gamma after every step_size epochs."""

    type: Literal["step"]
    step_size: Annotated[int, Field(ge=1, le=10**6, description="Epochs between two changes.")]
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1


AnySchedule = Annotated[Constant | Cosine | StepDecay, Field(discriminator="type")]
