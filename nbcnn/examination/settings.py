"""Variables of the environment that change what nbcnn does."""

import difflib
import os

from nbcnn.examination.findings import Problem, Section

_OURS = ("NBCNN_CACHE", "NBCNN_DATA", "NBCNN_LANES", "NBCNN_LANG", "NBCNN_NUM_THREADS")
_PREFIXES = ("NBCNN_", "NUMBA_", "OMP_", "GOMP_")
_LONGEST = 100


def environment() -> Section:
    """All that are set of ours, Numba's and OpenMP's."""
    set_here = {name: value[:_LONGEST] for name, value in sorted(os.environ.items()) if name.startswith(_PREFIXES)}
    problems = []
    for name in set_here:
        if name.startswith("NBCNN_") and name not in _OURS:
            near = difflib.get_close_matches(name, _OURS, n=1)
            cure = f"the nearest that there is is {near[0]}" if near else f"there are {', '.join(_OURS)}"
            problems.append(Problem("warning", f"{name} is set, and nothing reads it", cure))
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        problems.append(
            Problem("error", "NUMBA_DISABLE_JIT is set, and nbcnn cannot do without the compiler", "unset it")
        )
    return Section("environment", set_here, (*problems,))
