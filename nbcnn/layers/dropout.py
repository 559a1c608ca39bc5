"""Dropout (Srivastava et al., Journal of Machine Learning Research 15, 2014)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Elementwise


class Dropout(Elementwise):
    """In training an element is zero with probability p and x / (1 - p) otherwise; in inference it is x."""

    type: Literal["dropout"]
    p: Annotated[float, Field(ge=0, lt=1)] = 0.5

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"p": self.p}
