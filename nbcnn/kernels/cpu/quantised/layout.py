"""Activations of bytes: blocks of as many channels as a pixel has bytes, samples as planes."""

import math
from dataclasses import dataclass

import numpy as np

from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Space
from nbcnn.kernels.cpu.quantised.numbers import Scale

# Channels whose products one instruction sums: the bytes of a word.
WORD = 4


@dataclass(frozen=True)
class Bytes:
    """`channels` over the space of an activation, a byte each, which are numbers by `scale`.

    The activation has one "channel" for every `block` of channels; bytes beyond the last channel hold anything. A
    `flat` one counts all numbers of a sample as features; where they lie stays as it was.
    """

    activation: Activation
    channels: int
    scale: Scale
    block: int
    flat: bool = False


def in_bytes(name: str, channels: int, space: Space, scale: Scale, block: int) -> Bytes:
    """New activations of bytes, `block` channels to a block."""
    return Bytes(Activation(name, block // WORD, math.ceil(channels / block), space), channels, scale, block)


def in_columns(name: str, channels: int, space: Space, scale: Scale) -> Bytes:
    """New activations with each channel by itself, of which four neighbours in a row are read as four channels."""
    activation = Activation(name, 1, channels, space)
    activation.lane_bytes = 1
    activation.widen(((0, 0), (0, 0), (0, WORD - 1)))
    return Bytes(activation, WORD * channels, scale, WORD)


def constant(name: str, value: np.ndarray) -> Array:
    """An array of any type, of whole words, that the plan fills in once."""
    array = Array(name, (value.nbytes // WORD,))
    array.storage.contents = lambda: value
    return array
