"""Every layer type there is; a new one is added here and found everywhere."""

from typing import Annotated, get_args

from pydantic import Field

from nbcnn.layers.avg_pool import AvgPool
from nbcnn.layers.base import Layer
from nbcnn.layers.conv import Conv
from nbcnn.layers.dropout import Dropout
from nbcnn.layers.elementwise import Activation
from nbcnn.layers.flatten import Flatten
from nbcnn.layers.linear import Linear
from nbcnn.layers.max_pool import MaxPool
from nbcnn.layers.relu import ReLU
from nbcnn.layers.sigmoid import Sigmoid
from nbcnn.layers.tanh import Tanh

AnyLayer = Annotated[
    # fmt: off
    Conv | MaxPool | AvgPool | Flatten | Linear | Dropout | ReLU | Sigmoid | Tanh,
    # fmt: on
    Field(discriminator="type"),
]


def _type_name(layer_type: type[Layer]) -> str:
    (name,) = get_args(layer_type.model_fields["type"].annotation)
    return str(name)


LAYER_TYPES: dict[str, type[Layer]] = {_type_name(each): each for each in get_args(get_args(AnyLayer)[0])}
ACTIVATIONS = {name: each for name, each in LAYER_TYPES.items() if issubclass(each, Activation)}
