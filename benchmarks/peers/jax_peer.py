"""JAX: one jitted function for the whole step, its state donated; channels lie last, as XLA likes them on a CPU."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from workload import Node, Workload

from peers.support import Unsupported, channels_last, images_channels_last

_LAYOUTS = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


def _conv(node: Node, x: Any, weight: Any) -> Any:
    attributes = node.attributes
    return jax.lax.conv_general_dilated(
        x,
        weight,
        attributes["stride"],
        attributes["padding"],
        rhs_dilation=attributes["dilation"],
        dimension_numbers=_LAYOUTS[len(node.input_shape) - 1],
        feature_group_count=attributes["groups"],
    )


def _max_pool(node: Node, x: Any) -> Any:
    """By a reshape: the gradient of XLA's window reduction takes many times as long on a CPU."""
    attributes = node.attributes
    kernel, sizes = attributes["kernel_size"], node.output_shape[1:]
    if attributes["stride"] != kernel or any(map(any, attributes["padding"])) or attributes["ceil_mode"]:
        raise Unsupported(node)
    for axis, (width, size) in enumerate(zip(kernel, sizes, strict=True), 1):
        x = jax.lax.slice_in_dim(x, 0, width * size, axis=axis)
    split = [number for pair in zip(sizes, kernel, strict=True) for number in pair]
    windows = x.reshape(x.shape[0], *split, x.shape[-1])
    return windows.max(axis=tuple(range(2, 2 + 2 * len(kernel), 2)))


def _forward(workload: Workload, arrays: Mapping[str, Any], x: Any, training: bool) -> tuple[Any, dict[str, Any]]:
    """The logits, and in training the running statistics of each batch norm."""
    values, statistics = {"input": x}, {}
    for node in workload.nodes:
        inputs = [values[name] for name in node.inputs]
        x = inputs[0]
        weight, bias = (arrays.get(f"{node.name}.{name}") for name in ("weight", "bias"))
        match node.operation:
            case "conv":
                y = _conv(node, x, weight)
                y = y if bias is None else y + bias
            case "batch_norm":
                keys = [f"{node.name}.running_mean", f"{node.name}.running_var"]
                mean, variance = (arrays[key] for key in keys)
                if training:
                    axes = tuple(range(x.ndim - 1))
                    now = x.mean(axes), x.var(axes)
                    count = x.size // x.shape[-1]
                    momentum = node.attributes["momentum"]
                    statistics[keys[0]] = mean + momentum * (now[0] - mean)
                    statistics[keys[1]] = variance + momentum * (now[1] * (count / (count - 1)) - variance)
                    mean, variance = now
                factor = weight * jax.lax.rsqrt(variance + node.attributes["eps"])
                y = x * factor + (bias - mean * factor)
            case "relu":
                y = jax.nn.relu(x)
            case "sigmoid":
                y = jax.nn.sigmoid(x)
            case "max_pool":
                y = _max_pool(node, x)
            case "global_avg_pool":
                y = x.mean(tuple(range(1, x.ndim - 1)), keepdims=True)
            case "flatten":
                y = x.reshape(x.shape[0], -1)
            case "linear":
                y = x @ weight
                y = y if bias is None else y + bias
            case "add":
                y = sum(inputs[1:], x)
            case _:
                raise Unsupported(node)
        values[node.name] = y
    return y, statistics


def _sgd(table: Mapping[str, Any], weight: Any, gradient: Any, state: Any, step: Any) -> tuple[Any, Any]:
    if table["nesterov"] or table["dampening"]:
        raise Unsupported("SGD with nesterov or dampening")
    gradient = gradient + table["weight_decay"] * weight if table["weight_decay"] else gradient
    if not table["momentum"]:
        return weight - table["lr"] * gradient, state
    momentum = table["momentum"] * state[0] + gradient
    return weight - table["lr"] * momentum, (momentum,)


def _adam(table: Mapping[str, Any], weight: Any, gradient: Any, state: Any, step: Any) -> tuple[Any, Any]:
    if table["weight_decay"]:
        raise Unsupported("Adam with weight_decay")
    (one, two), (mean, square) = table["betas"], state
    mean = one * mean + (1 - one) * gradient
    square = two * square + (1 - two) * gradient**2
    corrected = jnp.sqrt(square / (1 - two**step)) + table["eps"]
    return weight - table["lr"] / (1 - one**step) * mean / corrected, (mean, square)


class Training:
    def __init__(self, workload: Workload, threads: int) -> None:
        table = workload.optimizer
        update = {"sgd": _sgd, "adam": _adam}[table["type"]]
        self._states = 2 if table["type"] == "adam" else int(table["momentum"] > 0)
        self._workload = workload

        def loss_of(parameters: Any, buffers: Any, x: Any, y: Any) -> Any:
            logits, statistics = _forward(workload, parameters | buffers, x, training=True)
            log_likelihoods = jax.nn.log_softmax(logits)
            return -jnp.take_along_axis(log_likelihoods, y[:, None], axis=1).mean(), statistics

        def step(parameters: Any, buffers: Any, states: Any, count: Any, x: Any, y: Any) -> Any:
            (loss, statistics), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters, buffers, x, y)
            count = count + 1
            updated = {
                name: update(table, weight, gradients[name], states[name], count) for name, weight in parameters.items()
            }
            return (
                {name: weight for name, (weight, _) in updated.items()},
                statistics,
                {name: state for name, (_, state) in updated.items()},
                count,
                loss,
            )

        self._step = jax.jit(step, donate_argnums=(0, 1, 2, 3))

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        arrays = {name: jnp.array(array) for name, array in channels_last(self._workload, weights).items()}
        buffers = {f"{node.name}.{name}" for node in self._workload.nodes for name in node.buffers}
        parameters = {name: array for name, array in arrays.items() if name not in buffers}
        # An array for each: what is donated must not be given twice.
        states = {name: tuple(jnp.zeros_like(array) for _ in range(self._states)) for name, array in parameters.items()}
        self._state: Any = parameters, {name: arrays[name] for name in buffers}, states, jnp.zeros(())

    def batch(self, images: np.ndarray, labels: np.ndarray) -> Any:
        return jnp.array(images_channels_last(images)), jnp.array(labels.astype(np.int32))

    def step(self, batch: Any) -> Any:
        *self._state, loss = self._step(*self._state, *batch)
        return loss


class Inference:
    def __init__(self, workload: Workload, batch_size: int, threads: int) -> None:
        self._workload = workload

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        arrays = {name: jnp.array(array) for name, array in channels_last(self._workload, weights).items()}
        forward = jax.jit(lambda arrays, x: _forward(self._workload, arrays, x, training=False)[0])
        self._call = lambda x: forward(arrays, x)

    def batch(self, images: np.ndarray) -> Any:
        return jnp.array(images_channels_last(images))

    def predict(self, batch: Any) -> Any:
        return self._call(batch).block_until_ready()

    def logits(self, result: Any) -> np.ndarray:
        return np.asarray(result)
