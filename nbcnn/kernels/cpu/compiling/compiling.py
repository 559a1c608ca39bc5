"""Compiled kernels by address: from the cache on disk, or compiled into it side by side with helpers."""

import os
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from nbcnn.kernels.cpu.compiling.cache import cached_callback, is_cached, refuse_without_compiler
from nbcnn.kernels.cpu.compiling.helpers import helpers
from nbcnn.kernels.cpu.language import later
from nbcnn.kernels.cpu.program.calls import Kernel

later.load()

OnCompile = Callable[[str, int, int], None]

_SIGNATURE = "void(int64,int64,int64,int64)"
_compiled: dict[Kernel, Any] = {}


def compile_kernel(kernel: Kernel) -> Any:
    """A kernel as Numba's callback, from the cache where it is there."""
    return cached_callback(kernel.identity, _SIGNATURE, kernel.factory(*kernel.constants))


def compile_all(
    kernels: Iterable[Kernel], on_compile: OnCompile | None = None, meanwhile: Callable[[], object] | None = None
) -> None:
    """Compile or load every kernel; `meanwhile` is called once helpers have begun with those that are not on disk.

    `on_compile(label, done, total)` is called before each kernel that is compiled or loaded here, and at the end.
    Raises InputError without Numba's compiler.
    """
    refuse_without_compiler()
    with helpers() as pool:
        missing = [kernel for kernel in dict.fromkeys(kernels) if kernel not in _compiled]
        waiting = deque(kernel for kernel in missing if not is_cached(kernel.identity))
        # Processes that start together begin in different places, and find what the others have made meanwhile.
        waiting.rotate(os.getpid())
        done: set[Kernel] = set()

        def report(label: str) -> None:
            if on_compile and missing:
                on_compile(label, len(done), len(missing))

        def compile_here(kernel: Kernel) -> None:
            report(kernel.label)
            _compiled[kernel] = compile_kernel(kernel)
            done.add(kernel)

        pool.compile(waiting, done.add)
        report("")
        if meanwhile:
            meanwhile()
        while waiting:
            # A helper may have taken the last one since.
            for kernel in [waiting.popleft()] if waiting else []:
                compile_here(kernel)
        pool.wait(lambda: report(""))
        # Those that were on disk, those that helpers have put there, and those that one could not.
        for kernel in missing:
            if kernel not in _compiled:
                compile_here(kernel)
        report("")


def address_of(kernel: Kernel) -> int:
    """The machine address of a kernel that `compile_all` has seen."""
    address: int = _compiled[kernel].address
    return address
