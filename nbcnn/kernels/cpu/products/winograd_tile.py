"""Winograd's transforms of whole tiles: those of `winograd_axis` down every column and then along every row.

A tile is 4 x 4 outputs of a kernel of `rows` x `columns`, or 4 of one row; its values, as many as its inputs, lie in
memory row by row, a given step apart.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nbcnn.kernels.cpu.families.even_extremes import winner_bytes
from nbcnn.kernels.cpu.language.later import intrinsic, ir, types
from nbcnn.kernels.cpu.products.tile import Emitter
from nbcnn.kernels.cpu.products.winograd_axis import from_values, matrices, tile_of, to_values, values_of

# How many bytes ahead of what is stored lines are asked for that are written soon, in memory that is far.
_SOON = 1024

_Line = Callable[[Emitter, np.ndarray, Sequence[Any]], list[Any]]
_MatrixOf = Callable[[int], np.ndarray]


def _on_tile(
    emit: Emitter,
    line: _Line,
    matrix_of: _MatrixOf,
    taps: tuple[int, int],
    source: Any,
    row_step: Any,
    column_step: Any,
) -> Iterator[list[Any]]:
    """The rows of what a transform makes of a tile in memory, each emitted when it is asked for.

    A column is loaded when it is transformed: registers hold one or two, and a compiler keeps to that order. With one
    row of taps columns stay as they are.
    """
    down, along = (matrix_of(count) if count > 1 else None for count in taps)
    assert along is not None
    columns = []
    for _ in range(along.shape[1]):
        place, numbers = source, []
        for _ in range(1 if down is None else down.shape[1]):
            numbers.append(emit.load(place))
            place = emit.add(place, row_step)
        columns.append(numbers if down is None else line(emit, down, numbers))
        source = emit.add(source, column_step)
    for row in zip(*columns, strict=True):
        yield line(emit, along, row)


def _transform(name: str, meaning: str, line: _Line, matrix_of: _MatrixOf) -> Any:
    """A transform of a tile's vectors, rows and columns apart by steps, to vectors that are `target_step` apart."""

    def transform(typing_context, lanes, rows, columns, source, row_step, column_step, target, target_step):
        count, taps = lanes.literal_value, (rows.literal_value, columns.literal_value)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            source, row_step, column_step, target, target_step = args[3:]
            emit = Emitter(builder, count)
            for row in _on_tile(emit, line, matrix_of, taps, source, row_step, column_step):
                for value in row:
                    emit.store(value, target)
                    target = emit.add(target, target_step)
            return context.get_dummy_value()

        return types.void(lanes, rows, columns, *[types.int64] * 5), codegen

    transform.__name__, transform.__doc__ = name, meaning
    return intrinsic(prefer_literal=True)(transform)


tile_inputs = _transform(
    "tile_inputs", "Write a tile's values of its inputs.", to_values, lambda taps: matrices(taps).inputs
)
tile_gradients = _transform(
    "tile_gradients",
    "Write a tile's values of the gradients of its outputs.",
    to_values,
    lambda taps: matrices(taps).outputs.T,
)
tile_kernels = _transform(
    "tile_kernels", "Write a tile's values of kernels.", to_values, lambda taps: matrices(taps).kernels
)
tile_sums = _transform(
    "tile_sums",
    "Write kernels' gradients of sums of products.",
    from_values,
    lambda taps: matrices(taps).kernels.T,
)


