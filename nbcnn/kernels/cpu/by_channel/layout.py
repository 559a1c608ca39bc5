"""What lies with channels as lanes: an activation of blocks of channels, or the network's input as it came."""

import math
from dataclasses import dataclass

import numpy as np

from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.calls import Activation, Argument, Space
from nbcnn.kernels.cpu.program.program import Program


class Unsupported(Exception):
    """An operation that has no version with channels as lanes."""


def constant(name: str, value: np.ndarray) -> Array:
    """An array of float32 that the plan fills in once."""
    array = Array(name, value.shape)
    array.storage.contents = lambda: np.asarray(value, dtype=np.float32)
    return array


@dataclass(frozen=True)
class Blocked:
    """One sample's `channels` over the space of an activation, which has one "channel" for each block of them.

    Lanes beyond the last channel hold anything. A `flat` one counts all its numbers as features; where they lie stays
    as it was.
    """

    activation: Activation
    channels: int
    flat: bool = False
    # The network's input lies planar, channel by channel without lanes, in an array that the caller fills.
    plane: Array | None = None

    @property
    def argument(self) -> Argument:
        return self.plane or self.activation

    @property
    def features(self) -> int:
        return self.channels * math.prod(self.activation.space)


def blocked(program: Program, name: str, channels: int, space: Space) -> Blocked:
    """A new activation for `channels` channels."""
    return Blocked(program.activation(name, math.ceil(channels / program.lanes), space), channels)


def planar(channels: int, space: Space) -> Blocked:
    """The network's input for one sample, to be filled by the caller."""
    activation = Activation("input", 1, channels, space)
    plane = Array("input", (channels, *space))
    plane.storage.extent = lambda: activation.channel_stride * channels
    return Blocked(activation, channels, plane=plane)
