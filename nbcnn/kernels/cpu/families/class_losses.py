"""Losses that compare with class numbers, pixel by pixel: kernels of cross_entropy and nll_loss.

Reading a label is the one thing done lane by lane; all arithmetic is on lanes.
"""

import math

import numpy as np

from nbcnn.kernels.cpu.families.targets import Target
from nbcnn.kernels.cpu.language.later import njit
from nbcnn.kernels.cpu.language.row import Body, arguments, read_float, read_word, write_float, write_word
from nbcnn.kernels.cpu.language.vector import exponential, load, logarithm, splat, store, where
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Argument, extent, grid
from nbcnn.kernels.cpu.program.program import Program, in_place_or_new

_f = np.float32
# What stands for the class number of a lane that does not count: `ignore_index`, or no sample of the batch.
_NONE = _f(-1.0)


@njit(error_model="numpy")
def _weight_of(label, weights, classes, ignore_index):
    """The weight of a class number; one out of range must not read past the weights, and is seen: not a number."""
    if label == ignore_index:
        return _f(0.0)
    if 0 <= label < classes:
        return read_float(weights + 4 * label)
    return _f(np.nan)


@njit(error_model="numpy")
def _find_samples(lanes, labels, indices, samples, pixels, index, starts):
    """Write where the labels of each lane's sample begin; lanes beyond the batch read its last sample."""
    for lane in range(lanes):
        sample = min(index * lanes + lane, samples - 1)
        write_word(labels + 8 * pixels * read_word(indices + 8 * sample), starts + 8 * lane)


@njit(error_model="numpy")
def _read_labels(lanes, starts, pixel, valid, weights, classes, ignore_index, marks):
    """Write two vectors: the class numbers at a pixel, and their weights."""
    for lane in range(lanes):
        label = read_word(read_word(starts + 8 * lane) + 8 * pixel)
        if lane >= valid:
            label = ignore_index
        write_float(_NONE if label == ignore_index else _f(label), marks + 4 * lane)
        write_float(_weight_of(label, weights, classes, ignore_index), marks + 4 * (lanes + lane))


@njit(error_model="numpy")
def _total(lanes, samples, sums):
    """The divisor of the whole batch, from the sums of its blocks."""
    total = 0.0
    for block in range((samples + lanes - 1) // lanes):
        total += read_float(sums + 4 * block)
    return total


@njit(error_model="numpy")
def _sum_of_weights(weights, classes):
    total = _f(0.0)
    for label in range(classes):
        total += read_float(weights + 4 * label)
    return total


def label_weights(lanes: int) -> Body:
    """Sum the weights of a block's labels."""

    def body(arena: int, row: int, index: int, slot: int) -> None:
        labels, indices, samples, weights, sums, classes, pixels, ignore_index = arguments(
            "wwwbbiii", arena, row, index, slot
        )
        total = 0.0
        for sample in range(index * lanes, min(samples, (index + 1) * lanes)):
            start = labels + 8 * pixels * read_word(indices + 8 * sample)
            for pixel in range(pixels):
                total += _weight_of(read_word(start + 8 * pixel), weights, classes, ignore_index)
        write_float(_f(total), sums + 4 * index)

    return body


def class_loss(lanes: int, softmax: int) -> Body:
    """The loss of every sample; with `softmax`, y becomes the probabilities."""

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
            labels,
            indices,
            samples,
            weights,
            sums,
            starts,
            marks,
            ignore_index,
            smoothing,
            scores,
        ) = arguments("biiibiiiiiiiwwwbbbbirb", arena, row, index, slot)
        _find_samples(lanes, labels, indices, samples, depth * rows * columns, index, starts)
        scale = splat(lanes, _f(samples / _total(lanes, samples, sums)))
        sharp, even = splat(lanes, _f(1.0) - smoothing), splat(lanes, smoothing / _f(channels))
        all_weights = splat(lanes, _sum_of_weights(weights, channels))
        zero, one, none = splat(lanes, _f(0.0)), splat(lanes, _f(1.0)), splat(lanes, _NONE)
        all_losses, all_right, all_counted = zero, zero, zero
        for plane in range(depth):
            for line in range(rows):
                # Sums of rows, then of their sums: each rounds to its own size.
                losses, right, counted = zero, zero, zero
                for column in range(columns):
                    pixel = (plane * rows + line) * columns + column
                    _read_labels(lanes, starts, pixel, samples - index * lanes, weights, channels, ignore_index, marks)
                    label, weight = load(lanes, marks), load(lanes, marks + 4 * lanes)
                    source = x + plane * x_plane + line * x_row + 4 * lanes * column
                    target = y + plane * y_plane + line * y_row + 4 * lanes * column
                    best, guess, picked = load(lanes, source), zero, zero
                    for channel in range(1, channels):
                        value = load(lanes, source + channel * x_channel)
                        guess = where(value > best, splat(lanes, _f(channel)), guess)
                        best = where((value > best) | (value != value), value, best)
                    if softmax:
                        sum_, spread = zero, zero
                        for channel in range(channels):
                            value = load(lanes, source + channel * x_channel) - best
                            picked = where(label == splat(lanes, _f(channel)), value, picked)
                            spread = spread + splat(lanes, read_float(weights + 4 * channel)) * value
                            share = exponential(value)
                            sum_ = sum_ + share
                            store(share, target + channel * y_channel)
                        normaliser = logarithm(sum_)
                        loss = weight * sharp * (normaliser - picked)
                        if smoothing > _f(0.0):
                            loss = loss + even * (all_weights * normaliser - spread)
                        share = one / sum_
                        for channel in range(channels):
                            place = target + channel * y_channel
                            store(load(lanes, place) * share, place)
                    else:
                        for channel in range(channels):
                            value = load(lanes, source + channel * x_channel)
                            picked = where(label == splat(lanes, _f(channel)), value, picked)
                        loss = zero - weight * picked
                    losses = losses + where(label == none, zero, loss)
                    right = right + where(label == guess, one, zero)
                    counted = counted + where(label == none, zero, one)
                all_losses, all_right, all_counted = all_losses + losses, all_right + right, all_counted + counted
        store(all_losses * scale, scores)
        store(all_right, scores + 4 * lanes)
        store(all_counted, scores + 8 * lanes)

    return body


