"""What every layer type declares: fields, shape rule, window, parameters and operation counts.

A layer answers for one sample, with shapes `(channels, *space)` or `(features,)`, and before any array exists.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from nbcnn.layers.axes import Shape, Window
from nbcnn.layers.fields import Expects
from nbcnn.layers.problems import Code, Problem

__all__ = ["MOST_NAME", "Initializer", "Layer", "LayerName", "Parameter", "Problem", "Shape", "Window"]

MOST_NAME = 64
LayerName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=MOST_NAME),
    Expects(f"a name of at most {MOST_NAME} letters, digits, _ and -, starting with a letter"),
]
Initializer = Literal[
    "pytorch", "he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "lecun_normal", "lecun_uniform", "zeros"
]


@dataclass(frozen=True)
class Parameter:
    """A trainable array to come: `fan_in` and `fan_out` count what one output reads and one input feeds."""

    shape: Shape
    fan_in: int
    fan_out: int
    initializer: str


class Layer(BaseModel, ABC):
    """A layer as a person writes it; its fields are the keys of a `[[layers]]` table."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    type: str
    name: LayerName | None = Field(None, description="Unique name; by default the type and a number, conv1, conv2, ...")
    activation: str | None = Field(None, description="Shorthand for an activation layer that follows.")

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the output for an input of `shape`; raises Problem where the input does not fit."""

    def review(self, shape: Shape) -> Iterator[Problem]:
        """Problems, warnings included, that leave the output shape known; asked after `output_shape`."""
        yield from ()

    def window(self, shape: Shape) -> Window | None:
        """The inputs that one output reads; None where it reads all of them."""
        return Window.resolve(shape[1:], 1)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Trainable arrays, in the order in which the operation takes them."""
        return {}

    def attributes(self, shape: Shape) -> dict[str, Any]:
        """Keyword arguments of the operation, resolved for the input's rank."""
        return {}

    def macs(self, shape: Shape) -> int:
        """Multiplications by weights for one sample; a bias is not counted."""
        return 0

    def other_flops(self, shape: Shape) -> dict[str, int]:
        """Floating-point operations of inference beside multiply-adds, for one sample, by kind.

        An addition, multiplication, division, comparison and elementary function (exp, tanh) count one each.
        """
        return {}

    def space_of(self, shape: Shape) -> Shape:
        """Spatial sizes of an input that must have some; raises Problem for a flat one."""
        if len(shape) < 2:
            raise Problem(
                Code.WRONG_AXES,
                f"expects an input of shape (channels, *space), received ({shape[0]},)",
                "move it before the flatten layer",
            )
        return shape[1:]
