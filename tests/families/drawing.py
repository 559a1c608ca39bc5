"""What the strategies of several families draw from."""

from hypothesis import strategies as st

BATCHES = st.sampled_from([1, 2, 3, 5, 17])


def per_axis(draw, rank: int, strategy) -> tuple:
    return tuple(draw(strategy) for _ in range(rank))


def pool_padding(draw, kernel_size: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Half the window at most; more is refused by the layers."""
    halves = [st.integers(0, kernel // 2) for kernel in kernel_size]
    return tuple((draw(half), draw(half)) for half in halves)
