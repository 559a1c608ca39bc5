"""The `[train.loss]` table: what training makes small, with its settings under PyTorch's names.

A string names a table with all defaults: `loss = "mse_loss"`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from nbcnn.layers.axes import Shape
from nbcnn.layers.fields import Expects, NonNegative, Positive
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.table import OneOf, Table

MOST_CLASSES = 65_536


class Loss(Table):
    """What every loss tells the rooms above."""

    type: str

    @property
    def settings(self) -> dict[str, Any]:
        """What its operation takes beside arrays."""
        return self.model_dump(exclude={"type", "weight"})

    def check(self, output_shape: Shape) -> None:
        """Raise Problem where the loss does not fit a network with this output, (channels, *space)."""

    def without_data(self) -> "Loss":
        """The same without what only training data can tell, for where nothing depends on it."""
        return self


class CrossEntropy(Loss):
    """Softmax cross-entropy with a class number for each sample or pixel; the mean divides by what they count."""

    type: Literal["cross_entropy"]
    weight: Annotated[
        Annotated[tuple[NonNegative, ...], Strict(False), Field(min_length=1, max_length=MOST_CLASSES)]
        | Literal["balanced"]
        | None,
        Field(description="How much a target of each class counts; balanced, rare ones as much as frequent ones."),
        Expects(f'a list of 1 to {MOST_CLASSES} numbers of at least 0, one for each class, or "balanced"'),
    ] = None
    ignore_index: Annotated[
        int, Field(ge=-(2**31), lt=2**31, description="Targets of this number do not count.")
    ] = -100
    label_smoothing: Annotated[
        float, Field(ge=0, le=1, description="Share of each target that is spread over all classes.")
    ] = 0.0

    def check(self, output_shape: Shape) -> None:
        if self.weight is None or self.weight == "balanced":
            return
        if len(self.weight) != output_shape[0]:
            raise Problem(
                Code.WRONG_VALUE,
                f"weight has {len(self.weight)} numbers, the network's output has {output_shape[0]} channels",
                "give one number for each class",
                "weight",
            )
        if not any(self.weight):
            raise Problem(
                Code.WRONG_VALUE,
                f"all {len(self.weight)} numbers of weight are 0, so that nothing counts",
                "give a number above 0 for at least one class",
                "weight",
            )

    def without_data(self) -> "CrossEntropy":
        return self.model_copy(update={"weight": None}) if self.weight == "balanced" else self


class BinaryCrossEntropyWithLogits(Loss):
    """Sigmoid cross-entropy: every output is a question of its own, answered by a target from 0 to 1."""

    type: Literal["binary_cross_entropy_with_logits"]
    pos_weight: Positive = Field(1.0, description="How much a yes counts beside a no.")


class MseLoss(Loss):
    """The mean of squared errors."""

    type: Literal["mse_loss"]


class L1Loss(Loss):
    """The mean of absolute errors."""

    type: Literal["l1_loss"]


class HuberLoss(Loss):
    """Half the squared error up to delta, beyond it delta times what the absolute error exceeds delta / 2 by."""

    type: Literal["huber_loss"]
    delta: Positive = Field(1.0, description="The error at which squares end.")


_Loss = CrossEntropy | BinaryCrossEntropyWithLogits | MseLoss | L1Loss | HuberLoss
AnyLoss = Annotated[_Loss, OneOf.union(_Loss, by_name=True)]
