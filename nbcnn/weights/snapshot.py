"""What a weights file holds, as a value, and whether it belongs to a network."""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from nbcnn.errors import WeightsError
from nbcnn.network.network import Network

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A model, and in `last.h5` its training, at one moment.

    `spec`: the resolved spec. `parameters`, `buffers`: float32 by key, "conv1.weight". `classes`: the labels' names.
    `normalization`: {"mean": [...], "std": [...]} by channel, None where inputs are taken as they are. `provenance`,
    `trainer`: whatever JSON can hold. `optimizer`: float32, float64 or int64 by key, "momentum/conv1.weight".
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


def check_fits(snapshot: Snapshot, network: Network, place: str) -> None:
    """Raises WeightsError, naming the layer and both shapes, unless the snapshot's arrays are the network's."""
    cure = "use the spec that these weights were trained with, or train this one"
    parameters = {
        f"{node.name}.{name}": parameter.shape for node in network.layers for name, parameter in node.parameters.items()
    }
    buffers = {f"{node.name}.{name}": buffer.shape for node in network.layers for name, buffer in node.buffers.items()}
    _check_arrays(snapshot.parameters, parameters, place, cure)
    _check_arrays(snapshot.buffers, buffers, place, cure)
    if snapshot.normalization is not None:
        channels = len(snapshot.normalization["mean"])
        if channels != network.input_shape[0]:
            raise WeightsError(
                f"{place}: normalization of {network.input_shape[0]} channels is expected, received {channels}; {cure}"
            )
    if len(snapshot.classes) > network.output_shape[0]:
        raise WeightsError(
            f"{place}: at most {network.output_shape[0]} class labels are expected, since the network has so many "
            f"outputs, received {len(snapshot.classes)}; {cure}"
        )


def _check_arrays(received: Arrays, expected: dict[str, tuple[int, ...]], place: str, cure: str) -> None:
    for key, shape in expected.items():
        layer, _, name = key.rpartition(".")
        if key not in received:
            raise WeightsError(
                f'{place}: layer "{layer}": a {name} of shape {shape} is expected, received none; {cure}'
            )
        if received[key].shape != shape:
            raise WeightsError(
                f'{place}: layer "{layer}": a {name} of shape {shape} is expected, received {received[key].shape}; '
                f"{cure}"
            )
    for key in received.keys() - expected.keys():
        layer, _, name = key.rpartition(".")
        raise WeightsError(f'{place}: layer "{layer}": the network has no {name} there, received one; {cure}')
