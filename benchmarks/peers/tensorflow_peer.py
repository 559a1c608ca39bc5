"""TensorFlow: one `tf.function` for the whole step, with the fused updates of its optimisers; channels lie last."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from workload import Node, Workload

from peers.support import Unsupported, channels_last, images_channels_last, is_depthwise, keeps_size


def use_threads(threads: int) -> None:
    """To be called before TensorFlow does anything."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def _conv(node: Node, x: Any, weight: Any) -> Any:
    attributes, rank = node.attributes, len(node.input_shape) - 1
    if set(attributes["dilation"]) != {1}:
        raise Unsupported(node)
    padding: Any = "SAME" if keeps_size(node) else "VALID"
    if padding == "VALID" and any(map(any, attributes["padding"])):
        x = tf.pad(x, [[0, 0], *attributes["padding"], [0, 0]])
    if is_depthwise(node) and rank == 2:
        stride = [1, *attributes["stride"], 1]
        return tf.nn.depthwise_conv2d(x, tf.transpose(weight, (0, 1, 3, 2)), stride, padding)
    if attributes["groups"] != 1:
        raise Unsupported(node)
    return tf.nn.convolution(x, weight, attributes["stride"], padding)


def _batch_norm(node: Node, x: Any, arrays: Mapping[str, Any], training: bool) -> Any:
    factor, shift, mean, variance = (
        arrays[f"{node.name}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")
    )
    if x.shape.rank != 4:
        raise Unsupported(node)
    momentum, eps = node.attributes["momentum"], node.attributes["eps"]
    if not training:
        return tf.compat.v1.nn.fused_batch_norm(x, factor, shift, mean, variance, eps, is_training=False)[0]
    y, new_mean, new_variance = tf.compat.v1.nn.fused_batch_norm(
        x, factor, shift, mean, variance, eps, is_training=True, exponential_avg_factor=momentum
    )
    mean.assign(new_mean)
    variance.assign(new_variance)
    return y


def _forward(workload: Workload, arrays: Mapping[str, Any], x: Any, training: bool) -> Any:
    values = {"input": x}
    for node in workload.nodes:
        inputs = [values[name] for name in node.inputs]
        x = inputs[0]
        weight, bias = (arrays.get(f"{node.name}.{name}") for name in ("weight", "bias"))
        match node.operation:
            case "conv":
                y = _conv(node, x, weight)
                y = y if bias is None else tf.nn.bias_add(y, bias)
            case "batch_norm":
                y = _batch_norm(node, x, arrays, training)
            case "relu":
                y = tf.nn.relu(x)
            case "sigmoid":
                y = tf.nn.sigmoid(x)
            case "max_pool":
                attributes = node.attributes
                if any(map(any, attributes["padding"])) or attributes["ceil_mode"]:
                    raise Unsupported(node)
                y = tf.nn.max_pool(x, attributes["kernel_size"], attributes["stride"], "VALID")
            case "global_avg_pool":
                y = tf.reduce_mean(x, list(range(1, x.shape.rank - 1)), keepdims=True)
            case "flatten":
                y = tf.reshape(x, (x.shape[0], -1))
            case "linear":
                y = tf.matmul(x, weight)
                y = y if bias is None else tf.nn.bias_add(y, bias)
            case "add":
                y = tf.add_n(inputs)
            case _:
                raise Unsupported(node)
        values[node.name] = y
    return y


class Training:
    def __init__(self, workload: Workload, threads: int) -> None:
        use_threads(threads)
        self._workload = workload
        self._table = workload.optimizer
        if self._table["type"] == "sgd" and (self._table["nesterov"] or self._table["dampening"]):
            raise Unsupported("SGD with nesterov or dampening")

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        arrays = {name: tf.Variable(array) for name, array in channels_last(self._workload, weights).items()}
        buffers = {f"{node.name}.{name}" for node in self._workload.nodes for name in node.buffers}
        parameters = [variable for name, variable in arrays.items() if name not in buffers]
        # Adam has two averages, SGD with momentum one.
        states = [[tf.Variable(tf.zeros_like(weight)) for _ in range(2)] for weight in parameters]
        powers = [tf.Variable(beta) for beta in self._table.get("betas", ())]
        table = self._table

        @tf.function
        def step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                logits = _forward(self._workload, arrays, x, training=True)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
            gradients = tape.gradient(loss, parameters)
            for weight, gradient, state in zip(parameters, gradients, states, strict=True):
                if table["weight_decay"]:
                    gradient = gradient + table["weight_decay"] * weight
                _update(table, weight, gradient, state, powers)
            for power, beta in zip(powers, table.get("betas", ()), strict=True):
                power.assign(power * beta)
            return loss

        self.step_function = step

    def batch(self, images: np.ndarray, labels: np.ndarray) -> Any:
        return tf.constant(images_channels_last(images)), tf.constant(labels)

    def step(self, batch: Any) -> Any:
        return self.step_function(*batch)


def _update(table: Mapping[str, Any], weight: Any, gradient: Any, state: list[Any], powers: list[Any]) -> None:
    if table["type"] == "adam":
        tf.raw_ops.ResourceApplyAdam(
            var=weight.handle,
            m=state[0].handle,
            v=state[1].handle,
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=table["lr"],
            beta1=table["betas"][0],
            beta2=table["betas"][1],
            epsilon=table["eps"],
            grad=gradient,
        )
    elif table["momentum"]:
        tf.raw_ops.ResourceApplyMomentum(
            var=weight.handle, accum=state[0].handle, lr=table["lr"], grad=gradient, momentum=table["momentum"]
        )
    else:
        tf.raw_ops.ResourceApplyGradientDescent(var=weight.handle, alpha=table["lr"], delta=gradient)


class Inference:
    def __init__(self, workload: Workload, batch_size: int, threads: int) -> None:
        use_threads(threads)
        self._workload = workload

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        arrays = {name: tf.constant(array) for name, array in channels_last(self._workload, weights).items()}
        self.predict = tf.function(lambda x: _forward(self._workload, arrays, x, training=False))

    def batch(self, images: np.ndarray) -> Any:
        return tf.constant(images_channels_last(images))

    def logits(self, result: Any) -> np.ndarray:
        return result.numpy()
