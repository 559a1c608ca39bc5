"""Copies within the walk: of some channels, into a buffer with a halo, or out of one."""

from typing import Any

from nbcnn.kernels.cpu.families.elementwise import formula, unary
from nbcnn.kernels.cpu.program.calls import NO_HALO, Activation, Halo, extent, grid
from nbcnn.kernels.cpu.program.program import Program


@formula("copy")
def _same(x: Any) -> Any:
    return x


def add_copy(
    program: Program, x: Activation, y: Activation, channels: int, *, from_channel: int = 0, to_channel: int = 0
) -> None:
    """Append to the walk: `channels` channels of x, from the one on, become those of y, from the other on."""
    source, target = grid("x", x, from_channel), grid("y", y, to_channel)
    call = program.call(unary, "copy", **source, **target, **extent(x) | {"channels": channels}, first=0.0, second=0.0)
    program.each_block(call, produces=y)


def _copied(program: Program, x: Activation) -> Activation:
    y = program.activation(f"{x.name} copy", x.channels, x.space)
    add_copy(program, x, y, x.channels)
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
