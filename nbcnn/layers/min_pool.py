"""Min pooling."""

from typing import Literal

from nbcnn.layers.pool import ExtremePool


class MinPool(ExtremePool):
    """The smallest number of each window; padding counts as infinity, ties go to the first."""

    type: Literal["min_pool"]
