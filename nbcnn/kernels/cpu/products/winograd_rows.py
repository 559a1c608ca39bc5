"""Convolutions with stride 1 over one and three axes by Winograd's method along the rows: F(4, 3) and F(4, 5).

Every row of the source becomes as many rows of values, four columns a tile; convolutions with the other axes' taps, one
for each value, multiply them with the transformed weights, and their results become rows of outputs. The products are
those of the register tile. It runs in the walk: a short kernel's values are few, and stay in the cache.
"""

import math

import numpy as np

from nbcnn.kernels.cpu.families.copying import with_halo
from nbcnn.kernels.cpu.families.even_extremes import winner_bytes
from nbcnn.kernels.cpu.families.windows import Window, forward_strands, halo_of
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float
from nbcnn.kernels.cpu.products.packing import Packing
from nbcnn.kernels.cpu.products.products import add_convolution
from nbcnn.kernels.cpu.products.winograd_axis import POINTS, TILE, transform_kernels, values_of
from nbcnn.kernels.cpu.products.winograd_tile import tile_inputs, tile_products
from nbcnn.kernels.cpu.program.buffers import Array, Table
from nbcnn.kernels.cpu.program.calls import Activation, Pool, Space, grid
from nbcnn.kernels.cpu.program.program import Program


def to_values(lanes: int, columns: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            x_channel,
            x_plane,
            x_row,
            y,
            y_channel,
            y_plane,
            y_row,
            value_step,
            before,
            planes,
            rows,
            tiles,
            first,
            last,
        ) = arguments("biiibiiiiiiiiii", arena, row, index, slot)
        x -= 4 * lanes * before
        for channel in range(first, last):
            for plane in range(planes):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for tile in range(tiles):
                        here, there = source + 4 * lanes * TILE * tile, target + 4 * lanes * tile
                        tile_inputs(lanes, 1, columns, here, 0, 4 * lanes, there, value_step)

    return body


def from_values(lanes: int, columns: int, pool: int = 1, keeps_winners: int = 0) -> Body:
    """With a `pool`, the largest of so many columns is stored for them."""
    entry = winner_bytes(lanes, pool)

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            x_channel,
            x_plane,
            x_row,
            y,
            y_channel,
            y_plane,
            y_row,
            mask,
            mask_channel,
            mask_plane,
            mask_row,
            bias,
            bias_step,
            value_step,
            planes,
            rows,
            width,
            masked,
            lowest,
            first,
            last,
        ) = arguments("biiibiiibiiibiiiiiirii", arena, row, index, slot)
        for channel in range(first, last):
            start = read_float(bias + channel * bias_step)
            for plane in range(planes):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    shown = mask + channel * mask_channel + plane * mask_plane + line * mask_row
                    for column in range(0, width, TILE):
                        place = column // pool
                        tile_products(
                            lanes, 1, columns, source + lanes * column, value_step, start, lowest,
                            (shown + (entry if pool > 1 else 4 * lanes) * place) * masked, 0,
                            target + 4 * lanes * place, 0, 1, width - column, 1, pool, keeps_winners,
                        )  # fmt: skip

    return body


