"""Seeing a sample's numbers in another shape: no work, unless its buffer carries a halo."""

from nbcnn.kernels.cpu.families.copying import without_halo
from nbcnn.kernels.cpu.families.windows import three_axes
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def reshape(program: Program, x: Activation, *, shape: tuple[int, ...]) -> Activation:
    """The same numbers as (channels, *space)."""
    return program.flat_view(without_halo(program, x), shape[0], three_axes(shape[1:]))


def reshape_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, *, shape: tuple[int, ...]
) -> tuple[Activation]:
    """The same numbers in the shape of x."""
    return (program.flat_view(without_halo(program, dy), x.channels, x.space),)
