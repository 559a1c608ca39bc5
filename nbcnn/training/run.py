"""A whole training run, as a spec describes it, from the data to the accuracy on the test split."""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from nbcnn import network as networks
from nbcnn.data import Dataset, Splits
from nbcnn.errors import DataError, Interrupted
from nbcnn.kernels.cpu.compiling.helpers import helpers
from nbcnn.network import Network
from nbcnn.spec import Spec
from nbcnn.training import folder
from nbcnn.training.checkpoints import Checkpoints
from nbcnn.training.evaluation import Evaluation, evaluate, metric_names
from nbcnn.training.events import Compiling, EpochFinished, EpochRecord, Evaluating, OnEvent, Progress, Started, ignore
from nbcnn.training.fit import Model
from nbcnn.training.history import append_history, write_history
from nbcnn.training.loop import NotFinite, refuse_last_batch, train_epoch
from nbcnn.training.order import epoch_order
from nbcnn.training.samples import load_samples, normalization
from nbcnn.training.schedule import learning_rates
from nbcnn.training.signals import StopRequest, stop_requests
from nbcnn.training.standing import Standing, best
from nbcnn.training.stopping import is_finished, stopped_early
from nbcnn.training.threads import threads as using_threads
from nbcnn.training.trainer import Trainer
from nbcnn.weights.files import write_atomically


@dataclass(frozen=True)
class Result:
    """What a run has come to; `model` holds the best weights, and `test` is what they do on the test split, if any.

    `stopped_early` says why not all epochs were trained, or is None.
    """

    out: Path
    model: Model
    history: tuple[EpochRecord, ...]
    best: EpochRecord
    test: Evaluation | None
    stopped_early: str | None


def train(
    spec: Spec,
    *,
    out: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    resume: bool = False,
    threads: int | None = None,
    on_event: OnEvent | None = None,
) -> Result:
    """Train the network of a spec on its data, and write model.h5, last.h5, history.* and spec.json into a folder.

    `out` is that folder, by default runs/<name>-<n>, a new one; with `resume` it is the folder of a run to go on with,
    by default the newest. `data_dir` holds the named data sets. `on_event` is called with the values of
    `training.events`. Raises InputError for a spec, data, folder or checkpoint that does not do, DivergenceError where
    the loss is not a finite number, and Interrupted, the run saved, after SIGINT or SIGTERM.
    """
    report = on_event or ignore
    network = networks.build(spec)
    with using_threads(threads):
        base = Path(spec.file).parent if spec.file else None
        splits = load_samples(network, Path(data_dir) if data_dir is not None else None, base, report)
        refuse_last_batch(network, len(splits.train), spec.train.batch_size)
        choose = folder.folder_to_resume if resume else folder.new_folder
        run = _Run(network, splits, choose(Path(out) if out is not None else None, spec.name), report)
        run.begin(resume)
        with stop_requests() as stop:
            run.train(stop)
        return run.finish()


