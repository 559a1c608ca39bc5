"""The `[train.optimizer]` table: which optimiser, and its hyperparameters under PyTorch's names."""

from typing import Annotated, Any, Literal

from pydantic import Field, Strict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from nbcnn.layers.fields import Expects, NonNegative
from nbcnn.layers.table import OneOf, Table

Share = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[tuple[Share, Share], Strict(False), Expects("a list of two numbers from 0 up to but not including 1")]


class Optimizer(Table):
    """What every optimiser has: a learning rate, and arrays of the weights' size that it keeps from step to step."""

    type: str
    lr: NonNegative

    @property
    def settings(self) -> dict[str, Any]:
        """The keyword arguments of the optimiser's function that stay the same, so not the learning rate."""
        return self.model_dump(exclude={"type", "lr"})

    @property
    def state_arrays(self) -> dict[str, float]:
        """The arrays that it keeps with these settings, by the names its function takes them by: their first value."""
        raise NotImplementedError


class Sgd(Optimizer):
    """Stochastic gradient descent: velocity = momentum * velocity + gradient; weight -= lr * velocity."""

    type: Literal["sgd"]
    momentum: Share = 0.0
    nesterov: bool = Field(False, description="Look ahead along the velocity, so that there must be momentum.")
    dampening: Share = Field(0.0, description="Share of the gradient kept from the velocity, its first value excepted.")
    weight_decay: NonNegative = 0.0

    @field_validator("nesterov")
    @classmethod
    def _with_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and not info.data.get("momentum", 1.0):
            raise PydanticCustomError("expected", "{expected}", {"expected": "false, or a momentum above 0"})
        return nesterov

    @field_validator("dampening")
    @classmethod
    def _undamped_with_nesterov(cls, dampening: float, info: ValidationInfo) -> float:
        if dampening and info.data.get("nesterov"):
            raise PydanticCustomError("expected", "{expected}", {"expected": "0 where nesterov = true"})
        return dampening

    @property
    def state_arrays(self) -> dict[str, float]:
        return {"momentum_buffer": 0.0} if self.momentum else {}


class Adam(Optimizer):
    """Adam (Kingma and Ba, arXiv:1412.6980); eps is added outside the root, after the bias correction."""

    type: Literal["adam"]
    lr: NonNegative = 1e-3
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0

    @property
    def state_arrays(self) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}


class AdamW(Optimizer):
    """Adam that decays weights by themselves and not through the gradient (Loshchilov and Hutter, arXiv:1711.05101)."""

    type: Literal["adamw"]
    lr: NonNegative = 1e-3
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 1e-2

    @property
    def state_arrays(self) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}


class RmsProp(Optimizer):
    """RMSprop (Tieleman and Hinton, 2012, lecture 6.5); eps is added outside the root."""

    type: Literal["rmsprop"]
    lr: NonNegative = 1e-2
    alpha: Share = Field(0.99, description="What stays of the running mean of squares at each step.")
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0
    momentum: Share = 0.0
    centered: bool = Field(False, description="Divide by the deviation of the gradient instead of its size.")

    @property
    def state_arrays(self) -> dict[str, float]:
        needed = {"square_avg": True, "momentum_buffer": self.momentum > 0, "grad_avg": self.centered}
        return {name: 0.0 for name, needs in needed.items() if needs}


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan and Singer, JMLR 12, 2011); eps is added outside the root."""

    type: Literal["adagrad"]
    lr: NonNegative = 1e-2
    lr_decay: NonNegative = Field(0.0, description="The rate of step t, counted from 0, is lr / (1 + t * lr_decay).")
    weight_decay: NonNegative = 0.0
    initial_accumulator_value: NonNegative = Field(0.0, description="What the sums of squares start from.")
    eps: NonNegative = 1e-10

    @property
    def settings(self) -> dict[str, Any]:
        return self.model_dump(exclude={"type", "lr", "initial_accumulator_value"})

    @property
    def state_arrays(self) -> dict[str, float]:
        return {"sum": self.initial_accumulator_value}


class Lion(Optimizer):
    """Lion (Chen et al., arXiv:2302.06675): every weight moves by lr; weights decay by themselves as in AdamW."""

    type: Literal["lion"]
    lr: NonNegative = 1e-4
    betas: Betas = (0.9, 0.99)
    weight_decay: NonNegative = 0.0

    @property
    def state_arrays(self) -> dict[str, float]:
        return {"exp_avg": 0.0}


_Optimizer = Sgd | Adam | AdamW | RmsProp | Adagrad | Lion
AnyOptimizer = Annotated[_Optimizer, OneOf.union(_Optimizer)]
