"""What training will see: some samples as they are, and what augmentation makes of them epoch after epoch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbcnn import network as networks
from nbcnn.augmentation.augmentation import Augmentation
from nbcnn.data import Dataset
from nbcnn.errors import InputError
from nbcnn.spec import Spec
from nbcnn.training.events import OnEvent
from nbcnn.training.samples import load_samples


@dataclass(frozen=True)
class Preview:
    """Samples (n, channels, *space), and each as in so many epochs, (n, epochs, channels, *space).

    `labels` are names of classes, or numbers of the training split where samples have no class; `mixtures` say of each
    augmented sample what it is made of, where samples are mixed, and are otherwise empty.
    """

    samples: NDArray[Any]
    augmented: NDArray[Any]
    labels: tuple[str, ...]
    mixtures: tuple[tuple[str, ...], ...]


def preview(spec: Spec, count: int, epochs: int, data_dir: Path | None, report: OnEvent) -> Preview:
    """`count` samples of the training split, from each class in turn, augmented as in the first `epochs` epochs.

    Raises SpecError and DataError as training does, and InputError where augmentation does not suit the samples.
    """
    for name, value in (("samples", count), ("epochs", epochs)):
        if value < 1:
            raise InputError(f"preview: {name} = {value}: at least 1 is expected")
    network = networks.build(spec)
    splits = load_samples(network, data_dir, Path(spec.file).parent if spec.file else None, report)
    places = _in_turn(splits.train, count)
    inputs, targets = splits.train.loaded(places)
    augmentation = Augmentation.of(spec, network.output_shape, inputs.dtype)
    labels = splits.train.labels
    if labels is None:
        names = tuple(f"sample {place}" for place in places)
    else:
        names = tuple(_name(splits.classes, label) for label in labels[places])
    if augmentation is None:
        return Preview(inputs, np.empty((len(inputs), 0, *inputs.shape[1:]), inputs.dtype), names, ((),) * len(inputs))
    changed = [augmentation(inputs.copy(), targets.copy(), places, epoch) for epoch in range(1, epochs + 1)]
    mixtures: tuple[tuple[str, ...], ...] = ((),) * len(inputs)
    if augmentation.classes is not None:
        mixtures = tuple(
            tuple(_mixture(splits.classes, shares[number]) for _, shares in changed) for number in range(len(inputs))
        )
    return Preview(inputs, np.stack([each for each, _ in changed], axis=1), names, mixtures)


def _in_turn(train: Dataset, count: int) -> NDArray[np.int64]:
    """Places of samples: the first of every class, the second of every class, and so on; in rising order."""
    if train.labels is None:
        return np.arange(min(count, len(train)), dtype=np.int64)
    order = np.argsort(train.labels, kind="stable")
    ranked = train.labels[order]
    which = np.arange(len(order)) - np.searchsorted(ranked, ranked)
    return np.sort(order[np.lexsort((ranked, which))][:count]).astype(np.int64)


def _name(classes: tuple[str, ...], label: int) -> str:
    return classes[label] if 0 <= label < len(classes) else str(label)


def _mixture(classes: tuple[str, ...], shares: NDArray[np.float32]) -> str:
    """70% cat, 30% dog; of one class alone nothing."""
    first, second = np.argsort(-shares, kind="stable")[:2]
    if round(100 * float(shares[second])) == 0:
        return ""
    return ", ".join(f"{100 * shares[each]:.0f}% {_name(classes, each)}" for each in (first, second))
