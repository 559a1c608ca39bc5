"""What a run begins with, for those who train and those who repeat: samples, and weights before the first step."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nbcnn import network as networks
from nbcnn.data import Splits
from nbcnn.data.stored import Stored
from nbcnn.machine.memory import refuse_too_large
from nbcnn.network import Network
from nbcnn.plan.memory import training_bytes
from nbcnn.spec import Spec
from nbcnn.training.balance import with_class_weights
from nbcnn.training.events import Loading, OnEvent
from nbcnn.training.fit import Model
from nbcnn.training.loader import Loader
from nbcnn.training.loop import refuse_last_batch
from nbcnn.training.pretrained import take_pretrained
from nbcnn.training.samples import load_samples, named_splits, normalization, training_loader
from nbcnn.weights.transfer import Transfer


@dataclass(frozen=True)
class Beginning:
    """`pretrained` tells what the model took from another one's file, where it took something."""

    model: Model
    splits: Splits
    loader: Loader
    pretrained: Transfer | None


def begin(
    spec: Spec, data_dir: Path | None, base: Path | None, report: OnEvent, *, takes_pretrained: bool = True
) -> Beginning:
    """All that a training needs before its first step, the same whenever the spec and the data are.

    A data source that is a path counts from `base`, None being the working directory. Raises InputError for a spec or
    data that do not do: all labels, targets and inputs have been looked at then.
    """
    network = networks.build(spec)
    splits = load_samples(network, data_dir, base, report)
    network = with_class_weights(network, splits.train)
    settings = network.spec.train
    refuse_last_batch(network, len(splits.train), settings.batch_size)
    _refuse_too_large(network)
    model = Model(network, seed=settings.seed)
    loader = training_loader(network, splits.train, on_event=report)
    pretrained = take_pretrained(model) if takes_pretrained else None
    model.classes = splits.classes
    model.normalization = normalization(network, splits.train, report)
    _read_through(splits, model.normalization is not None, report)
    return Beginning(model, splits, loader, pretrained)


def _refuse_too_large(network: Network) -> None:
    """The data are in memory by now."""
    needed, train = training_bytes(network), network.spec.train
    cure = "" if network.spec.engine.checkpointing else ", or let [engine] have checkpointing = true"
    place = network.spec.file or network.spec.name
    refuse_too_large(
        needed or 0, f"{place}: training on batches of {train.batch_size}", f"use a smaller batch_size{cure}"
    )


def _read_through(splits: Splits, train_is_read: bool, report: OnEvent) -> None:
    """Read what stays in files once, in their order: an epoch is no time to find that a label is out of range.

    Bytes are always numbers, and the statistics have read the training inputs where there are some.
    """
    unread = list(_unread(splits, train_is_read))
    total, done = sum(samples.nbytes for samples in unread), 0
    for samples in unread:
        in_order = samples.take(np.argsort(samples.numbers))
        at_once = in_order.block or 1
        for start in range(0, len(in_order), at_once):
            report(Loading("looking through the data", done, total))
            done += in_order[start : start + at_once].nbytes


def _unread(splits: Splits, train_is_read: bool) -> Iterator[Stored]:
    for dataset in named_splits(splits).values():
        if isinstance(dataset.targets, Stored):
            yield dataset.targets
        is_read = train_is_read and dataset is splits.train
        if isinstance(dataset.inputs, Stored) and dataset.inputs.dtype != np.uint8 and not is_read:
            yield dataset.inputs
