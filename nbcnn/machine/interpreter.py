"""A further process of this very Python, in which this very package is found."""

import os
import sys
from pathlib import Path

import nbcnn


def python_command(module: str, *arguments: str) -> list[str]:
    """`python -m module` with these arguments; raises OSError where this process is no Python interpreter."""
    if not Path(sys.executable or "").stem.lower().startswith("python"):
        raise OSError("this process is a program that has Python within, and no interpreter")
    # Without -P, files of the current folder could stand in for modules.
    return [sys.executable, "-P", "-m", module, *arguments]


def python_path() -> str:
    """Such a process's PYTHONPATH: where this one finds its modules, but for what counts from the current folder."""
    package = Path(nbcnn.__file__).resolve().parent.parent
    return os.pathsep.join([*(path for path in sys.path if os.path.isabs(path)), str(package)])