class _Run:
    """A run between its start and its end."""

    def __init__(self, network: Network, splits: Splits, out: Path, report: OnEvent):
        self.spec, self.splits, self.out, self.report = network.spec, splits, out, report
        settings = self.spec.train
        self.model = Model(network, seed=settings.seed)
        self.model.classes = splits.classes
        self.model.normalization = normalization(network, splits.train)
        with helpers():
            self.model.load_kernels(self._report_compiling)
            self.trainer = Trainer(
                self.model,
                loss=settings.loss,
                optimizer=settings.optimizer.model_dump(),
                batch_size=settings.batch_size,
                seed=settings.seed,
                on_compile=self._report_compiling,
                clip_grad_norm=settings.clip_grad_norm,
                clip_grad_value=settings.clip_grad_value,
                shared_gradients=settings.shared_gradients,
            )
        self.checkpoints = Checkpoints(out, self.model, self.trainer)
        self.steps_per_epoch = -(-len(splits.train) // settings.batch_size)
        self.standing = Standing()

    def begin(self, resume: bool) -> None:
        """Write the first files, so that a folder that cannot be written to is found now and not after an epoch."""
        if resume:
            self.standing = self.checkpoints.resume()
            self._refuse_other_data()
        spec = json.dumps(self.spec.resolved(), indent=2) + "\n"
        write_atomically(self.out / folder.SPEC, spec.encode())
        measured = metric_names(self.spec.train.loss, self.model.network.output_shape)
        write_history(self.out, self.standing.records, measured if self.splits.validation is not None else ())
        if not resume:
            self.checkpoints.save(self.standing)
        self.report(
            Started(
                out=self.out,
                network=self.spec.name,
                training_samples=len(self.splits.train),
                validation_samples=len(self.splits.validation or ()),
                test_samples=len(self.splits.test or ()),
                epochs=self.spec.train.epochs,
                steps_per_epoch=self.steps_per_epoch,
                epoch=len(self.standing.records),
                step=self.standing.step,
                skipped=self.splits.skipped,
            )
        )

    def _refuse_other_data(self) -> None:
        """As many samples as before give as many steps; with others the run would not be the same run."""
        standing, batch = self.standing, self.spec.train.batch_size
        expected = len(standing.records) * self.steps_per_epoch + -(-standing.samples // batch)
        if standing.step != expected or standing.samples > len(self.splits.train):
            raise DataError(
                f"{self.out}: the run to resume took {standing.step} steps in {len(standing.records)} epochs, with "
                f"{len(self.splits.train)} training samples it would be {expected}; resume with the data it began with"
            )

    def train(self, stop: StopRequest) -> None:
        """Run the epochs that are left and save; raises Interrupted where `stop` asked for it."""
        settings, standing = self.spec.train, self.standing
        samples = self.splits.train
        while not is_finished(settings, standing.records) and stop.signal_number is None:
            rate = learning_rates(settings, self.steps_per_epoch, standing.records)
            order = epoch_order(len(samples), seed=settings.seed, epoch=standing.epoch, shuffle=settings.shuffle)
            try:
                whole = train_epoch(
                    self.trainer, samples, order, settings.batch_size, rate, standing, stop, self._report_progress
                )
            except NotFinite as error:
                raise self.checkpoints.diverged(str(error), standing) from None
            if whole:
                self._end_epoch()
        self.checkpoints.save(standing)
        if stop.signal_number is not None:
            raise Interrupted(
                f"{self.out}: interrupted in epoch {standing.epoch} of {settings.epochs}, after step {standing.step}; "
                f"all is saved, go on by --resume --out {self.out}",
                stop.signal_number,
            )

    def finish(self) -> Result:
        """The best weights, measured on the test split."""
        self.checkpoints.load_best()
        test = self._evaluate("test", self.splits.test)
        records = self.standing.records
        stopped = stopped_early(self.spec.train, records)
        return Result(self.out, self.model, tuple(records), best(records), test, stopped)

    def _end_epoch(self) -> None:
        standing = self.standing
        self.checkpoints.refuse_divergence(standing)
        validation = self._evaluate("validation", self.splits.validation)
        if validation is not None and not math.isfinite(validation.loss):
            raise self.checkpoints.diverged(f"the validation loss is {validation.loss}", standing)
        record = standing.end_epoch(validation, self.trainer.learning_rate)
        is_best = best(standing.records) is record
        if is_best:
            self.checkpoints.keep_best(record)
        append_history(self.out, record)
        self.checkpoints.save_when_due(standing)
        self.report(EpochFinished(record, self.spec.train.epochs, is_best))

    def _evaluate(self, split: str, dataset: Dataset | None) -> Evaluation | None:
        if dataset is None:
            return None
        return evaluate(self.model, dataset, lambda done, total: self.report(Evaluating(split, done, total)))

    def _report_compiling(self, kernel: str, done: int, total: int) -> None:
        self.report(Compiling(kernel, done, total))

    def _report_progress(self) -> None:
        standing = self.standing
        self.report(
            Progress(
                epoch=standing.epoch,
                epochs=self.spec.train.epochs,
                step=standing.step - len(standing.records) * self.steps_per_epoch,
                steps=self.steps_per_epoch,
                loss=standing.loss_sum / standing.samples,
                accuracy=standing.accuracy,
                learning_rate=self.trainer.learning_rate,
                images_per_second=standing.samples / standing.seconds,
            )
        )
