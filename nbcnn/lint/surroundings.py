"""What rules may know beside the spec: of the data and of the machine, from whoever asks."""

from pathlib import Path as FilePath
from typing import NamedTuple

from nbcnn.layers.axes import Shape


class DataFacts(NamedTuple):
    """A data source as far as it is known without reading it: training samples, validation's share still among them,
    the shape of one, and how many classes there are."""

    samples: int
    shape: Shape
    classes: int


KNOWN_DATA = {
    "digits": DataFacts(1_442, (1, 8, 8), 10),
    "mnist": DataFacts(60_000, (1, 28, 28), 10),
    "fashion-mnist": DataFacts(60_000, (1, 28, 28), 10),
    "cifar10": DataFacts(50_000, (3, 32, 32), 10),
    "cifar100": DataFacts(50_000, (3, 32, 32), 100),
}
"""The data sets that go by a name. They are told here because their own room, which reads them, takes long to load."""


class Surroundings(NamedTuple):
    """None where something is not known; rules then have nothing to say about it."""

    data: DataFacts | None = None
    memory_bytes: int | None = None
    folders: tuple[FilePath, ...] | None = None
    """Where paths of the spec may lead, beside its own folder."""


NOTHING_KNOWN = Surroundings()
