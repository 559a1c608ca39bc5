"""Callbacks: a program's own code at the turning points of a training."""

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbcnn.errors import InputError
from nbcnn.training.events import EpochRecord

if TYPE_CHECKING:
    from nbcnn.training.epochs import Training


class Callback:
    """Give a subclass the methods that you need; all of them do nothing here.

    Each is called with the training under way: its model, its history, where it stands, and `training.stop(reason)`.
    What a method raises ends the training and reaches its caller.
    """

    def on_train_begin(self, training: "Training") -> None:
        """Before the first step, also that of a run that goes on."""

    def on_epoch_begin(self, training: "Training") -> None:
        """Before the first step of an epoch, or, in a run that goes on, before the next one of the epoch under way."""

    def on_batch_end(self, training: "Training", loss: float) -> None:
        """After a batch, of which several may make one step; `loss` is its mean before that.

        The time that this takes counts as the epoch's.
        """

    def on_epoch_end(self, training: "Training", record: EpochRecord) -> None:
        """After an epoch and its validation, when a run has written its files; `record` is its row of the history."""

    def on_train_end(self, training: "Training") -> None:
        """After the last step, and where an error ends the training."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


def checked(callbacks: Sequence[Callback]) -> tuple[Callback, ...]:
    """The callbacks, if they are; raises InputError otherwise, and where a method's name is almost that of a hook."""
    if not isinstance(callbacks, Sequence):
        raise InputError(f"callbacks: a list is expected, received {callbacks!r:.100}; write callbacks=[...]")
    for callback in callbacks:
        if isinstance(callback, type):
            raise InputError(
                f"callbacks: objects are expected, received the class {callback.__name__}; write {callback.__name__}()"
            )
        if not isinstance(callback, Callback):
            raise InputError(
                f"callbacks: objects of nbcnn.Callback are expected, received {callback!r:.100}; derive its class "
                "from nbcnn.Callback"
            )
        for name in dir(callback):
            if name.startswith("on_") and name not in HOOKS and callable(getattr(callback, name)):
                near = difflib.get_close_matches(name, HOOKS, n=1, cutoff=0.0)[0]
                raise InputError(
                    f"callbacks: {type(callback).__name__} has {name}, which nothing calls; the hooks are "
                    f"{', '.join(HOOKS)}, the nearest is {near}"
                )
    return tuple(callbacks)


def listeners(callbacks: Sequence[Callback]) -> list[Callback]:
    """Those that do something after a step, so that the others cost nothing there."""
    return [callback for callback in callbacks if type(callback).on_batch_end is not Callback.on_batch_end]
