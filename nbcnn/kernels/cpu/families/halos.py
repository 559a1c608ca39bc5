"""Zeros around activations whose memory others use before."""

import numpy as np

from nbcnn.kernels.cpu.language.row import Body, arguments
from nbcnn.kernels.cpu.language.vector import splat, store
from nbcnn.kernels.cpu.program.calls import Activation, Call
from nbcnn.kernels.cpu.program.program import Program


def clear_halo(lanes: int) -> Body:
    """Zeros in all numbers of a block that are outside of the space proper."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            block,
            channel_bytes,
            planes,
            rows,
            columns,
            first_plane,
            last_plane,
            first_row,
            last_row,
            first_column,
            last_column,
            first,
            last,
        ) = arguments("biiiiiiiiiiiii", arena, row, index, slot)
        zero = splat(lanes, np.float32(0.0))
        for channel in range(first, last):
            place = x + index * block + channel * channel_bytes
            for plane in range(planes):
                for line in range(rows):
                    outside = plane < first_plane or plane >= last_plane or line < first_row or line >= last_row
                    before, after = (columns, columns) if outside else (first_column, last_column)
                    for column in range(before):
                        store(zero, place + 4 * lanes * column)
                    for column in range(after, columns):
                        store(zero, place + 4 * lanes * column)
                    place += 4 * lanes * columns

    return body


def clearing(program: Program, x: Activation, in_walk: bool) -> Call:
    """A call that writes the zeros around x, whose halo is final, of a block in a walk or of the part's block."""
    planes, rows, columns = x.padded
    (first_plane, last_plane), (first_row, last_row), (first_column, last_column) = (
        (before, before + size) for size, (before, _) in zip(x.space, x.halo, strict=True)
    )
    call = program.call(
        clear_halo,
        x=x,
        # In a walk the table's row steps from block to block.
        block=0 if in_walk else lambda: x.storage.block_stride,
        channel_bytes=x.channel_stride,
        planes=planes,
        rows=rows,
        columns=columns,
        first_plane=first_plane,
        last_plane=last_plane,
        first_row=first_row,
        last_row=last_row,
        first_column=first_column,
        last_column=last_column,
        **program.units(x.channels),
    )
    call.channelwise = in_walk
    if in_walk:
        call.units = x.channels
    return call
