"""What the layers that read several inputs have in common."""

from abc import abstractmethod
from collections.abc import Sequence

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer
from nbcnn.layers.problems import Code, Problem


class Merge(Layer):
    """Two or more inputs, named in `from`, become one output; `join` gives the shape of it."""

    def join(self, shapes: Sequence[Shape], names: Sequence[str] = ()) -> Shape:
        if len(shapes) < 2:
            raise Problem(
                Code.BAD_INPUTS,
                f"reads {len(shapes)} input where {self.type} reads two or more",
                'name them, from = ["...", "..."], or delete this layer',
                "from",
            )
        for number, shape in enumerate(shapes[1:], 1):
            if cure := self.misfit(shapes[0], shape):
                first, other = _described(0, shapes, names), _described(number, shapes, names)
                rule = f"{first} and {other} do not go together"
                raise Problem(Code.SHAPES_DIFFER, rule, cure, ("from", number), " x ".join(map(str, shape)))
        return self.joined(shapes)

    @abstractmethod
    def misfit(self, first: Shape, other: Shape) -> str | None:
        """What to do about an input that does not fit the first; None where it fits."""

    @abstractmethod
    def joined(self, shapes: Sequence[Shape]) -> Shape:
        """The shape of inputs that fit one another."""

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    @property
    def operations(self) -> int:
        """How often an element of the output is computed with: once for each input after the first."""
        return max(len(self.sources) - 1, 1)


def _described(number: int, shapes: Sequence[Shape], names: Sequence[str]) -> str:
    name = f'"{names[number]}"' if names else f"input {number + 1}"
    return f"{name} of shape {' x '.join(map(str, shapes[number]))}"
