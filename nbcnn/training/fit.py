"""Training on arrays in memory: the short way, without files."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nbcnn import model as models
from nbcnn.data import Dataset, fitted
from nbcnn.data.dataset import from_arrays
from nbcnn.errors import DivergenceError, InputError
from nbcnn.training.averaging import take_learnt
from nbcnn.training.balance import with_class_weights
from nbcnn.training.callbacks import Callback, checked
from nbcnn.training.divergence import NotFinite
from nbcnn.training.epochs import Training
from nbcnn.training.evaluation import Evaluation, evaluate
from nbcnn.training.events import EpochRecord, OnEvent
from nbcnn.training.loop import refuse_last_batch
from nbcnn.training.losses import probabilities, wanted_targets
from nbcnn.training.notebook import default_view
from nbcnn.training.samples import training_loader
from nbcnn.training.signals import StopRequest


class Model(models.Model):
    """Weights of a network that can be called, fitted, saved and loaded."""

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        callbacks: Sequence[Callback] = (),
        on_event: OnEvent | None = None,
    ) -> tuple[EpochRecord, ...]:
        """Train on x (N, C, *space), float32 or uint8, and targets y; returns one record per epoch.

        y holds class numbers (N,), or (N, *space) where the network gives classes for each pixel, or for a loss that
        compares numbers as many as the network gives. Loss, optimiser, schedule, seed and shuffling, and `epochs` and
        `batch_size` unless given, are those of the spec. Samples are changed as its `[[augment]]` says,
        and inputs normalised by `normalization` where that is set. With `[train.ema]` the weights are
        averages in the end. `callbacks` are objects of `nbcnn.Callback`; `on_event` hears of what happens; without one,
        a notebook shows it. Raises InputError for data that do not fit, and DivergenceError where a loss is not a
        finite number.
        """
        spec = self.network.spec.train
        given = {
            "epochs": spec.epochs if epochs is None else epochs,
            "batch_size": spec.batch_size if batch_size is None else batch_size,
        }
        for name, value in given.items():
            if value < 1:
                raise InputError(f"fit: {name} = {value}: at least 1 is expected; leave it out to have the spec's")
        hooks = checked(callbacks)
        samples = self._dataset(x, y, "fit")
        self.network = with_class_weights(self.network, samples)
        settings = self.network.spec.train.model_copy(update=given)
        refuse_last_batch(self.network, len(samples), settings.batch_size)
        validation = None if validation_data is None else self._dataset(*validation_data, "fit: validation_data")
        report = on_event or default_view()
        loader = training_loader(self.network, samples, settings, report)
        training = Training(self, loader, validation, report)
        try:
            training.run(hooks, StopRequest())
        except NotFinite as error:
            lower = f"lower the learning rate (={training.trainer.learning_rate:g}), or set clip_grad_norm"
            raise DivergenceError(
                f"fit: {error.what}, in epoch {training.epoch}, step {error.step}; {error.cure or lower}"
            ) from None
        if training.measured is not self:
            take_learnt(self, training.measured)
        return training.history

    def evaluate(self, x: ArrayLike, y: ArrayLike) -> Evaluation:
        """Loss, accuracy and metrics on x (N, C, *space) and targets y, both as in `fit`, by the spec's loss.

        Raises InputError for data that do not fit.
        """
        return evaluate(self, self._dataset(x, y, "evaluate"))

    def predict(self, x: ArrayLike) -> NDArray[np.float32]:
        """What the network answers to x (N, C, *space): probabilities, where its loss is a cross-entropy, else numbers.

        They have the shape of the last layer's output, (N, classes, ...); by a binary loss each is of its own. Raises
        InputError for other shapes or types.
        """
        return probabilities(self.network.spec.train.loss, self(x))

    def _dataset(self, x: ArrayLike, y: ArrayLike, place: str) -> Dataset:
        shape = self.network.input_shape
        dataset = from_arrays(np.asarray(x), np.asarray(y), place, shape)
        return fitted(dataset, shape, wanted_targets(self.network.spec.train.loss, self.network.output_shape), place)
