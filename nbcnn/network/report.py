"""The report on a spec: the object that `nbcnn validate --format json` prints, valid or not."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from nbcnn.network.memory import inference_bytes, weights_bytes
from nbcnn.network.node import Node
from nbcnn.spec import Diagnostic, Spec


def report(
    spec: Spec | None,
    nodes: Sequence[Node],
    diagnostics: Sequence[Diagnostic],
    explain: bool = False,
    training_bytes: int | None = None,
) -> dict[str, Any]:
    """JSON-able; `spec` is None where the file could not be understood, and `nodes` are those that could be built.

    `training_bytes` is the memory that training takes, where that is known. With `explain`, every layer has
    `arithmetic`: how the sizes of its output come about, a line for each axis.
    """
    return {
        "name": spec.name if spec else None,
        "input_shape": list(spec.input.shape) if spec else None,
        "layers": [
            _row(node) | ({"arithmetic": list(node.layer.arithmetic(node.input_shapes[0]))} if explain else {})
            for node in nodes
        ],
        "totals": _totals(nodes) | {"training_bytes": training_bytes},
        "diagnostics": [diagnostic.as_dict() for diagnostic in diagnostics],
        "file": spec.file if spec else None,
    }


def _row(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "type": node.type,
        "inputs": list(node.inputs),
        "input_shapes": [list(shape) for shape in node.input_shapes],
        "output_shape": list(node.output_shape),
        "params": node.params,
        "parameters": {name: list(parameter.shape) for name, parameter in node.parameters.items()},
        "saved_params": node.saved_params,
        "macs": node.macs,
        "flops": node.flops,
        "receptive_field": _list(node.receptive_field),
        "jump": _list(node.jump),
        "rf_start": _list(node.rf_start),
        "memory_bytes": node.memory_bytes,
    }


def _totals(nodes: Sequence[Node]) -> dict[str, Any]:
    """Sums over the layers; `flops_by_kind` itemises `flops`.

    `weight_layers` counts as the names of networks do, VGG-16 has 16: convolutions and linear layers. What normalises,
    or learns a slope, has parameters too but belongs to one of these.
    """
    kinds = Counter({"multiply_adds": 2 * sum(node.macs for node in nodes)})
    for node in nodes:
        kinds.update(node.other_flops)
    return {
        "params": sum(node.params for node in nodes),
        "trainable_params": sum(node.params for node in nodes if node.trainable),
        "saved_params": sum(node.saved_params for node in nodes),
        "buffers": sum(node.buffer_elements for node in nodes),
        "weight_layers": sum(node.macs > 0 for node in nodes),
        "macs": sum(node.macs for node in nodes),
        "flops": sum(kinds.values()),
        "flops_by_kind": dict(kinds),
        "weights_bytes": weights_bytes(nodes),
        "inference_bytes": inference_bytes(nodes),
    }


def _list(values: tuple[int, ...] | None) -> list[int] | None:
    return None if values is None else list(values)
