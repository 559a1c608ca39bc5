"""What a start compiles: each kernel once for a machine, in this process or a helper's, and the next time nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Everything that Numba compiles runs through its passes, whoever asks for it.
TRAIN = """
import json, sys
import numpy as np
from numba.core.event import RecordingListener, install_listener
from nbcnn.kernels.cpu.compiling import compiling
from nbcnn.model import Model
from nbcnn.network import build
from nbcnn.spec import parse
from nbcnn.training.trainer import Trainer

layers = [
    {"type": "conv", "out_channels": 3, "kernel_size": 3},
    {"type": "flatten"},
    {"type": "linear", "out_features": 3},
]
network = build(parse({"input": {"shape": [2, 6, 6]}, "layers": layers}))
passes = RecordingListener()
events = []
with install_listener("numba:run_pass", passes):
    trainer = Trainer(Model(network), batch_size=9, on_compile=lambda *event: events.append(event))
    loss = trainer.step(np.ones((9, 2, 6, 6), dtype=np.float32), np.zeros(9, dtype=np.int64))
loaded = sum(kernel._cache_hits for kernel in compiling._compiled.values())
print(json.dumps([len(passes.buffer), len(compiling._compiled), loaded, events, loss]))
"""


Start = tuple[int, int, int, list[tuple[str, int, int]], float]


def train(cache: Path, threads: int, command: str = TRAIN) -> Start:
    """Passes run, kernels, those of them that were loaded, events and the loss of a first step in a new process."""
    environment = os.environ | {"NBCNN_CACHE": str(cache), "NUMBA_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", command], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    passes, kernels, loaded, events, loss = json.loads(done.stdout)
    return passes, kernels, loaded, [tuple(event) for event in events], loss


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def cold(cache: Path) -> Start:
    return train(cache, 2)


def test_a_helper_compiles_beside_this_process(cold: Start) -> None:
    passes, kernels, loaded, events, _ = cold
    # What was loaded into an empty cache's process, another one has compiled.
    assert kernels > 8
    assert 0 < loaded < kernels
    assert passes > 0
    done = [event[1] for event in events]
    assert done == sorted(done)
    assert events[-1] == ("", kernels, kernels)


def test_the_next_process_compiles_nothing(cache: Path, cold: Start) -> None:
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*.code")}
    for threads in (1, 2):
        passes, kernels, loaded, _, loss = train(cache, threads)
        assert (passes, kernels, loaded, loss) == (0, cold[1], cold[1], cold[4])
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.code")} == before


@pytest.mark.parametrize("interpreter", ["None", "that leaves with the first kernel"])
def test_without_helpers_this_process_compiles_alone(interpreter: str, tmp_path: Path, cold: Start) -> None:
    if interpreter != "None":
        script = tmp_path / "python"
        script.write_text("#!/bin/sh\nread kernel\n")
        script.chmod(0o700)
        interpreter = repr(str(script))
    _, kernels, loaded, _, loss = train(tmp_path, 2, f"import sys; sys.executable = {interpreter}\n{TRAIN}")
    assert (kernels, loaded, loss) == (cold[1], 0, cold[4])


def test_without_the_compiler_there_is_one_error(tmp_path: Path) -> None:
    call = "import nbcnn, numpy as np; nbcnn.functional.relu(np.zeros((1, 1, 4), np.float32))"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "NBCNN_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", call], env=environment, capture_output=True, text=True)
    assert done.stderr.endswith("InputError: NUMBA_DISABLE_JIT: nbcnn computes with compiled code alone; unset it\n")
