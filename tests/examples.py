"""The one table of layer examples: adding a layer adds a row to its family, and every check over the table covers it.

The rows are awkward on purpose: batches of one and of one more than the lanes, sizes that leave a remainder, strides
above the kernel, one channel, uneven padding. `why` says which edge a row stands for and names it in the test report.
"""

from families import activations, convolutions, dropouts, losses, merging, norms, pools, resampling, shapes, softmaxes
from families.example import Example

__all__ = ["EXAMPLES", "FAMILIES", "Example"]

FAMILIES = (convolutions, resampling, pools, norms, shapes, activations, softmaxes, dropouts, merging, losses)
EXAMPLES: list[Example] = [example for family in FAMILIES for example in family.EXAMPLES]
