"""Work done ahead of time by threads, with results in order: what comes out does not depend on how many there are."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def in_order(jobs: Iterable[Callable[[], Result]], threads: int, ahead: int) -> Generator[Result]:
    """The results of `jobs` in their order, up to `ahead` of them worked out before they are asked for.

    With 0 threads each job runs when its result is asked for. `jobs` is iterated in the caller's thread. An error of a
    job is raised, as it is, where its result would come. The threads end with the generator: close it.
    """
    if threads == 0:
        for job in jobs:
            yield job()
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, "nbcnn-loader") as pool:
        try:
            for job in jobs:
                waiting.append(pool.submit(job))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
