"""Mixtures of two samples, whose targets are the probabilities of both classes.

Every sample's partner is the one before it in the batch, so that what becomes of a sample follows from its batch, too.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nbcnn.augmentation.batch import Array, Batch
from nbcnn.augmentation.compiled import compiled
from nbcnn.augmentation.draws import UNIT, Draws, Floats, Positions
from nbcnn.kernels.cpu.language.philox import LOW, philox
from nbcnn.spec.augmentations import CutMix, MixUp


@njit
def _log_gamma_number(alpha, sample, seed, epoch, operation, counter):
    """The logarithm of a gamma distributed number (Marsaglia and Tsang, ACM TOMS 26, 2000, sections 2 and 6).

    A logarithm, because for small alpha the number itself is often too small. Every other counter from `counter` on is
    tried until a number is accepted.
    """
    shape = alpha if alpha >= 1.0 else alpha + 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        words = philox(counter, sample & LOW, epoch, operation, seed & LOW, seed >> np.uint64(32))
        counter += np.uint64(2)
        # Never the logarithm of 0.
        normal = math.sqrt(-2.0 * math.log((words[0] + 1.0) * UNIT)) * math.cos(2.0 * math.pi * UNIT * words[1])
        cube = (1.0 + c * normal) ** 3
        if cube > 0.0 and math.log((words[2] + 1.0) * UNIT) < 0.5 * normal**2 + d - d * cube + d * math.log(cube):
            found = math.log(d * cube)
            return found if alpha >= 1.0 else found + math.log((words[3] + 1.0) * UNIT) / alpha


@compiled("void(T[::1],int64[::1],float64,uint64,uint64,uint64,uint64)")
def _beta(out, samples, alpha, seed, epoch, operation, begin):
    """Numbers of the beta distribution (alpha, alpha), from two of the gamma distribution each."""
    for number in range(len(samples)):
        sample = np.uint64(samples[number])
        one = _log_gamma_number(alpha, sample, seed, epoch, operation, begin)
        other = _log_gamma_number(alpha, sample, seed, epoch, operation, begin + np.uint64(1))
        difference = other - one
        out[number] = 1.0 / (1.0 + math.exp(difference)) if difference < 700.0 else 0.0


def beta(draws: Draws, chosen: Positions, alpha: float) -> Floats:
    """One number for each. As many counters as it takes: nothing may be drawn after it."""
    out = np.empty(len(chosen))
    _beta(out, draws.samples[chosen], alpha, *draws.take(0))
    return out


@compiled("void(T[:,::1],T[:,::1],int64[::1],float64[::1],float64)")
def _mix(numbers, before, chosen, shares, rounding):
    """The share of each chosen row, and of the row before it the rest."""
    for number in range(len(chosen)):
        row, share = chosen[number], np.float32(shares[number])
        partner = row - 1 if row > 0 else len(before) - 1
        for place in range(numbers.shape[1]):
            own, other = np.float32(before[row, place]), np.float32(before[partner, place])
            numbers[row, place] = other + share * (own - other) + rounding


@compiled("void(T[:,:,:,:,::1],T[:,:,:,:,::1],int64[::1],int64[:,::1])")
def _paste(numbers, before, chosen, boxes):
    """A box of the sample before each chosen one; of boxes, the first places, then one beyond the last."""
    for number in range(len(chosen)):
        sample = chosen[number]
        partner = sample - 1 if sample > 0 else len(before) - 1
        for channel in range(numbers.shape[1]):
            for plane in range(boxes[number, 0], boxes[number, 3]):
                for row in range(boxes[number, 1], boxes[number, 4]):
                    for column in range(boxes[number, 2], boxes[number, 5]):
                        numbers[sample, channel, plane, row, column] = before[partner, channel, plane, row, column]


def probabilities(classes: int, labels: Array) -> NDArray[np.float32]:
    """Class numbers (N,) as certainties (N, classes); no class is certain where the number is none of them."""
    return np.asarray(labels[:, np.newaxis] == np.arange(classes), np.float32)


def _mix_targets(batch: Batch, chosen: Positions, shares: Floats) -> None:
    _mix(batch.targets, batch.targets.copy(), chosen, shares, 0.0)


def mixup(table: MixUp, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    shares = beta(draws, chosen, table.alpha)
    flat = batch.inputs.numbers.reshape(len(batch.targets), -1)
    _mix(flat, flat.copy(), chosen, shares, batch.inputs.rounding)
    _mix_targets(batch, chosen, shares)


def cutmix(table: CutMix, batch: Batch, draws: Draws) -> None:
    chosen = draws.chosen(table.p)
    space = np.array(batch.space)
    middles = np.floor(draws.uniform(chosen, 3) * space)
    rest = (1.0 - beta(draws, chosen, table.alpha)) ** (1.0 / batch.rank)
    halves = np.floor(0.5 * rest[:, np.newaxis] * space)
    begins, ends = np.maximum(middles - halves, 0), np.minimum(middles + halves, space)
    # Axes that the samples do not have are cut through altogether.
    begins[:, : 3 - batch.rank], ends[:, : 3 - batch.rank] = 0, 1
    boxes = np.concatenate([begins, ends], axis=1).astype(np.int64)
    numbers = batch.inputs.numbers
    _paste(numbers, numbers.copy(), chosen, boxes)
    # A box is cut at the border, and its sides to whole pixels: what counts is what was pasted.
    _mix_targets(batch, chosen, 1.0 - (ends - begins).prod(axis=1) / space.prod())
