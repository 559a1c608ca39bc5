"""Every layer type there is; a new one is added here and found everywhere."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Annotated

from nbcnn.layers.base import Layer
from nbcnn.layers.table import OneOf


class _Types(Mapping[str, type[Layer]]):
    """Layer types by name. The file of that name is imported when the type is asked for: a network needs but a few."""

    def __init__(self, classes: Mapping[str, str]):
        self._classes = classes

    def __getitem__(self, kind: str) -> type[Layer]:
        return _layer_type(kind, self._classes[kind])

    def __contains__(self, kind: object) -> bool:
        return kind in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


@cache
def _layer_type(kind: str, name: str) -> type[Layer]:
    layer_type: type[Layer] = getattr(import_module(f"nbcnn.layers.{kind}"), name)
    return layer_type


_ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "softplus": "Softplus",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "hard_sigmoid": "HardSigmoid",
    "hard_swish": "HardSwish",
    "relu6": "ReLU6",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
}
"""Those that `activation = "..."` on another layer can stand for."""

_CLASSES = {
    "conv": "Conv",
    "conv_transpose": "ConvTranspose",
    "upsample": "Upsample",
    "pad": "Pad",
    "crop": "Crop",
    "max_pool": "MaxPool",
    "min_pool": "MinPool",
    "avg_pool": "AvgPool",
    "lp_pool": "LpPool",
    "kmax_pool": "KMaxPool",
    "adaptive_avg_pool": "AdaptiveAvgPool",
    "adaptive_max_pool": "AdaptiveMaxPool",
    "global_avg_pool": "GlobalAvgPool",
    "global_max_pool": "GlobalMaxPool",
    "flatten": "Flatten",
    "reshape": "Reshape",
    "channel_shuffle": "ChannelShuffle",
    "channel_slice": "ChannelSlice",
    "linear": "Linear",
    "batch_norm": "BatchNorm",
    "layer_norm": "LayerNorm",
    "instance_norm": "InstanceNorm",
    "group_norm": "GroupNorm",
    "local_response_norm": "LocalResponseNorm",
    "dropout": "Dropout",
    "channel_dropout": "ChannelDropout",
    "stochastic_depth": "StochasticDepth",
    **_ACTIVATIONS,
    "add": "Add",
    "concat": "Concat",
    "multiply": "Multiply",
    "scale": "Scale",
}

LAYER_TYPES: Mapping[str, type[Layer]] = _Types(_CLASSES)
ACTIVATIONS: Mapping[str, type[Layer]] = _Types(_ACTIVATIONS)

AnyLayer = Annotated[Layer, OneOf(LAYER_TYPES)]
