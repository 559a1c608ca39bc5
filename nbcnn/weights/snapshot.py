"""What a weights file holds, as a value, and whether it belongs to a network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from nbcnn.errors import WeightsError
from nbcnn.layers.axes import Shape
from nbcnn.network.network import Network

Arrays = dict[str, NDArray[Any]]
Shapes = dict[str, dict[str, Shape] | None]

CURE = "use the spec that these weights were trained with, or train this one"
MOST_SLOTS = 8
"""No optimiser has half as many."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A model, and in `last.h5` its training, at one moment.

    `spec`: the resolved spec. `parameters`, `buffers`: float32 by key, "conv1.weight". `classes`: the labels' names.
    `normalization`: {"mean": [...], "std": [...]} by channel, None where inputs are taken as they are. `provenance`,
    `trainer`: whatever JSON can hold. `optimizer`: float32 by key, "momentum/conv1.weight".
    `trainer` and `optimizer` are None in a file that is not for resuming. `versions`: the libraries that wrote the
    file, set by loading.
    """

    spec: dict[str, Any]
    parameters: Arrays
    buffers: Arrays = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    normalization: dict[str, list[float]] | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    optimizer: Arrays | None = None
    trainer: dict[str, Any] | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def shapes(self) -> Shapes:
        """The shape of every array, by section and key; None for a section that there is not."""
        sections = {"parameters": self.parameters, "buffers": self.buffers, "optimizer": self.optimizer}
        return {
            section: None if arrays is None else {key: array.shape for key, array in arrays.items()}
            for section, arrays in sections.items()
        }


class Described(Protocol):
    """What `check_fits` looks at: a snapshot, or an open file whose arrays have not been read."""

    @property
    def shapes(self) -> Shapes: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def normalization(self) -> dict[str, list[float]] | None: ...


def check_fits(described: Described, network: Network, place: str) -> None:
    """Raises WeightsError, naming the layer and both shapes, unless the arrays are the network's."""
    parameters = {
        f"{node.name}.{name}": parameter.shape for node in network.layers for name, parameter in node.parameters.items()
    }
    buffers = {f"{node.name}.{name}": buffer.shape for node in network.layers for name, buffer in node.buffers.items()}
    shapes = described.shapes
    _check_shapes(shapes["parameters"] or {}, parameters, place)
    _check_shapes(shapes["buffers"] or {}, buffers, place)
    _check_optimizer(shapes["optimizer"] or {}, parameters | buffers, place)
    if described.normalization is not None:
        channels = len(described.normalization["mean"])
        if channels != network.input_shape[0]:
            raise WeightsError(
                f"{place}: normalization of {network.input_shape[0]} channels is expected, received {channels}; {CURE}"
            )
    if len(described.classes) > network.output_shape[0]:
        raise WeightsError(
            f"{place}: at most {network.output_shape[0]} class labels are expected, since the network has so many "
            f"outputs, received {len(described.classes)}; {CURE}"
        )


def _check_shapes(received: Mapping[str, Shape], expected: Mapping[str, Shape], place: str) -> None:
    for key, shape in expected.items():
        layer, _, name = key.rpartition(".")
        if key not in received:
            raise WeightsError(
                f'{place}: layer "{layer}": a {name} of shape {shape} is expected, received none; {CURE}'
            )
        if received[key] != shape:
            raise WeightsError(
                f'{place}: layer "{layer}": a {name} of shape {shape} is expected, received {received[key]}; {CURE}'
            )
    for key in received.keys() - expected.keys():
        layer, _, name = key.rpartition(".")
        raise WeightsError(f'{place}: layer "{layer}": the network has no {name} there, received one; {CURE}')


def _check_optimizer(received: Mapping[str, Shape], expected: Mapping[str, Shape], place: str) -> None:
    """What an optimiser keeps, it keeps for an array of the network, in its shape."""
    for path, shape in received.items():
        slot, _, key = path.partition("/")
        if expected.get(key) != shape:
            raise WeightsError(
                f"{place}: optimiser state: {slot} of {key} is expected to have the shape "
                f"{expected.get(key, 'of an array that the network has')}, received {shape}; {CURE}"
            )
    slots = {path.partition("/")[0] for path in received}
    if len(slots) > MOST_SLOTS:
        raise WeightsError(
            f"{place}: optimiser state: at most {MOST_SLOTS} arrays are expected for one of the network, received "
            f"{len(slots)}; {CURE}"
        )
