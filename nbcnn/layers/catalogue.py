"""Every layer type there is; a new one is added here and found everywhere."""

from typing import Annotated, get_args

from pydantic import Field

from nbcnn.layers.adaptive_avg_pool import AdaptiveAvgPool
from nbcnn.layers.adaptive_max_pool import AdaptiveMaxPool
from nbcnn.layers.add import Add
from nbcnn.layers.avg_pool import AvgPool
from nbcnn.layers.base import Layer
from nbcnn.layers.batch_norm import BatchNorm
from nbcnn.layers.channel_dropout import ChannelDropout
from nbcnn.layers.channel_shuffle import ChannelShuffle
from nbcnn.layers.channel_slice import ChannelSlice
from nbcnn.layers.concat import Concat
from nbcnn.layers.conv import Conv
from nbcnn.layers.conv_transpose import ConvTranspose
from nbcnn.layers.crop import Crop
from nbcnn.layers.dropout import Dropout
from nbcnn.layers.elementwise import Activation
from nbcnn.layers.elu import ELU
from nbcnn.layers.flatten import Flatten
from nbcnn.layers.gelu import GELU
from nbcnn.layers.global_avg_pool import GlobalAvgPool
from nbcnn.layers.global_max_pool import GlobalMaxPool
from nbcnn.layers.group_norm import GroupNorm
from nbcnn.layers.hard_sigmoid import HardSigmoid
from nbcnn.layers.hard_swish import HardSwish
from nbcnn.layers.instance_norm import InstanceNorm
from nbcnn.layers.kmax_pool import KMaxPool
from nbcnn.layers.layer_norm import LayerNorm
from nbcnn.layers.leaky_relu import LeakyReLU
from nbcnn.layers.linear import Linear
from nbcnn.layers.local_response_norm import LocalResponseNorm
from nbcnn.layers.log_softmax import LogSoftmax
from nbcnn.layers.lp_pool import LpPool
from nbcnn.layers.max_pool import MaxPool
from nbcnn.layers.min_pool import MinPool
from nbcnn.layers.mish import Mish
from nbcnn.layers.multiply import Multiply
from nbcnn.layers.pad import Pad
from nbcnn.layers.prelu import PReLU
from nbcnn.layers.relu import ReLU
from nbcnn.layers.relu6 import ReLU6
from nbcnn.layers.reshape import Reshape
from nbcnn.layers.scale import Scale
from nbcnn.layers.selu import SELU
from nbcnn.layers.sigmoid import Sigmoid
from nbcnn.layers.silu import SiLU
from nbcnn.layers.softmax import Softmax
from nbcnn.layers.softplus import Softplus
from nbcnn.layers.stochastic_depth import StochasticDepth
from nbcnn.layers.tanh import Tanh
from nbcnn.layers.upsample import Upsample

AnyLayer = Annotated[
    Conv
    | ConvTranspose
    | Upsample
    | Pad
    | Crop
    | MaxPool
    | MinPool
    | AvgPool
    | LpPool
    | KMaxPool
    | AdaptiveAvgPool
    | AdaptiveMaxPool
    | GlobalAvgPool
    | GlobalMaxPool
    | Flatten
    | Reshape
    | ChannelShuffle
    | ChannelSlice
    | Linear
    | BatchNorm
    | LayerNorm
    | InstanceNorm
    | GroupNorm
    | LocalResponseNorm
    | Dropout
    | ChannelDropout
    | StochasticDepth
    | ReLU
    | LeakyReLU
    | PReLU
    | ELU
    | SELU
    | GELU
    | SiLU
    | Mish
    | Softplus
    | Sigmoid
    | Tanh
    | HardSigmoid
    | HardSwish
    | ReLU6
    | Softmax
    | LogSoftmax
    | Add
    | Concat
    | Multiply
    | Scale,
    Field(discriminator="type"),
]


def _type_name(layer_type: type[Layer]) -> str:
    (name,) = get_args(layer_type.model_fields["type"].annotation)
    return str(name)


LAYER_TYPES: dict[str, type[Layer]] = {_type_name(each): each for each in get_args(get_args(AnyLayer)[0])}
ACTIVATIONS = {name: each for name, each in LAYER_TYPES.items() if issubclass(each, Activation)}
