"""What `nbcnn validate` says that training takes, beside what a process grows by when it trains.

usage: python benchmarks/memory.py [SPEC...], by default the nine workloads. Each is measured in a process of its own,
which first takes steps with a trainer that it then gives back, so that compiled code and threads do not count.
"""

import ctypes
import gc
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from worker import memory
from workload import WORKLOADS

from nbcnn import Model, Trainer, build, load_spec
from nbcnn.network import Network

STEPS = 4
MIB = 1 << 20


def give_back() -> None:
    """Return to the operating system what was freed."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def train(network: Network, x: np.ndarray, y: np.ndarray) -> int:
    """A few steps as the spec says, on one batch; returns the most bytes in memory meanwhile."""
    table = network.spec.train
    trainer = Trainer(
        Model(network),
        loss=table.loss,
        optimizer=table.optimizer.model_dump(),
        batch_size=table.batch_size,
        clip_grad_norm=table.clip_grad_norm,
        clip_grad_value=table.clip_grad_value,
        shared_gradients=table.shared_gradients,
    )
    indices = np.arange(table.batch_size)
    # What drawing weights took is given back, and its peak forgotten.
    give_back()
    Path("/proc/self/clear_refs").write_text("5")
    for _ in range(STEPS):
        trainer.step_batch(x, y, indices)
    return memory()["peak"]


def measure(spec: str) -> dict[str, int]:
    """Bytes predicted, and those by which the resident set grew in steps."""
    network = build(load_spec(spec))
    samples = network.spec.train.batch_size
    x = np.random.default_rng(0).standard_normal((samples, *network.input_shape)).astype(np.float32)
    y = np.arange(samples) % network.output_shape[0]
    train(network, x, y)
    give_back()
    before = memory()["now"]
    grown = train(network, x, y) - before
    return {"predicted": network.report()["totals"]["training_bytes"], "grown": grown}


def main() -> None:
    specs = sys.argv[1:] or sorted(map(str, WORKLOADS.glob("*.toml")))
    print(f"{'':24}{'validate, MiB':>16}{'measured, MiB':>16}{'difference':>12}")
    for spec in specs:
        command = [sys.executable, __file__, "--one", spec]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        difference = found["predicted"] / found["grown"] - 1
        print(
            f"{Path(spec).stem:24}{found['predicted'] / MIB:16.1f}{found['grown'] / MIB:16.1f}{difference:12.1%}",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        main()
