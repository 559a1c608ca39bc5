"""First values of parameters, and the files that keep them."""

from nbcnn.weights.initialise import initialise
from nbcnn.weights.snapshot import Snapshot, check_fits

__all__ = ["Snapshot", "check_fits", "initialise"]
