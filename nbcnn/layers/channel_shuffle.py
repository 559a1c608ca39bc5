"""Channels of several groups dealt out in turn (Zhang et al., ShuffleNet, CVPR 2018, section 3.1)."""

from collections.abc import Iterator
from typing import Any, Literal

from nbcnn.layers.axes import Shape, largest_divisor
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import Size
from nbcnn.layers.problems import Code, Problem


class ChannelShuffle(Layer):
    """The first channel of every group, then the second of every group, and so on."""

    type: Literal["channel_shuffle"]
    groups: Size

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def channels_read(self, shape: Shape) -> list[range]:
        size = shape[0] // self.groups
        sources = (channel % self.groups * size + channel // self.groups for channel in range(shape[0]))
        return [range(source, source + 1) for source in sources]

    def review(self, shape: Shape) -> Iterator[Problem]:
        if shape[0] % self.groups:
            yield Problem(
                Code.BAD_GROUPS,
                f"the {shape[0]} channels must be divisible by groups (={self.groups})",
                f"use groups = {largest_divisor(shape[0], self.groups)}",
                "groups",
            )

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"groups": self.groups}
