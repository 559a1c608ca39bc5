"""Dropout of a whole branch (Huang et al., Deep networks with stochastic depth, ECCV 2016)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Elementwise


class StochasticDepth(Elementwise):
    """In training a sample is all zero with probability p and x / (1 - p) otherwise; in inference it is x."""

    type: Literal["stochastic_depth"]
    p: Annotated[float, Field(ge=0, lt=1)]

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"p": self.p}
