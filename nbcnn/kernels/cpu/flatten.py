"""Seeing an image as one row of features: no work, unless its buffer carries a halo."""

from nbcnn.kernels.cpu.families.copying import without_halo
from nbcnn.kernels.cpu.program.calls import Activation
from nbcnn.kernels.cpu.program.program import Program


def flatten(program: Program, x: Activation) -> Activation:
    """The same numbers with channels and space in one axis."""
    return program.flat_view(without_halo(program, x), x.size, (1, 1, 1))


def flatten_gradient(program: Program, dy: Activation, x: Activation, y: Activation) -> tuple[Activation | None]:
    """The same numbers with channels and space apart again."""
    return (program.flat_view(without_halo(program, dy), x.channels, x.space),)
