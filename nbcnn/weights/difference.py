"""What tells two networks apart where one or both bring their weights: which arrays fit, and which do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbcnn import spec as specs
from nbcnn.layers.axes import Shape
from nbcnn.network import Network, Node, build
from nbcnn.network.difference import NetworkDifference, difference, matched
from nbcnn.weights import store

Arrays = Mapping[str, NDArray[Any]]
Verdict = Literal["same", "fits", "values differ", "shape differs", "missing", "extra"]

WEIGHTS_ENDINGS = (".h5", ".hdf5")


@dataclass(frozen=True)
class Side:
    """One of two things to compare: its network, and its arrays by key where it is a weights file."""

    place: str
    network: Network
    arrays: Arrays | None


@dataclass(frozen=True)
class ArrayDifference:
    """An array of the one network, by its key and shape, and its partner in the other; None where there is none.

    `verdict`: "fits" where shapes are equal and the numbers are not known of both, "same" where they are equal too, and
    "missing" and "extra" are said of the second. `most` is the largest difference of two numbers.
    """

    before: str | None
    after: str | None
    shape_before: Shape | None
    shape_after: Shape | None
    verdict: Verdict
    most: float | None = None

    @property
    def is_same(self) -> bool:
        return self.verdict in ("same", "fits") and self.before == self.after

    def as_dict(self) -> dict[str, Any]:
        return {
            "before": self.before,
            "after": self.after,
            "shapes": [None if shape is None else list(shape) for shape in (self.shape_before, self.shape_after)],
            "verdict": self.verdict,
            "largest_difference": self.most,
        }


@dataclass(frozen=True)
class Difference:
    """What tells `before` from `after`; `arrays` is None between two specs, else it has all arrays of both."""

    before: Side
    after: Side
    network: NetworkDifference
    arrays: tuple[ArrayDifference, ...] | None

    @property
    def is_same(self) -> bool:
        return self.network.is_same and all(each.is_same for each in self.arrays or ())

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn diff --format json` prints."""
        return {
            "before": self.before.place,
            "after": self.after.place,
            "same": self.is_same,
            **self.network.as_dict(),
            "arrays": None if self.arrays is None else [each.as_dict() for each in self.arrays],
        }


def compare(before: Side, after: Side) -> Difference:
    """All that tells the one from the other."""
    arrays = None if before.arrays is None and after.arrays is None else tuple(array_differences(before, after))
    return Difference(before, after, difference(before.network, after.network), arrays)


def is_weights(path: Path) -> bool:
    """Whether a path names a weights file; any other file is a spec."""
    return path.suffix.lower() in WEIGHTS_ENDINGS


def read_weights(path: Path) -> tuple[specs.Spec, Arrays]:
    """The spec and the arrays in a weights file; raises WeightsError for a missing or damaged one."""
    with store.opened(path) as held:
        spec = specs.parse(held.spec, str(path))
        snapshot = held.read(build(spec))
    return spec, snapshot.parameters | snapshot.buffers


def array_differences(before: Side, after: Side) -> list[ArrayDifference]:
    """All arrays of both, each beside its partner."""
    found = []
    for old, new in matched(before.network.layers, after.network.layers):
        shapes_before, shapes_after = _shapes(old), _shapes(new)
        for name in [*shapes_before, *(name for name in shapes_after if name not in shapes_before)]:
            key_before, key_after = (f"{node.name}.{name}" if node else None for node in (old, new))
            shapes = (shapes_before.get(name), shapes_after.get(name))
            found.append(_array(before, after, key_before, key_after, *shapes))
    return found


def _shapes(node: Node | None) -> dict[str, Shape]:
    return {name: each.shape for name, each in (node.parameters | node.buffers).items()} if node else {}


def _array(
    before: Side, after: Side, key_before: str | None, key_after: str | None, old: Shape | None, new: Shape | None
) -> ArrayDifference:
    if new is None:
        return ArrayDifference(key_before, None, old, new, "missing")
    if old is None:
        return ArrayDifference(None, key_after, old, new, "extra")
    if old != new:
        return ArrayDifference(key_before, key_after, old, new, "shape differs")
    if before.arrays is None or after.arrays is None:
        return ArrayDifference(key_before, key_after, old, new, "fits")
    one, other = before.arrays[str(key_before)], after.arrays[str(key_after)]
    if np.array_equal(one, other, equal_nan=True):
        return ArrayDifference(key_before, key_after, old, new, "same", 0.0)
    most = float(np.abs(one.astype(np.float64) - other.astype(np.float64)).max())
    return ArrayDifference(key_before, key_after, old, new, "values differ", most)
