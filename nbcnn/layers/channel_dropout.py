"""Dropout of whole channels (Tompson et al., Efficient object localization using convolutional networks, CVPR 2015)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Elementwise


class ChannelDropout(Elementwise):
    """In training a channel of a sample is zero with probability p and x / (1 - p) otherwise; in inference it is x."""

    type: Literal["channel_dropout"]
    p: Annotated[float, Field(ge=0, lt=1)] = 0.5

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"p": self.p}
