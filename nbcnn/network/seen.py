"""The exact input pixels that one unit of a layer depends on, found on the way back from the unit to the input.

A receptive field (receptive_field.py) is the same window for every unit, from the first pixel to the last, padding
included. Here are the pixels themselves: without what lies in the padding, with the holes that strides and dilation
leave, with what padding copies from elsewhere, through branches, groups of channels and layers whose windows differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.errors import InputError
from nbcnn.layers.axes import AXIS_NAMES, Shape
from nbcnn.layers.base import Layer
from nbcnn.network.network import Network
from nbcnn.network.node import Node
from nbcnn.network.receptive_field import ReceptiveField
from nbcnn.spec.references import INPUT

Units = NDArray[np.bool_]
"""Which numbers of an array (channels, *space) are meant."""
MOST_UNITS = 2**28
"""Numbers in the output of a layer that are followed: a byte for each is in memory."""
Run = tuple[int, int]
"""The first and the last of indices in a row."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What one unit of a layer sees; `channel` is None where the units of all channels at `position` are meant.

    `pixels`, (*space) of the input, is where it sees any channel. `field` is the layer's receptive field, None where
    units differ in theirs. Positions count from 0; for a flat layer there are none, and features are its channels.
    """

    layer: str
    type: str
    output_shape: Shape
    channel: int | None
    position: tuple[int, ...]
    input_shape: Shape
    channels: tuple[Run, ...]
    pixels: Units
    field: ReceptiveField | None

    @property
    def is_all(self) -> bool:
        return bool(self.pixels.all())

    @property
    def axes(self) -> list[dict[str, Any]]:
        """For each spatial axis of the input what is seen of it, in pixels.

        `window` is what the receptive field covers, padding included, and `padding` how much of that lies before the
        first and after the last pixel; these, `size` and `jump` are None where units differ in them. `first`, `last`
        and `runs`, pairs of first and last, are of pixels that are seen; `centre` is the middle of the window, or of
        what is seen.
        """
        return [self._axis(number, name) for number, name in enumerate(AXIS_NAMES[self.pixels.ndim])]

    @property
    def has_product(self) -> bool:
        """Whether every crossing of seen rows and seen columns is seen."""
        along = [self._along(axis) for axis in range(self.pixels.ndim)]
        product = along[0]
        for each in along[1:]:
            product = np.logical_and.outer(product, each)
        return bool((product == self.pixels).all())

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn rf --format json` prints; `lines`, where `axes` do not say it all, has for each seen
        line of pixels along the last axis its place on the other axes and its runs."""
        product = self.has_product
        return {
            "layer": self.layer,
            "type": self.type,
            "output_shape": list(self.output_shape),
            "unit": {"channel": self.channel, "position": list(self.position)},
            "input_shape": list(self.input_shape),
            "channels": [list(each) for each in self.channels],
            "pixels": int(self.pixels.sum()),
            "of": self.pixels.size,
            "everything": self.is_all,
            "axes": self.axes,
            "product": product,
            "lines": None if product else self._lines(),
        }

    def _along(self, axis: int) -> Units:
        others = tuple(each for each in range(self.pixels.ndim) if each != axis)
        return np.asarray(self.pixels.any(others))

    def _axis(self, number: int, name: str) -> dict[str, Any]:
        found = runs(self._along(number))
        first, last = (found[0][0], found[-1][1]) if found else (None, None)
        described = {"axis": name, "pixels": self.pixels.shape[number], "first": first, "last": last}
        if self.field is None or not self.position:
            known: dict[str, Any] = {"window": None, "padding": None, "size": None, "jump": None}
            centre = None if first is None or last is None else (first + last) / 2
        else:
            size, jump = self.field.size[number], self.field.jump[number]
            start = self.field.start[number] + self.position[number] * jump
            end = start + size - 1
            padding = [min(max(-start, 0), size), min(max(end - self.pixels.shape[number] + 1, 0), size)]
            known = {"window": [start, end], "padding": padding, "size": size, "jump": jump}
            centre = (start + end) / 2
        return described | known | {"centre": centre, "runs": [list(each) for each in found]}

    def _lines(self) -> list[dict[str, Any]]:
        places = np.argwhere(self.pixels.any(-1)).tolist()
        return [{"at": place, "runs": [list(each) for each in runs(self.pixels[tuple(place)])]} for place in places]


def seen(network: Network, layer: str, unit: Sequence[int] | None = None) -> Seen:
    """What a unit of a layer sees, batch norms and random layers being as in inference.

    That is all it is computed from, what is multiplied with zeros of the padding included.

    `unit` has a position on every spatial axis of the layer's output, and may have a channel before these; a feature
    of a flat layer counts as a channel. Negative numbers count from the end. None is the middle, all channels. Raises
    InputError for a layer or a unit that is not there, and where outputs are too large to be followed.
    """
    node = network[layer]
    _check_sizes(network, node)
    channel, position = located(node, unit)
    units = np.zeros(node.output_shape, bool)
    units[slice(None) if channel is None else channel, *position] = True
    found = _back_to_input(network, node, units)
    return Seen(
        node.name,
        node.type,
        node.output_shape,
        channel,
        position,
        network.input_shape,
        tuple(runs(np.asarray(found.any(tuple(range(1, found.ndim)))))),
        np.asarray(found.any(0)),
        node.field,
    )


