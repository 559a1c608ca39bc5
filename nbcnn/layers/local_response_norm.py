"""Local response normalisation (Krizhevsky, Sutskever and Hinton, NeurIPS 2012, section 3.3)."""

from math import prod
from typing import Annotated, Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.elementwise import Elementwise
from nbcnn.layers.fields import Size

SMALLEST_K = 1e-6
"""A window of zeros divides by k ** beta."""


class LocalResponseNorm(Elementwise):
    """x / (k + alpha / size * sum of squares) ** beta, summed over `size` neighbouring channels at the same position.

    As in PyTorch, where alpha is divided by size, the window of channel c begins at c - size // 2.
    """

    type: Literal["local_response_norm"]
    size: Size
    alpha: Annotated[float, Field(ge=0, le=1e6)] = 1e-4
    beta: Annotated[float, Field(ge=0, le=16)] = 0.75
    k: Annotated[float, Field(ge=SMALLEST_K, le=1e6)] = 1.0

    def channels_read(self, shape: Shape) -> list[range]:
        firsts = range(-(self.size // 2), shape[0] - self.size // 2)
        return [range(max(first, 0), min(first + self.size, shape[0])) for first in firsts]

    def attributes(self, shape: Shape) -> dict[str, Any]:
        return {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}

    def other_flops(self, shape: Shape) -> dict[str, int]:
        sides = self.size // 2, (self.size - 1) // 2
        read = (shape[0] + sum(_neighbours(shape[0], most) for most in sides)) * prod(shape[1:])
        return {"multiplications": read + 2 * prod(shape), "additions": read, "powers": prod(shape)}


def _neighbours(channels: int, most: int) -> int:
    """Neighbours on one side that all channels together have, at most `most` each."""
    reached = min(most, channels)  # the one at a distance d is there for channels - d of them
    return reached * channels - reached * (reached + 1) // 2