@intrinsic(prefer_literal=True)
def tile_products(
    typing_context,
    lanes,
    rows,
    columns,
    source,
    source_step,
    bias,
    lowest,
    mask,
    mask_row,
    target,
    target_row,
    height,
    width,
    pool_rows=1,
    pool_columns=1,
    keeps=0,
):
    """Make the outputs of a tile's products, add `bias`, clamp from below, and store the first `height` x `width`.

    Where `mask` is not 0, outputs are zeroed whose vector there is not positive. With a pool, the largest of each whole
    window of `pool_rows` x `pool_columns` is stored alone; where it `keeps` what `even_extremes` leaves of winners,
    this goes to `mask`.
    """
    count, taps = lanes.literal_value, (rows.literal_value, columns.literal_value)
    window_rows, window_columns, keeps_winners = (
        getattr(each, "literal_value", each) for each in (pool_rows, pool_columns, keeps)
    )
    is_pooled = window_rows * window_columns > 1
    entry = winner_bytes(count, window_rows * window_columns)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, source_step, bias, lowest, mask, mask_row, target, target_row, height, width = args[3:13]
        emit = Emitter(builder, count)
        row_step = builder.mul(source_step, emit.constant(values_of(taps[1])))
        outputs = list(
            _on_tile(emit, from_values, lambda taps: matrices(taps).outputs, taps, source, row_step, source_step)
        )
        start, floor = emit.splat(bias), emit.splat(lowest)

        def is_inside(number: int, size: Any) -> Any:
            return builder.if_then(builder.icmp_signed("<", emit.constant(number), size))

        if is_pooled:
            for row in range(0, tile_of(taps[0]), window_rows):
                with is_inside(row + window_rows - 1, height):
                    window = emit.constant(row // window_rows)
                    target_place = emit.add(target, builder.mul(target_row, window))
                    winners = emit.add(mask, builder.mul(mask_row, window))
                    for column in range(0, tile_of(taps[1]), window_columns):
                        with is_inside(column + window_columns - 1, width):
                            values = [
                                builder.fadd(output, start)
                                for line in outputs[row : row + window_rows]
                                for output in line[column : column + window_columns]
                            ]
                            number = column // window_columns
                            emit.prefetch(emit.add(target_place, 4 * count * number + _SOON), to_write=True)
                            largest = emit.largest(values, emit.add(winners, entry * number) if keeps_winners else None)
                            emit.store(emit.at_least(largest, floor), emit.add(target_place, 4 * count * number))
            return context.get_dummy_value()
        zero = ir.Constant(emit.vector, [0.0] * count)
        masked = builder.icmp_signed("!=", mask, emit.constant(0))
        for row in range(tile_of(taps[0])):
            with is_inside(row, height):
                target_place = emit.add(target, builder.mul(target_row, emit.constant(row)))
                mask_place = emit.add(mask, builder.mul(mask_row, emit.constant(row)))
                for column in range(tile_of(taps[1])):
                    value = emit.at_least(builder.fadd(outputs[row][column], start), floor)
                    with is_inside(column, width):
                        place = emit.add(target_place, 4 * count * column)
                        with builder.if_else(masked) as (then, otherwise):
                            with then:
                                known = emit.load(emit.add(mask_place, 4 * count * column))
                                # Unordered, so that not-a-number passes the gradient on, as in PyTorch.
                                positive = builder.fcmp_unordered(">", known, zero)
                                emit.store(builder.select(positive, value, zero), place)
                            with otherwise:
                                emit.store(value, place)
        return context.get_dummy_value()

    whole, real = types.int64, types.float32
    return types.void(lanes, rows, columns, whole, whole, real, real, *[whole] * 9), codegen


@intrinsic(prefer_literal=True)
def tile_products_by_channel(
    typing_context, lanes, source, source_step, bias, lowest, added, added_row, target, target_row, height, width
):
    """Make 4 x 4 outputs of a 3 x 3 kernel's products whose lanes are channels, and store the first `height` x `width`.

    The vector at `bias` is added, and unless `added` is 0 the outputs there; then all are clamped from below.
    """
    count = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _, source, source_step, bias, lowest, added, added_row, target, target_row, height, width = args
        emit = Emitter(builder, count)
        row_step = builder.mul(source_step, emit.constant(values_of(3)))
        start, floor = emit.load(bias), emit.splat(lowest)
        zero = ir.Constant(emit.vector, [0.0] * count)
        adds = builder.icmp_signed("!=", added, emit.constant(0))
        tile = _on_tile(emit, from_values, lambda taps: matrices(taps).outputs, (3, 3), source, row_step, source_step)
        for row, outputs in enumerate(tile):
            with builder.if_then(builder.icmp_signed("<", emit.constant(row), height)):
                target_place = emit.add(target, builder.mul(target_row, emit.constant(row)))
                added_place = emit.add(added, builder.mul(added_row, emit.constant(row)))
                for column, output in enumerate(outputs):
                    with builder.if_then(builder.icmp_signed("<", emit.constant(column), width)):
                        value = builder.fadd(output, start)
                        before = builder.block
                        with builder.if_then(adds):
                            other = emit.load(emit.add(added_place, 4 * count * column))
                            inside = builder.block
                        more = builder.phi(emit.vector)
                        more.add_incoming(zero, before)
                        more.add_incoming(other, inside)
                        value = builder.fadd(value, more)
                        value = builder.select(builder.fcmp_ordered("<", value, floor), floor, value)
                        emit.store(value, emit.add(target_place, 4 * count * column))
        return context.get_dummy_value()

    return types.void(lanes, *[types.int64] * 3, types.float32, *[types.int64] * 6), codegen