def class_loss_gradient(lanes: int, softmax: int) -> Body:
    """The slope of the batch's loss, from the probabilities with `softmax`; x and dx may be one buffer."""

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
            labels,
            indices,
            samples,
            weights,
            sums,
            starts,
            marks,
            ignore_index,
            smoothing,
            dy,
        ) = arguments("biiibiiiiiiiwwwbbbbirr", arena, row, index, slot)
        _find_samples(lanes, labels, indices, samples, depth * rows * columns, index, starts)
        scale = _f(dy / _total(lanes, samples, sums))
        sharp = splat(lanes, (_f(1.0) - smoothing) * scale)
        even = smoothing / _f(channels) * scale
        all_weights = splat(lanes, _sum_of_weights(weights, channels) * even)
        zero, none = splat(lanes, _f(0.0)), splat(lanes, _NONE)
        for plane in range(depth):
            for line in range(rows):
                for column in range(columns):
                    pixel = (plane * rows + line) * columns + column
                    _read_labels(lanes, starts, pixel, samples - index * lanes, weights, channels, ignore_index, marks)
                    label, weight = load(lanes, marks), load(lanes, marks + 4 * lanes)
                    source = x + plane * x_plane + line * x_row + 4 * lanes * column
                    target = dx + plane * dx_plane + line * dx_row + 4 * lanes * column
                    true_class = weight * sharp
                    all_classes = true_class + all_weights
                    for channel in range(channels):
                        slope = zero - where(label == splat(lanes, _f(channel)), true_class, zero)
                        if softmax:
                            share = load(lanes, source + channel * x_channel)
                            slope = slope + share * all_classes
                            slope = slope - splat(lanes, read_float(weights + 4 * channel) * even)
                        # Exactly zero where nothing counts, whatever the divisor and the logits are.
                        store(where(label == none, zero, slope), target + channel * dx_channel)

    return body


def add_class_loss(
    program: Program,
    x: Activation,
    target: Target,
    weight: Array | None,
    softmax: bool,
    ignore_index: int,
    label_smoothing: float,
) -> Activation:
    """Append the scores of every sample; returns the probabilities with `softmax`, and x without."""
    weights = class_weights(x, weight)
    # How much a target counts follows from the labels alone, so the divisor is known before any block begins.
    call = program.call(
        label_weights,
        labels=program.port(target.port),
        indices=target.indices,
        samples=program.state("samples"),
        weights=weights,
        sums=target.weights,
        classes=x.channels,
        pixels=math.prod(x.space),
        ignore_index=ignore_index,
    )
    program.prepare.add([call], program.blocks)
    y = in_place_or_new(program, x, "probabilities") if softmax else x
    call = program.call(
        class_loss,
        int(softmax),
        **grid("x", x),
        **grid("y", y),
        **extent(x),
        **_comparison(program, target, weights, ignore_index, label_smoothing),
        scores=target.scores,
    )
    program.each_block(call, produces=y if softmax else None)
    return y


def add_class_loss_gradient(
    program: Program,
    dy: float,
    y: Activation,
    target: Target,
    weight: Array | None,
    softmax: bool,
    ignore_index: int,
    label_smoothing: float,
) -> Activation:
    """Append dy times the slope of the batch's loss; y is what `add_class_loss` returned."""
    dx = in_place_or_new(program, y, f"{y.name} gradient")
    call = program.call(
        class_loss_gradient,
        int(softmax),
        **grid("x", y),
        **grid("dx", dx),
        **extent(y),
        **_comparison(program, target, class_weights(y, weight), ignore_index, label_smoothing),
        dy=dy,
    )
    program.each_block(call, produces=dx)
    return dx


def class_weights(x: Activation, weight: Array | None) -> Array:
    """How much a target of each class counts: all the same where there is no `weight`."""
    return weight or Array("class weights", (x.channels,), external=np.ones(x.channels, dtype=np.float32))


def _comparison(
    program: Program, target: Target, weights: Array, ignore_index: int, label_smoothing: float
) -> dict[str, Argument]:
    """The arguments by which both kernels read labels, in their order."""
    return {
        "labels": program.port(target.port),
        "indices": target.indices,
        "samples": program.state("samples"),
        "weights": weights,
        "sums": target.weights,
        "starts": program.activation("addresses of labels", 2, (1, 1, 1)),
        "marks": program.activation("labels of a pixel", 2, (1, 1, 1)),
        "ignore_index": ignore_index,
        "label_smoothing": label_smoothing,
    }
