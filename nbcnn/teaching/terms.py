"""What one number of a layer's output, or of a weight's gradient, is summed or chosen from, index by index."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.layers.avg_pool import AvgPool
from nbcnn.layers.axes import Shape, Window, inside
from nbcnn.layers.conv import Conv
from nbcnn.layers.conv_transpose import ConvTranspose
from nbcnn.layers.linear import Linear
from nbcnn.network import Node
from nbcnn.network.seen import read_by

Doubles = NDArray[np.float64]
Index = tuple[int, ...]


@dataclass(frozen=True)
class Term:
    """A number that is read, at an index (channel, *position) of what the layer reads from `source`, and its factor.

    `index` is None for a zero of the padding; `is_padding` is also true for a number that padding copies. `factor`, at
    `factor_index`, is a weight or a gradient, None where there is none.
    """

    source: str
    number: float
    index: Index | None
    is_padding: bool = False
    factor: float | None = None
    factor_index: Index | None = None

    @property
    def product(self) -> float:
        return self.number if self.factor is None else self.number * self.factor

    def as_dict(self) -> dict[str, Any]:
        """JSON-able: its parts, and the product where there is a factor."""
        read = {
            "source": self.source,
            "number": self.number,
            "index": None if self.index is None else list(self.index),
            "padding": self.is_padding,
        }
        if self.factor is None or self.factor_index is None:
            return read
        return read | {"factor": self.factor, "factor_index": list(self.factor_index), "product": self.product}


def products(node: Node, unit: Index, x: Doubles, weight: Doubles) -> list[Term] | None:
    """Inputs times weights, whose sum and a bias are the output at `unit`; None for a layer that is no such sum.

    x is (channels, *space), or (features,).
    """
    layer, source = node.layer, node.inputs[0]
    match layer:
        case Linear():
            return [
                Term(source, float(x[i]), (i,), factor=float(weight[unit[0], i]), factor_index=(unit[0], i))
                for i in range(len(x))
            ]
        case Conv():
            return [
                _term(x, source, read, (unit[0], channel, *tap), weight)
                for channel, read, tap in _conv_reads(layer, x, unit)
            ]
        case ConvTranspose():
            return [
                Term(source, float(x[index]), index, factor=float(weight[at]), factor_index=at)
                for index, at in _transposed_reads(layer, x.shape, unit)
            ]
    return None


def gradient_products(node: Node, weight: Index, x: Doubles, dy: Doubles) -> list[Term] | None:
    """Inputs times gradients of outputs, whose sum is the gradient of one weight; None for other layers."""
    layer, source = node.layer, node.inputs[0]
    match layer:
        case Linear():
            output, feature = weight
            return [Term(source, float(x[feature]), (feature,), False, float(dy[output]), (output,))]
        case Conv():
            units = [(weight[0], *position) for position in np.ndindex(*dy.shape[1:])]
            return [
                _term(x, source, read, unit, dy)
                for unit in units
                for channel, read, tap in _conv_reads(layer, x, unit, weight[1:])
            ]
        case ConvTranspose():
            outputs = len(dy) // layer.groups
            channel = weight[0] // (len(x) // layer.groups) * outputs + weight[1]
            units = [(channel, *position) for position in np.ndindex(*dy.shape[1:])]
            return [
                Term(source, float(x[index]), index, False, float(dy[unit]), unit)
                for unit in units
                for index, at in _transposed_reads(layer, x.shape, unit)
                if at == weight
            ]
    return None


def candidates(node: Node, unit: Index, inputs: Mapping[str, Doubles]) -> list[Term]:
    """All numbers that the output at `unit` depends on, by input and in C order."""
    units = np.zeros(node.output_shape, bool)
    units[unit] = True
    return [
        Term(name, float(inputs[name][tuple(index)]), tuple(index))
        for name, part in zip(node.inputs, read_by(node, units), strict=True)
        for index in np.argwhere(part).tolist()
    ]


def counted(node: Node, unit: Index, x: Doubles) -> list[Term]:
    """What an average pool divides the sum of by their number: of the padding, too, where that counts."""
    layer = node.layer
    if not isinstance(layer, AvgPool) or not layer.count_include_pad:
        return candidates(node, unit, {node.inputs[0]: x})
    window = layer.window(x.shape)
    return [
        Term(node.inputs[0], *_read(x, unit[0], place, "zeros"))
        for place in product(*_positions(window, unit[1:]))
        # What hangs over the end by `ceil_mode` is no padding and does not count.
        if all(at < size + after for at, size, (_, after) in zip(place, x.shape[1:], window.padding, strict=True))
    ]


Read = tuple[float, Index | None, bool]
"""The number, its index in the input, and whether it stands in the padding."""


def _conv_reads(layer: Conv, x: Doubles, unit: Index, wanted: Index | None = None) -> Iterator[tuple[int, Read, Index]]:
    """Channel within the group, what is read, and where in the kernel that is; `wanted` is one (channel, *tap)."""
    window = layer.window(x.shape)
    taps = [range(size) for size in window.kernel_size]
    first = layer.channels_read(x.shape)[unit[0]].start
    # With `flip` the kernel's last number is multiplied by the window's first.
    turned = [range(size - 1, -1, -1) for size in window.kernel_size] if layer.flip else taps
    places = zip(product(*_positions(window, unit[1:])), product(*turned), strict=True)
    if wanted is not None:
        places = ((place, tap) for place, tap in places if tap == wanted[1:])  # type: ignore[assignment]
    along = list(places)
    for channel in range(x.shape[0] // layer.groups) if wanted is None else wanted[:1]:
        for place, tap in along:
            yield channel, _read(x, first + channel, place, layer.padding_mode), tap


def _positions(window: Window, position: Index) -> list[range]:
    return [window.positions(axis, at) for axis, at in enumerate(position)]


def _read(x: Doubles, channel: int, place: Sequence[int], border: str) -> Read:
    """The number at a place of the padded input."""
    sources = [inside(range(at, at + 1), size, border) for at, size in zip(place, x.shape[1:], strict=True)]
    if not all(sources):
        return 0.0, None, True
    index = (channel, *(each[0] for each in sources))
    return float(x[index]), index, index[1:] != tuple(place)


def _term(x: Doubles, source: str, read: Read, at: Index, factors: Doubles) -> Term:
    return Term(source, *read, factor=float(factors[at]), factor_index=at)


def _transposed_reads(layer: ConvTranspose, shape: Shape, unit: Index) -> Iterator[tuple[Index, Index]]:
    """Index of the input, and of the weight that carries it to the output at `unit`."""
    attributes = layer.attributes(shape)
    axes = []
    for axis, at in enumerate(unit[1:]):
        before, stride = attributes["padding"][axis][0], attributes["stride"][axis]
        read = sorted(layer.positions_read(shape, axis, at))
        axes.append([(each, (at + before - each * stride) // attributes["dilation"][axis]) for each in read])
    outputs = layer.out_channels // layer.groups
    for channel in layer.channels_read(shape)[unit[0]]:
        for pairs in product(*axes):
            yield (channel, *(each for each, _ in pairs)), (channel, unit[0] % outputs, *(tap for _, tap in pairs))
