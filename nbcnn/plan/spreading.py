"""Threads that share the work of one call, by ranges of its units: filters or channels.

What a phase does for the whole batch is always parted. In a walk, depth first, a block is one thread's; but where
blocks are left that are fewer than the threads, every call that is worth it is parted as well, and all threads meet
after it. No sum is parted, so the bits stay the same.
"""

from collections.abc import Sequence

from nbcnn.kernels.cpu.program.calls import Call

# Vector operations from which on a call is worth it: threads meet, and each reads what others wrote into their caches.
WORTHWHILE = 1 << 18
# Into how many parts a phase's call is cut for each thread, so that one that is held up does not hold up all.
PARTS_PER_WORKER = 4


def parted(call: Call, count: int) -> list[Call]:
    """The call for one range of its units after the other, in `count` ranges or as many as it has units."""
    if call.units == 1 or call.outline:
        return [call] * min(call.units, count)
    bounds = sorted({call.units * number // count for number in range(count + 1)})
    return [call.part(first, last) for first, last in zip(bounds, bounds[1:], strict=False)]


def segments(calls: Sequence[Call], workers: int, worthwhile: float | None = None) -> list[list[list[Call]]]:
    """A walk's calls as one block makes them with all workers: one segment after the other, the lists of each at once.

    A call is shared that has at least `worthwhile` vector operations, by default WORTHWHILE; empty where there is none.
    """
    least = WORTHWHILE if worthwhile is None else worthwhile
    found: list[list[list[Call]]] = []
    alone: list[Call] = []
    for call in calls:
        pieces = parted(call, workers) if call.work >= least else [call]
        if len(pieces) > 1:
            found.extend(segment for segment in ([alone], [[piece] for piece in pieces]) if segment[0])
            alone = []
        else:
            alone.append(call)
    if found and alone:
        found.append([alone])
    return found
