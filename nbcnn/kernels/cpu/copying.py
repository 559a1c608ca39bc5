"""Copies within the walk: into a haloed buffer where the original can have no halo, or flat where it has one."""

from nbcnn.kernels.cpu.program import NO_HALO, Activation, Halo, Program, extent, grid
from nbcnn.kernels.cpu.row import Body, address, integer
from nbcnn.kernels.cpu.vector import load, store


def copy(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x = address(arena, row, 0, index, slot)
        x_channel = integer(row, 1)
        x_plane = integer(row, 2)
        x_row = integer(row, 3)
        y = address(arena, row, 4, index, slot)
        y_channel = integer(row, 5)
        y_plane = integer(row, 6)
        y_row = integer(row, 7)
        for channel in range(integer(row, 8)):
            for plane in range(integer(row, 9)):
                for line in range(integer(row, 10)):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(integer(row, 11)):
                        store(load(lanes, source + 4 * lanes * column), target + 4 * lanes * column)

    return body


def _copied(program: Program, x: Activation) -> Activation:
    y = program.activation(f"{x.name} copy", x.channels, x.space)
    y.wants_gradient = x.wants_gradient
    program.each_block(program.call(copy, **grid("x", x), **grid("y", y), **extent(x)), produces=y)
    return y


def with_halo(program: Program, x: Activation, halo: Halo) -> Activation:
    """`x` with at least `halo` around it: itself, or a copy where it is rigid."""
    if x.rigid and halo != NO_HALO and any(side > 0 for pair in halo for side in pair):
        x = _copied(program, x)
    x.widen(halo)
    return x


def without_halo(program: Program, x: Activation) -> Activation:
    """`x` without halo, now and later: itself, or a copy where it has one already."""
    if x.halo != NO_HALO:
        x = _copied(program, x)
    x.rigid = True
    return x
