"""A process that compiles kernels into the cache for another one: what `helpers` starts."""

import json
import os
import signal
import sys
from importlib import import_module

from nbcnn.kernels.cpu.compiling.compiling import compile_kernel
from nbcnn.kernels.cpu.program.calls import Kernel


def main() -> None:
    """Read kernels from standard input, [module, factory, constants] in a line, and answer each with an empty line."""
    # An interrupt is for the one that started us, and ends us with our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        module, factory, constants = json.loads(line)
        compile_kernel(Kernel(getattr(import_module(module), factory), tuple(constants)))
        answers.write("\n")


if __name__ == "__main__":
    main()
