"""Which activations to keep where the others are computed again on the way back.

T. Chen, B. Xu, C. Zhang, C. Guestrin, Training deep nets with sublinear memory cost, arXiv:1604.06174, 2016: a network
is cut into segments, of which only the last numbers are kept. The way back computes a segment again when it gets there.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from nbcnn.layers.catalogue import ACTIVATIONS
from nbcnn.network import INPUT, Node

# Operations whose results lie where what they read did.
_IN_PLACE = frozenset({"relu", "relu6", "leaky_relu", "sigmoid", "tanh", "flatten", "reshape"})
# So many sizes of segments are tried, as shares of the whole network.
_BUDGETS = 64


def segments(layers: Sequence[Node]) -> list[range]:
    """Numbers of layers, cut where one activation is all that later layers read, so that little memory is needed.

    That is the sum of what is kept between segments and of the largest segment; budgets for the largest are tried, as
    in section 4.4 of the paper.
    """
    sizes = [0 if node.operation in _IN_PLACE else node.memory_bytes for node in layers]
    sums = [0, *accumulate(sizes)]
    ends = [0, *cuts(layers), len(layers)]
    shares = range(1, min(len(ends), _BUDGETS))
    chosen = min((_cut(layers, sums, ends, sums[-1] / share) for share in shares), key=lambda cut: cut.bytes).ends
    return [range(first, last) for first, last in zip((0, *chosen), chosen, strict=False)]


def cuts(layers: Sequence[Node]) -> list[int]:
    """Numbers of the layers that may begin a segment: those before are read by nobody later, but for the last of them.

    A function of single numbers stays with what it reads, since both are one buffer.
    """
    last_reader = {name: number for number, node in enumerate(layers) for name in node.inputs}
    found = []
    reach = last_reader[INPUT]
    for number in range(1, len(layers)):
        if reach < number and layers[number].operation not in ACTIVATIONS:
            found.append(number)
        reach = max(reach, last_reader.get(layers[number - 1].name, 0))
    return found


class _Cut(NamedTuple):
    """Where segments end, and the bytes of a sample: what is kept between them, and at once within the largest."""

    kept: int
    ends: tuple[int, ...] = ()
    largest: int = 0

    @property
    def bytes(self) -> int:
        return self.kept + self.largest


def _cut(layers: Sequence[Node], sums: Sequence[int], ends: Sequence[int], budget: float) -> _Cut:
    """The cut that keeps least with segments of at most `budget` bytes, or of one stretch where that alone has more."""
    best = [_Cut(0)]
    for number, end in enumerate(ends[1:], start=1):
        first = number - 1
        while first > 0 and sums[end] - sums[ends[first - 1]] <= budget:
            first -= 1
        before = min(range(first, number), key=lambda place: best[place].kept)
        cut, size = best[before], sums[end] - sums[ends[before]]
        best.append(_Cut(cut.kept + layers[end - 1].memory_bytes, (*cut.ends, end), max(cut.largest, size)))
    return best[-1]
