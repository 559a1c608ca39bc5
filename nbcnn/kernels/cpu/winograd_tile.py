"""Winograd's transforms of whole tiles, emitted as LLVM IR: the formulas of `winograd_lines` on vectors of lanes.

A tile is 4 x 4 outputs, made of 6 x 6 inputs; its 36 values lie in memory row by row, a given step apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from nbcnn.kernels.cpu.vector import declare, repeat
from nbcnn.kernels.cpu.winograd_lines import (
    gradient_line,
    input_line,
    kernel_gradient_line,
    kernel_line,
    output_line,
)

TILE, PATCH = 4, 6
VALUES = PATCH * PATCH

_I64 = ir.IntType(64)
_I32 = ir.IntType(32)
_F32 = ir.FloatType()


@dataclass(frozen=True)
class _Lanes:
    """A vector in code to be compiled, with the arithmetic that the formulas need; products are fused into sums."""

    builder: Any
    value: Any

    def __add__(self, other: "_Lanes | _Product") -> "_Lanes":
        if isinstance(other, _Product):
            return other.added_to(self)
        return _Lanes(self.builder, self.builder.fadd(self.value, other.value))

    def __sub__(self, other: "_Lanes | _Product") -> "_Lanes":
        if isinstance(other, _Product):
            return _Product(-other.factor, other.lanes).added_to(self)
        return _Lanes(self.builder, self.builder.fsub(self.value, other.value))

    def __rmul__(self, factor: float) -> "_Product":
        return _Product(factor, self)


@dataclass(frozen=True)
class _Product:
    """A vector times a constant, not computed yet."""

    factor: float
    lanes: _Lanes

    @property
    def _constant(self) -> Any:
        kind = self.lanes.value.type
        return ir.Constant(kind, [float(np.float32(self.factor))] * kind.count)

    def added_to(self, other: _Lanes) -> _Lanes:
        builder, kind = other.builder, other.value.type
        fma = declare(builder, f"llvm.fma.v{kind.count}f32", kind, [kind] * 3)
        return _Lanes(builder, builder.call(fma, [self.lanes.value, self._constant, other.value]))

    @property
    def computed(self) -> _Lanes:
        builder = self.lanes.builder
        return _Lanes(builder, builder.fmul(self.lanes.value, self._constant))

    def __add__(self, other: "_Lanes | _Product") -> _Lanes:
        return self.computed + other

    def __sub__(self, other: "_Lanes | _Product") -> _Lanes:
        return self.computed - other


def _on_tile(line: Callable[[Sequence[Any]], list[Any]], rows: Sequence[Sequence[_Lanes]]) -> list[list[_Lanes]]:
    """A formula for one line, applied down every column of a tile and then along every row of what that gives."""

    def along(values: Sequence[_Lanes]) -> list[_Lanes]:
        return [value.computed if isinstance(value, _Product) else value for value in line(values)]

    columns = [along(column) for column in zip(*rows, strict=True)]
    return [along(row) for row in zip(*columns, strict=True)]


class _Emitter:
    """Shorthands over an IR builder for one vector width."""

    def __init__(self, builder: Any, lanes: int) -> None:
        self.builder = builder
        self.vector = ir.VectorType(_F32, lanes)
        self.bytes = 4 * lanes

    def at(self, address: Any, offset: int) -> Any:
        return self.builder.add(address, _I64(offset))

    def times(self, step: Any, count: int) -> Any:
        return self.builder.mul(step, _I64(count))

    def load(self, address: Any, kind: Any = None) -> Any:
        return self.builder.load(self.builder.inttoptr(address, (kind or self.vector).as_pointer()), align=4)

    def store(self, value: Any, address: Any) -> None:
        self.builder.store(value, self.builder.inttoptr(address, value.type.as_pointer()), align=4)

    def rows(self, address: Any, row_step: Any, column_step: Any, rows: int, columns: int) -> list[list[_Lanes]]:
        """The vectors of a tile in memory."""
        found = []
        for row in range(rows):
            start = self.builder.add(address, self.times(row_step, row))
            places = [self.builder.add(start, self.times(column_step, column)) for column in range(columns)]
            found.append([_Lanes(self.builder, self.load(place)) for place in places])
        return found

    def store_values(self, tile: list[list[Any]], address: Any, step: Any) -> None:
        """Put a tile's values `step` apart."""
        for number, value in enumerate(value for row in tile for value in row):
            self.store(value.value, self.builder.add(address, self.times(step, number)))


def _from_patch(name: str, meaning: str, line: Callable[[Sequence[Any]], list[Any]], size: int) -> Any:
    """A transform of `size` x `size` vectors, each row of which lies together, to what `line` makes of them."""

    def transform(typing_context, lanes, source, row_step, target, target_step):
        count = lanes.literal_value

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            _, source, row_step, target, target_step = args
            emit = _Emitter(builder, count)
            patch = emit.rows(source, row_step, _I64(emit.bytes), size, size)
            emit.store_values(_on_tile(line, patch), target, target_step)
            return context.get_dummy_value()

        return types.void(lanes, *[types.int64] * 4), codegen

    transform.__name__, transform.__doc__ = name, meaning
    return intrinsic(prefer_literal=True)(transform)


transform_input = _from_patch("transform_input", "Write 36 values of 6 x 6 inputs.", input_line, PATCH)
transform_gradient = _from_patch("transform_gradient", "Write 36 values of 4 x 4 gradients.", gradient_line, TILE)


