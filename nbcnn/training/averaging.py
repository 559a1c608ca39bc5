"""A model beside the one that trains, for running averages of its weights."""

from copy import copy
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nbcnn.model import Model

AnyModel = TypeVar("AnyModel", bound=Model)


def averaging(model: AnyModel) -> AnyModel:
    """A model that shares all with `model` but the arrays that training changes, of which it has copies.

    It can be called, measured and saved while the other one trains.
    """
    averaged, changing = copy(model), learnt(model)
    for name in ("parameters", "buffers"):
        arrays = getattr(model, name)
        own = {key: values.copy() if key in changing else values for key, values in arrays.items()}
        setattr(averaged, name, MappingProxyType(own))
    return averaged


def take_learnt(model: Model, other: Model) -> None:
    """Give a model what another one of the same network has learnt."""
    own = learnt(model)
    for key, values in learnt(other).items():
        own[key][...] = values


def learnt(model: Model) -> dict[str, NDArray[np.float32]]:
    """The arrays that training changes: parameters of layers that train, and running statistics of all."""
    trained = [f"{node.name}.{name}" for node in model.network.layers if node.trainable for name in node.parameters]
    return {**{key: model.parameters[key] for key in trained}, **model.buffers}
