"""Losses: the mean over all that counts in a batch, as `torch.nn.functional` gives it by default."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nbcnn.errors import InputError
from nbcnn.functional.calling import Floats, apply, differentiable, floats


@differentiable
def cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> np.float32:
    """The mean of -log softmax(logits)[target], for logits (N, classes, *space) and class numbers target (N, *space).

    Targets of `ignore_index` do not count. `weight` (classes,) is how much a target of each class counts; the mean
    divides by what they count together, and is not a number where none counts. Of each target, `label_smoothing` is
    spread over all classes. A target of floating-point numbers (N, classes, *space) holds the probability of each
    class; as in PyTorch the mean then divides by the number of pixels, whatever the weights, and `ignore_index` has no
    meaning. Raises InputError where shapes do not fit or a class number or a probability is out of range.
    """
    if not 0 <= label_smoothing <= 1:
        raise InputError(
            f"cross_entropy: label_smoothing must be from 0 to 1, received {label_smoothing}; it is the share that is "
            "spread over all classes"
        )
    settings = {"ignore_index": int(ignore_index), "label_smoothing": float(label_smoothing)}
    return _of_classes("cross_entropy", logits, target, weight, settings)


@differentiable
def nll_loss(
    input: ArrayLike, target: ArrayLike, weight: ArrayLike | None = None, *, ignore_index: int = -100
) -> np.float32:
    """The mean of -input[target], for log-probabilities (N, classes, *space) and class numbers target (N, *space).

    `weight` and `ignore_index` are those of `cross_entropy`, and so are the errors.
    """
    return _of_classes("nll_loss", input, target, weight, {"ignore_index": int(ignore_index)})


@differentiable
def binary_cross_entropy_with_logits(logits: ArrayLike, target: ArrayLike, *, pos_weight: float = 1.0) -> np.float32:
    """The mean of -pos_weight t log s(x) - (1 - t) log(1 - s(x)), s the sigmoid, for targets t of the logits' shape.

    Raises InputError where shapes differ or pos_weight is not positive.
    """
    name = "binary_cross_entropy_with_logits"
    if not 0 < pos_weight < math.inf:
        raise InputError(f"{name}: pos_weight must be above 0 and finite, received {pos_weight}; 1 counts all alike")
    return _of_numbers(name, logits, target, {"pos_weight": float(pos_weight)})


@differentiable
def mse_loss(input: ArrayLike, target: ArrayLike) -> np.float32:
    """The mean of (input - target)**2; raises InputError where shapes differ."""
    return _of_numbers("mse_loss", input, target, {})


@differentiable
def l1_loss(input: ArrayLike, target: ArrayLike) -> np.float32:
    """The mean of |input - target|; raises InputError where shapes differ."""
    return _of_numbers("l1_loss", input, target, {})


@differentiable
def huber_loss(input: ArrayLike, target: ArrayLike, delta: float = 1.0) -> np.float32:
    """The mean of e**2 / 2 where e = |input - target| is at most delta, and of delta (e - delta / 2) elsewhere.

    Raises InputError where shapes differ or delta is not positive.
    """
    if not delta > 0:
        raise InputError(f"huber_loss: delta must be above 0, received {delta}; it is where squares end")
    return _of_numbers("huber_loss", input, target, {"delta": float(delta)})


def _mean(scores: Floats) -> np.float32:
    return np.float32(scores[:, 0].mean(dtype=np.float64))


def _of_numbers(name: str, x: ArrayLike, target: ArrayLike, attributes: dict[str, float]) -> np.float32:
    given, numbers = floats(x, f"{name}: input"), floats(target, f"{name}: target")
    if given.shape != numbers.shape or given.ndim not in (2, 3, 4, 5):
        raise InputError(
            f"{name}: input and target of one shape (N, C, *space) are expected, received {given.shape} and "
            f"{numbers.shape}; reshape one of them"
        )
    return _mean(apply(name, given, (numbers,), attributes))


def _of_classes(
    name: str, x: ArrayLike, target: ArrayLike, weight: ArrayLike | None, attributes: dict[str, Any]
) -> np.float32:
    given = floats(x, f"{name}: input")
    try:
        targets = np.asarray(target)
    except ValueError:
        raise InputError(f"{name}: target: its rows differ in length; give every row as many numbers") from None
    if name == "cross_entropy" and targets.dtype.kind == "f" and targets.shape == given.shape:
        targets = _probabilities(targets, attributes["ignore_index"])
    else:
        targets = _labels(name, given, targets, attributes["ignore_index"])
    weights = None if weight is None else floats(weight, f"{name}: weight")
    if weights is not None and weights.shape != given.shape[1:2]:
        raise InputError(
            f"{name}: weight of shape {given.shape[1:2]} is expected, received {weights.shape}; give one number a class"
        )
    if weights is not None and not ((weights >= 0) & (weights < np.inf)).all():
        raise InputError(
            f"{name}: weight must be at least 0 and finite, received {weights.min()} .. {weights.max()}; "
            "0 leaves a class out"
        )
    return _mean(apply(name, given, (targets, weights), attributes))


def _probabilities(target: NDArray[np.generic], ignore_index: int) -> Floats:
    """Probabilities as the kernels take them; raises InputError for one beyond 0 and 1, and where some are ignored."""
    numbers = floats(target, "cross_entropy: target")
    if not ((numbers >= 0) & (numbers <= 1)).all():
        raise InputError(
            f"cross_entropy: target must hold probabilities from 0 to 1, received {numbers.min()} .. {numbers.max()}; "
            "divide by their sum"
        )
    if ignore_index >= 0:
        raise InputError(
            f"cross_entropy: ignore_index = {ignore_index} has no meaning where targets are probabilities; leave it out"
        )
    return numbers


def _labels(name: str, given: Floats, labels: NDArray[Any], ignore_index: int) -> NDArray[np.int64]:
    """Class numbers for input (N, classes, *space); raises InputError where they do not fit."""
    if labels.dtype.kind not in "iub":
        raise InputError(f"{name}: target must hold class numbers, received {labels.dtype}; use .astype(int)")
    labels = np.ascontiguousarray(labels, dtype=np.int64)
    if given.ndim not in (2, 3, 4, 5) or labels.shape != (given.shape[0], *given.shape[2:]):
        raise InputError(
            f"{name}: input (N, classes, *space) and target (N, *space) must agree, received {given.shape} and "
            f"{labels.shape}; give one class number for each pixel, or for each sample"
        )
    counted = labels[labels != ignore_index]
    if counted.size and not 0 <= counted.min() <= counted.max() < given.shape[1]:
        raise InputError(
            f"{name}: target must lie in 0 .. {given.shape[1] - 1}, received {counted.min()} .. {counted.max()}; "
            "give class numbers"
        )
    return labels
