"""Weights of classes that are to count alike, from how often they occur in the training data."""

from dataclasses import replace

import numpy as np

from nbcnn.data import Dataset
from nbcnn.errors import DataError
from nbcnn.network import Network
from nbcnn.spec import CrossEntropy

SAMPLES = 1000
"""Whose targets are counted at a time."""


def with_class_weights(network: Network, train: Dataset) -> Network:
    """The network with numbers in its spec in the place of `weight = "balanced"`, so that whatever is saved has them.

    targets / (classes * targets of the class), which is what scikit-learn's compute_class_weight("balanced") gives, for
    which it names G. King, L. Zeng, Logistic regression in rare events data, 2001. Targets that are ignored do not
    count. Raises DataError for a class that does not occur.
    """
    spec, loss = network.spec, network.spec.train.loss
    if not isinstance(loss, CrossEntropy) or loss.weight != "balanced":
        return network
    classes = network.output_shape[0]
    counts = np.zeros(classes, np.int64)
    for start in range(0, len(train), SAMPLES):  # which may be maps in a file
        targets = train.targets[start : start + SAMPLES]
        counts += np.bincount(targets[targets != loss.ignore_index].reshape(-1), minlength=classes)
    if not counts.all():
        missing = int(np.argmin(counts))
        raise DataError(
            f'weight = "balanced": each of {classes} classes is expected in the training data, class {missing} does '
            "not occur; give numbers, or give the network as many outputs as there are classes"
        )
    weight = tuple((counts.sum() / (classes * counts)).tolist())
    table = spec.train.model_copy(update={"loss": loss.model_copy(update={"weight": weight})})
    return replace(network, spec=spec.model_copy(update={"train": table}))
