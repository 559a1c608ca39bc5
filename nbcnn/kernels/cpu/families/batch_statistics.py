"""The kernels of batch normalisation: sums of each block, what follows from them for each channel, and back to blocks.

Sums are taken about a number near the mean, and means are kept as that number (`centre`) and what is left (`offset`):
so a mean far above the deviation costs no digits.
"""

import math

import numpy as np

from nbcnn.kernels.cpu.families.finiteness import hold_back_unless_finite
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.language.vector import horizontal_sum, lanes_below, load, splat, store, where

# Channels that one part of a phase combines.
CHANNELS_PER_PART = 16
# Numbers that the kernels hand on: of each block and channel forwards (a number near the mean; sum and sum of squares
# of the differences from it) and backwards (sums of dy and of dy times the difference), and of each channel.
MOMENTS, SUMS = 3, 2
CENTRE, OFFSET, INVERSE, SCALE, SHIFT = range(5)
STATISTICS = 5
BACK_CENTRE, BACK_SLOPE, BACK_LEVEL, BACK_SCALE = range(4)
BACK = 4


def block_moments(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        x, x_channel, x_plane, x_row, channels, depth, rows, columns, moments, samples, part, parts, first, last = (
            arguments("biiiiiiibwiiii", arena, row, index, slot)
        )
        valid = min(lanes, samples - index * lanes)
        inside = lanes_below(lanes, valid)
        count = np.float32(valid * depth * rows * columns)
        zero = splat(lanes, np.float32(0.0))
        # An addition takes several cycles: sums of every second number are two that do not wait for each other.
        pairs = columns - columns % 2
        for channel in range(first, last):
            start = x + channel * x_channel
            total = zero
            for plane in range(depth):
                for line in range(rows):
                    place = start + plane * x_plane + line * x_row
                    sum_ = zero
                    other = zero
                    for column in range(0, pairs, 2):
                        sum_ = sum_ + load(lanes, place + 4 * lanes * column)
                        other = other + load(lanes, place + 4 * lanes * column + 4 * lanes)
                    if pairs < columns:
                        sum_ = sum_ + load(lanes, place + 4 * lanes * pairs)
                    total = total + (sum_ + other)
            near = horizontal_sum(where(inside, total, zero)) / count
            centre = splat(lanes, near)
            sums = zero
            squares = zero
            for plane in range(depth):
                for line in range(rows):
                    place = start + plane * x_plane + line * x_row
                    line_sum = zero
                    line_squares = zero
                    other_sum = zero
                    other_squares = zero
                    for column in range(0, pairs, 2):
                        difference = load(lanes, place + 4 * lanes * column) - centre
                        other = load(lanes, place + 4 * lanes * column + 4 * lanes) - centre
                        line_sum = line_sum + difference
                        line_squares = line_squares + difference * difference
                        other_sum = other_sum + other
                        other_squares = other_squares + other * other
                    if pairs < columns:
                        difference = load(lanes, place + 4 * lanes * pairs) - centre
                        line_sum = line_sum + difference
                        line_squares = line_squares + difference * difference
                    sums = sums + (line_sum + other_sum)
                    squares = squares + (line_squares + other_squares)
            result = moments + 4 * MOMENTS * ((index * parts + part) * channels + channel)
            write_float(near, result)
            write_float(horizontal_sum(where(inside, sums, zero)), result + 4)
            write_float(horizontal_sum(where(inside, squares, zero)), result + 8)

    return body


def channel_statistics(lanes: int) -> Body:
    """Mean and variance of each channel: of all blocks, combined pair by pair in float64, or the running ones.

    Running ones that are not finite hold the update back.
    T. Chan, G. Golub, R. LeVeque, Updating formulae and a pairwise algorithm for computing sample variances, 1979.
    """

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            moments,
            weight,
            bias,
            running_mean,
            running_var,
            statistics,
            channels,
            positions,
            samples,
            momentum,
            eps,
            training,
            parts,
            found,
        ) = arguments("bbbbbbiiwrriib", arena, row, index, slot)
        blocks = (samples + lanes - 1) // lanes
        first = index * CHANNELS_PER_PART
        for channel in range(first, min(channels, first + CHANNELS_PER_PART)):
            mean: float = np.float64(read_float(running_mean + 4 * channel))
            variance: float = np.float64(read_float(running_var + 4 * channel))
            if training:
                old_mean, old_variance = mean, variance
                mean = 0.0
                squares = 0.0
                count = 0.0
                for each in range(blocks * parts):
                    place = moments + 4 * MOMENTS * (each * channels + channel)
                    here = np.float64(min(lanes, samples - each // parts * lanes) * (positions // parts))
                    sum_ = np.float64(read_float(place + 4))
                    delta = np.float64(read_float(place)) + sum_ / here - mean
                    together = count + here
                    squares += np.float64(read_float(place + 8)) - sum_ * sum_ / here
                    squares += delta * delta * count * here / together
                    mean += delta * here / together
                    count = together
                # Rounding may leave a little less than nothing; what is not a number stays so.
                if squares < 0.0:
                    squares = 0.0
                variance = squares / count
                share = np.float64(momentum)
                # A single number has no unbiased variance.
                unbiased = squares / max(count - 1.0, 1.0)
                new_mean = np.float32(old_mean + share * (mean - old_mean))
                new_variance = np.float32(old_variance + share * (unbiased - old_variance))
                write_float(new_mean, running_mean + 4 * channel)
                write_float(new_variance, running_var + 4 * channel)
                hold_back_unless_finite(np.float64(new_mean) + np.float64(new_variance), found)
            inverse = 1.0 / math.sqrt(variance + np.float64(eps))
            scale = np.float64(read_float(weight + 4 * channel)) * inverse
            centre = np.float32(mean)
            offset = mean - np.float64(centre)
            result = statistics + 4 * STATISTICS * channel
            write_float(centre, result + 4 * CENTRE)
            write_float(np.float32(offset), result + 4 * OFFSET)
            write_float(np.float32(inverse), result + 4 * INVERSE)
            write_float(np.float32(scale), result + 4 * SCALE)
            write_float(np.float32(np.float64(read_float(bias + 4 * channel)) - offset * scale), result + 4 * SHIFT)

    return body


def normalise(lanes: int) -> Body:
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
            channels,
            depth,
            rows,
            columns,
            statistics,
            lowest,
            first,
            last,
        ) = arguments("biiibiiiiiiibrii", arena, row, index, slot)
        low = splat(lanes, lowest)
        for channel in range(first, last):
            known = statistics + 4 * STATISTICS * channel
            centre = splat(lanes, read_float(known + 4 * CENTRE))
            scale = splat(lanes, read_float(known + 4 * SCALE))
            shift = splat(lanes, read_float(known + 4 * SHIFT))
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = y + channel * y_channel + plane * y_plane + line * y_row
                    for column in range(columns):
                        value = (load(lanes, source + 4 * lanes * column) - centre) * scale + shift
                        store(where(value < low, low, value), target + 4 * lanes * column)

    return body


def block_sums(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            dy_channel,
            dy_plane,
            dy_row,
            x,
            x_channel,
            x_plane,
            x_row,
            channels,
            depth,
            rows,
            columns,
            statistics,
            sums,
            samples,
            part,
            parts,
            first,
            last,
        ) = arguments("biiibiiiiiiibbwiiii", arena, row, index, slot)
        inside = lanes_below(lanes, min(lanes, samples - index * lanes))
        zero = splat(lanes, np.float32(0.0))
        pairs = columns - columns % 2
        for channel in range(first, last):
            centre = splat(lanes, read_float(statistics + 4 * (STATISTICS * channel + CENTRE)))
            total = zero
            products = zero
            for plane in range(depth):
                for line in range(rows):
                    upstream = dy + channel * dy_channel + plane * dy_plane + line * dy_row
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    line_sum = zero
                    line_products = zero
                    other_sum = zero
                    other_products = zero
                    for column in range(0, pairs, 2):
                        step = 4 * lanes * column
                        delta = load(lanes, upstream + step)
                        other = load(lanes, upstream + step + 4 * lanes)
                        line_sum = line_sum + delta
                        line_products = line_products + delta * (load(lanes, source + step) - centre)
                        other_sum = other_sum + other
                        other_products = other_products + other * (load(lanes, source + step + 4 * lanes) - centre)
                    if pairs < columns:
                        delta = load(lanes, upstream + 4 * lanes * pairs)
                        line_sum = line_sum + delta
                        line_products = line_products + delta * (load(lanes, source + 4 * lanes * pairs) - centre)
                    total = total + (line_sum + other_sum)
                    products = products + (line_products + other_products)
            result = sums + 4 * SUMS * ((index * parts + part) * channels + channel)
            write_float(horizontal_sum(where(inside, total, zero)), result)
            write_float(horizontal_sum(where(inside, products, zero)), result + 4)

    return body


def channel_gradients(lanes: int) -> Body:
    """Gradients of weight and bias, and for each channel what turns dy into dx."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        sums, statistics, weight, dweight, dbias, back, channels, positions, samples, training, parts = arguments(
            "bbbbbbiiwii", arena, row, index, slot
        )
        blocks = (samples + lanes - 1) // lanes
        count = np.float64(samples * positions)
        first = index * CHANNELS_PER_PART
        for channel in range(first, min(channels, first + CHANNELS_PER_PART)):
            total = 0.0
            products = 0.0
            for each in range(blocks * parts):
                place = sums + 4 * SUMS * (each * channels + channel)
                total += np.float64(read_float(place))
                products += np.float64(read_float(place + 4))
            known = statistics + 4 * STATISTICS * channel
            offset = np.float64(read_float(known + 4 * OFFSET))
            inverse = np.float64(read_float(known + 4 * INVERSE))
            products -= offset * total
            write_float(np.float32(inverse * products), dweight + 4 * channel)
            write_float(np.float32(total), dbias + 4 * channel)
            # Running statistics do not depend on x: dx = dy scale.
            slope = inverse * inverse * products / count if training else 0.0
            level = total / count - offset * slope if training else 0.0
            result = back + 4 * BACK * channel
            write_float(read_float(known + 4 * CENTRE), result + 4 * BACK_CENTRE)
            write_float(np.float32(slope), result + 4 * BACK_SLOPE)
            write_float(np.float32(level), result + 4 * BACK_LEVEL)
            scale = np.float64(read_float(weight + 4 * channel)) * inverse
            write_float(np.float32(scale), result + 4 * BACK_SCALE)

    return body


def normalise_gradient(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            dy,
            dy_channel,
            dy_plane,
            dy_row,
            x,
            x_channel,
            x_plane,
            x_row,
            dx,
            dx_channel,
            dx_plane,
            dx_row,
            channels,
            depth,
            rows,
            columns,
            back,
            samples,
            first,
            last,
        ) = arguments("biiibiiibiiiiiiibwii", arena, row, index, slot)
        inside = lanes_below(lanes, min(lanes, samples - index * lanes))
        zero = splat(lanes, np.float32(0.0))
        for channel in range(first, last):
            known = back + 4 * BACK * channel
            centre = splat(lanes, read_float(known + 4 * BACK_CENTRE))
            slope = splat(lanes, read_float(known + 4 * BACK_SLOPE))
            level = splat(lanes, read_float(known + 4 * BACK_LEVEL))
            scale = splat(lanes, read_float(known + 4 * BACK_SCALE))
            for plane in range(depth):
                for line in range(rows):
                    upstream = dy + channel * dy_channel + plane * dy_plane + line * dy_row
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    target = dx + channel * dx_channel + plane * dx_plane + line * dx_row
                    for column in range(columns):
                        step = 4 * lanes * column
                        along = (load(lanes, source + step) - centre) * slope
                        value = ((load(lanes, upstream + step) - level) - along) * scale
                        # The mean of dy is no gradient of a sample that is not there.
                        store(where(inside, value, zero), target + step)

    return body
