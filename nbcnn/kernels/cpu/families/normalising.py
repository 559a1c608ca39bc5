"""Normalisation of each sample by itself: layer, instance and group norm differ in which numbers form a set.

Numbers have five axes: group, channel of the group, depth, row, column. Along some of them numbers belong to one set.
A traversal visits all sets, of each set all lines, of each line a run of numbers, with byte offsets from tables.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nbcnn.kernels.cpu.families.sums import PartialSums
from nbcnn.kernels.cpu.families.windows import every
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, read_index, write_float
from nbcnn.kernels.cpu.language.vector import horizontal_sum, load, splat, square_root, store, where
from nbcnn.kernels.cpu.program.buffers import Array, Table
from nbcnn.kernels.cpu.program.calls import Activation, Argument, At
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new

Strides = tuple[int, ...]

# Vectors that a set's statistics take: a number near the mean, what is left to the mean, and 1 / deviation.
STATISTICS = 3


def _strides(axes: tuple[bool, ...], sizes: tuple[int, ...], step: int) -> Strides:
    """Bytes along each of `sizes` axes of an array that has those of `axes` alone, of `step` bytes a number."""
    strides = []
    for chosen, size in zip(reversed(axes), reversed(sizes), strict=True):
        strides.append(step if chosen else 0)
        step *= size if chosen else 1
    return tuple(reversed(strides))


@dataclass(frozen=True)
class Sets:
    """The sizes of the five axes, along which of them numbers form a set, and along which weight and bias lie."""

    sizes: tuple[int, ...]
    together: tuple[bool, ...]
    weighted: tuple[bool, ...]

    @property
    def count(self) -> int:
        return math.prod(size for size, joined in zip(self.sizes, self.together, strict=True) if not joined)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return tuple(size for size, chosen in zip(self.sizes, self.weighted, strict=True) if chosen)

    def weight_strides(self) -> Strides:
        return _strides(self.weighted, self.sizes, 4)

    def strides(self, x: Activation) -> Strides:
        return (self.sizes[1] * x.channel_stride, x.channel_stride, *x.strides)

    def statistics_strides(self, lane_bytes: int) -> Strides:
        return _strides(tuple(not joined for joined in self.together), self.sizes, STATISTICS * lane_bytes)

    def traversal(self, inner: tuple[bool, ...], **operands: Callable[[], Strides]) -> dict[str, Argument]:
        """Kernel arguments to visit sets of numbers that belong together along the `inner` axes.

        Tables of the offsets of sets and lines with an entry for each operand, the counts of both and of the numbers of
        a run, and for each operand the bytes from one number of a run to the next.
        """
        long = [axis for axis, size in enumerate(self.sizes) if inner[axis] and size > 1]
        run = long[-1] if long else len(self.sizes) - 1
        outer_sizes = [1 if joined else size for size, joined in zip(self.sizes, inner, strict=True)]
        inner_sizes = [size if joined else 1 for size, joined in zip(self.sizes, inner, strict=True)]
        length, inner_sizes[run] = inner_sizes[run], 1

        def offsets(sizes: list[int]) -> np.ndarray:
            strides = np.array([strides() for strides in operands.values()], dtype=np.int64)
            found: np.ndarray = every(sizes) @ strides.T
            return found

        def step(strides: Callable[[], Strides]) -> Callable[[], int]:
            return lambda: strides()[run]

        return {
            "sets": Table("sets", lambda: offsets(outer_sizes)),
            "lines": Table("lines", lambda: offsets(inner_sizes)),
            "set_count": math.prod(outer_sizes),
            "line_count": math.prod(inner_sizes),
            "run_count": length,
            **{f"{name}_step": step(strides) for name, strides in operands.items()},
        }


def normalise_sets(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            y,
            weight,
            bias,
            statistics,
            sets,
            lines,
            set_count,
            line_count,
            run_count,
            x_step,
            y_step,
            weight_step,
            eps,
            lowest,
        ) = arguments("bbbbbbbiiiiiirr", arena, row, index, slot)
        count = splat(lanes, np.float32(line_count * run_count))
        zero = splat(lanes, np.float32(0.0))
        low = splat(lanes, lowest)
        for number in range(set_count):
            source = x + read_index(sets + 12 * number)
            target = y + read_index(sets + 12 * number + 4)
            factors = read_index(sets + 12 * number + 8)
            total = zero
            for line in range(line_count):
                place = source + read_index(lines + 12 * line)
                sum_ = zero
                for i in range(run_count):
                    sum_ = sum_ + load(lanes, place + x_step * i)
                total = total + sum_
            near = total / count
            # Differences from a number near the mean: so a mean far above the deviation costs no digits.
            sums = zero
            squares = zero
            for line in range(line_count):
                place = source + read_index(lines + 12 * line)
                line_sum = zero
                line_squares = zero
                for i in range(run_count):
                    difference = load(lanes, place + x_step * i) - near
                    line_sum = line_sum + difference
                    line_squares = line_squares + difference * difference
                sums = sums + line_sum
                squares = squares + line_squares
            left = sums / count
            variance = squares / count - left * left
            variance = where(variance < zero, zero, variance)
            inverse = splat(lanes, np.float32(1.0)) / square_root(variance + splat(lanes, eps))
            known = statistics + 12 * lanes * number
            store(near, known)
            store(left, known + 4 * lanes)
            store(inverse, known + 8 * lanes)
            for line in range(line_count):
                place = source + read_index(lines + 12 * line)
                there = target + read_index(lines + 12 * line + 4)
                factor = factors + read_index(lines + 12 * line + 8)
                for i in range(run_count):
                    normal = ((load(lanes, place + x_step * i) - near) - left) * inverse
                    value = normal * splat(lanes, read_float(weight + factor + weight_step * i))
                    value = value + splat(lanes, read_float(bias + factor + weight_step * i))
                    store(where(value < low, low, value), there + y_step * i)

    return body


def normalise_sets_gradient(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            x,
            dx,
            weight,
            statistics,
            sets,
            lines,
            set_count,
            line_count,
            run_count,
            dy_step,
            x_step,
            dx_step,
            weight_step,
        ) = arguments("bbbbbbbiiiiiii", arena, row, index, slot)
        count = splat(lanes, np.float32(line_count * run_count))
        zero = splat(lanes, np.float32(0.0))
        for number in range(set_count):
            upstream = dy + read_index(sets + 16 * number)
            source = x + read_index(sets + 16 * number + 4)
            target = dx + read_index(sets + 16 * number + 8)
            factors = weight + read_index(sets + 16 * number + 12)
            known = statistics + 12 * lanes * number
            near = load(lanes, known)
            left = load(lanes, known + 4 * lanes)
            inverse = load(lanes, known + 8 * lanes)
            total = zero
            products = zero
            for line in range(line_count):
                here = upstream + read_index(lines + 16 * line)
                place = source + read_index(lines + 16 * line + 4)
                factor = factors + read_index(lines + 16 * line + 12)
                line_sum = zero
                line_products = zero
                for i in range(run_count):
                    delta = load(lanes, here + dy_step * i) * splat(lanes, read_float(factor + weight_step * i))
                    normal = ((load(lanes, place + x_step * i) - near) - left) * inverse
                    line_sum = line_sum + delta
                    line_products = line_products + delta * normal
                total = total + line_sum
                products = products + line_products
            level = total / count
            slope = products / count
            for line in range(line_count):
                here = upstream + read_index(lines + 16 * line)
                place = source + read_index(lines + 16 * line + 4)
                there = target + read_index(lines + 16 * line + 8)
                factor = factors + read_index(lines + 16 * line + 12)
                for i in range(run_count):
                    delta = load(lanes, here + dy_step * i) * splat(lanes, read_float(factor + weight_step * i))
                    normal = ((load(lanes, place + x_step * i) - near) - left) * inverse
                    store(((delta - level) - normal * slope) * inverse, there + dx_step * i)

    return body


def weight_sums(lanes: int) -> Body:
    """Gradients of weight and bias: here a set is all that meets one weight."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            x,
            statistics,
            dweight,
            dbias,
            sets,
            lines,
            set_count,
            line_count,
            run_count,
            dy_step,
            x_step,
            statistics_step,
            blocks_per_partition,
        ) = arguments("bbbbbbbiiiiiii", arena, row, index, slot)
        partition = index // blocks_per_partition
        first = index == partition * blocks_per_partition
        for number in range(set_count):
            upstream = dy + read_index(sets + 12 * number)
            source = x + read_index(sets + 12 * number + 4)
            known = statistics + read_index(sets + 12 * number + 8)
            total = splat(lanes, np.float32(0.0))
            products = total
            for line in range(line_count):
                here = upstream + read_index(lines + 12 * line)
                place = source + read_index(lines + 12 * line + 4)
                moments = known + read_index(lines + 12 * line + 8)
                line_sum = splat(lanes, np.float32(0.0))
                line_products = line_sum
                for i in range(run_count):
                    moment = moments + statistics_step * i
                    delta = load(lanes, here + dy_step * i)
                    normal = (load(lanes, place + x_step * i) - load(lanes, moment)) - load(lanes, moment + 4 * lanes)
                    line_sum = line_sum + delta
                    line_products = line_products + delta * (normal * load(lanes, moment + 8 * lanes))
                total = total + line_sum
                products = products + line_products
            target = 4 * (partition * set_count + number)
            single = horizontal_sum(total)
            product = horizontal_sum(products)
            if not first:
                single += read_float(dbias + target)
                product += read_float(dweight + target)
            write_float(single, dbias + target)
            write_float(product, dweight + target)

    return body


