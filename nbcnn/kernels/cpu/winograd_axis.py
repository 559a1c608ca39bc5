"""Winograd's short convolutions along one axis, F(4, 3) and F(4, 5), as code on vectors of lanes.

Six products take the place of twelve, eight that of twenty. The method is Toom and Cook's: polynomials are multiplied
by their values at points, here 0, pairs of +-p, and infinity (A. Lavin, S. Gray, Fast algorithms for convolutional
neural networks, 2016, section 4.1). Points of one order of magnitude keep the rounding error at two to three times the
direct sum's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir

from nbcnn.kernels.cpu.later import intrinsic, types
from nbcnn.kernels.cpu.tile import Emitter

TILE = 4
# The points beside 0 and infinity, each with either sign, by the columns of the kernel.
POINTS = {3: (0.625, 1.5), 5: (0.5, 1.0, 2.0)}

_I64 = ir.IntType(64)
_F32 = ir.FloatType()


@dataclass(frozen=True)
class Matrices:
    """Y = outputs ((kernels g) * (inputs d)) for kernel g and inputs d; gradients use their transposes."""

    inputs: np.ndarray
    kernels: np.ndarray
    outputs: np.ndarray


@lru_cache(maxsize=2)
def matrices(columns: int) -> Matrices:
    """The matrices for a kernel of so many columns: values in rows (0, then pairs of +-p, then infinity)."""
    points = [0.0, *(sign * point for point in POINTS[columns] for sign in (1, -1))]
    finite = np.array(points)
    others = [np.delete(finite, number) for number in range(len(points))]
    inputs = np.array([[*np.poly(other)[::-1], 0.0] for other in others] + [np.poly(finite)[::-1]])
    divisors = np.array([np.prod(point - other) for point, other in zip(points, others, strict=True)])
    kernels = np.vander(finite, columns, increasing=True) / divisors[:, None]
    outputs = np.vander(finite, TILE, increasing=True)
    return Matrices(
        inputs,
        np.concatenate([kernels, np.eye(columns)[-1:]]),
        np.concatenate([outputs, np.eye(TILE)[-1:]]).T,
    )


def tile_of(taps: int) -> int:
    """How many outputs a tile has along an axis on which the kernel has so many taps; with one, each is for itself."""
    return TILE if taps > 1 else 1


def values_of(taps: int) -> int:
    """How many values a tile has along such an axis, and so many inputs."""
    return tile_of(taps) + taps - 1


def _combined(emit: Emitter, terms: Sequence[tuple[float, Any]]) -> Any:
    """The sum of vectors times constants, of which those times 0 are left out; one times 1 costs nothing."""
    total = None
    for factor, value in sorted(terms, key=lambda term: term[0] != 1.0):
        if factor == 0.0:
            continue
        constant = ir.Constant(emit.vector, [float(np.float32(factor))] * emit.lanes)
        if total is None:
            total = value if factor == 1.0 else emit.builder.fmul(constant, value)
        else:
            total = emit.fma(constant, value, total)
    return total


def to_values(emit: Emitter, matrix: np.ndarray, numbers: Sequence[Any]) -> list[Any]:
    """`matrix` times `numbers`.

    Rows for +p and -p have the same even part and opposite odd parts, which are computed once.
    """

    def part(row: np.ndarray, odd: int) -> Any:
        return _combined(emit, [(row[place], numbers[place]) for place in range(odd, len(numbers), 2)])

    values = [_combined(emit, list(zip(matrix[0], numbers, strict=True)))]
    for row in matrix[1:-1:2]:
        even, odd = part(row, 0), part(row, 1)
        values += [emit.builder.fadd(even, odd), emit.builder.fsub(even, odd)]
    return [*values, _combined(emit, list(zip(matrix[-1], numbers, strict=True)))]


def from_values(emit: Emitter, matrix: np.ndarray, values: Sequence[Any]) -> list[Any]:
    """`matrix` times `values`. Even rows need sums over +p and -p alone, odd rows differences, each computed once."""
    pairs = list(zip(values[1:-1:2], values[2:-1:2], strict=True))
    sides = (
        [emit.builder.fadd(plus, minus) for plus, minus in pairs],
        [emit.builder.fsub(plus, minus) for plus, minus in pairs],
    )
    return [
        _combined(
            emit,
            [(row[0], values[0]), *zip(row[1:-1:2], sides[number % 2], strict=True), (row[-1], values[-1])],
        )
        for number, row in enumerate(matrix)
    ]


def _spread(name: str, meaning: str, matrix_of: Callable[[int], np.ndarray]) -> Any:
    """A transform of neighbouring vectors to the values of a tile, `target_step` apart."""

    def transform(typing_context, lanes, columns, source, target, target_step):
        count, matrix = lanes.literal_value, matrix_of(columns.literal_value)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            source, target, target_step = args[2:]
            emit = Emitter(builder, count)
            numbers = [emit.load(emit.add(source, 4 * count * place)) for place in range(matrix.shape[1])]
            for value in to_values(emit, matrix, numbers):
                emit.store(value, target)
                target = emit.add(target, target_step)
            return context.get_dummy_value()

        return types.void(lanes, columns, *[types.int64] * 3), codegen

    transform.__name__, transform.__doc__ = name, meaning
    return intrinsic(prefer_literal=True)(transform)


transform_inputs = _spread(
    "transform_inputs", "Write a tile's values of its inputs.", lambda columns: matrices(columns).inputs
)
transform_gradients = _spread(
    "transform_gradients", "Write a tile's values of four gradients.", lambda columns: matrices(columns).outputs.T
)


@intrinsic(prefer_literal=True)
def transform_products(typing_context, lanes, columns, source, source_step, bias, lower, mask, target, count):
    """Make four outputs of a tile's products, add `bias`, clamp, mask if told, and store the first `count`."""
    L, matrix = lanes.literal_value, matrices(columns.literal_value).outputs
    whole, real = types.int64, types.float32
    signature = types.void(lanes, columns, whole, whole, real, real, whole, whole, whole)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, source_step, bias, lower, mask, target, count = args[2:]
        emit = Emitter(builder, L)
        values = []
        for _ in range(matrix.shape[1]):
            values.append(emit.load(source))
            source = emit.add(source, source_step)
        start, floor, zero = emit.splat(bias), emit.splat(lower), ir.Constant(emit.vector, [0.0] * L)
        masked = builder.icmp_signed("!=", mask, emit.constant(0))
        for number, value in enumerate(from_values(emit, matrix, values)):
            total = builder.fadd(value, start)
            total = builder.select(builder.fcmp_ordered("<", total, floor), floor, total)
            with builder.if_then(builder.icmp_signed("<", emit.constant(number), count)):
                place = emit.add(target, 4 * L * number)
                emit.store(total, place)
                with builder.if_then(masked):
                    # Unordered, so that not-a-number passes the gradient on, as in PyTorch.
                    shown = emit.load(emit.add(mask, 4 * L * number))
                    emit.store(builder.select(builder.fcmp_unordered(">", shown, zero), total, zero), place)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic(prefer_literal=True)
