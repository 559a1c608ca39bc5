"""Sums of branches."""

from typing import Any

from nbcnn.kernels.cpu.families.elementwise import add_binary, formula
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new


@formula("add")
def _sum(a: Any, b: Any) -> Any:
    return a + b


def add(program: Program, x: tuple[Activation, ...]) -> Activation:
    """The sum of all of x, over one that nobody else needs where there is such a one."""
    total, *others = sorted(x, key=lambda each: each.kept or each.shared)
    y = in_place_or_new(program, total, "sum")
    for other in others:
        add_binary(program, "add", total, other, y)
        total = y
    return y


def add_gradient(
    program: Program, dy: Activation, x: tuple[Activation, ...], y: Activation
) -> tuple[tuple[Activation | None, ...]]:
    """dy for every branch."""
    return (tuple(dy if each.wants_gradient else None for each in x),)
