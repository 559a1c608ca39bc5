"""Whole networks on the reference's operations: plain NumPy in float64, the measure of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.network import INPUT, Network, Node
from nbcnn.plan.operations import differs_in_training, is_random, parameter_names

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """A network with its arrays by key, "conv1.weight", as float64; running statistics are changed in place.

    `draw` holds the seed and the step of random layers, and is None in inference.
    """

    network: Network
    parameters: Mapping[str, Doubles]
    buffers: Mapping[str, Doubles]
    draw: tuple[int, int] | None = None

    def forward(self, x: NDArray[Any], until: str | None = None) -> dict[str, Doubles]:
        """The input and the output of every layer by name, or of those up to one, for x (N, C, *space)."""
        values = {INPUT: np.asarray(x, np.float64)}
        for node in self.network.layers:
            read = self._read(node, values)
            if self.draw is None and is_random(node.operation):
                values[node.name] = read
            else:
                values[node.name] = reference_of(node.operation)(read, *self._arrays(node), **self._attributes(node))
            if node.name == until:
                break
        return values

    def backward(self, values: Mapping[str, Doubles], dy: Doubles) -> dict[str, Doubles]:
        """The gradient of every parameter by key, and of the input as "input", for the gradient dy of the output."""
        pending = {self.network.layers[-1].name: dy}
        found: dict[str, Doubles] = {}
        for node in reversed(self.network.layers):
            if node.name in pending:
                found |= self._step_back(node, values, pending)
        return found | {INPUT: pending[INPUT]}

    def upstream(self, values: Mapping[str, Doubles], dy: Doubles, layer: str) -> Doubles:
        """The gradient of a layer's output for the gradient dy of the network's."""
        pending = {self.network.layers[-1].name: dy}
        for node in reversed(self.network.layers):
            if node.name == layer:
                break
            self._step_back(node, values, pending)
        return pending[layer]

    def _step_back(self, node: Node, values: Mapping[str, Doubles], pending: dict[str, Doubles]) -> dict[str, Doubles]:
        """The gradients of a layer's arrays by key; those of what it reads are added to what is pending."""
        if self.draw is None and is_random(node.operation):
            dx, of_arrays = pending[node.name], []
        else:
            dx, *of_arrays = reference_gradient_of(node.operation)(
                pending[node.name],
                self._read(node, values),
                values[node.name],
                *self._arrays(node),
                **self._attributes(node),
            )
        for name, each in zip(node.inputs, dx if isinstance(dx, tuple) else (dx,), strict=True):
            pending[name] = pending[name] + each if name in pending else each
        of_names = zip(parameter_names(node.operation), of_arrays, strict=True)
        return {f"{node.name}.{name}": each for name, each in of_names if each is not None}

    def _read(self, node: Node, values: Mapping[str, Doubles]) -> Any:
        inputs = tuple(values[name] for name in node.inputs)
        return inputs if len(inputs) > 1 else inputs[0]

    def _arrays(self, node: Node) -> list[Doubles | None]:
        """Parameters and running statistics as the operation takes them; an absent bias is None."""
        held = {**self.parameters, **self.buffers}
        return [held.get(f"{node.name}.{name}") for name in parameter_names(node.operation)]

    def _attributes(self, node: Node) -> dict[str, Any]:
        attributes = dict(node.attributes)
        if is_random(node.operation):
            seed, step = self.draw or (0, 0)
            attributes |= {"seed": seed, "step": step, "salt": self.network.layers.index(node)}
        if differs_in_training(node.operation):
            attributes["training"] = self.draw is not None
        return attributes


def reference_of(operation: str) -> Any:
    """The reference of an operation."""
    return getattr(import_module(f"nbcnn.kernels.reference.{operation}"), operation)


def reference_gradient_of(operation: str) -> Any:
    """The reference of an operation's way back."""
    return getattr(import_module(f"nbcnn.kernels.reference.{operation}"), f"{operation}_gradient")
