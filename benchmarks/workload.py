"""A workload as plain data: what a framework needs to build the network's twin, without nbcnn; weights; random data."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

WORKLOADS = Path(__file__).parent / "workloads"
# What all batches of a run hold together, so that data comes from memory and not from a core's own cache.
DATA_BYTES = 32 << 20
LEAST_BATCHES = 4


@dataclass(frozen=True)
class Node:
    """One operation of the network; `attributes` are those of nbcnn's node, shapes leave out the batch."""

    name: str
    operation: str
    attributes: dict[str, Any]
    inputs: list[str]
    input_shape: list[int]
    output_shape: list[int]
    parameters: dict[str, list[int]]
    buffers: dict[str, list[int]]


@dataclass(frozen=True)
class Workload:
    """`optimizer` is the spec's table with all defaults; `macs` are those of one sample, forwards."""

    name: str
    spec: str
    input_shape: list[int]
    classes: int
    batch_size: int
    optimizer: dict[str, Any]
    macs: int
    nodes: list[Node]

    @classmethod
    def of_spec(cls, path: Path) -> Self:
        """The network that nbcnn builds of a spec."""
        import nbcnn

        spec = nbcnn.load_spec(path)
        network = nbcnn.build(spec)
        return cls(
            name=network.name,
            spec=str(path),
            input_shape=list(network.input_shape),
            classes=network.output_shape[0],
            batch_size=spec.train.batch_size,
            optimizer=spec.train.optimizer.model_dump(),
            macs=sum(node.macs for node in network.layers),
            nodes=[
                Node(
                    name=node.name,
                    operation=node.operation,
                    attributes=node.attributes,
                    inputs=list(node.inputs),
                    input_shape=list(node.input_shapes[0]),
                    output_shape=list(node.output_shape),
                    parameters={name: list(each.shape) for name, each in node.parameters.items()},
                    buffers={name: list(each.shape) for name, each in node.buffers.items()},
                )
                for node in network.layers
            ],
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        values = json.loads((folder / "workload.json").read_text())
        return cls(**values | {"nodes": [Node(**node) for node in values["nodes"]]})

    def write(self, folder: Path) -> None:
        (folder / "workload.json").write_text(json.dumps(asdict(self)))

    def weights(self) -> dict[str, np.ndarray]:
        """Arrays by "conv1.weight", running statistics too, such that numbers keep their size through all layers.

        Statistics, factors and shifts differ from 0 and 1, so that a twin that forgets one gives another loss.
        """
        random = np.random.default_rng(0)
        arrays = {}
        for node in self.nodes:
            for name, shape in (node.parameters | node.buffers).items():
                if len(shape) > 1:
                    # He et al., arXiv:1502.01852, equation 10.
                    values = random.standard_normal(shape) * math.sqrt(2 / math.prod(shape[1:]))
                elif name in ("weight", "running_var"):
                    values = random.uniform(0.5, 1.5, shape)
                else:
                    values = 0.1 * random.standard_normal(shape)
                arrays[f"{node.name}.{name}"] = values.astype(np.float32)
        return arrays

    def data(self, batch_size: int, batches: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Whole batches of random images, float32 from 0 to 1, and random labels; the same in every process."""
        random = np.random.default_rng(1)
        if batches is None:
            batches = max(LEAST_BATCHES, DATA_BYTES // (4 * batch_size * math.prod(self.input_shape)))
        images = random.random((batches * batch_size, *self.input_shape), dtype=np.float32)
        return images, random.integers(0, self.classes, len(images), dtype=np.int64)


def slices(images: np.ndarray, batch_size: int) -> Iterator[slice]:
    for start in range(0, len(images), batch_size):
        yield slice(start, start + batch_size)


def load_weights(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "weights.npz") as arrays:
        return dict(arrays)


def readers(workload: Workload) -> dict[str, int]:
    """How many nodes read each node."""
    counts: dict[str, int] = {}
    for node in workload.nodes:
        for name in node.inputs:
            counts[name] = counts.get(name, 0) + 1
    return counts
