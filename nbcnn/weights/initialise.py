"""First values of a network's parameters, drawn so that each depends on the seed and its own name alone.

Sources. he: K. He et al., Delving deep into rectifiers, 2015, section 2.2 (eq. 10). glorot: X. Glorot, Y. Bengio,
Understanding the difficulty of training deep feedforward neural networks, 2010, section 4.2 (eq. 16). lecun: Y. LeCun
et al., Efficient backprop, 1998, section 4.6 (eq. 16). pytorch: what torch.nn's convolutions and linear layers do,
kaiming_uniform_ with a = sqrt(5), which comes to U(-1/sqrt(fan_in), 1/sqrt(fan_in)), for weight and bias.
A normal distribution with deviation s and a uniform one on (-s sqrt(3), s sqrt(3)) have the same variance.
"""

import hashlib
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nbcnn.layers.base import Parameter
from nbcnn.network.network import Network

# Standard deviation by family.
DEVIATIONS: dict[str, Callable[[Parameter], float]] = {
    "he": lambda parameter: math.sqrt(2 / parameter.fan_in),
    "glorot": lambda parameter: math.sqrt(2 / (parameter.fan_in + parameter.fan_out)),
    "lecun": lambda parameter: math.sqrt(1 / parameter.fan_in),
}

CONSTANTS = {"zeros": 0.0, "ones": 1.0}


def initialise(network: Network, seed: int) -> dict[str, NDArray[np.float32]]:
    """The parameters by key, "conv1.weight": float32, in the order of the layers.

    The numbers come from Philox with a key made of the seed and the parameter's key, so that a layer added, removed or
    reordered changes no other layer's first values.
    """
    return {
        f"{node.name}.{name}": draw(parameter, f"{node.name}.{name}", seed)
        for node in network.layers
        for name, parameter in node.parameters.items()
    }


def initial_buffers(network: Network) -> dict[str, NDArray[np.float32]]:
    """First values of the running statistics by key, "bn1.running_mean": float32; they owe nothing to chance."""
    return {
        f"{node.name}.{name}": draw(buffer, f"{node.name}.{name}", 0)
        for node in network.layers
        for name, buffer in node.buffers.items()
    }


def draw(parameter: Parameter, key: str, seed: int) -> NDArray[np.float32]:
    """First values of one parameter, computed in float64 and rounded to float32."""
    count = math.prod(parameter.shape)
    if isinstance(parameter.initializer, float):
        return np.full(parameter.shape, parameter.initializer, np.float32)
    if parameter.initializer in CONSTANTS:
        return np.full(parameter.shape, CONSTANTS[parameter.initializer], np.float32)
    if parameter.initializer == "pytorch":
        values = (2 * _uniform(key, seed, count) - 1) / math.sqrt(parameter.fan_in)
    else:
        family, distribution = parameter.initializer.split("_")
        deviation = DEVIATIONS[family](parameter)
        if distribution == "normal":
            values = deviation * _normal(key, seed, count)
        else:
            values = deviation * math.sqrt(3) * (2 * _uniform(key, seed, count) - 1)
    return values.astype(np.float32).reshape(parameter.shape)


def _uniform(key: str, seed: int, count: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) from the top 53 bits of Philox4x64-10's words.

    NumPy promises the words of a bit generator for all time, but not what its distributions make of them.
    """
    digest = hashlib.sha256(f"{seed} {key}".encode()).digest()
    words = np.random.Philox(key=np.frombuffer(digest, "<u8", 2).astype(np.uint64)).random_raw(count)
    return np.asarray(words >> np.uint64(11), np.float64) * 2.0**-53


def _normal(key: str, seed: int, count: int) -> NDArray[np.float64]:
    """Standard normal numbers: G. Box, M. Muller, A note on the generation of random normal deviates, 1958."""
    radii, angles = _uniform(key, seed, 2 * count).reshape(2, count)
    return np.asarray(np.sqrt(-2 * np.log1p(-radii)) * np.cos(2 * np.pi * angles), np.float64)
