"""A learned factor for each channel (Touvron et al., Going deeper with image transformers, ICCV 2021, section 2.1)."""

from math import prod
from typing import Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Parameter
from nbcnn.layers.fields import Real
from nbcnn.layers.trainable import Trainable


class Scale(Trainable):
    """Any shape to the same shape: weight times x; weight has one number for each channel."""

    type: Literal["scale"]
    init: Real = Field(1.0, description="What the factors start from; where a branch shall grow slowly, 1e-6.")

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        return {"weight": Parameter(shape[:1], 1, 1, self.init)}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"multiplications": prod(shape)}
