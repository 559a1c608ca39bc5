"""Every layer type there is; a new one is added here and found everywhere."""

from collections.abc import Mapping
from typing import Annotated

from nbcnn.layers.base import Layer
from nbcnn.layers.table import OneOf, Types

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

# A network needs but a few of them.
LAYER_TYPES: Mapping[str, type[Layer]] = Types(_CLASSES, "nbcnn.layers.{}")
ACTIVATIONS: Mapping[str, type[Layer]] = Types(_ACTIVATIONS, "nbcnn.layers.{}")

AnyLayer = Annotated[Layer, OneOf(LAYER_TYPES)]
