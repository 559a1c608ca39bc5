"""Max pooling."""

from typing import Literal

from nbcnn.layers.pool import ExtremePool


class MaxPool(ExtremePool):
    """The largest number of each window; padding counts as minus infinity, ties go to the first."""

    type: Literal["max_pool"]
