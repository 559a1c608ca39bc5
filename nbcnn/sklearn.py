"""Estimators for scikit-learn: a network that is fitted, searched and validated as its others are.

They follow https://scikit-learn.org/stable/developers/develop.html and pass its estimator checks.
"""

import os
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nbcnn.data import Dataset, statistics
from nbcnn.errors import InputError
from nbcnn.network import build
from nbcnn.spec import CrossEntropy, Spec, load, parse
from nbcnn.training.callbacks import Callback
from nbcnn.training.fit import Model

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import Tags, check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    raise ImportError("nbcnn.sklearn needs scikit-learn; pip install 'nbcnn[sklearn]'") from None

Floats = NDArray[np.float64]
Shape = tuple[int, ...]
AnySpec = str | os.PathLike[str] | Mapping[str, Any] | Spec

TYPES = (np.float32, np.uint8)
"""Numbers that a network reads; all others become the first of these."""

LEAST_POOLED = 8
"""The network made without a spec halves images while no side of them is shorter than this."""


class _CNN(BaseEstimator):  # type: ignore[misc]
    """What the classifier and the regressor have in common."""

    def __init__(
        self,
        spec: AnySpec | None = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        callbacks: Sequence[Callback] = (),
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.spec = spec
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.callbacks = callbacks
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _fit(self, x: NDArray[Any], y: NDArray[Any], outputs: int, loss: str) -> None:
        """Train a network of so many outputs on x (N, features) or (N, channels, *space), y (N,) or (N, outputs)."""
        network = build(self._described(x, outputs, loss))
        if network.output_shape != (outputs,):
            raise InputError(
                f"{type(self).__name__}: the data have {outputs} {self._outputs_are}, the network gives "
                f"{network.output_shape}; let its last layer be a linear one with out_features = {outputs}"
            )
        self.model_ = Model(network, seed=network.spec.train.seed)
        inputs = self._as_inputs(x)
        mean, std = statistics(Dataset(inputs, y))
        self.model_.normalization = {"mean": mean.tolist(), "std": std.tolist()}
        self.history_ = self.model_.fit(inputs, y, callbacks=self.callbacks)

    def _described(self, x: NDArray[Any], outputs: int, loss: str) -> Spec:
        """The spec with the estimator's settings in it."""
        spec = self.spec
        shape = [1, x.shape[1]] if x.ndim == 2 else [*x.shape[1:]]
        if spec is None:
            spec = _small_network(shape, outputs, has_places=x.ndim > 2)
        if isinstance(spec, Mapping):
            spec = {"input": {"shape": shape}, "train": {}, **spec}
            if isinstance(spec["train"], Mapping):
                spec["train"] = {"loss": loss, **spec["train"]}
            spec = parse(spec)
        elif not isinstance(spec, Spec):
            spec = load(os.fspath(spec))
        settings = {
            "train.epochs": self.epochs,
            "train.batch_size": self.batch_size,
            "train.optimizer.lr": self.lr,
            "train.seed": int(check_random_state(self.random_state).randint(2**31 - 1)),
        }
        given = {key: value for key, value in settings.items() if value is not None}
        described = parse(spec.resolved(), spec.file, given)
        if isinstance(described.train.loss, CrossEntropy) != (loss == "cross_entropy"):
            raise InputError(
                f"{type(self).__name__}: its targets are {self._outputs_are}, which loss = {described.train.loss.type} "
                f"does not suit; write loss = {loss!r} in the spec's [train] table"
            )
        return described

    def _as_inputs(self, x: NDArray[Any]) -> NDArray[Any]:
        """Samples in the network's shape; rows of as many numbers are its images, channel by channel."""
        shape = self.model_.network.input_shape
        if x.shape[1:] != shape and (x.ndim != 2 or x.shape[1] != prod(shape)):
            raise InputError(
                f"{type(self).__name__}: samples of shape {shape}, or of {prod(shape)} features, are expected, "
                f"received {x.shape[1:]}; change X or the shape in the spec's [input] table"
            )
        return np.ascontiguousarray(x.reshape(len(x), *shape))

    def _predicted(self, x: ArrayLike) -> Floats:
        check_is_fitted(self)
        samples = validate_data(self, x, reset=False, dtype=TYPES, allow_nd=True)
        return np.asarray(self.model_.predict(self._as_inputs(samples)), np.float64)


class CNNClassifier(ClassifierMixin, _CNN):  # type: ignore[misc]
    """A network that tells classes apart.

    `spec` is a spec's path, its tables as a dictionary, which may leave out `input`, or what `nbcnn.load_spec` gives;
    None makes a small network. `epochs`, `batch_size` and `lr` go before the spec's. X is (N, features) or
    (N, channels, *space); rows of features are read as images where the spec says of which shape. Attributes after
    `fit`: `classes_`, `model_`, an `nbcnn.Model`, and `history_`, a record an epoch. Raises InputError for a spec that
    does not suit, and what scikit-learn raises for data that do not.
    """

    _outputs_are = "classes"

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on X and one class for each sample, of any kind that can be sorted."""
        x, given = validate_data(self, X, y, dtype=TYPES, allow_nd=True)
        check_classification_targets(given)
        self.classes_, labels = np.unique(given, return_inverse=True)
        self._fit(x, labels, len(self.classes_), "cross_entropy")
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """The probability of each of `classes_`, (N, classes)."""
        shares = self._predicted(X)
        shares /= shares.sum(axis=1, keepdims=True)
        return shares

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable class of each sample."""
        probable = self._predicted(X).argmax(axis=1)
        return np.asarray(self.classes_[probable])


class CNNRegressor(RegressorMixin, _CNN):  # type: ignore[misc]
    """A network that tells numbers.

    Its parameters and attributes are those of `CNNClassifier`, but for `classes_`. The network that is made without a
    spec learns targets brought to mean 0 and deviation 1, which its last layer then takes back; one from a spec learns
    them as they are.
    """

    _outputs_are = "numbers"

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on X and the numbers y, (N,) or (N, outputs)."""
        x, numbers = validate_data(self, X, y, dtype=TYPES, allow_nd=True, multi_output=True, y_numeric=True)
        self._flat = numbers.ndim == 1
        targets = np.asarray(numbers, np.float64).reshape(len(numbers), -1)
        if self.spec is not None:
            self._fit(x, targets, targets.shape[1], "mse_loss")
            return self
        mean, std = targets.mean(axis=0), targets.std(axis=0)
        std[std == 0] = 1.0
        self._fit(x, (targets - mean) / std, targets.shape[1], "mse_loss")
        weight, bias = (self.model_.parameters[f"outputs.{name}"] for name in ("weight", "bias"))
        weight *= std[:, np.newaxis]
        bias[...] = bias * std + mean
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """The numbers of each sample, (N,) or (N, outputs) as in `fit`."""
        numbers = self._predicted(X)
        return numbers[:, 0] if self._flat else numbers


def _small_network(shape: Sequence[int], outputs: int, has_places: bool) -> dict[str, Any]:
    """A network for inputs (channels, *space); without places, neighbours mean little and nothing is pooled."""
    layers: list[dict[str, Any]] = []
    space, channels = [*shape[1:]], 16
    while True:
        conv = {"type": "conv", "out_channels": channels, "kernel_size": 3, "padding": "same", "activation": "relu"}
        layers.append(conv)
        if not has_places or min(space) < LEAST_POOLED:
            break
        layers.append({"type": "max_pool", "kernel_size": 2})
        space, channels = [size // 2 for size in space], min(2 * channels, 64)
    layers += [
        {"type": "flatten"},
        {"type": "linear", "out_features": 64, "activation": "relu"},
        {"type": "linear", "name": "outputs", "out_features": outputs},
    ]
    optimizer = {"type": "adam", "lr": 0.003}
    return {"name": "small", "layers": layers, "train": {"epochs": 50, "batch_size": 32, "optimizer": optimizer}}
