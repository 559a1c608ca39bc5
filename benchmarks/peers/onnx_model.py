"""The network as an ONNX model with a fixed batch size, as exporters write it."""

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper
from workload import Node, Workload

from peers.support import Unsupported

OPSET = 17
IR_VERSION = 8


def _window(node: Node) -> dict[str, list[int]]:
    pairs = node.attributes["padding"]
    return {
        "strides": node.attributes["stride"],
        "pads": [before for before, _ in pairs] + [after for _, after in pairs],
        "dilations": node.attributes["dilation"],
    }


def _operator(node: Node) -> tuple[str, dict[str, object]]:
    attributes = node.attributes
    match node.operation:
        case "conv":
            if attributes["flip"] or attributes["padding_mode"] != "zeros":
                raise Unsupported(node)
            kernel = node.parameters["weight"][2:]
            return "Conv", {"kernel_shape": kernel, "group": attributes["groups"], **_window(node)}
        case "batch_norm":
            return "BatchNormalization", {"epsilon": attributes["eps"]}
        case "relu" | "sigmoid" | "flatten" | "add":
            return node.operation.capitalize(), {}
        case "max_pool":
            options = {"kernel_shape": attributes["kernel_size"], "ceil_mode": int(attributes["ceil_mode"])}
            return "MaxPool", options | _window(node)
        case "global_avg_pool":
            return "GlobalAveragePool", {}
        case "linear":
            return "Gemm", {"transB": 1}
    raise Unsupported(node)


def model_bytes(workload: Workload, weights: Mapping[str, np.ndarray], batch_size: int) -> bytes:
    """The model, serialised; one input "input", one output "logits"."""
    last = workload.nodes[-1].name
    operations = []
    for node in workload.nodes:
        operator, attributes = _operator(node)
        arrays = [f"{node.name}.{name}" for name in (*node.parameters, *node.buffers)]
        output = "logits" if node.name == last else node.name
        operations.append(helper.make_node(operator, [*node.inputs, *arrays], [output], node.name, **attributes))
    shape = [batch_size, *workload.input_shape]
    graph = helper.make_graph(
        operations,
        workload.name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch_size, workload.classes])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(model)
    return model.SerializeToString()
