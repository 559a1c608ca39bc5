"""One call of an operation, and all that the checks over the tables must know about it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Example:
    """One call of an operation: shapes with the batch first, parameters in the order that the operation takes.

    A parameter of shape None is absent, such as a bias. `more_inputs` are the shapes of further inputs of an operation
    that joins branches; its x is then a tuple. `kinks`: the derivative jumps where numbers are equal or 0, so values
    are rounded to halves to meet such places often, and kept away from them for finite differences. `draw` makes the
    arrays where standard normal numbers do not do. `terms` counts the products that one element of the result sums, by
    kind (see tolerances.py), for an output of the shape given. `function_attributes` are those of the function in
    `nbcnn.functional` where they differ from the operation's. `in_torch`: PyTorch has it, with `pad` before it at most.
    """

    operation: str
    why: str
    input_shape: Shape
    parameters: dict[str, Shape | None] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    more_inputs: tuple[Shape, ...] = ()
    kinks: bool = False
    draw: Callable[[np.random.Generator, "Example"], list] | None = None
    terms: Callable[[str, Shape], int] = lambda kind, output: 1
    function_attributes: dict[str, Any] | None = None
    has_function: bool = True
    in_torch: bool = True
    is_loss: bool = False

    def __str__(self) -> str:
        return f"{self.operation}: {self.why}"

    @property
    def rank(self) -> int:
        return len(self.input_shape) - 2


def plain(operation: str, why: str, input_shape: Shape, **fields: Any) -> Example:
    """A call without parameters and attributes."""
    return Example(operation, why, input_shape, **fields)


def symmetric(padding: Pairs) -> bool:
    return all(before == after for before, after in padding)
