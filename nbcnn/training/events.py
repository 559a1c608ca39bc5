"""What a run reports while it works: plain values, which a command, a notebook or a log may render."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbcnn.weights.transfer import Transfer


@dataclass(frozen=True)
class Loading:
    """A data set is being read or fetched; `total` is None where the size is not known."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True)
class Compiling:
    """A kernel is about to be compiled, which happens once per machine; `done` of `total` are ready."""

    kernel: str
    done: int
    total: int


@dataclass(frozen=True)
class Pretrained:
    """The network has taken weights from a file, as the spec says; `transfer` lists all arrays."""

    transfer: "Transfer"


@dataclass(frozen=True)
class Resumed:
    """The run goes on from `checkpoint`, which was saved in `epoch`, counted from 1, after `step`.

    `damage` says what is wrong with the newer one where this is the one before it.
    """

    checkpoint: Path
    epoch: int
    step: int
    damage: str | None


@dataclass(frozen=True)
class Unlocked:
    """The file system of the folder `out` cannot lock files, for a `reason`: other runs are not kept out."""

    out: Path
    reason: str


@dataclass(frozen=True)
class Started:
    """The first step is about to be taken. `epoch` and `step` say where the run stands, 0 and 0 for a new one.

    `skipped` are files of the data set that were left out because they cannot be read.
    """

    out: Path
    network: str
    training_samples: int
    validation_samples: int
    test_samples: int
    epochs: int
    steps_per_epoch: int
    epoch: int
    step: int
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Inside an epoch, at most ten times a second: means over the samples of the epoch so far.

    `accuracy` is None for a loss without right and wrong.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float | None
    learning_rate: float
    images_per_second: float


@dataclass(frozen=True)
class Evaluating:
    """The `split` ("train", "validation" or "test") is being measured: `done` of `total` samples."""

    split: str
    done: int
    total: int


@dataclass(frozen=True)
class Measuring:
    """Steps are being timed, or tried with one learning rate after the other: `done` of `total` rounds."""

    done: int
    total: int


@dataclass(frozen=True)
class EpochRecord:
    """One row of the history.

    `loss`, `correct` and `accuracy` are counted while the epoch trains, each batch before its update. `correct` counts
    right answers, of pixels where there is an answer for each, and `accuracy` is their share; both, and `val_accuracy`,
    are None for a loss without right and wrong. `val_metrics` are the further figures of the
    evaluation, `train_metrics` with loss and accuracy those of the training split, measured after the epoch as the
    validation split is, where the spec asks for them. `lr` is the learning rate of the epoch's last step; `seconds` is
    the time of its steps, without evaluations and saving, and `input_wait` how much of it went by until batches were
    there. `skipped` steps were left out, since a loss or a gradient was not finite; no such loss is in `loss`.
    """

    epoch: int
    loss: float
    accuracy: float | None
    correct: int | None
    samples: int
    val_loss: float | None
    val_accuracy: float | None
    lr: float
    seconds: float
    images_per_second: float
    input_wait: float = 0.0
    skipped: int = 0
    val_metrics: Mapping[str, float | None] = field(default_factory=dict)
    train_metrics: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class EpochFinished:
    """An epoch has ended; `best` says whether no earlier one was better."""

    record: EpochRecord
    epochs: int
    best: bool


Event = (
    Loading | Compiling | Pretrained | Resumed | Unlocked | Started | Progress | Evaluating | Measuring | EpochFinished
)
OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """For a caller that wants no reports."""
