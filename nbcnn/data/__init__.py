"""Data sets: where they come from, and what is checked before anything reads them."""

from nbcnn.data.catalogue import NAMES, load
from nbcnn.data.channel_statistics import statistics
from nbcnn.data.checksum import COVERS, checksum
from nbcnn.data.dataset import Dataset, Splits
from nbcnn.data.download import Progress
from nbcnn.data.splitting import fold, split
from nbcnn.data.targets import ClassNumbers, Numbers, Wanted, checked_targets, fitted

__all__ = [
    "COVERS",
    "NAMES",
    "ClassNumbers",
    "Dataset",
    "Numbers",
    "Progress",
    "Splits",
    "Wanted",
    "checked_targets",
    "checksum",
    "fitted",
    "fold",
    "load",
    "split",
    "statistics",
]