def _check_sizes(network: Network, node: Node) -> None:
    """Every output up to the node's may have to be followed."""
    shapes = {INPUT: network.input_shape}
    for each in network.layers:
        shapes[each.name] = each.output_shape
        if each is node:
            break
    largest = max(shapes, key=lambda name: prod(shapes[name]))
    if prod(shapes[largest]) > MOST_UNITS:
        shape = " x ".join(map(str, shapes[largest]))
        raise InputError(
            f'unit: "{largest}" of shape {shape} has {prod(shapes[largest])} numbers, at most {MOST_UNITS} can be '
            "followed; set a smaller input.shape, in which a window is as large"
        )


def located(node: Node, unit: Sequence[int] | None) -> tuple[int | None, tuple[int, ...]]:
    """Channel, None for all, and position of a unit as a person gives it; raises InputError where it is not there."""
    space = node.output_shape[1:]
    if unit is None:
        return None, tuple(size // 2 for size in space)
    names = AXIS_NAMES[len(space)] if space else ()
    shape = f'"{node.name}" of shape {" x ".join(map(str, node.output_shape))}'
    if len(unit) not in (len(space), len(space) + 1) or not unit:
        received = f"{', '.join(map(str, unit)) or 'nothing'} has {len(unit)} number{'s' * (len(unit) != 1)}"
        expected = f"{' and '.join(names)}, and before {'them' if names[1:] else 'it'} a channel where one is meant"
        raise InputError(f"unit: {received}, a unit of {shape} has {expected if names else 'one, its feature'}")
    sizes, labels = node.output_shape[-len(unit) :], ("channel", *names)[-len(unit) :]
    for number, size, label in zip(unit, sizes, labels, strict=True):
        if not -size <= number < size:
            raise InputError(
                f"unit: {label.removesuffix('s')} {number} of {shape} is not there; use 0 to {size - 1}, or -1 to "
                f"-{size}, which count from the end"
            )
    resolved = tuple(number % size for number, size in zip(unit, sizes, strict=True))
    return (None, resolved) if len(unit) == len(space) else (resolved[0], resolved[1:])


def _back_to_input(network: Network, node: Node, units: Units) -> Units:
    """Which numbers of the network's input these units of a node depend on."""
    pending = {node.name: units}
    for each in reversed(network.layers):
        if each.name in pending:
            parts = read_by(each, pending.pop(each.name))
            for name, part in zip(each.inputs, parts, strict=True):
                pending[name] = pending[name] | part if name in pending else part
    return pending[INPUT]


def read_by(node: Node, units: Units) -> list[Units]:
    """Which numbers of each of a node's inputs these of its output are computed from."""
    shapes = node.input_shapes
    shape = node.layer.join(shapes, node.inputs)
    read = units.reshape(shape) if node.layer.keeps_numbers else _read(node.layer, shape, units)
    if len(shapes) > 1 and sum(each[0] for each in shapes) == shape[0]:
        return list(np.split(read, np.cumsum([each[0] for each in shapes[:-1]])))
    # An input with one number a channel gives it to all positions.
    by_channel = read.any(tuple(range(1, read.ndim)))
    return [read if each == shape else by_channel.reshape(each) for each in shapes]


def _read(layer: Layer, shape: Shape, units: Units) -> Units:
    channels = layer.channels_read(shape)
    if channels is None:
        return _along_space(layer, shape, units)
    readers: dict[range, list[int]] = {}
    for number, read in enumerate(channels):
        readers.setdefault(read, []).append(number)
    # One row for all channels that read the same, so that their positions are followed once.
    rows = _along_space(layer, shape, np.stack([units[numbers].any(0) for numbers in readers.values()]))
    if list(readers) == [range(shape[0])]:
        return np.broadcast_to(rows[0], shape)
    found = np.zeros(shape, bool)
    for read, row in zip(readers, rows, strict=True):
        found[read.start : read.stop] |= row
    return found


def _along_space(layer: Layer, shape: Shape, units: Units) -> Units:
    """The units' positions followed back, one axis after the other."""
    channels = len(units)
    if channels > 1 and (units == units[:1]).all():
        units = units[:1]  # which is so after every convolution without groups
    for axis, size in enumerate(shape[1:]):
        window = layer.window(shape)
        if window is not None and window.keeps(axis):
            continue
        along = np.moveaxis(units, axis + 1, 0)
        found = np.zeros((size, *along.shape[1:]), bool)
        for position in np.flatnonzero(along.reshape(len(along), -1).any(1)).tolist():
            found[list(layer.positions_read(shape, axis, position))] |= along[position]
        units = np.moveaxis(found, 0, axis + 1)
    return np.broadcast_to(units, (channels, *units.shape[1:]))


def runs(present: Units) -> list[Run]:
    """Where a row is true: the first and the last index of each stretch."""
    edges = np.flatnonzero(np.diff(present, prepend=False, append=False)).tolist()
    return [(start, end - 1) for start, end in zip(edges[::2], edges[1::2], strict=True)]
