"""Kernels stay inside their arrays: beside each lies a page that nobody may touch, and touching it ends the process."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

# Runs all examples, forwards and back, or all networks and optimisers, with guarded memory for the arena and for what
# kernels read and write outside of it.
SCRIPT = """
import ctypes, mmap, sys
from types import MappingProxyType
from typing import get_args
import numpy as np
from examples import EXAMPLES
from networks import NETWORKS, named
from operations import arrays, each, functional_vjp, run_functional, upstream
from reference_training import batch
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.model import Model
from nbcnn.plan import arena, single
from nbcnn.spec.optimizers import AnyOptimizer
from nbcnn.training import optimizer
from nbcnn.training.trainer import Trainer

side, what, lanes = sys.argv[1], sys.argv[2], int(sys.argv[3])
protect = ctypes.CDLL(None).mprotect


def guarded(count, beyond=0):
    # `count` bytes, of which the last `beyond` are not to be touched, right behind or right before a forbidden page.
    pages = -(-count // mmap.PAGESIZE)
    whole = np.frombuffer(mmap.mmap(-1, (pages + 2) * mmap.PAGESIZE), np.uint8)
    end = (pages + 1) * mmap.PAGESIZE
    for page in (0, end):
        assert protect(ctypes.c_void_p(whole.ctypes.data + page), mmap.PAGESIZE, 0) == 0
    first = mmap.PAGESIZE if side == "before" else end - (count - beyond)
    return whole[first : first + count]


def copied(values):
    result = guarded(values.nbytes).view(values.dtype).reshape(values.shape)
    result[...] = values
    return result


class Guarded:
    # NumPy as a module sees it, but that it gives guarded memory.
    def __getattr__(self, name):
        return getattr(np, name)

    def zeros(self, count, dtype):
        # The arena begins at the first multiple of its alignment, which is where this memory begins.
        assert dtype == np.uint8 and count % arena.ALIGNMENT == 0
        return guarded(count, beyond=arena.ALIGNMENT)

    def empty(self, shape, dtype):
        return copied(np.empty(shape, dtype))

    def full(self, shape, value, dtype):
        return copied(np.full(shape, value, dtype))


arena.np = single.np = optimizer.np = Guarded()


def run_examples():
    for example in EXAMPLES:
        if example.has_function:
            print(example, flush=True)
            values = [each(copied, value) for value in arrays(example, "float32")]
            y = run_functional(example, values)
            functional_vjp(example, values, copied(upstream(example, np.shape(y), "float32")))


def train(net, samples, **settings):
    model = Model(net)
    model.parameters = MappingProxyType({key: copied(value) for key, value in model.parameters.items()})
    model.buffers = MappingProxyType({key: copied(value) for key, value in model.buffers.items()})
    x, y = map(copied, batch(net, samples))
    Trainer(model, **settings).step_batch(x, y, copied(np.arange(samples)))
    model(x)
    model.compile(samples)(x)
    model.compile(1)(x[:1])


def run_networks():
    for name in NETWORKS:
        print(name, flush=True)
        train(named(name), 19, optimizer={"type": "sgd", "lr": 0.1, "momentum": 0.9}, clip_grad_norm=1.0)
    for table in get_args(get_args(AnyOptimizer)[0]):
        (name,) = get_args(table.model_fields["type"].annotation)
        print(name, flush=True)
        train(named("branches of features"), 3, optimizer={"type": name, "lr": 0.01})
    print("several batches", flush=True)
    train(named("branches of features"), 3, accumulation_steps=2)


with using(lanes):
    {"examples": run_examples, "networks": run_networks}[what]()
print("inside")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forbids a page by mprotect")
@pytest.mark.parametrize("what", ["examples", "networks"])
@pytest.mark.parametrize(("side", "lanes"), [("behind", 16), ("before", 16), ("behind", 4)])
def test_nothing_reads_or_writes_outside_its_arrays(side: str, what: str, lanes: int) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, side, what, str(lanes)], capture_output=True, text=True, cwd=TESTS, check=False
    )
    last = result.stdout.strip().splitlines()[-1:]
    assert (result.returncode, last) == (0, ["inside"]), f"at {last}: {result.stderr[-2000:]}"
