"""Random examples for hypothesis: every combination of attributes that a spec may ask for, at sizes of a few pixels."""

import os

from hypothesis import strategies as st

from examples import FAMILIES

COUNT = int(os.environ.get("NBCNN_CONFIGURATIONS", "0"))
"""How many to draw where a test should draw more than usual: .ci/run asks for thousands."""


def all_operations(ranks: tuple[int, ...] = (1, 2, 3)):
    """Draw an example of any operation that computes something."""
    return st.one_of(*(strategy(ranks) for family in FAMILIES for strategy in family.STRATEGIES))
