"""The one sample that a step is shown on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nbcnn.data.inputs import read_inputs
from nbcnn.errors import InputError
from nbcnn.network import Network
from nbcnn.training.events import OnEvent
from nbcnn.training.samples import load_samples, normalization

Doubles = NDArray[np.float64]
Statistics = Mapping[str, list[float]]


@dataclass(frozen=True, eq=False)
class Sample:
    """Numbers (channels, *space) as the first layer reads them, and in `words` where they are from.

    `target` is what the data say about it, None where it is not from labelled data.
    """

    numbers: Doubles
    words: str
    target: NDArray[np.generic] | None = None


def from_data(
    network: Network, index: int, statistics: Statistics | None, data_dir: Path | None, on_event: OnEvent
) -> Sample:
    """Sample `index` of the training split of the spec's data, normalised as training does it.

    `statistics` are used where there are weights that were trained with them. Raises InputError for another index, and
    DataError and SpecError for data that are not there.
    """
    if network.spec.data is None:
        place = network.spec.file or network.name
        raise InputError(f"{place}: there is no [data] table to take a sample from; name a file, or give the numbers")
    base = Path(network.spec.file).parent if network.spec.file else None
    splits = load_samples(network, data_dir, base, on_event)
    train = splits.train
    if not -len(train) <= index < len(train):
        raise InputError(f"index: there are {len(train)} training samples, received {index}; use 0 to {len(train) - 1}")
    numbers = _normalised(train.inputs[index], statistics or normalization(network, train, on_event))
    target = train.targets[index]
    words = f"training sample {index % len(train)} of {network.spec.data.source}"
    if target.ndim == 0 and 0 <= int(target) < len(splits.classes):
        words += f", class {splits.classes[int(target)]}"
    return Sample(numbers, words, np.asarray(target))


def from_file(network: Network, path: Path, statistics: Statistics | None) -> Sample:
    """The first sample in a .npy file or an image; raises DataError for what is not readable or has other sizes."""
    name, numbers = read_inputs(path, network.input_shape)[0]
    return Sample(_normalised(numbers, statistics), name)


def from_numbers(network: Network, numbers: Sequence[float]) -> Sample:
    """Numbers as they are, in C order; raises InputError for another count than the input has."""
    if len(numbers) != prod(network.input_shape):
        shape = " x ".join(map(str, network.input_shape))
        raise InputError(
            f"values: {prod(network.input_shape)} numbers fill an input of {shape}, received {len(numbers)}"
        )
    return Sample(np.array(numbers, np.float64).reshape(network.input_shape), "numbers as given")


def _normalised(numbers: NDArray[np.generic], statistics: Statistics | None) -> Doubles:
    """Bytes count as shares of 255; then the mean is taken away and the deviation divided by, channel by channel."""
    values = numbers.astype(np.float64) / (255.0 if numbers.dtype == np.uint8 else 1.0)
    if statistics is None:
        return values
    mean, std = (np.array(statistics[each]).reshape(-1, *[1] * (values.ndim - 1)) for each in ("mean", "std"))
    return np.asarray((values - mean) / std)
