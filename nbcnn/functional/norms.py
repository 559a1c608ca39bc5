"""Normalisations."""

from collections.abc import Sequence
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from pydantic import ValidationError

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, floats
from nbcnn.layers.base import Layer
from nbcnn.layers.batch_norm import BatchNorm
from nbcnn.layers.group_norm import GroupNorm
from nbcnn.layers.instance_norm import InstanceNorm
from nbcnn.layers.layer_norm import LayerNorm
from nbcnn.layers.local_response_norm import LocalResponseNorm
from nbcnn.layers.problems import Problem

_Layer = TypeVar("_Layer", bound=Layer)


@differentiable
def batch_norm(
    x: ArrayLike,
    running_mean: ArrayLike | None = None,
    running_var: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Floats:
    """Normalise each channel of x (N, C, *space), then scale by weight (C,) and shift by bias (C,).

    With `training`, by mean and biased variance of x, and the running statistics (C,), which must then be NumPy arrays,
    are moved in place: `momentum` is the weight of x, whose variance they take unbiased. Without, by the running
    statistics. Raises InputError where shapes do not fit, and in training for one number a channel.
    """
    x = _numbers("batch_norm", x)
    attributes = _layer(BatchNorm, x, momentum=momentum, eps=eps).attributes(x.shape[1:])
    channels = x.shape[1:2]
    if (running_mean is None) != (running_var is None) or (running_mean is None and not training):
        raise InputError(
            "batch_norm: running_mean and running_var are expected, both of them; in training both may be left out"
        )
    if training and x.size == x.shape[1]:
        raise InputError(
            f"batch_norm: more than one number a channel is expected in training, received x of shape {x.shape}; "
            "give at least two samples"
        )
    given = {"running_mean": running_mean, "running_var": running_var}
    running = {name: _one_a_place("batch_norm", name, each, channels) for name, each in given.items()}
    if training:
        for name, each in given.items():
            if each is not None and not (isinstance(each, np.ndarray) and each.flags.writeable):
                raise InputError(
                    f"batch_norm: {name} must be a NumPy array that can be written, since training moves it; "
                    "give one, or leave both out"
                )
    y = apply(
        "batch_norm",
        x,
        (*running.values(), *_weight_and_bias("batch_norm", weight, bias, channels)),
        attributes | {"training": bool(training)},
    )
    if training:
        for name, each in given.items():
            if isinstance(each, np.ndarray) and each is not running[name]:
                each[...] = running[name]
    return y


@differentiable
def layer_norm(
    x: ArrayLike,
    normalized_shape: int | Sequence[int] | None = None,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
    *,
    axes: Sequence[int] | None = None,
) -> Floats:
    """Normalise each sample of x (N, C, *space) over its last axes, whose sizes are `normalized_shape`, or over `axes`.

    Axis 1 is the channels; by default all axes but the first. Weight and bias have the sizes of the normalised axes.
    Raises InputError where shapes do not fit.
    """
    x = _numbers("layer_norm", x)
    if normalized_shape is not None:
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        if axes is not None or not sizes or sizes != x.shape[max(1, x.ndim - len(sizes)) :]:
            raise InputError(
                f"layer_norm: normalized_shape must be the last sizes of a sample of x {x.shape} where axes are not "
                f"given, received normalized_shape = {sizes} and axes = {axes}; leave one of the two out"
            )
        axes = range(x.ndim - len(sizes), x.ndim)
    layer = _layer(LayerNorm, x, axes=None if axes is None else tuple(axes), eps=eps)
    shape = layer.parameters(x.shape[1:])["weight"].shape
    return apply("layer_norm", x, _weight_and_bias("layer_norm", weight, bias, shape), layer.attributes(x.shape[1:]))


@differentiable
def instance_norm(
    x: ArrayLike, weight: ArrayLike | None = None, bias: ArrayLike | None = None, eps: float = 1e-5
) -> Floats:
    """Normalise each channel of each sample of x (N, C, *space), then scale by weight (C,) and shift by bias (C,).

    Raises InputError where shapes do not fit, and for a single position.
    """
    x = _numbers("instance_norm", x)
    attributes = _layer(InstanceNorm, x, eps=eps).attributes(x.shape[1:])
    return apply("instance_norm", x, _weight_and_bias("instance_norm", weight, bias, x.shape[1:2]), attributes)


@differentiable
def group_norm(
    x: ArrayLike,
    num_groups: int,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
) -> Floats:
    """Normalise each group of channels of each sample of x (N, C, *space), then scale by weight (C,), shift by bias.

    Raises InputError where shapes do not fit, such as channels that `num_groups` does not divide.
    """
    x = _numbers("group_norm", x)
    attributes = _layer(GroupNorm, x, num_groups=num_groups, eps=eps).attributes(x.shape[1:])
    return apply("group_norm", x, _weight_and_bias("group_norm", weight, bias, x.shape[1:2]), attributes)


@differentiable
def local_response_norm(x: ArrayLike, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Floats:
    """x / (k + alpha / size * sum of squares) ** beta for x (N, C, *space), summed over `size` channels around each.

    Krizhevsky, Sutskever and Hinton, NeurIPS 2012, section 3.3; alpha is divided by size as in PyTorch. Raises
    InputError for settings out of range.
    """
    x = _numbers("local_response_norm", x)
    layer = _layer(LocalResponseNorm, x, size=size, alpha=alpha, beta=beta, k=k)
    return apply("local_response_norm", x, (), layer.attributes(x.shape[1:]))


def _numbers(name: str, x: ArrayLike) -> Floats:
    x = floats(x, f"{name}: x")
    if x.ndim not in (2, 3, 4, 5) or x.size == 0:
        raise InputError(
            f"{name}: x must be (N, C, *space) with up to 3 spatial axes and hold numbers, received shape {x.shape}; "
            "give at least one sample"
        )
    return x


def _layer(kind: type[_Layer], x: Floats, **fields: Any) -> _Layer:
    """The layer with these fields, so that its rules hold here too."""
    (name,) = kind.model_fields["type"].annotation.__args__  # type: ignore[union-attr]
    try:
        layer = kind(type=name, **fields)
        layer.output_shape(x.shape[1:])
        for problem in layer.review(x.shape[1:]):
            raise problem
    except ValidationError as error:
        first = error.errors()[0]
        field, message = first["loc"][0], first["msg"]
        raise InputError(f"{name}: {field} = {fields[str(field)]}: {message[:1].lower()}{message[1:]}") from None
    except Problem as problem:
        raise InputError(f"{name}: {problem}") from None
    return layer


def _one_a_place(name: str, what: str, values: ArrayLike | None, shape: tuple[int, ...]) -> Floats | None:
    if values is None:
        return None
    array = floats(values, f"{name}: {what}")
    if array.shape != shape:
        raise InputError(f"{name}: {what} of shape {shape} is expected, received {array.shape}; give {prod(shape)}")
    return array


def _weight_and_bias(
    name: str, weight: ArrayLike | None, bias: ArrayLike | None, shape: tuple[int, ...]
) -> tuple[Floats | None, Floats | None]:
    return _one_a_place(name, "weight", weight, shape), _one_a_place(name, "bias", bias, shape)
