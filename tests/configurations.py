"""Random examples for hypothesis: every combination of attributes that a spec may ask for, at sizes of a few pixels."""

from hypothesis import strategies as st

from examples import FAMILIES


def all_operations(ranks: tuple[int, ...] = (1, 2, 3)):
    """Draw an example of any operation that has neither a random mask nor nothing to compute."""
    return st.one_of(*(strategy(ranks) for family in FAMILIES for strategy in family.STRATEGIES))
