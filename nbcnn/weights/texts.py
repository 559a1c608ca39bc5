"""The JSON parts of a weights file, and what is expected of each."""

import importlib.metadata
import json
import math
import platform
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from nbcnn.errors import WeightsError

if TYPE_CHECKING:
    import h5py

MOST_DEPTH = 50


def write(owner: "h5py.Group", name: str, text: str) -> None:
    """Stores an ASCII text as an attribute of fixed length; h5py's default, variable length, can crash when damaged."""
    owner.attrs.create(name, np.bytes_(text.encode("ascii")))


def overwrite(owner: "h5py.Group", name: str, text: str) -> None:
    """Puts another text of the same length in the place of one that is there."""
    owner.attrs.modify(name, np.bytes_(text.encode("ascii")))


def to_json(value: Any) -> str:
    """ASCII, compact; raises ValueError or TypeError for what JSON cannot hold, nan and infinity among it."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def from_json(text: str) -> Any:
    """Raises ValueError or RecursionError for what `to_json` cannot have written, and for lists deep in lists."""
    value = json.loads(text, parse_constant=_refuse)
    _refuse_deep(value, MOST_DEPTH)
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _refuse_deep(value: Any, left: int) -> None:
    """Whatever goes through the value later may use a call for each level."""
    if left == 0:
        raise ValueError(f"more than {MOST_DEPTH} lists or objects in each other")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(each, (dict, list)):
            _refuse_deep(each, left - 1)


def mapping(text: str, place: str) -> dict[str, Any]:
    """A JSON object; raises WeightsError for other JSON."""
    value = from_json(text)
    if not isinstance(value, dict):
        raise WeightsError(f"{place} is expected to be a JSON object; use another file")
    return value


def class_labels(text: str, place: str) -> tuple[str, ...]:
    """A JSON list of strings; raises WeightsError for other JSON."""
    labels = from_json(text)
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise WeightsError(f"{place}: classes are expected to be a list of strings; use another file")
    return tuple(labels)


def normalization(text: str, place: str) -> dict[str, list[float]] | None:
    """Mean and deviation by channel, or None; raises WeightsError where inputs cannot be normalised by them."""
    value = from_json(text)
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"mean", "std"}:
        raise WeightsError(f"{place}: normalization is expected to hold mean and std; use another file")
    for numbers in value.values():
        if not isinstance(numbers, list) or not all(type(n) in (int, float) and math.isfinite(n) for n in numbers):
            raise WeightsError(f"{place}: normalization is expected to hold finite numbers; use another file")
    if len(value["mean"]) != len(value["std"]) or not all(std > 0 for std in value["std"]):
        raise WeightsError(
            f"{place}: normalization is expected to hold one mean and one std > 0 a channel; use another"
        )
    return value


def library_versions() -> dict[str, str]:
    """Those of nbcnn, Python, NumPy, h5py and HDF5 that write a file."""
    import h5py  # here, because reading does without

    try:
        own = importlib.metadata.version("nbcnn")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        own = "unknown"
    return {
        "nbcnn": own,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "hdf5": h5py.version.hdf5_version,
    }
