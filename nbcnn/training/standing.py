"""Where a run stands between two steps, and which of its epochs was the best."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from nbcnn.errors import WeightsError
from nbcnn.training.events import EpochRecord

if TYPE_CHECKING:  # it brings the kernels, and which epoch was the best is told without
    from nbcnn.training.evaluation import Evaluation


@dataclass
class Standing:
    """What last.h5 holds besides arrays; all but `step`, `records` and `pretrained` belong to the epoch under way.

    `pretrained` is what pretrained.json says, where there is one. `samples` samples have been trained on so far, with
    the summed loss of their batches and `correct` of `answers` answers, each before its update, in so many `seconds`,
    of which `input_wait` went by until batches were there. Of `unmeasured` samples the batch's loss was not finite;
    `skipped` steps were left out, `skipped_in_a_row` just now, over all epochs.
    """

    step: int = 0
    samples: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    answers: int = 0
    seconds: float = 0.0
    input_wait: float = 0.0
    unmeasured: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    records: list[EpochRecord] = field(default_factory=list)
    pretrained: dict[str, Any] | None = None

    @property
    def epoch(self) -> int:
        """The epoch under way, counted from 1."""
        return len(self.records) + 1

    @property
    def loss(self) -> float:
        """The mean over the samples so far, without those whose loss was not finite; nan where there is no other."""
        measured = self.samples - self.unmeasured
        return self.loss_sum / measured if measured else math.nan

    @property
    def skipped_in_all(self) -> int:
        """The steps left out in all epochs."""
        return self.skipped + sum(record.skipped for record in self.records)

    @property
    def accuracy(self) -> float | None:
        """The share of right answers so far, None where none can be right or wrong."""
        return self.correct / self.answers if self.answers else None

    def end_epoch(
        self, validation: "Evaluation | None", learning_rate: float, training: "Evaluation | None" = None
    ) -> EpochRecord:
        """End the epoch under way, after which these splits were measured, and return its row of the history."""
        record = EpochRecord(
            epoch=self.epoch,
            loss=self.loss,
            accuracy=self.accuracy,
            correct=self.correct if self.answers else None,
            samples=self.samples,
            val_loss=validation.loss if validation else None,
            val_accuracy=validation.accuracy if validation else None,
            lr=learning_rate,
            seconds=round(self.seconds, 6),
            images_per_second=round(self.samples / self.seconds, 1),
            input_wait=round(self.input_wait, 6),
            skipped=self.skipped,
            val_metrics=validation.metrics if validation else {},
            train_metrics=training.figures if training else {},
        )
        self.records.append(record)
        self.samples = self.correct = self.answers = self.unmeasured = self.skipped = 0
        self.loss_sum = self.seconds = self.input_wait = 0.0
        return record

    def as_dict(self) -> dict[str, Any]:
        """The JSON object in last.h5."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any] | None, place: str) -> "Standing":
        """What `as_dict` gave; raises WeightsError for anything else."""
        try:
            values = dict(values or {})
            records = [EpochRecord(**record) for record in values.pop("records")]
            standing = cls(**values, records=records)
            if [record.epoch for record in records] != list(range(1, standing.epoch)):
                raise ValueError("epochs out of order")
            if min(standing.samples, standing.step) < 0:
                raise ValueError("negative counts")
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(
                f"{place}: the state of a training run is expected, and this is none ({str(error)[:200]}); "
                "resume from the last.h5 that training wrote"
            ) from None
        return standing


def best(records: Sequence[EpochRecord]) -> EpochRecord:
    """The epoch with the highest validation accuracy, then the lowest validation loss, the earliest among equals.

    Where no accuracy is known it is the one with the lowest validation loss, and without validation the one with the
    lowest training loss.
    """
    return max(records, key=_quality)


def _quality(record: EpochRecord) -> tuple[float, float]:
    if record.val_loss is None:
        return 0.0, -record.loss
    return record.val_accuracy or 0.0, -record.val_loss
