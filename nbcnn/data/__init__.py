"""Data sets: where they come from, and what is checked before anything reads them."""

from nbcnn.data.catalogue import NAMES, load
from nbcnn.data.channel_statistics import statistics
from nbcnn.data.dataset import Dataset, Splits, check
from nbcnn.data.download import Progress
from nbcnn.data.splitting import split

__all__ = ["NAMES", "Dataset", "Progress", "Splits", "check", "load", "split", "statistics"]
