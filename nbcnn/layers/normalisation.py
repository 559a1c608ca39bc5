"""What the layers that normalise have in common."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Annotated

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Parameter
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.trainable import Trainable

SMALLEST_EPS = 1e-12
"""Below it 1 / sqrt(eps) would leave the range in which float32 is accurate."""


class Normalisation(Trainable):
    """Any shape to the same shape: (x - mean) / sqrt(variance + eps), then times weight plus bias where `affine`."""

    eps: Annotated[float, Field(ge=SMALLEST_EPS, le=1)] = 1e-5
    affine: bool = Field(True, description="Whether it has a weight and a bias.")

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def weight_and_bias(self, shape: Shape) -> dict[str, Parameter]:
        """Weight 1 and bias 0 of `shape`, where it is affine."""
        if not self.affine:
            return {}
        return {"weight": Parameter(shape, 1, 1, "ones"), "bias": Parameter(shape, 1, 1, "zeros")}

    def flops_of_sets(self, shape: Shape, sets: int) -> dict[str, int]:
        """Operations of mean, variance and normalisation, where the numbers of one sample form so many sets."""
        numbers, affine = prod(shape), int(self.affine)
        return {
            "additions": (3 + affine) * numbers - sets,
            "multiplications": (2 + affine) * numbers,
            "divisions": 3 * sets,
            "square_roots": sets,
        }


def sets_of_one(sizes: Sequence[int], cure: str) -> Iterator[Problem]:
    """A Problem where a set of numbers with these sizes is a single number, which becomes 0 whatever it is."""
    if prod(sizes) == 1:
        yield Problem(
            Code.NOTHING_TO_NORMALISE,
            "normalises every number by itself, which gives 0 whatever the number is",
            cure,
        )
