"""Kernels stay inside the arena: behind it lies a page that nobody may touch, and touching it ends the process."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import ctypes, mmap
import numpy as np
from nbcnn.plan import arena
from nbcnn import functional as F

keep = []

class Guarded:
    # NumPy as the arena sees it, except that memory ends where a forbidden page begins.
    def __getattr__(self, name):
        return getattr(np, name)

    def zeros(self, count, dtype):
        pages = -(-count // mmap.PAGESIZE) + 1
        memory = mmap.mmap(-1, pages * mmap.PAGESIZE)
        whole = np.frombuffer(memory, dtype=dtype)
        end = (pages - 1) * mmap.PAGESIZE
        forbidden = ctypes.c_void_p(whole.ctypes.data + end)
        assert ctypes.CDLL(None).mprotect(forbidden, mmap.PAGESIZE, 0) == 0
        keep.append((memory, whole))
        return whole[end - count : end]

arena.np = Guarded()
random = np.random.default_rng(0)
for inputs, outputs, groups in ((1, 1, 1), (1, 5, 1), (3, 7, 1), (6, 6, 6)):
    x = random.standard_normal((3, inputs, 20, 20))
    weight = random.standard_normal((outputs, inputs // groups, 3, 3))
    y, pullback = F.vjp(F.conv, x, weight, np.zeros(outputs), groups=groups, padding=1)
    pullback(y)
y, pullback = F.vjp(F.linear, random.standard_normal((3, 17)), random.standard_normal((5, 17)))
pullback(y)
y, pullback = F.vjp(F.max_pool, random.standard_normal((3, 2, 9, 9)), 2)
pullback(y)
print("inside")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forbids a page by mprotect")
def test_nothing_reads_or_writes_behind_the_arena() -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "inside"
