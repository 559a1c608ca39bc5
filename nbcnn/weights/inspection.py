"""What a weights file holds and whether it is whole: of a damaged one, all that is sound."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn import spec as specs
from nbcnn.errors import InputError, WeightsError
from nbcnn.machine.confined import ConfinedError, confined
from nbcnn.network import Network, build
from nbcnn.weights import texts
from nbcnn.weights.files import open_regular, read_at, size_of
from nbcnn.weights.held import Held
from nbcnn.weights.seal import BLOCK, is_sealed, read_block
from nbcnn.weights.sections import FLOAT
from nbcnn.weights.sound import Sound, read_sound


@dataclass(frozen=True)
class InspectedArray:
    """One array; what its numbers are is known where they are sound. `mean` and `std` are of the finite ones."""

    section: str
    key: str
    shape: tuple[int, ...]
    sound: bool
    dtype: str = "float32"
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    not_finite: int | None = None


@dataclass(frozen=True)
class Inspection:
    """All that a weights file tells; what is damaged is None, and named in `damage`.

    `sealed`: whether the file's own SHA-256 holds. `differences`: where another program finds something else by HDF5
    than this library reads; a file that is damaged is not tried. `progress`: where the run stands, in a file to resume
    from.
    """

    file: str
    size: int
    sealed: bool
    format_version: str | None
    name: str | None
    input_shape: tuple[int, ...] | None
    spec: dict[str, Any] | None
    classes: tuple[str, ...] | None
    normalization: dict[str, list[float]] | None
    provenance: dict[str, Any] | None
    progress: dict[str, Any] | None
    versions: dict[str, Any] | None
    arrays: tuple[InspectedArray, ...]
    damage: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether the file is what was written, to the last byte, and other programs find the same in it."""
        return not self.damage and not self.differences

    def as_dict(self) -> dict[str, Any]:
        """The object that `nbcnn inspect --format json` prints."""
        return {
            "file": self.file,
            "whole": self.whole,
            **vars(self),
            "arrays": [vars(each) for each in self.arrays],
        }


def inspect(path: Path) -> Inspection:
    """Raises WeightsError for a file that cannot be read, or of which nothing is a sound part of a weights file."""
    place = str(path)
    with open_regular(path) as file:
        size = size_of(file)
        sound = read_sound(file, place)
        if not sound.is_anything:
            read_block(bytes(read_at(file, 0, BLOCK, place)), size, place)
            raise WeightsError(f"{place}: nothing in the file is sound; use an earlier one")
        data = read_at(file, 0, size, place)
    damage = list(sound.damage)
    if not (sealed := is_sealed(data)):
        damage.append(BROKEN_SEAL)
    arrays = tuple(_arrays(sound, data))
    damage += [f"{each.section} {each.key} does not match its SHA-256" for each in arrays if not each.sound]
    if sound.manifest is None:
        damage.append("the list of arrays cannot be read")
    if damage == [BROKEN_SEAL]:
        damage.append("all texts and arrays are sound: the damage is in what HDF5 alone reads")
    parts = {name: _part(name, sound.texts[name], damage) for name in PARTS}
    network = _network(parts["spec"], place, damage)
    if network is not None and not damage:
        damage += _misfits(data, place, network)
    return Inspection(
        file=place,
        size=size,
        sealed=sealed,
        format_version=sound.texts["format_version"],
        name=network.name if network else None,
        input_shape=network.input_shape if network else None,
        spec=parts["spec"],
        classes=parts["classes"],
        normalization=parts["normalization"],
        provenance=parts["provenance"],
        progress=parts["state"],
        versions=parts["versions"],
        arrays=arrays,
        damage=tuple(damage),
        differences=() if damage else tuple(_differences(path)),
    )


BROKEN_SEAL = "the content does not match the file's own SHA-256"
PARTS: dict[str, Callable[[str, str], Any]] = {
    "spec": texts.mapping,
    "classes": texts.class_labels,
    "normalization": texts.normalization,
    "provenance": texts.mapping,
    "versions": texts.mapping,
    "state": texts.mapping,
}


def _part(name: str, text: str | None, damage: list[str]) -> Any:
    """What a sound text says; None where it says nothing."""
    if not text:
        return None
    try:
        return PARTS[name](text, name)
    except Exception as error:  # of many kinds, as for `Held`
        damage.append(f"{name} breaks the rules of the format ({str(error)[:200]})")
        return None


def _network(spec: dict[str, Any] | None, place: str, damage: list[str]) -> Network | None:
    """The network that a sound spec describes."""
    if spec is None:
        return None
    try:
        return build(specs.parse(spec, place))
    except InputError as error:
        damage.append(f"spec: {str(error).removeprefix(f'{place}: ')}")
        return None


def _misfits(data: bytearray, place: str, network: Network) -> Iterator[str]:
    """Why loading refuses a file that has no damage so far."""
    try:
        Held(BytesIO(data), place).read(network)
    except InputError as error:
        yield str(error).removeprefix(f"{place}: ")


def _arrays(sound: Sound, data: bytearray) -> Iterator[InspectedArray]:
    for section, entries in (sound.manifest or {}).items():
        for key, entry in (entries or {}).items():
            try:
                array = entry.view(data) if entry.is_sound(data) else None
            except (ValueError, OverflowError):  # a shape that no array has, or bytes behind the end
                array = None
            if array is not None:
                yield InspectedArray(section, key, entry.shape, True, FLOAT.name, *_statistics(array))
            else:
                yield InspectedArray(section, key, entry.shape, False)


def _statistics(array: NDArray[np.float32]) -> tuple[float | None, float | None, float | None, float | None, int]:
    """Least, largest, mean and deviation of the finite numbers, and how many others there are."""
    finite = np.isfinite(array)
    others = array.size - int(np.count_nonzero(finite))
    numbers = array[finite] if others else array
    if not numbers.size:
        return None, None, None, None, others
    mean, std = numbers.mean(dtype=np.float64), numbers.std(dtype=np.float64)
    return float(numbers.min()), float(numbers.max()), float(mean), float(std), others


def _differences(path: Path) -> list[str]:
    try:
        return [str(each) for each in json.loads(confined("nbcnn.weights.guard", str(path.absolute())))]
    except (ConfinedError, OSError) as error:
        return [f"HDF5 cannot read the file: {error}"]
