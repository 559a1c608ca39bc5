"""The `[train.optimizer]` table: which optimiser, and its hyperparameters under PyTorch's names."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from nbcnn.layers.fields import Expects
from nbcnn.spec.base import Table

NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[tuple[Share, Share], Strict(False), Expects("a list of two numbers from 0 up to but not including 1")]


class Sgd(Table):
    """Stochastic gradient descent: velocity = momentum * velocity + gradient; weight -= lr * velocity."""

    type: Literal["sgd"]
    lr: NonNegative
    momentum: Share = 0.0
    nesterov: bool = Field(False, description="Look ahead along the velocity; without momentum it changes nothing.")
    weight_decay: NonNegative = 0.0

    @property
    def state_arrays(self) -> int:
        """Arrays of the weights' size that it keeps from step to step."""
        return 1 if self.momentum else 0


class Adam(Table):
    """Adam (Kingma and Ba, arXiv:1412.6980); eps is added outside the root, after the bias correction."""

    type: Literal["adam"]
    lr: NonNegative = 1e-3
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0

    @property
    def state_arrays(self) -> int:
        """Arrays of the weights' size that it keeps from step to step."""
        return 2


Optimizer = Annotated[Sgd | Adam, Field(discriminator="type")]
