"""Losses that compare numbers with numbers: each file gives formulas on vectors, this one visits every pair."""

import numpy as np

from nbcnn.kernels.cpu.families.elementwise import evaluate
from nbcnn.kernels.cpu.families.targets import Target, add_numbers
from nbcnn.kernels.cpu.language.row import Body, arguments, write_float
from nbcnn.kernels.cpu.language.vector import load, splat, store, where
from nbcnn.kernels.cpu.program.calls import Activation, extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new

_f = np.float32
# Of answers from 0 (no) to 1 (yes), the one between; of logits it is 0.
_HALF = _f(0.5)


def pair_loss(lanes: int, name: str) -> Body:
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
            channels,
            depth,
            rows,
            columns,
            setting,
            answers,
            scores,
        ) = arguments("biiibiiiiiiirib", arena, row, index, slot)
        zero, one, half = splat(lanes, _f(0.0)), splat(lanes, _f(1.0)), splat(lanes, _HALF)
        all_losses, all_right = zero, zero
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    first = x + channel * x_channel + plane * x_plane + line * x_row
                    second = target + channel * target_channel + plane * target_plane + line * target_row
                    # Sums of rows, then of their sums: each rounds to its own size.
                    losses, right = zero, zero
                    for column in range(columns):
                        given, wanted = (
                            load(lanes, first + 4 * lanes * column),
                            load(lanes, second + 4 * lanes * column),
                        )
                        losses = losses + evaluate(name, setting, _f(0.0), given, wanted)
                        right = right + where(
                            given > zero, where(wanted > half, one, zero), where(wanted > half, zero, one)
                        )
                    all_losses, all_right = all_losses + losses, all_right + right
        count = channels * depth * rows * columns
        store(all_losses / splat(lanes, _f(count)), scores)
        store(all_right * splat(lanes, _f(answers)), scores + 4 * lanes)
        store(splat(lanes, _f(count * answers)), scores + 8 * lanes)

    return body


def pair_loss_gradient(lanes: int, name: str) -> Body:
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
            dx,
            dx_channel,
            dx_plane,
            dx_row,
            channels,
            depth,
            rows,
            columns,
            setting,
            samples,
            factors,
            dy,
        ) = arguments("biiibiiibiiiiiiirwbr", arena, row, index, slot)
        scale = dy / _f(samples * channels * depth * rows * columns)
        for lane in range(lanes):
            write_float(scale if index * lanes + lane < samples else _f(0.0), factors + 4 * lane)
        zero, factor = splat(lanes, _f(0.0)), load(lanes, factors)
        for channel in range(channels):
            for plane in range(depth):
                for line in range(rows):
                    first = x + channel * x_channel + plane * x_plane + line * x_row
                    second = target + channel * target_channel + plane * target_plane + line * target_row
                    result = dx + channel * dx_channel + plane * dx_plane + line * dx_row
                    for column in range(columns):
                        step = 4 * lanes * column
                        slope = evaluate(name, setting, _f(0.0), load(lanes, first + step), load(lanes, second + step))
                        # A lane beyond the batch gives exactly zero, whatever its numbers are.
                        store(where(factor == zero, zero, slope * factor), result + step)

    return body


def add_pair_loss(
    program: Program, name: str, x: Activation, target: Target, setting: float = 0.0, answers: bool = False
) -> Activation:
    """Append the scores of every sample: the mean of formula(x, target, setting); returns the target.

    With `answers`, x above 0 is a yes that is right where the target is above 1/2, and otherwise a no.
    """
    numbers = add_numbers(program, target, x)
    program.each_block(
        program.call(
            pair_loss,
            name,
            **grid("x", x),
            **grid("target", numbers),
            **extent(x),
            setting=float(setting),
            answers=int(answers),
            scores=target.scores,
        )
    )
    return numbers


def add_pair_loss_gradient(
    program: Program, name: str, dy: float, x: Activation, numbers: Activation, setting: float = 0.0
) -> Activation:
    """Append dy times the slope of the batch's loss: formula(x, numbers, setting) over the count of numbers."""
    dx = in_place_or_new(program, x, f"{x.name} gradient")
    call = program.call(
        pair_loss_gradient,
        name,
        **grid("x", x),
        **grid("target", numbers),
        **grid("dx", dx),
        **extent(x),
        setting=float(setting),
        samples=program.state("samples"),
        factors=program.activation("factors of lanes", 1, (1, 1, 1)),
        dy=dy,
    )
    program.each_block(call, produces=dx)
    return dx