def constant(value: float, shape: tuple[int, ...]) -> Array:
    """What stands in for a weight, a bias or running statistics that a layer does not have."""
    return Array("constant", shape, external=np.full(shape, value, np.float32))


def add_normalisation(
    program: Program, x: Activation, weight: Array | None, bias: Array | None, sets: Sets, eps: float
) -> Activation:
    """Append to the walk: every set of numbers less its mean, over its deviation, times weight plus bias."""
    x.kept |= program.differentiates
    y = in_place_or_new(program, x, "normalised")
    y.saved = program.activation("statistics of sets", STATISTICS * sets.count, (1, 1, 1))
    call = program.call(
        normalise_sets,
        x=At(x),
        y=At(y),
        weight=weight or constant(1.0, sets.weight_shape),
        bias=bias or constant(0.0, sets.weight_shape),
        statistics=y.saved,
        **sets.traversal(
            sets.together,
            x=lambda: sets.strides(x),
            y=lambda: sets.strides(y),
            weight=sets.weight_strides,
        ),
        eps=float(eps),
        # Can later be raised: the clamp of relu.
        lowest=-math.inf,
    )
    program.each_block(call, produces=y)
    return y


def add_normalisation_gradient(
    program: Program, dy: Activation, x: Activation, y: Activation, weight: Array | None, bias: Array | None, sets: Sets
) -> tuple[Activation | None, PartialSums | None, PartialSums | None]:
    """Gradients with respect to x (where it is wanted), weight and bias."""
    statistics: Activation = y.saved
    gradients: tuple[PartialSums | None, PartialSums | None] = (None, None)
    known = weight or bias
    if known is not None:
        dweight = PartialSums(program, "weight", known.shape)
        dbias = PartialSums(program, "bias", known.shape)
        gradients = (None if weight is None else dweight, None if bias is None else dbias)
        call = program.call(
            weight_sums,
            dy=At(dy),
            x=At(x),
            statistics=statistics,
            dweight=dweight,
            dbias=dbias,
            **sets.traversal(
                tuple(not chosen for chosen in sets.weighted),
                dy=lambda: sets.strides(dy),
                x=lambda: sets.strides(x),
                statistics=lambda: sets.statistics_strides(x.lane_bytes),
            ),
            blocks_per_partition=program.blocks_per_partition,
        )
        program.each_block(call)
    if not x.wants_gradient:
        return None, *gradients
    dx = in_place_or_new(program, dy, "gradient of normalised")
    call = program.call(
        normalise_sets_gradient,
        dy=At(dy),
        x=At(x),
        dx=At(dx),
        weight=weight or constant(1.0, sets.weight_shape),
        statistics=statistics,
        **sets.traversal(
            sets.together,
            dy=lambda: sets.strides(dy),
            x=lambda: sets.strides(x),
            dx=lambda: sets.strides(dx),
            weight=sets.weight_strides,
        ),
    )
    program.each_block(call, produces=dx)
    return dx, *gradients
