"""Instance normalisation (Ulyanov, Vedaldi and Lempitsky, arXiv:1607.08022, 2016)."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Parameter
from nbcnn.layers.normalisation import Normalisation, sets_of_one
from nbcnn.layers.problems import Problem


class InstanceNorm(Normalisation):
    """Normalises each channel of each sample over its positions; it has no running statistics."""

    type: Literal["instance_norm"]
    affine: bool = Field(False, description="Whether it has a weight and a bias.")

    def output_shape(self, shape: Shape) -> Shape:
        self.space_of(shape)
        return shape

    def review(self, shape: Shape) -> Iterator[Problem]:
        yield from sets_of_one(shape[1:], "move it before the layer that leaves one position, or use layer_norm")

    def window(self, shape: Shape) -> None:
        return None

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        return self.weight_and_bias(shape[:1])

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"eps": self.eps}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return self.flops_of_sets(shape, shape[0])
