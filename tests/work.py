"""Work counted in lines of Python, where something is to be quick: a clock would tell of the machine, too."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Work:
    """`lines` is how often a line was run, or a loop within one went around."""

    lines = 0


@contextmanager
def counted_work(most: int | None = None) -> Iterator[Work]:
    """Count what this thread does; an AssertionError ends more than the `most` lines that there may be."""
    work, before = Work(), sys.gettrace()

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        work.lines += 1
        if most is not None and work.lines > most:
            sys.settrace(None)
            raise AssertionError(f"this takes more than {most:,} lines of Python")
        return count

    sys.settrace(count)
    try:
        yield work
    finally:
        sys.settrace(before)
    assert most is None or work.lines <= most
