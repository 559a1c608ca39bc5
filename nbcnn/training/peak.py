"""The most that this machine computes: NumPy's best matrix product of float32.

This file is also a program of its own: a library for matrix products reads how many threads to use while it loads.
"""

import os
import subprocess
import sys
import time

_THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
# Rows and columns: the larger suits many threads, the smaller one core's cache.
_SIZES = (768, 1536)
_SECONDS = 0.25


def product_gflops(threads: int) -> float:
    """GFLOP/s of NumPy's product on so many threads, in a process of its own; 0 where there can be none."""
    environment = os.environ | dict.fromkeys(_THREAD_SETTINGS, str(threads))
    try:
        # Without -P, files of this folder would stand in for modules of the standard library.
        command = [sys.executable, "-P", __file__]
        printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0.0
    return float(printed)


def _best_product() -> float:
    import numpy as np

    best = 0.0
    for size in _SIZES:
        a, b = np.random.default_rng(0).random((2, size, size), dtype=np.float32)
        product = a @ b
        end = time.perf_counter() + _SECONDS
        while (begin := time.perf_counter()) < end:
            np.matmul(a, b, out=product)
            best = max(best, 2e-9 * size**3 / (time.perf_counter() - begin))
    return best


if __name__ == "__main__":
    print(_best_product())
