"""One look at everything, whatever is broken."""

import importlib
from collections.abc import Callable

from nbcnn.errors import NbcnnError
from nbcnn.examination.findings import Examination, Problem, Section

# In the order of their names here; each module has functions that return a section.
_LOOKS = (
    ("software", "nbcnn"),
    ("software", "libraries"),
    ("software", "extras"),
    ("hardware", "processor"),
    ("hardware", "threads"),
    ("hardware", "memory"),
    ("hardware", "gpu"),
    ("places", "cache"),
    ("places", "data"),
    ("settings", "environment"),
)


def doctor() -> Examination:
    """What nbcnn finds on this machine, and what is wrong with it; raises nothing."""
    return Examination(tuple(_look(module, name) for module, name in _LOOKS))


def _look(module: str, name: str) -> Section:
    try:
        look: Callable[[], Section] = getattr(importlib.import_module(f"nbcnn.examination.{module}"), name)
        return look()
    except NbcnnError as error:
        message, _, cure = str(error).rpartition("; ")
        return Section(name, {}, (Problem("error", message, cure),))
    # A broken library may raise anything, and the other sections are wanted then.
    except Exception as error:
        text = (
            f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no reason given'}"
        )
        return Section(name, {}, (Problem("error", f"{name} cannot be looked at: {text}", "install nbcnn anew"),))
