"""Keras 3 on TensorFlow: a functional model, `train_on_batch` and `predict_on_batch`."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
from keras import layers
from workload import Node, Workload

from peers.support import Unsupported, channels_last, images_channels_last, is_depthwise, keeps_size
from peers.tensorflow_peer import use_threads

_CONVOLUTIONS = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}
_PADDINGS = {1: layers.ZeroPadding1D, 2: layers.ZeroPadding2D, 3: layers.ZeroPadding3D}
_MAX_POOLS = {1: layers.MaxPooling1D, 2: layers.MaxPooling2D, 3: layers.MaxPooling3D}
_AVERAGES = {1: layers.GlobalAveragePooling1D, 2: layers.GlobalAveragePooling2D, 3: layers.GlobalAveragePooling3D}


def _conv(node: Node, x: Any) -> tuple[Any, Any]:
    attributes, rank = node.attributes, len(node.input_shape) - 1
    if set(attributes["dilation"]) != {1}:
        raise Unsupported(node)
    padding = "same" if keeps_size(node) else "valid"
    if padding == "valid" and any(map(any, attributes["padding"])):
        pairs = [tuple(pair) for pair in attributes["padding"]]
        x = _PADDINGS[rank](pairs[0] if rank == 1 else tuple(pairs))(x)
    kernel, stride = tuple(node.parameters["weight"][2:]), tuple(attributes["stride"])
    bias = "bias" in node.parameters
    if is_depthwise(node) and rank == 2:
        layer: Any = layers.DepthwiseConv2D(kernel, strides=stride, padding=padding, use_bias=bias)
    elif attributes["groups"] == 1:
        layer = _CONVOLUTIONS[rank](node.output_shape[0], kernel, strides=stride, padding=padding, use_bias=bias)
    else:
        raise Unsupported(node)
    return layer, layer(x)


def _apply(node: Node, inputs: list[Any]) -> tuple[Any, Any]:
    """The layer, where it has weights, and what it gives."""
    x, rank = inputs[0], len(node.input_shape) - 1
    layer: Any
    match node.operation:
        case "conv":
            return _conv(node, x)
        case "batch_norm":
            layer = layers.BatchNormalization(momentum=1 - node.attributes["momentum"], epsilon=node.attributes["eps"])
        case "relu" | "sigmoid":
            layer = layers.Activation(node.operation)
        case "max_pool":
            if any(map(any, node.attributes["padding"])) or node.attributes["ceil_mode"]:
                raise Unsupported(node)
            layer = _MAX_POOLS[rank](tuple(node.attributes["kernel_size"]), tuple(node.attributes["stride"]))
        case "global_avg_pool":
            layer = _AVERAGES[rank](keepdims=True)
        case "flatten":
            layer = layers.Flatten()
        case "linear":
            layer = layers.Dense(node.output_shape[0], use_bias="bias" in node.parameters)
        case "add":
            return None, layers.Add()(inputs)
        case _:
            raise Unsupported(node)
    return layer, layer(x)


class _Twin:
    def __init__(self, workload: Workload, threads: int) -> None:
        use_threads(threads)
        self._workload = workload
        channels, *space = workload.input_shape
        start = keras.Input((*space, channels))
        values = {"input": start}
        self._layers = {}
        for node in workload.nodes:
            self._layers[node.name], values[node.name] = _apply(node, [values[name] for name in node.inputs])
        self.model = keras.Model(start, values[workload.nodes[-1].name])

    def _fill(self, weights: Mapping[str, np.ndarray]) -> None:
        arrays = channels_last(self._workload, weights)
        for node in self._workload.nodes:
            own = [arrays[f"{node.name}.{name}"] for name in (*node.parameters, *node.buffers)]
            if own and isinstance(self._layers[node.name], layers.DepthwiseConv2D):
                own[0] = np.moveaxis(own[0], -1, -2)
            if own:
                self._layers[node.name].set_weights(own)


class Training(_Twin):
    """`weight_decay` shrinks weights by themselves here, which after three steps no loss can tell."""

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        self._fill(weights)
        table = self._workload.optimizer
        settings = {"learning_rate": table["lr"], "weight_decay": table["weight_decay"] or None}
        if table["type"] == "adam":
            one, two = table["betas"]
            optimizer = keras.optimizers.Adam(beta_1=one, beta_2=two, epsilon=table["eps"], **settings)
        else:
            optimizer = keras.optimizers.SGD(momentum=table["momentum"], nesterov=table["nesterov"], **settings)
        self.model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def batch(self, images: np.ndarray, labels: np.ndarray) -> Any:
        return images_channels_last(images), labels

    def step(self, batch: Any) -> Any:
        return self.model.train_on_batch(*batch)


class Inference(_Twin):
    def __init__(self, workload: Workload, batch_size: int, threads: int) -> None:
        super().__init__(workload, threads)
        self.predict = self.model.predict_on_batch

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        self._fill(weights)

    def batch(self, images: np.ndarray) -> np.ndarray:
        return images_channels_last(images)

    def logits(self, result: Any) -> np.ndarray:
        return np.asarray(result)
