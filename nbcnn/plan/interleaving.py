"""Calls of a walk that work on every channel by itself, made for a few channels at a time.

Batch normalisation, depthwise convolutions and their gradients often follow each other. Made one after the other for
all channels, each would read from a far cache what the one before has written.
"""

from collections.abc import Iterable, Sequence

from nbcnn.kernels.cpu.program.calls import Activation, Call, activations_of
from nbcnn.plan.spreading import parted

# What a few channels of all activations may take together; a part of the second-level cache.
NEAR_BYTES = 512 << 10


def grouped(calls: Iterable[Call]) -> list[list[Call]]:
    """The calls of a walk in their order: those that can be made channel by channel together, others alone."""
    groups: list[list[Call]] = []
    for call in calls:
        if groups and call.channelwise and groups[-1][0].channelwise and groups[-1][0].units == call.units:
            groups[-1].append(call)
        else:
            groups.append([call])
    return groups


def interleaved(calls: Iterable[Call]) -> list[Call]:
    """The calls of a walk in the order in which one block makes them, in parts where that keeps its numbers near."""
    return [call for group in grouped(calls) for call in (_by_channels(group) if len(group) > 1 else group)]


def _by_channels(calls: Sequence[Call]) -> list[Call]:
    channels = calls[0].units
    buffers: dict[object, Activation] = {x.storage: x for call in calls for x in activations_of(call)}
    parts = -(-sum(x.storage.extent() for x in buffers.values()) // NEAR_BYTES)
    if parts <= 1:
        return list(calls)
    return [part for parts_of_all in zip(*(parted(call, min(parts, channels)) for call in calls), strict=True)
            for part in parts_of_all]  # fmt: skip
