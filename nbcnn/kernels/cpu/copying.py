"""Copies within the walk: into a haloed buffer where the original can have no halo, or flat where it has one."""

from typing import Any

from nbcnn.kernels.cpu.elementwise import formula, forward
from nbcnn.kernels.cpu.program import NO_HALO, Activation, Halo, Program, extent, grid


@formula("copy")
def _same(x: Any) -> Any:
    return x


def _copied(program: Program, x: Activation) -> Activation:
    y = program.activation(f"{x.name} copy", x.channels, x.space)
    y.wants_gradient = x.wants_gradient
    program.each_block(program.call(forward, "copy", **grid("x", x), **grid("y", y), **extent(x)), produces=y)
    return y


def with_halo(program: Program, x: Activation, halo: Halo) -> Activation:
    """`x` with at least `halo` around it: itself, or a copy where it is rigid."""
    if x.rigid and halo != NO_HALO:
        x = _copied(program, x)
    x.widen(halo)
    return x


def without_halo(program: Program, x: Activation) -> Activation:
    """`x` without halo, now and later: itself, or a copy where it has one already."""
    if x.halo != NO_HALO:
        x = _copied(program, x)
    x.rigid = True
    return x
