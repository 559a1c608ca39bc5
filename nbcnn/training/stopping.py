"""When a run has trained enough, from its settings and the epochs that have ended: the same answer after a resume."""

from collections.abc import Sequence

from nbcnn.spec import Train
from nbcnn.training.events import EpochRecord
from nbcnn.training.standing import best


def is_finished(settings: Train, records: Sequence[EpochRecord]) -> bool:
    """Whether no further epoch is to be trained."""
    return len(records) >= settings.epochs or stopped_early(settings, records) is not None


def stopped_early(settings: Train, records: Sequence[EpochRecord]) -> str | None:
    """Why training ended before the last epoch; None where it did not, or has not yet."""
    if not records or len(records) >= settings.epochs:
        return None
    if settings.early_stopping is not None:
        since = len(records) - best(records).epoch
        patience = settings.early_stopping.patience
        if since >= patience:
            return f"no epoch was better in the last {since} (patience = {patience})"
    seconds = sum(record.seconds for record in records)
    if settings.max_time is not None and seconds >= settings.max_time:
        return f"{seconds:.1f} s of training (max_time = {settings.max_time:g})"
    return None
