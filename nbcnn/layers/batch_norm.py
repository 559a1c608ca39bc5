"""Batch normalisation (Ioffe and Szegedy, arXiv:1502.03167, 2015)."""

from math import prod
from typing import Annotated, Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Parameter
from nbcnn.layers.normalisation import Normalisation


class BatchNorm(Normalisation):
    """Normalises each channel over the batch and all positions (algorithm 1), in inference by running statistics.

    `momentum` is the weight of the new batch in the running statistics, whose variance is the unbiased one.
    """

    type: Literal["batch_norm"]
    momentum: Annotated[float, Field(ge=0, le=1)] = 0.1

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        return self.weight_and_bias(shape[:1])

    def buffers(self, shape: Shape) -> dict[str, Parameter]:
        return {
            "running_mean": Parameter(shape[:1], 1, 1, "zeros"),
            "running_var": Parameter(shape[:1], 1, 1, "ones"),
        }

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"momentum": self.momentum, "eps": self.eps}

    def least_batch(self, shape: Shape) -> int:
        """A channel's one number would become 0 whatever it is."""
        return 2 if prod(shape[1:]) == 1 else 1

    def other_flops(self, shape: Shape) -> dict[str, int]:
        """In inference it is one factor and one shift a channel."""
        return {"multiplications": prod(shape), "additions": prod(shape)}