@intrinsic(prefer_literal=True)
def transform_kernel_gradients(typing_context, lanes, source, source_step, target):
    """Write the 9 vectors of `lanes` kernels' gradients, one behind the other, made of 36 sums of products."""
    count = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _, source, source_step, target = args
        emit = _Emitter(builder, count)
        sums = emit.rows(source, emit.times(source_step, PATCH), source_step, PATCH, PATCH)
        emit.store_values(_on_tile(kernel_gradient_line, sums), target, _I64(emit.bytes))
        return context.get_dummy_value()

    return types.void(lanes, *[types.int64] * 3), codegen


@intrinsic(prefer_literal=True)
def transform_kernels(typing_context, lanes, kernels, tap_step, target, target_step):
    """Write the 36 values of `lanes` kernels of 3 x 3 numbers that lie one behind the other."""
    count = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _, kernels, tap_step, target, target_step = args
        emit = _Emitter(builder, count)
        taps = []
        for tap in range(9):
            start = builder.add(kernels, emit.times(tap_step, tap))
            vector = ir.Constant(emit.vector, ir.Undefined)
            for lane in range(count):
                number = emit.load(emit.at(start, 4 * 9 * lane), _F32)
                vector = builder.insert_element(vector, number, _I32(lane))
            taps.append(_Lanes(builder, vector))
        emit.store_values(_on_tile(kernel_line, [taps[0:3], taps[3:6], taps[6:9]]), target, target_step)
        return context.get_dummy_value()

    return types.void(lanes, *[types.int64] * 4), codegen


@intrinsic(prefer_literal=True)
def transform_output(
    typing_context, lanes, source, source_step, bias, lowest, mask, mask_row, target, target_row, rows, columns
):
    """Make 4 x 4 outputs of 36 products, add `bias`, clamp from below, and store the first `rows` x `columns`.

    Where `mask` is not 0, outputs are zeroed whose vector there is not positive.
    """
    count = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _, source, source_step, bias, lowest, mask, mask_row, target, target_row, rows, columns = args
        emit = _Emitter(builder, count)
        products = emit.rows(source, emit.times(source_step, PATCH), source_step, PATCH, PATCH)
        outputs = _on_tile(output_line, products)
        start, floor = repeat(builder, count, bias), repeat(builder, count, lowest)
        zero = ir.Constant(emit.vector, [0.0] * count)
        masked = builder.icmp_signed("!=", mask, _I64(0))
        for row in range(TILE):
            with builder.if_then(builder.icmp_signed("<", _I64(row), rows)):
                target_place = builder.add(target, emit.times(target_row, row))
                mask_place = builder.add(mask, emit.times(mask_row, row))
                for column in range(TILE):
                    value = builder.fadd(outputs[row][column].value, start)
                    value = builder.select(builder.fcmp_ordered("<", value, floor), floor, value)
                    with builder.if_then(builder.icmp_signed("<", _I64(column), columns)):
                        place = emit.at(target_place, column * emit.bytes)
                        with builder.if_else(masked) as (then, otherwise):
                            with then:
                                known = emit.load(emit.at(mask_place, column * emit.bytes))
                                # Unordered, so that not-a-number passes the gradient on, as in PyTorch.
                                positive = builder.fcmp_unordered(">", known, zero)
                                emit.store(builder.select(positive, value, zero), place)
                            with otherwise:
                                emit.store(value, place)
        return context.get_dummy_value()

    integers = types.int64
    signature = types.void(lanes, integers, integers, types.float32, types.float32, *[integers] * 6)
    return signature, codegen


@intrinsic(prefer_literal=True)
def transform_output_by_channel(
    typing_context, lanes, source, source_step, bias, lowest, added, added_row, target, target_row, rows, columns
):
    """Make 4 x 4 outputs of 36 products whose lanes are channels, and store the first `rows` x `columns`.

    The vector at `bias` is added, and unless `added` is 0 the outputs there; then all are clamped from below.
    """
    count = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _, source, source_step, bias, lowest, added, added_row, target, target_row, rows, columns = args
        emit = _Emitter(builder, count)
        products = emit.rows(source, emit.times(source_step, PATCH), source_step, PATCH, PATCH)
        start, floor = emit.load(bias), repeat(builder, count, lowest)
        zero = ir.Constant(emit.vector, [0.0] * count)
        adds = builder.icmp_signed("!=", added, _I64(0))
        for row, outputs in enumerate(_on_tile(output_line, products)):
            with builder.if_then(builder.icmp_signed("<", _I64(row), rows)):
                target_place = builder.add(target, emit.times(target_row, row))
                added_place = builder.add(added, emit.times(added_row, row))
                for column in range(TILE):
                    with builder.if_then(builder.icmp_signed("<", _I64(column), columns)):
                        value = builder.fadd(outputs[column].value, start)
                        before = builder.block
                        with builder.if_then(adds):
                            other = emit.load(emit.at(added_place, column * emit.bytes))
                            inside = builder.block
                        more = builder.phi(emit.vector)
                        more.add_incoming(zero, before)
                        more.add_incoming(other, inside)
                        value = builder.fadd(value, more)
                        value = builder.select(builder.fcmp_ordered("<", value, floor), floor, value)
                        emit.store(value, emit.at(target_place, column * emit.bytes))
        return context.get_dummy_value()

    integers = types.int64
    signature = types.void(lanes, *[integers] * 3, types.float32, *[integers] * 6)
    return signature, codegen
