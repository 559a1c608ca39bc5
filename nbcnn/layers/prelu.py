"""The rectifier with learned slopes (He et al., Delving deep into rectifiers, ICCV 2015, section 2.1)."""

from collections.abc import Iterator
from math import prod
from typing import Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Parameter
from nbcnn.layers.elementwise import Activation
from nbcnn.layers.fields import Real, Size
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.trainable import Trainable


class PReLU(Trainable, Activation):
    """x where x is above 0 and weight * x elsewhere; weight has one number for all channels or one for each."""

    type: Literal["prelu"]
    num_parameters: Size = Field(1, description="1, or the number of channels.")
    init: Real = Field(0.25, description="What the slopes start from.")

    def review(self, shape: Shape) -> Iterator[Problem]:
        if self.num_parameters not in (1, shape[0]):
            yield Problem(
                Code.DECLARED_SIZE,
                f"num_parameters (={self.num_parameters}) must be 1 or the number of channels, {shape[0]}",
                f"use num_parameters = {shape[0]}",
                "num_parameters",
            )

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        return {"weight": Parameter((self.num_parameters,), 1, 1, self.init)}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"comparisons": prod(shape), "multiplications": prod(shape)}
