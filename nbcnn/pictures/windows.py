"""Which pixels every unit of every layer sees, axis by axis, in one pass from the input to the output.

The same pixels as `network.seen` finds on the way back from one unit, of all channels together.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.network import INPUT, Network, Node
from nbcnn.network.seen import runs

Rows = NDArray[np.bool_]
"""(positions, pixels) of one axis: which pixels each position sees. One row stands for all units of a flat layer."""


@dataclass(frozen=True, eq=False)
class Windows:
    """What the units of a layer see along each axis of the input.

    `is_product` tells whether a unit sees every crossing of its rows and columns; else it may see fewer.
    """

    axes: tuple[Rows, ...]
    is_product: bool = True

    def as_dict(self, node: Node) -> dict[str, Any]:
        """JSON-able: for each axis `start`, `jump` and `size`, or else the runs of pixels of each position."""
        return {
            "product": self.is_product,
            "axes": [_axis(node, number, rows) for number, rows in enumerate(self.axes)],
        }


def windows(network: Network) -> dict[str, Windows | None]:
    """The windows of every layer by name; None where reshaping has mixed the axes, so that units differ."""
    space = network.input_shape[1:]
    found: dict[str, Windows | None] = {INPUT: Windows(tuple(np.eye(size, dtype=bool) for size in space))}
    for node in network.layers:
        read = [found[name] for name in node.inputs]
        found[node.name] = (
            _through(node, _merged(node, [each for each in read if each is not None])) if all(read) else None
        )
    return found


def _merged(node: Node, read: list[Windows]) -> Windows:
    """What a position sees through any of the inputs; one with a single position is read by all."""
    axes = tuple(
        np.logical_or.reduce(np.broadcast_arrays(*(each.axes[axis] for each in read)))
        for axis in range(len(read[0].axes))
    )
    together = Windows(axes)
    # One that sees all that the others see makes the union a product again, and so does a single axis to differ in.
    whole = any(each.is_product and _same(each, together) for each in read)
    differing = [
        axis for axis in range(len(axes)) if any(not np.array_equal(each.axes[axis], axes[axis]) for each in read)
    ]
    return Windows(axes, whole or (all(each.is_product for each in read) and len(differing) <= 1))


def _same(one: Windows, other: Windows) -> bool:
    return all(np.array_equal(*pair) for pair in zip(one.axes, other.axes, strict=True))


def _through(node: Node, read: Windows) -> Windows | None:
    shape = node.layer.join(node.input_shapes, node.inputs)
    before, after = shape[1:], node.output_shape[1:]
    if node.layer.keeps_numbers:
        if before == after:
            return read
        together = Windows(tuple(np.asarray(rows.any(0, keepdims=True)) for rows in read.axes), read.is_product)
        # Numbers that are dealt out to positions anew do not keep their rows and columns.
        return together if not after else None
    if len(before) != len(read.axes):
        return read if not after else None
    window = node.layer.window(shape)
    axes = list(read.axes)
    for axis, rows in enumerate(read.axes):
        if window is None or not window.keeps(axis):
            positions = (node.layer.positions_read(shape, axis, position) for position in range(after[axis]))
            axes[axis] = np.stack([rows[list(each)].any(0) for each in positions])
    return Windows(tuple(axes), read.is_product)


def _axis(node: Node, axis: int, rows: Rows) -> dict[str, Any]:
    if node.field is not None and len(node.output_shape) > 1:
        start, jump, size = (each[axis] for each in (node.field.start, node.field.jump, node.field.size))
        pixels = np.arange(rows.shape[1])
        first = start + jump * np.arange(len(rows))[:, np.newaxis]
        if np.array_equal(rows, (pixels >= first) & (pixels < first + size)):
            return {"start": start, "jump": jump, "size": size}
    return {"runs": [runs(row) for row in rows]}
