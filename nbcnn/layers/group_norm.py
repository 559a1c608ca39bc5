"""Group normalisation (Wu and He, arXiv:1803.08494, 2018)."""

from collections.abc import Iterator
from typing import Any, Literal

from nbcnn.layers.axes import Shape, largest_divisor
from nbcnn.layers.base import Parameter
from nbcnn.layers.fields import Size
from nbcnn.layers.normalisation import Normalisation, sets_of_one
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.weights import channels_of_groups


class GroupNorm(Normalisation):
    """Normalises each sample over the positions and channels of each group of channels."""

    type: Literal["group_norm"]
    num_groups: Size

    def review(self, shape: Shape) -> Iterator[Problem]:
        if shape[0] % self.num_groups:
            yield Problem(
                Code.BAD_GROUPS,
                f"the input's channels (={shape[0]}) must be divisible by num_groups (={self.num_groups})",
                f"use num_groups = {largest_divisor(shape[0], self.num_groups)}",
                "num_groups",
            )
        else:
            yield from sets_of_one((shape[0] // self.num_groups, *shape[1:]), "use fewer groups, or delete this layer")

    def window(self, shape: Shape) -> None:
        return None

    def channels_read(self, shape: Shape) -> list[range]:
        return channels_of_groups(shape[0], shape[0], self.num_groups)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        return self.weight_and_bias(shape[:1])

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"num_groups": self.num_groups, "eps": self.eps}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        return self.flops_of_sets(shape, self.num_groups)
