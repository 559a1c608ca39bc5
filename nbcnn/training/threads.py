"""How many threads the kernels use."""

from collections.abc import Iterator
from contextlib import contextmanager

import numba

from nbcnn.errors import InputError
from nbcnn.machine.cores import asked_for, most_threads, thread_count


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Let kernels run on `count` threads inside the block; None leaves things as they are. Raises InputError."""
    if count is None:
        yield
        return
    most = most_threads()
    if not 1 <= count <= most:
        raise InputError(
            f"threads = {count}: from 1 to {most} threads are available; choose one of these, or set the environment's "
            "NUMBA_NUM_THREADS to have more than there are cores for this process"
        )
    with asked_for(count):
        before = thread_count()
        numba.set_num_threads(count)
        try:
            yield
        finally:
            numba.set_num_threads(before)
