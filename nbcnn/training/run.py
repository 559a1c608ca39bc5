"""A whole training run, as a spec describes it, from the data to the accuracy on the test split."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbcnn.errors import DataError, Interrupted
from nbcnn.kernels.cpu.compiling.helpers import helpers
from nbcnn.spec import Spec
from nbcnn.spec.paths import moved
from nbcnn.training.beginning import Beginning, begin
from nbcnn.training.callbacks import Callback, checked
from nbcnn.training.divergence import NotFinite
from nbcnn.training.epochs import Training
from nbcnn.training.evaluation import Evaluation, evaluate, metric_names
from nbcnn.training.events import Compiling, EpochRecord, Evaluating, OnEvent, Pretrained, Started
from nbcnn.training.fit import Model
from nbcnn.training.notebook import default_view
from nbcnn.training.pretrained import write_pretrained
from nbcnn.training.record import folder
from nbcnn.training.record.checkpoints import Checkpoints
from nbcnn.training.record.history import append_history, write_history
from nbcnn.training.record.provenance import Provenance
from nbcnn.training.signals import StopRequest, stop_requests
from nbcnn.training.standing import best
from nbcnn.training.threads import threads as using_threads
from nbcnn.weights.files import write_atomically
from nbcnn.weights.transfer import Transfer


@dataclass(frozen=True)
class Result:
    """What a run has come to; `model` holds the best weights, and `test` is what they do on the test split, if any.

    `stopped_early` says why not all epochs were trained, or is None; `pretrained` what the run began with, where it
    began with another one's weights and was not resumed.
    """

    out: Path
    model: Model
    history: tuple[EpochRecord, ...]
    best: EpochRecord
    test: Evaluation | None
    stopped_early: str | None
    pretrained: Transfer | None = None


def train(
    spec: Spec,
    *,
    out: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    resume: bool = False,
    threads: int | None = None,
    callbacks: Sequence[Callback] = (),
    on_event: OnEvent | None = None,
) -> Result:
    """Train the network of a spec on its data, and write `folder.FILES` into a folder, where no other run may be.

    `out` is that folder, by default runs/<name>-<n>, a new one; with `resume` it is the folder of a run to go on with,
    by default the newest, from its newest sound checkpoint. `data_dir` holds the named data sets. `callbacks` are
    objects of `nbcnn.Callback`; `on_event` is called with the values of `training.events`. Raises InputError for a
    spec, data, folder or checkpoint that does not do, DivergenceError where the loss is not a finite number, and
    Interrupted, the run saved, after SIGINT, SIGTERM or SIGHUP.
    """
    report = on_event or default_view()
    hooks = checked(callbacks)
    with using_threads(threads):
        base = Path(spec.file).parent if spec.file else None
        # Before there is a folder, which a wrong path or wrong samples are no reason to make.
        beginning = begin(
            spec, Path(data_dir) if data_dir is not None else None, base, report, takes_pretrained=not resume
        )
        network = beginning.model.network
        with folder.opened(Path(out) if out is not None else None, spec.name, resume, report) as place:
            # The files of the run find its data from their own folder.
            beginning.model.network = replace(network, spec=moved(network.spec, base or Path(), place))
            run = _Run(beginning, place, report)
            checkpoint = run.begin(resume)
            with run.provenance.recorded(run.training, checkpoint):
                with stop_requests() as stop:
                    run.train(hooks, stop)
                return run.finish()


class _Run:
    """A run between its start and its end."""

    def __init__(self, beginning: Beginning, out: Path, report: OnEvent):
        self.out, self.report = out, report
        self.model, self.splits, self.pretrained = beginning.model, beginning.splits, beginning.pretrained
        self.spec = self.model.network.spec
        with helpers():
            self.model.load_kernels(self._report_compiling)
            self.training = Training(
                self.model,
                beginning.loader,
                self.splits.validation,
                report,
                out=out,
                on_compile=self._report_compiling,
            )
        self.checkpoints = Checkpoints(out, self.model, self.training.trainer)
        self.provenance = Provenance(out, self.model, self.splits)

    def begin(self, resume: bool) -> Path | None:
        """Write the first files, so that a folder that cannot be written to is found now and not after an epoch.

        The checkpoint comes first, since all others can be written anew from it. Returns the one that the run goes on
        from.
        """
        checkpoint = None
        if resume:
            self.training.standing, resumed = self.checkpoints.resume()
            self._refuse_other_data()
            self.provenance.resume()
            self.report(resumed)
            checkpoint = resumed.checkpoint
            self.checkpoints.save_best()
        else:
            self.training.standing.pretrained = self.pretrained.as_dict() if self.pretrained else None
            self.checkpoints.save(self.training.standing)
        standing = self.training.standing
        spec = json.dumps(self.spec.resolved(), indent=2) + "\n"
        write_atomically(self.out / folder.SPEC, spec.encode())
        names = metric_names(self.spec.train.loss, self.model.network.output_shape)
        measured = {
            "val_metrics": names if self.splits.validation is not None else (),
            "train_metrics": ("loss", "accuracy", *names) if self.spec.train.train_metrics else (),
        }
        write_history(self.out, standing.records, measured)
        if standing.pretrained is not None:
            write_pretrained(self.out, standing.pretrained)
        if self.pretrained is not None:
            self.report(Pretrained(self.pretrained))
        self.report(
            Started(
                out=self.out,
                network=self.spec.name,
                training_samples=len(self.splits.train),
                validation_samples=len(self.splits.validation or ()),
                test_samples=len(self.splits.test or ()),
                epochs=self.spec.train.epochs,
                steps_per_epoch=self.training.steps_per_epoch,
                epoch=len(standing.records),
                step=standing.step,
                skipped=self.splits.skipped,
            )
        )
        return checkpoint

    def _refuse_other_data(self) -> None:
        """As many samples as before give as many steps; with others the run would not be the same run."""
        standing = self.training.standing
        expected = len(standing.records) * self.training.steps_per_epoch + -(-standing.samples // self._update_samples)
        if standing.step != expected or standing.samples > len(self.splits.train):
            raise DataError(
                f"{self.out}: the run to resume took {standing.step} steps in {len(standing.records)} epochs, with "
                f"{len(self.splits.train)} training samples it would be {expected}; resume with the data it began with"
            )

    @property
    def _update_samples(self) -> int:
        """Samples of an update, of which an epoch's last may have fewer."""
        return self.spec.train.batch_size * self.spec.train.accumulation_steps

    def train(self, callbacks: Sequence[Callback], stop: StopRequest) -> None:
        """Run the epochs that are left and save; raises Interrupted where `stop` asked for it."""
        training = self.training
        try:
            own = [_Files(self.out, self.checkpoints), *self.provenance.first_steps()]
            training.run((*own, *callbacks), stop)
        except NotFinite as error:
            raise self.checkpoints.diverged(error, training.standing) from None
        except DataError as error:  # of samples that are read while training runs
            samples = training.standing.samples
            # What several batches have gathered for an update cannot be saved; then the save before it stays.
            if samples % self._update_samples == 0 or samples == len(self.splits.train):
                self.checkpoints.save(training.standing)
            raise DataError(
                f"{error}; the run is saved, and with its data as they were goes on by --resume --out {self.out}"
            ) from None
        self.checkpoints.save(training.standing)
        if stop.signal_number is not None:
            epochs = self.spec.train.epochs
            raise Interrupted(
                f"{self.out}: interrupted in epoch {min(training.epoch, epochs)} of {epochs}, after step "
                f"{training.step}; all is saved, go on by --resume --out {self.out}",
                stop.signal_number,
            )

    def finish(self) -> Result:
        """The best weights, measured on the test split."""
        self.checkpoints.load_best()
        test = None
        if self.splits.test is not None:
            test = evaluate(
                self.model, self.splits.test, lambda done, total: self.report(Evaluating("test", done, total))
            )
        history = self.training.history
        if test is not None:
            measured = {"epoch": best(history).epoch, **test.as_dict()}
            write_atomically(self.out / folder.TEST, (json.dumps(measured) + "\n").encode())
        stopped = self.training.stopped_early
        return Result(self.out, self.model, history, best(history), test, stopped, self.pretrained)

    def _report_compiling(self, kernel: str, done: int, total: int) -> None:
        self.report(Compiling(kernel, done, total))


class _Files(Callback):
    """What a run writes after each epoch."""

    def __init__(self, out: Path, checkpoints: Checkpoints):
        self.out, self.checkpoints = out, checkpoints

    def on_epoch_end(self, training: Training, record: EpochRecord) -> None:
        if best(training.history) is record:
            self.checkpoints.keep_best(record)
        append_history(self.out, record)
        self.checkpoints.save_when_due(training.standing)
