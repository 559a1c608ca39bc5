"""Inference in whole numbers by plain NumPy: what the kernels on bytes must give, to the last bit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn.kernels.cpu.quantised.numbers import Scale, quantise_weights
from nbcnn.network import INPUT, Network
from nbcnn.plan.reference import reference_of
from nbcnn.plan.whole_numbers import Division

Arrays = Mapping[str, NDArray[Any]]


def to_bytes(values: NDArray[np.float32], zero: int) -> NDArray[np.int64]:
    """Values in units of a scale as its bytes."""
    return np.clip(np.rint(values) + np.float32(zero), 0, 255).astype(np.int64)


def outputs(
    network: Network,
    division: Division,
    arrays: Arrays,
    input_scale: NDArray[np.float32],
    scales: Mapping[str, Scale],
    x: NDArray[Any],
) -> NDArray[np.float32]:
    """The last layer's output, of a network whose other values are all bytes, for x as float32 or uint8."""
    scale = (input_scale / scales[INPUT].step).astype(np.float32)
    factor, shift = (each.reshape(-1, *[1] * (x.ndim - 2)) for each in scale.T)
    if x.dtype == np.uint8:
        factor = factor / np.float32(255)
    values = {INPUT: to_bytes(x.astype(np.float32) * factor + shift, scales[INPUT].zero)}
    scaled = {INPUT: scales[INPUT]}
    for node in division.layers:
        x, scale_of_x = values[node.inputs[0]], scaled[node.inputs[0]]
        name = division.clamps.get(node.name, node.name)
        to = scales[name] if name in division.in_bytes else None
        if node.operation in ("conv", "linear"):
            whole = quantise_weights(arrays[f"{node.name}.weight"], arrays.get(f"{node.name}.bias"), scale_of_x.step)
            # Whole numbers of this size are exact in the reference's float64.
            read = (x - scale_of_x.zero).astype(np.float64)
            sums = reference_of(node.operation)(read, whole.weight, whole.bias, **node.attributes)
            assert np.abs(sums).max() < 2**31
            step = (whole.step / (to.step if to else 1.0)).astype(np.float32).reshape(-1, *[1] * (sums.ndim - 2))
            y = sums.astype(np.int32).astype(np.float32) * step
            values[node.name] = to_bytes(y, to.zero) if to else y
        elif node.operation == "add":
            a, b = (np.float32(scaled[each].step / to.step) for each in node.inputs)
            zeros = [scaled[each].zero * (scaled[each].step / to.step) for each in node.inputs]
            first, second = (values[each].astype(np.float32) for each in node.inputs)
            values[node.name] = to_bytes(first * a + second * b + np.float32(-sum(zeros)), to.zero)
        elif node.operation in ("relu", "relu6"):
            values[node.name] = x
        else:
            values[node.name] = reference_of(node.operation)(x.astype(np.float64), **node.attributes).astype(np.int64)
        keeps = node.operation in ("max_pool", "flatten", "relu", "relu6")
        scaled[node.name] = scale_of_x if keeps else to or Scale(1.0, 0)
    return values[network.layers[-1].name]
