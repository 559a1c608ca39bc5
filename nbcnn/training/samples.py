"""From the `[data]` table of a spec to the samples that a network trains on and is measured by."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from nbcnn import data
from nbcnn.augmentation.augmentation import Augmentation
from nbcnn.data import Dataset, Splits
from nbcnn.data.label_names import likely_slips
from nbcnn.data.stored import sample_bytes
from nbcnn.errors import DataError, SpecError
from nbcnn.network import Network
from nbcnn.spec import Data, Train
from nbcnn.spec.paths import is_overridden
from nbcnn.training.events import Compiling, Loading, OnEvent, ignore
from nbcnn.training.loader import Loader
from nbcnn.training.losses import wanted_targets


def load_samples(network: Network, data_dir: Path | None, base: Path | None, on_event: OnEvent) -> Splits:
    """The splits of the network's data source, all checked against it.

    Where the source has no test or validation split, the spec's share of the training split, or one of its folds,
    chosen by the spec's seed, becomes one. A source that is a path is relative to `base`, the folder of the file that
    gives it, and leads nowhere but where `data.load` lets such a path lead; None is the working directory, of a source
    that the user has named. Raises DataError, and SpecError for a spec without data.
    """
    spec = network.spec
    place = spec.file or spec.name
    if spec.data is None:
        raise SpecError(f'{place}: there is no [data] table to say what to read; add one, such as source = "digits"')
    splits = data.load(
        spec.data.source,
        data_dir,
        base=base,
        is_named=base is None or is_overridden(spec, "data", "source"),
        input_shape=network.input_shape,
        resize=spec.data.resize,
        skip_unreadable=spec.data.skip_unreadable,
        on_progress=lambda what, done, total: on_event(Loading(what, done, total)),
    )
    wanted = wanted_targets(spec.train.loss, network.output_shape)
    if isinstance(wanted, data.ClassNumbers):
        _refuse_slips(splits, wanted.classes, spec.data.source)
    fitted = {
        name: data.fitted(dataset, network.input_shape, wanted, f"{spec.data.source} ({name} split)")
        for name, dataset in named_splits(splits).items()
    }
    splits = replace(splits, train=fitted["train"], test=fitted.get("test"), validation=fitted.get("validation"))
    return _parted(splits, spec.data, spec.train.seed)


def _refuse_slips(splits: Splits, outputs: int, place: str) -> None:
    """Where there is a class too many because a label is misspelt, its name says more than its number."""
    labels = splits.train.labels
    if labels is None or len(splits.classes) <= outputs:
        return
    slips = likely_slips(splits.classes, np.bincount(labels[labels >= 0], minlength=len(splits.classes)).tolist())
    if slips:
        raise DataError(
            f"{place}: {outputs} classes are expected, since the network has {outputs} outputs, received "
            f"{len(splits.classes)}; {', '.join(slips)}: mend the labels"
        )


def _parted(splits: Splits, table: Data, seed: int) -> Splits:
    """The splits with those made from the training split that the source does not have."""
    train, test, validation = splits.train, splits.test, splits.validation
    if test is None and table.test > 0:
        train, test = data.split(train, table.test, seed, "test")
    if table.folds is not None:
        if validation is not None:
            raise DataError(
                f"{table.source}: folds (={table.folds}) are expected where the data has no validation split, it has "
                "one; leave folds out of [data]"
            )
        train, validation = data.fold(train, table.folds, table.fold, seed)
    elif validation is None and table.validation > 0:
        train, validation = data.split(train, table.validation, seed)
    return replace(splits, train=train, test=test, validation=validation)


def training_loader(
    network: Network, train: Dataset, settings: Train | None = None, on_event: OnEvent = ignore
) -> Loader:
    """The batches of a training on these samples, augmented as the spec says; `settings` are by default the spec's."""
    spec = network.spec
    augmentation = Augmentation.of(spec, network.output_shape, train.inputs.dtype)
    if augmentation is not None:
        # What it compiles is compiled now, so that no step waits for it.
        some = np.arange(min(2, len(train)))
        augmentation(
            *train.loaded(some),
            some,
            epoch=1,
            on_table=lambda what, done, total: on_event(Compiling(what, done, total)),
        )
    return Loader(train, settings or spec.train, augmentation, threads=spec.data.loader_threads if spec.data else 0)


def named_splits(splits: Splits) -> dict[str, Dataset]:
    """The splits that there are, by name."""
    named = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    return {name: dataset for name, dataset in named.items() if dataset is not None}


def normalization(network: Network, train: Dataset, on_event: OnEvent = ignore) -> dict[str, list[float]] | None:
    """Mean and deviation by channel of the training split, or None where the spec wants none."""
    table = network.spec.data
    if table is None or not table.normalize:
        return None
    what, size = f"{table.source}, mean and deviation", sample_bytes(train.inputs)

    def on_progress(done: int, total: int) -> None:
        on_event(Loading(what, done * size, total * size))

    # Of samples in memory they are there at once.
    mean, std = data.statistics(train, on_progress if train.is_stored else None)
    return {"mean": mean.tolist(), "std": std.tolist()}
