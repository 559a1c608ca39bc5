"""Winograd's short convolutions along one axis, F(4, 3) and F(4, 5), as code on vectors of lanes.

Six products take the place of twelve, eight that of twenty. The method is Toom and Cook's: polynomials are multiplied
by their values at points, here 0, pairs of +-p, and infinity (A. Lavin, S. Gray, Fast algorithms for convolutional
neural networks, 2016, section 4.1). Points of one order of magnitude keep the rounding error at two to three times the
direct sum's.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from nbcnn.kernels.cpu.language.later import intrinsic, ir, types
from nbcnn.kernels.cpu.products.tile import Emitter

TILE = 4
# The points beside 0 and infinity, each with either sign, by the columns of the kernel.
POINTS = {3: (0.625, 1.5), 5: (0.5, 1.0, 2.0)}


class Matrices(NamedTuple):
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
                vector = builder.insert_element(vector, emit.load(place, ir.FloatType()), ir.IntType(32)(lane))
            numbers.append(vector)
            places = [emit.add(place, step) for place in places]
        for value in to_values(emit, matrix, numbers):
            emit.store(value, target)
            target = emit.add(target, target_step)
        return context.get_dummy_value()

    return types.void(lanes, columns, *[types.int64] * 5), codegen
