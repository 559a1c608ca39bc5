"""Softmax cross-entropy with class numbers, averaged over the batch."""

import math
from dataclasses import dataclass

import numpy as np

from nbcnn.kernels.cpu.program import Activation, Program, Word
from nbcnn.kernels.cpu.row import Body, arguments, read_float, read_word, write_float
from nbcnn.kernels.cpu.vector import exponential, load, splat, store, where


def softmax_loss(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        logits, probabilities, labels, indices, samples, scores, classes = arguments("bbwwwbi", arena, row, index, slot)
        best = load(lanes, logits)
        for number in range(1, classes):
            value = load(lanes, logits + 4 * lanes * number)
            best = where((value > best) | (value != value), value, best)
        sum_ = splat(lanes, np.float32(0.0))
        for number in range(classes):
            weight = exponential(load(lanes, logits + 4 * lanes * number) - best)
            sum_ = sum_ + weight
            store(weight, probabilities + 4 * lanes * number)
        share = splat(lanes, np.float32(1.0)) / sum_
        for number in range(classes):
            place = probabilities + 4 * lanes * number
            store(load(lanes, place) * share, place)
        # The two lines of `scores` of this block: the loss and whether the guess was right, for every lane.
        store(best, scores)
        store(sum_, scores + 4 * lanes)
        for lane in range(lanes):
            sample = index * lanes + lane
            loss = np.float32(0.0)
            correct = np.float32(0.0)
            if sample < samples:
                target = read_word(labels + 8 * read_word(indices + 8 * sample))
                largest = read_float(scores + 4 * lane)
                # A label out of range must not read past the logits; its loss is not a number, so it is seen.
                logit = np.float32(np.nan)
                if 0 <= target < classes:
                    logit = read_float(logits + 4 * (lanes * target + lane))
                loss = np.float32(math.log(read_float(scores + 4 * (lanes + lane)))) + (largest - logit)
                guess = 0
                while guess < classes and read_float(logits + 4 * (lanes * guess + lane)) != largest:
                    guess += 1
                correct = np.float32(guess == target)
            write_float(loss, scores + 4 * lane)
            write_float(correct, scores + 4 * (lanes + lane))

    return body


def softmax_loss_gradient(lanes: int) -> Body:
    def body(arena: int, row: int, index: int, slot: int) -> None:
        probabilities, dlogits, labels, indices, samples, classes, dy = arguments("bbwwwir", arena, row, index, slot)
        for lane in range(lanes):
            sample = index * lanes + lane
            target = -1
            scale = np.float32(0.0)
            if sample < samples:
                target = read_word(labels + 8 * read_word(indices + 8 * sample))
                scale = dy / np.float32(samples)
            for number in range(classes):
                place = 4 * (lanes * number + lane)
                value = read_float(probabilities + place)
                if number == target:
                    value -= np.float32(1.0)
                # A lane beyond the batch gives exactly zero, whatever its logits are.
                write_float(value * scale if sample < samples else np.float32(0.0), dlogits + place)

    return body


@dataclass(frozen=True)
class Target:
    """Class numbers of a data set (int64), the samples of it that make the batch, and where their scores go.

    `scores` gets for each sample its loss and whether the guess was right.
    """

    labels: Word
    indices: Word
    scores: Activation


def cross_entropy(program: Program, logits: Activation, target: Target) -> Activation:
    """Softmax of logits; each sample's loss goes to the target's scores."""
    probabilities = program.activation("probabilities", logits.channels, logits.space)
    call = program.call(
        softmax_loss,
        logits=logits,
        probabilities=probabilities,
        labels=target.labels,
        indices=target.indices,
        samples=program.state("samples"),
        scores=target.scores,
        classes=logits.channels,
    )
    program.each_block(call, produces=probabilities)
    return probabilities


def cross_entropy_gradient(
    program: Program, dy: float, logits: Activation, y: Activation, target: Target
) -> tuple[Activation]:
    """dy (softmax - one at the label) / samples; y is the softmax."""
    dlogits = program.activation("logits gradient", logits.channels, logits.space)
    call = program.call(
        softmax_loss_gradient,
        probabilities=y,
        dlogits=dlogits,
        labels=target.labels,
        indices=target.indices,
        samples=program.state("samples"),
        classes=logits.channels,
        dy=dy,
    )
    program.each_block(call, produces=dlogits)
    return (dlogits,)
