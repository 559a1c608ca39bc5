"""The history of a training as TensorBoard shows it."""

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbcnn.errors import InputError
from nbcnn.training.callbacks import Callback
from nbcnn.training.events import EpochRecord
from nbcnn.training.record.history import row_of

if TYPE_CHECKING:
    from nbcnn.training.epochs import Training

FOLDER = "tensorboard"
_NO_SCALARS = ("epoch", "correct", "samples", "seconds")
"""Columns of the history that say how much was done, not how well."""


class TensorBoard(Callback):
    """Writes a scalar an epoch for each figure of the history, by its column's name, into TensorBoard's event files.

    `folder` is where; without it the folder `tensorboard` in the run's. A run that goes on writes a further file, which
    replaces what the ones before say of epochs that are trained again. Raises InputError where tensorboardX is not
    installed, and for a training without a run's folder where none is given.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        try:
            import tensorboardX  # noqa: F401
        except ImportError:
            raise InputError("TensorBoard: needs the package tensorboardX; pip install 'nbcnn[tensorboard]'") from None
        self._folder = None if folder is None else Path(folder)
        self._writer: Any = None

    def on_train_begin(self, training: "Training") -> None:
        from tensorboardX import SummaryWriter

        folder = self._folder or (training.out / FOLDER if training.out is not None else None)
        if folder is None:
            raise InputError("TensorBoard: this training has no run's folder; write nbcnn.TensorBoard(folder)")
        # By itself it names files by the second, and overwrites one that is of the same.
        suffix = f".{training.step}.{secrets.token_hex(4)}"
        self._writer = SummaryWriter(str(folder), purge_step=training.epoch, filename_suffix=suffix)

    def on_epoch_end(self, training: "Training", record: EpochRecord) -> None:
        for name, value in row_of(record).items():
            if value is not None and name not in _NO_SCALARS:
                self._writer.add_scalar(name, value, record.epoch)
        self._writer.flush()

    def on_train_end(self, training: "Training") -> None:
        self._writer.close()
