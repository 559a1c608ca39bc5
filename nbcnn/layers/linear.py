"""A fully connected layer."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Initializer, Parameter
from nbcnn.layers.fields import Size
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.trainable import Trainable
from nbcnn.layers.weights import declared_size, weight_and_bias


class Linear(Trainable):
    """y = weight x + bias: (in_features,) to (out_features,); weight (out_features, in_features)."""

    type: Literal["linear"]
    in_features: Size | None = Field(None, description="Inferred; where it is given it is checked.")
    out_features: Size
    bias: bool = True
    initializer: Initializer = "pytorch"

    def output_shape(self, shape: Shape) -> Shape:
        return (self.out_features,)

    def review(self, shape: Shape) -> Iterator[Problem]:
        if len(shape) > 1:
            image = " x ".join(map(str, shape))
            yield Problem(
                Code.NOT_FLAT,
                f"expects a flat input of shape (features,), received {image}",
                'insert a layer of type = "flatten" before it',
                label=f"receives {image}",
            )
        else:
            yield from declared_size("in_features", self.in_features, shape[0])

    def window(self, shape: Shape) -> None:
        return None

    def channels_read(self, shape: Shape) -> list[range]:
        return [range(shape[0])] * self.out_features

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        weight = (self.out_features, shape[0])
        return weight_and_bias(weight, self.out_features, bias=self.bias, initializer=self.initializer)

    def macs(self, shape: Shape) -> int:
        return self.out_features * shape[0]

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return {"bias_additions": self.out_features} if self.bias else {}
