"""The loop over epochs, for a run of a spec and for `Model.fit` alike."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from nbcnn.data import Dataset
from nbcnn.kernels.cpu.compiling.compiling import OnCompile
from nbcnn.model import Model
from nbcnn.spec.augment import mixes
from nbcnn.training.callbacks import Callback, listeners
from nbcnn.training.divergence import NotFinite, refuse_not_finite
from nbcnn.training.evaluation import Evaluation, evaluate
from nbcnn.training.events import EpochFinished, EpochRecord, Evaluating, OnEvent, Progress
from nbcnn.training.loader import Loader
from nbcnn.training.loop import train_epoch
from nbcnn.training.schedule import learning_rates
from nbcnn.training.signals import StopRequest
from nbcnn.training.standing import Standing, best
from nbcnn.training.stopping import is_finished, stopped_early
from nbcnn.training.trainer import Trainer, arguments_of


class Training:
    """A training under way, as callbacks see it.

    `model` is what it trains, `measured` what is validated and kept, which is the model of averages where there is one,
    `settings` the spec's table `[train]` with the epochs and the batch size in force, `out` the run's folder, None
    without one.
    """

    def __init__(
        self,
        model: Model,
        loader: Loader,
        validation: Dataset | None,
        report: OnEvent,
        *,
        out: Path | None = None,
        on_compile: OnCompile | None = None,
    ) -> None:
        settings = loader.settings
        self.model, self.settings, self.out = model, settings, out
        self.steps_per_epoch = -(-loader.steps // settings.accumulation_steps)
        self.trainer = Trainer(
            model,
            batch_size=min(settings.batch_size, loader.samples),
            on_compile=on_compile,
            class_probabilities=mixes(model.network.spec.augment),
            **arguments_of(settings),
        )
        self.measured = self.trainer.averaged or model
        self.standing = Standing()
        self._loader, self._validation = loader, validation
        self._training_split = loader.dataset if settings.train_metrics else None
        self._report = report
        self._stop_reason: str | None = None

    @property
    def history(self) -> tuple[EpochRecord, ...]:
        """A record of each epoch that has ended."""
        return tuple(self.standing.records)

    @property
    def epoch(self) -> int:
        """The epoch under way, counted from 1; in `on_epoch_end` the one to come."""
        return self.standing.epoch

    @property
    def step(self) -> int:
        """The steps taken, over all epochs."""
        return self.standing.step

    def stop(self, reason: str) -> None:
        """End the training after the epoch under way; `reason` is told to the user."""
        self._stop_reason = reason

    @property
    def stopped_early(self) -> str | None:
        """Why training ended before the last epoch; None where it did not, or has not yet."""
        records = self.standing.records
        is_over = len(records) >= self.settings.epochs
        return stopped_early(self.settings, records) or (None if is_over else self._stop_reason)

    def run(self, callbacks: Sequence[Callback], interrupt: StopRequest) -> None:
        """Train the epochs that are left, or until a callback or `interrupt` asks to stop; raises NotFinite."""
        with ExitStack() as ends:
            for callback in callbacks:
                callback.on_train_begin(self)
                ends.callback(callback.on_train_end, self)
            while not self._is_over() and interrupt.signal_number is None:
                self._run_epoch(callbacks, interrupt)

    def _is_over(self) -> bool:
        records = self.standing.records
        # A training without an epoch would have no best one.
        return is_finished(self.settings, records) or (self._stop_reason is not None and bool(records))

    def _run_epoch(self, callbacks: Sequence[Callback], interrupt: StopRequest) -> None:
        """Train what is left of the epoch under way, and end it unless `interrupt` came before."""
        settings, standing = self.settings, self.standing
        for callback in callbacks:
            callback.on_epoch_begin(self)
        whole = train_epoch(
            self.trainer,
            self._loader,
            learning_rates(settings, self.steps_per_epoch, standing.records),
            standing,
            interrupt,
            self._report_progress,
            [partial(callback.on_batch_end, self) for callback in listeners(callbacks)],
        )
        if not whole:
            return
        refuse_not_finite(self.model, standing.step)
        if not math.isfinite(standing.loss):
            raise NotFinite("no batch of the epoch has a finite loss", standing.step)
        try:
            training = self._evaluate("train", self._training_split, interrupt)
            validation = self._evaluate("validation", self._validation, interrupt)
        except _Stopped:
            return
        record = standing.end_epoch(validation, self.trainer.learning_rate, training)
        for callback in callbacks:
            callback.on_epoch_end(self, record)
        self._report(EpochFinished(record, settings.epochs, best(standing.records) is record))

    def _evaluate(self, split: str, dataset: Dataset | None, interrupt: StopRequest) -> Evaluation | None:
        """Measure a split that is wanted; raises _Stopped where `interrupt` came before the end."""
        if dataset is None:
            return None

        def report(done: int, total: int) -> None:
            if interrupt.signal_number is not None:
                raise _Stopped
            self._report(Evaluating(split, done, total))

        measured = evaluate(self.measured, dataset, report)
        if not math.isfinite(measured.loss):
            raise NotFinite(f"the loss of the {split} split is {measured.loss}", self.step)
        return measured

    def _report_progress(self) -> None:
        standing = self.standing
        self._report(
            Progress(
                epoch=standing.epoch,
                epochs=self.settings.epochs,
                step=standing.step - len(standing.records) * self.steps_per_epoch,
                steps=self.steps_per_epoch,
                loss=standing.loss,
                accuracy=standing.accuracy,
                learning_rate=self.trainer.learning_rate,
                images_per_second=standing.samples / standing.seconds,
            )
        )


class _Stopped(Exception):
    """A run that goes on measures the splits anew."""
