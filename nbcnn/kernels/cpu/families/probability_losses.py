"""Losses that compare with probabilities of all classes, pixel by pixel: kernels of cross_entropy.

The targets' gradient is not asked for, so that all that the way back needs is the slope of every logit, which the way
there leaves behind.
"""

import numpy as np

from nbcnn.kernels.cpu.families.class_losses import class_weights
from nbcnn.kernels.cpu.families.targets import Target, add_numbers
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, write_float
from nbcnn.kernels.cpu.language.vector import exponential, load, logarithm, splat, store, where
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new

_f = np.float32


def probability_loss(lanes: int) -> Body:
    """The loss of every sample; y becomes the slopes of its pixels' losses."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
            x,
            x_channel,
            x_plane,
            x_row,
            target,
            target_channel,
            target_plane,
            target_row,
            y,
            y_channel,
            y_plane,
            y_row,
            channels,
            depth,
            rows,
            columns,
            weights,
            smoothing,
            scores,
        ) = arguments("biiibiiibiiiiiiibrb", arena, row, index, slot)
        sharp, even = splat(lanes, _f(1.0) - smoothing), splat(lanes, smoothing / _f(channels))
        zero, one = splat(lanes, _f(0.0)), splat(lanes, _f(1.0))
        all_losses, all_right = zero, zero
        for plane in range(depth):
            for line in range(rows):
                # Sums of rows, then of their sums: each rounds to its own size.
                losses, right = zero, zero
                for column in range(columns):
                    step = 4 * lanes * column
                    given = x + plane * x_plane + line * x_row + step
                    shares = target + plane * target_plane + line * target_row + step
                    slopes = y + plane * y_plane + line * y_row + step
                    best, guess = load(lanes, given), zero
                    likeliest, answer = load(lanes, shares), zero
                    for channel in range(1, channels):
                        value, share = (
                            load(lanes, given + channel * x_channel),
                            load(lanes, shares + channel * target_channel),
                        )
                        guess = where(value > best, splat(lanes, _f(channel)), guess)
                        best = where((value > best) | (value != value), value, best)
                        answer = where(share > likeliest, splat(lanes, _f(channel)), answer)
                        likeliest = where(share > likeliest, share, likeliest)
                    powers, wanted, spread = zero, zero, zero
                    for channel in range(channels):
                        value = load(lanes, given + channel * x_channel) - best
                        part = sharp * load(lanes, shares + channel * target_channel) + even
                        part = part * splat(lanes, read_float(weights + 4 * channel))
                        wanted = wanted + part
                        spread = spread + part * value
                        power = exponential(value)
                        powers = powers + power
                        store(power, slopes + channel * y_channel)
                    losses = losses + (wanted * logarithm(powers) - spread)
                    right = right + where(guess == answer, one, zero)
                    scale = wanted / powers
                    for channel in range(channels):
                        place = slopes + channel * y_channel
                        part = sharp * load(lanes, shares + channel * target_channel) + even
                        part = part * splat(lanes, read_float(weights + 4 * channel))
                        store(load(lanes, place) * scale - part, place)
                all_losses, all_right = all_losses + losses, all_right + right
        pixels = _f(depth * rows * columns)
        store(all_losses / splat(lanes, pixels), scores)
        store(all_right, scores + 4 * lanes)
        store(splat(lanes, pixels), scores + 8 * lanes)

    return body


def probability_loss_gradient(lanes: int) -> Body:
    """The slopes over the count of pixels; x and dx may be one buffer."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        (
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
            samples,
            factors,
            dy,
        ) = arguments("biiibiiiiiiiwbr", arena, row, index, slot)
        scale = _f(dy / (samples * depth * rows * columns))
        for lane in range(lanes):
            write_float(scale if index * lanes + lane < samples else _f(0.0), factors + 4 * lane)
        zero, factor = splat(lanes, _f(0.0)), load(lanes, factors)
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    source = x + channel * x_channel + plane * x_plane + line * x_row
                    result = dx + channel * dx_channel + plane * dx_plane + line * dx_row
                    for column in range(columns):
                        step = 4 * lanes * column
                        # A lane beyond the batch gives exactly zero, whatever its numbers are.
                        slope = where(factor == zero, zero, load(lanes, source + step) * factor)
                        store(slope, result + step)

    return body


def add_probability_loss(
    program: Program, x: Activation, target: Target, weight: Array | None, label_smoothing: float
) -> Activation:
    """Append the scores of every sample, right where the largest logit has the largest target; returns slopes."""
    numbers = add_numbers(program, target, x)
    y = in_place_or_new(program, x, "slopes")
    call = program.call(
        probability_loss,
        **grid("x", x),
        **grid("target", numbers),
        **grid("y", y),
        **extent(x),
        weights=class_weights(x, weight),
        label_smoothing=label_smoothing,
        scores=target.scores,
    )
    program.each_block(call, produces=y)
    return y


def add_probability_loss_gradient(program: Program, dy: float, y: Activation) -> Activation:
    """Append dy times the slope of the batch's loss; y is what `add_probability_loss` returned."""
    dx = in_place_or_new(program, y, f"{y.name} gradient")
    call = program.call(
        probability_loss_gradient,
        **grid("x", y),
        **grid("dx", dx),
        **extent(y),
        samples=program.state("samples"),
        factors=program.activation("factors of lanes", 1, (1, 1, 1)),
        dy=dy,
    )
    program.each_block(call, produces=dx)
    return dx
