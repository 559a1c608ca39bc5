"""First values of parameters, and the files that keep them; store.py, which needs h5py, is imported by its name."""

from nbcnn.weights.initialise import initialise
from nbcnn.weights.snapshot import Snapshot, check_fits

__all__ = ["Snapshot", "check_fits", "initialise"]
