"""The bytes of tiles' tables, told before any layout is known, are those that the tables then take."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nbcnn.kernels.cpu.families.windows import (
    Window,
    adjoint_strands,
    forward_strands,
    halo_of,
    tile_table_bytes,
    tile_tables,
)
from nbcnn.kernels.cpu.program.calls import Activation

LANES = 8


def axes(least: int, most: int) -> st.SearchStrategy[tuple[int, int, int]]:
    return st.tuples(*[st.integers(least, most)] * 3)


@pytest.mark.parametrize("adjoint", [False, True])
@given(
    space=axes(1, 7),
    kernel=axes(1, 3),
    stride=axes(1, 3),
    dilation=axes(1, 2),
    before=axes(0, 2),
    pixels=st.sampled_from([1, 3, 4, 6, 8]),
    blocks=st.integers(1, 3),
    fold=st.integers(1, 5),
)
def test_bytes_are_known_beforehand(
    adjoint: bool,
    space: tuple[int, int, int],
    kernel: tuple[int, int, int],
    stride: tuple[int, int, int],
    dilation: tuple[int, int, int],
    before: tuple[int, int, int],
    pixels: int,
    blocks: int,
    fold: int,
) -> None:
    window = Window(kernel, stride, before, dilation)
    outputs = window.outputs(space, [(each, each) for each in before])
    assume(min(outputs) > 0)
    strands = adjoint_strands(window, space, False) if adjoint else forward_strands(window, outputs, False)
    read, made = (outputs, space) if adjoint else (space, outputs)
    source, target = Activation("source", LANES, fold, read), Activation("target", LANES, 1, made)
    source.widen(halo_of(strands, read))
    tables = tile_tables(strands, source, target, target, pixels, 4, window.tap_count, fold, blocks)
    in_pixels, in_tiles, in_taps = tile_table_bytes(strands, read, pixels, blocks)
    assert (in_pixels, in_tiles, fold * in_taps) == tuple(each.nbytes for each in tables)
