"""Weights taken over from a file into another network: what fits by name and shape, and a list of all that did not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbcnn.errors import InputError, WeightsError
from nbcnn.layers.axes import Shape
from nbcnn.network import Network, build
from nbcnn.spec.linting import names_for
from nbcnn.weights.difference import ArrayDifference, Arrays, Side, array_differences, read_weights


@dataclass(frozen=True)
class Transfer:
    """What a network took from the file `weights`: every array of the network is in `taken` or in `left`.

    Arrays are named by their keys, "conv1.weight". `left` says why an array has kept its own numbers; `unused` are
    those of the file that went nowhere.
    """

    weights: str
    taken: tuple[str, ...]
    left: Mapping[str, str]
    unused: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The object in pretrained.json."""
        return asdict(self)


def transfer(path: Path, network: Network, own: Arrays, exclude: Sequence[str] = ()) -> Transfer:
    """Write into `own`, a network's parameters and buffers by key, what the file has under the same key and shape.

    A layer of which an array has another shape keeps all of its numbers, and so do layers named in `exclude` and those
    of blocks named there. Raises WeightsError for a missing
    or damaged file and where nothing fits, InputError for a name that there is not; nothing is changed then.
    """
    known = {name for node in network.layers for name in names_for(node.name)}
    for name in exclude:
        if name not in known:
            raise InputError(f"exclude: no layer is named {name!r}; name a layer, or a block of layers")
    spec, arrays = read_weights(path)
    found = array_differences(Side(str(path), build(spec), arrays), Side("", network, None))
    reasons = {str(each.after): _why_left(each, exclude) for each in found if each.after is not None}
    # A layer's arrays belong together: a bias without its weight means nothing.
    misfits = {_layer(str(each.after)): str(each.after) for each in found if each.verdict == "shape differs"}
    reasons |= {
        key: f"{misfits[_layer(key)]} does not fit"
        for key, why in reasons.items()
        if why is None and _layer(key) in misfits
    }
    taken = tuple(key for key in own if reasons[key] is None)
    if not taken:
        key, why = next(iter(reasons.items()), ("a network without arrays", "there are none"))
        raise WeightsError(
            f"{path}: of {len(arrays)} arrays in the file none fits the network by name and shape ({key}: {why}); "
            "name layers as there, as `nbcnn diff` shows them"
        )
    for key in taken:
        own[key][...] = arrays[key]
    left = {key: why for key in own if (why := reasons[key]) is not None}
    return Transfer(str(path), taken, left, tuple(key for key in arrays if key not in taken))


def _why_left(each: ArrayDifference, exclude: Sequence[str]) -> str | None:
    """Why an array of the network is not taken; None where it is."""
    if any(name in exclude for name in names_for(_layer(str(each.after)))):
        return "excluded"
    if each.before is None:
        return "the file has none"
    if each.before != each.after:
        same = " of the same shape" if each.shape_before == each.shape_after else ""
        return f"the file has {each.before}{same} in its place"
    if each.shape_before != each.shape_after:
        return f"its shape is {_text(each.shape_after)}, the file's {_text(each.shape_before)}"
    return None


def _layer(key: str) -> str:
    return key.rpartition(".")[0]


def _text(shape: Shape | None) -> str:
    return "x".join(map(str, shape or ()))
