"""PyTorch, eager or compiled by inductor, in either memory format; its optimisers are the fused ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import fx, nn
from workload import Node, Workload, readers

from peers.support import Unsupported, symmetric_padding

_CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
_MAX_POOLS = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
_AVERAGES = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
_CHANNELS_LAST = {2: torch.channels_last, 3: torch.channels_last_3d}


def _module(node: Node, in_place: bool) -> nn.Module:
    attributes, channels, rank = node.attributes, node.input_shape[0], len(node.input_shape) - 1
    match node.operation:
        case "conv":
            if attributes["flip"] or attributes["padding_mode"] != "zeros":
                raise Unsupported(node)
            return _CONVOLUTIONS[rank](
                channels,
                node.output_shape[0],
                tuple(node.parameters["weight"][2:]),
                stride=tuple(attributes["stride"]),
                padding=symmetric_padding(node),
                dilation=tuple(attributes["dilation"]),
                groups=attributes["groups"],
                bias="bias" in node.parameters,
            )
        case "batch_norm":
            return _NORMS[rank](channels, eps=attributes["eps"], momentum=attributes["momentum"])
        case "relu":
            return nn.ReLU(inplace=in_place)
        case "sigmoid":
            return nn.Sigmoid()
        case "max_pool":
            kernel, stride = tuple(attributes["kernel_size"]), tuple(attributes["stride"])
            return _MAX_POOLS[rank](kernel, stride, symmetric_padding(node), ceil_mode=attributes["ceil_mode"])
        case "global_avg_pool":
            return _AVERAGES[rank](1)
        case "flatten":
            return nn.Flatten()
        case "linear":
            return nn.Linear(channels, node.output_shape[0], bias="bias" in node.parameters)
    raise Unsupported(node)


def network(workload: Workload) -> nn.Module:
    """The network with straight-line code, as a person would write it; keys of its state are nbcnn's.

    A relu is done in place, as torchvision's networks have it, where nobody else reads what it reads.
    """
    counts = readers(workload)
    graph, modules = fx.Graph(), {}
    values = {"input": graph.placeholder("x")}
    for node in workload.nodes:
        inputs = tuple(values[name] for name in node.inputs)
        if node.operation == "add":
            values[node.name] = graph.call_function(torch.add, inputs)
            continue
        in_place = counts[node.inputs[0]] == 1 and node.inputs[0] != "input"
        modules[node.name] = _module(node, in_place)
        values[node.name] = graph.call_module(node.name, inputs)
    graph.output(values[workload.nodes[-1].name])
    return fx.GraphModule(modules, graph)


class _Twin:
    def __init__(self, workload: Workload, threads: int, channels_last: bool, compiled: bool) -> None:
        torch.set_num_threads(threads)
        # Averages of dead units shrink into numbers on which processors are slow; nbcnn takes them for 0, too.
        torch.set_flush_denormal(True)
        self.network = network(workload)
        self._compiled = compiled
        self._format = torch.contiguous_format
        if channels_last:
            self._format = _CHANNELS_LAST[len(workload.input_shape) - 1]

    def _fill(self, weights: Mapping[str, np.ndarray]) -> None:
        state = self.network.state_dict()
        counters = {name: value for name, value in state.items() if name.endswith("num_batches_tracked")}
        self.network.load_state_dict(counters | {name: torch.from_numpy(array) for name, array in weights.items()})
        self.network.to(memory_format=self._format)

    def _images(self, images: np.ndarray) -> Any:
        return torch.from_numpy(images).contiguous(memory_format=self._format)


class Training(_Twin):
    def __init__(self, workload: Workload, threads: int, channels_last: bool = False, compiled: bool = False) -> None:
        super().__init__(workload, threads, channels_last, compiled)
        self._table = dict(workload.optimizer)

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        self._fill(weights)
        self.network.train()
        settings = {name: value for name, value in self._table.items() if name != "type"}
        maker = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[self._table["type"]]
        self._optimizer = maker(self.network.parameters(), **settings, fused=True)
        self._loss = torch.compile(self._loss_of) if self._compiled else self._loss_of

    def _loss_of(self, x: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(self.network(x), y)

    def batch(self, images: np.ndarray, labels: np.ndarray) -> Any:
        return self._images(images), torch.from_numpy(labels)

    def step(self, batch: Any) -> Any:
        loss = self._loss(*batch)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return loss.detach()


class Inference(_Twin):
    """In `inference_mode`; inductor may fold weights into its code (`freezing`)."""

    def __init__(
        self,
        workload: Workload,
        batch_size: int,
        threads: int,
        channels_last: bool = False,
        compiled: bool = False,
    ) -> None:
        super().__init__(workload, threads, channels_last, compiled)

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        self._fill(weights)
        self.network.eval()
        self._call: Any = self.network
        if self._compiled:
            self._call = torch.compile(self.network, options={"freezing": True})

    def batch(self, images: np.ndarray) -> Any:
        return self._images(images)

    def predict(self, batch: Any) -> Any:
        with torch.inference_mode():
            return self._call(batch)

    def logits(self, result: Any) -> np.ndarray:
        return result.numpy()
