"""What rules may know beside the spec: of the data and of the machine, from whoever asks."""

from dataclasses import dataclass

from nbcnn.layers.axes import Shape


@dataclass(frozen=True)
class DataFacts:
    """A data source as far as it is known without reading it: training samples, validation's share still among them,
    the shape of one, and how many classes there are."""

    samples: int
    shape: Shape
    classes: int


@dataclass(frozen=True)
class Surroundings:
    """None where something is not known; rules then have nothing to say about it."""

    data: DataFacts | None = None
    memory_bytes: int | None = None


NOTHING_KNOWN = Surroundings()