def transform_kernels(typing_context, lanes, columns, weight, step, offsets, target, target_step):
    """Write the values of `lanes` kernel rows, `offsets` (int32, bytes) from `weight`, their numbers `step` apart."""
    L, matrix = lanes.literal_value, matrices(columns.literal_value).kernels

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        weight, step, offsets, target, target_step = args[2:]
        emit = Emitter(builder, L)
        places = [emit.add(weight, emit.offset(emit.add(offsets, 4 * lane))) for lane in range(L)]
        numbers = []
        for _ in range(matrix.shape[1]):
            vector = ir.Constant(emit.vector, ir.Undefined)
            for lane, place in enumerate(places):
                vector = builder.insert_element(vector, emit.load(place, _F32), ir.IntType(32)(lane))
            numbers.append(vector)
            places = [emit.add(place, step) for place in places]
        for value in to_values(emit, matrix, numbers):
            emit.store(value, target)
            target = emit.add(target, target_step)
        return context.get_dummy_value()

    return types.void(lanes, columns, *[types.int64] * 5), codegen


@intrinsic(prefer_literal=True)
def transform_sums(typing_context, lanes, columns, source, source_step, result, step, offsets):
    """Write the gradients of `lanes` kernel rows, `offsets` (int32, bytes) from `result`, of sums of products."""
    L, matrix = lanes.literal_value, matrices(columns.literal_value).kernels.T

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, source_step, result, step, offsets = args[2:]
        emit = Emitter(builder, L)
        values = []
        for _ in range(matrix.shape[1]):
            values.append(emit.load(source))
            source = emit.add(source, source_step)
        places = [emit.add(result, emit.offset(emit.add(offsets, 4 * lane))) for lane in range(L)]
        for vector in from_values(emit, matrix, values):
            for lane, place in enumerate(places):
                emit.store(builder.extract_element(vector, ir.IntType(32)(lane)), place)
            places = [emit.add(place, step) for place in places]
        return context.get_dummy_value()

    return types.void(lanes, columns, *[types.int64] * 5), codegen