def pack_values(lanes: int, columns: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        weight, packed, offsets, step, panel_places, value_step = arguments("bbbiii", arena, row, index, slot)
        begin = index * panel_places
        for place in range(0, panel_places, lanes):
            # The last vector is moved back to end with its panel.
            here = 4 * (begin + min(place, panel_places - lanes))
            transform_kernels(lanes, columns, weight, step, offsets + here, packed + here, value_step)

    return body


def suits_rows(program: Program, window: Window, channels: int, filters: int, groups: int, outputs: Space) -> bool:
    """Whether Winograd's method along the rows is wanted, can serve a pass with these outputs, and is faster."""
    depth, rows, columns = window.kernel
    one = (1, 1, 1)
    if not (program.winograd and window.stride == window.dilation == one and groups == 1 and columns in POINTS):
        return False
    over_two_axes = depth == 1 and rows > 1
    fits = all(before < kernel for before, kernel in zip(window.before, window.kernel, strict=True))
    if over_two_axes or not fits or min(channels, filters) < program.lanes:
        return False
    return pays(depth * rows, columns, channels, filters, outputs)


def pays(taps: int, columns: int, channels: int, filters: int, outputs: Space) -> bool:
    """Whether Winograd's method along the rows is faster by a quarter; by less it is not worth its rounding errors.

    A product is half a cycle for a vector of lanes, and with values nine tenths as fast; each of a tile's values takes
    four cycles to be made and read.
    """
    tiles, values = math.ceil(outputs[2] / TILE), values_of(columns)
    direct = 0.5 * taps * columns * outputs[2] * channels * filters
    made = 4 * (channels + filters)
    return 1.25 * tiles * values * (0.55 * taps * channels * filters + made) < direct


def _across(window: Window) -> Window:
    """What is left of a window for the convolution of values: its planes and rows."""
    depth, rows, _ = window.kernel
    return Window((depth, rows, 1), (1, 1, 1), (*window.before[:2], 0), (1, 1, 1))


def _values(program: Program, window: Window, x: Activation, outputs: Space) -> Activation:
    """Append to the walk the values of the rows of `x` for outputs along them: channels by value, columns by tile.

    There are zeros where a tile begins or ends beyond a row.
    """
    columns, before = window.kernel[2], window.before[2]
    tiles = math.ceil(outputs[2] / TILE)
    after = TILE * tiles + columns - 1 - before - x.space[2]
    x = with_halo(program, x, ((0, 0), (0, 0), (before, max(0, after))))
    y = program.activation(f"values of {x.name}", values_of(columns) * x.channels, (*x.space[:2], tiles))
    call = program.call(
        to_values,
        columns,
        **grid("x", x),
        **grid("y", y),
        value_step=lambda: x.channels * y.channel_stride,
        before=before,
        planes=x.space[0],
        rows=x.space[1],
        tiles=tiles,
        **program.units(x.channels),
    )
    call.units, call.work = x.channels, 4 * y.size
    program.each_block(call, produces=y)
    return y


def add_rows(
    program: Program,
    window: Window,
    mirrored: bool,
    weight: Array,
    bias: Array | None,
    packing: Packing,
    source: Activation,
    target: Activation,
) -> None:
    """Append to the walk: target = the window's kernels over source, plus bias.

    `packing` tells where filters and channels lie in `weight`. What is stored can later be clamped from below (argument
    `lowest` of the producer) and masked (`set_mask`).
    """
    columns = window.kernel[2]
    values = values_of(columns)
    across = _across(window)
    source_values = _values(program, window, source, target.space)
    space = (*target.space[:2], source_values.space[2])
    strands = forward_strands(across, space, mirrored)
    source_values.widen(halo_of(strands, source_values.space))
    products = program.activation(f"products for {target.name}", values * packing.filters, space)
    taps = len(across.taps)
    by_value = Packing(values, packing.filters, packing.channels, taps, 0, 0, 0)

    def pack(program: Program, weight: Array, _: Packing, tile_filters: int) -> Array:
        return _packed(program, weight, packing, columns, mirrored, taps, tile_filters)

    add_convolution(program, strands, taps, weight, None, by_value, source_values, products, pack)
    mask = target
    call = program.call(
        from_values,
        columns,
        **grid("x", products),
        **grid("y", target),
        **grid("mask", target),
        bias=Array("zero", (1,)) if bias is None else bias,
        bias_step=0 if bias is None else 4,
        value_step=lambda: packing.filters * products.channel_stride,
        planes=space[0],
        rows=space[1],
        width=target.space[2],
        masked=0,
        lowest=-math.inf,
        **program.units(target.channels),
    )
    call.units, call.work = target.channels, 4 * products.size

    def set_mask(activation: Activation) -> bool:
        nonlocal mask
        mask = activation
        call.arguments.update(**grid("mask", mask), masked=1)
        return True

    def set_pool(pool: Pool) -> bool:
        if pool.kernel[:2] != (1, 1) or TILE % pool.taps:
            return False
        constants = program.lanes, columns, pool.taps, int(pool.winners is not None)
        call.kernel = call.kernel._replace(constants=constants)
        _, rows, width = pool.y.space
        call.arguments.update(
            **grid("y", pool.y),
            mask=pool.winners or pool.y,
            mask_channel=pool.windows * pool.entry,
            mask_plane=rows * width * pool.entry,
            mask_row=width * pool.entry,
            masked=1,
        )
        return True

    call.set_mask, call.set_pool = set_mask, set_pool
    program.each_block(call, produces=target)


def _packed(
    program: Program, weight: Array, packing: Packing, columns: int, mirrored: bool, taps: int, tile_filters: int
) -> Array:
    """The values of `weight` as the tile wants them: `[value][filter group][channel][tap][filter]`.

    The last group repeats its last filter; what is made of the repetitions is never stored.
    """
    groups = packing.filter_groups(tile_filters)
    places = packing.channels * taps * tile_filters
    packed = Array(f"{weight.storage.name} values", (values_of(columns), groups, places))

    def offsets() -> np.ndarray:
        filters = np.minimum(np.arange(groups * tile_filters), packing.filters - 1).reshape(groups, 1, 1, tile_filters)
        channel, tap = np.arange(packing.channels)[:, None, None], np.arange(taps)[:, None]
        first = columns - 1 if mirrored else 0
        return 4 * (filters * packing.filter_stride + channel * packing.channel_stride + tap * columns + first).reshape(
            -1
        )

    call = program.call(
        pack_values,
        columns,
        weight=weight,
        packed=packed,
        offsets=Table("kernel rows", offsets),
        step=-4 if mirrored else 4,
        panel_places=places,
        value_step=4 * groups * places,
    )
    program.prepare.add([call], groups)
    return packed
