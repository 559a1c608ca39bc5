"""How Numba's threads begin."""

import contextlib
import os
from importlib import import_module

# How long a worker that waits for the others burns its core before it sleeps, in turns of libgomp's waiting loop. Its
# own default, 300,000, makes a short step dozens of times slower beside a busy process (try `python -c "while True:
# pass"` beside benchmarks/fashion.py with either setting), because that process gets no core while we wait.
_SPINS = "10000"


def load_threads() -> None:
    """Load the OpenMP threading layer with `_SPINS`, leaving the environment as it was; it reads it while loading."""
    if "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ:
        return
    os.environ["GOMP_SPINCOUNT"] = _SPINS
    # Without OpenMP on the machine, Numba chooses another layer by itself.
    with contextlib.suppress(ImportError):
        import_module("numba.np.ufunc.omppool")
    del os.environ["GOMP_SPINCOUNT"]
