"""What every layer type declares: fields, shape rule, window, parameters and operation counts.

A layer answers for one sample, with shapes `(channels, *space)` or `(features,)`, and before any array exists.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from nbcnn.layers.axes import Shape, Window, checked_window, inside
from nbcnn.layers.fields import LayerName, Sources
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.table import Table

Initializer = Literal[
    "pytorch",
    "he_normal",
    "he_uniform",
    "glorot_normal",
    "glorot_uniform",
    "lecun_normal",
    "lecun_uniform",
    "zeros",
    "ones",
]


class Parameter(NamedTuple):
    """An array to come: `fan_in` and `fan_out` count what one output reads and one input feeds.

    The initializer is the name of one, or the number that every element starts from.
    """

    shape: Shape
    fan_in: int
    fan_out: int
    initializer: str | float


class Layer(Table, ABC):
    """A layer as a person writes it; its fields are the keys of a `[[layers]]` table."""

    keeps_numbers: ClassVar[bool] = False
    """Whether the output holds the input's numbers, in their order, in another shape."""

    type: str
    name: LayerName | None = Field(None, description="Unique name; by default the type and a number, conv1, conv2, ...")
    from_: Sources | None = Field(
        None, alias="from", description='What it reads: a layer\'s name, or "input"; by default the layer before.'
    )
    activation: str | None = Field(None, description="Shorthand for an activation layer that follows.")

    @property
    def sources(self) -> tuple[str, ...]:
        """The names in `from`; none where it reads the layer before."""
        return (self.from_,) if isinstance(self.from_, str) else self.from_ or ()

    def join(self, shapes: Sequence[Shape], names: Sequence[str] = ()) -> Shape:
        """The one shape that stands for all inputs in the other rules; raises Problem where the inputs do not go
        together, and calls them by `names`."""
        if len(shapes) != 1:
            raise Problem(
                Code.BAD_INPUTS,
                f"reads {len(shapes)} inputs where {self.type} reads one",
                'give one name, or join them with a layer of type = "add" or "concat" before it',
                "from",
            )
        return shapes[0]

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the output for an input of `shape`; raises Problem where the input does not fit."""

    def review(self, shape: Shape) -> Iterator[Problem]:
        """Problems that leave the output shape known; asked after `output_shape`."""
        yield from ()

    def window(self, shape: Shape) -> Window | None:
        """The inputs that one output reads; None where it reads all of them."""
        return checked_window(shape[1:], 1)

    def channels_read(self, shape: Shape) -> Sequence[range] | None:
        """The channels that each channel of the output reads; None where each reads its own."""
        return None

    def positions_read(self, shape: Shape, axis: int, position: int) -> Iterable[int]:
        """The positions along a spatial axis, numbered from 0, that an output at `position` of that axis reads.

        What it reads of the padding is left out, unless that is copied from positions of the input.
        """
        window, size = self.window(shape), shape[1 + axis]
        return range(size) if window is None else inside(window.positions(axis, position), size)

    def arithmetic(self, shape: Shape) -> tuple[str, ...]:
        """How the spatial sizes of the output come about, a line for each axis; asked after `output_shape`."""
        window = self.window(shape)
        return () if window is None else window.arithmetic(shape[1:])

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Trainable arrays, in the order in which the operation takes them."""
        return {}

    def buffers(self, shape: Shape) -> dict[str, Parameter]:
        """Arrays that training changes but no gradient does, such as running statistics, in the operation's order."""
        return {}

    def attributes(self, shape: Shape) -> dict[str, Any]:
        """Keyword arguments of the operation, resolved for the input's rank."""
        return {}

    def least_batch(self, shape: Shape) -> int:
        """The fewest samples that a batch of training must have."""
        return 1

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
