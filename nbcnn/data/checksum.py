"""A checksum by which samples are known again."""

import hashlib

import numpy as np

from nbcnn.data.dataset import Array, Dataset
from nbcnn.data.stored import Stored

MOST_BYTES = 64 << 20
"""Of an array with more, evenly spaced samples are read: a tenth of a second or so, whatever the data's size."""

COVERS = (
    "SHA-256 over type, shape and numbers of inputs and targets as they are before normalisation; of an "
    f"array of more than {MOST_BYTES >> 20} MiB over every k-th sample, with the least k that leaves no more than that"
)


def checksum(dataset: Dataset) -> str:
    """A hexadecimal number that differs wherever what `COVERS` names differs."""
    digest = hashlib.sha256()
    for array in (dataset.inputs, dataset.targets):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(_sampled(array).data)
    return digest.hexdigest()


def _sampled(array: Array | Stored) -> Array:
    every = max(1, -(-array.nbytes // MOST_BYTES))
    return np.ascontiguousarray(array[::every]).reshape(-1)
