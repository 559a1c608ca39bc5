"""After a warm-up, a first training, evaluation and prediction compile nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nbcnn
from nbcnn.kernels.cpu.compiling import cache

SPECS = Path(__file__).parents[2] / "specs"
TRAIN = """
import json
import numpy as np
from numba.core.event import RecordingListener, install_listener
import nbcnn
from nbcnn.spec import parse

passes = RecordingListener()
with install_listener("numba:run_pass", passes):
    {work}
print(len(passes.buffer))
"""
TABLES = {
    "input": {"shape": [1, 8, 8]},
    "data": {"source": "digits"},
    # Mixing trains on probabilities, while validation compares with class numbers.
    "augment": [{"type": "random_crop", "padding": 1}, {"type": "mixup"}],
    "train": {"epochs": 1, "batch_size": 100, "ema": {}},
}
LINEAR = [{"type": "flatten"}, {"type": "linear", "out_features": 10}]
CONV = [
    {"type": "conv", "out_channels": 2, "kernel_size": 3, "activation": "relu"},
    {"type": "max_pool", "kernel_size": 2},
]


def passes(work: str, place: Path) -> int:
    """How many passes of Numba's compiler ran in a new process."""
    environment = os.environ | {"NBCNN_CACHE": str(place / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", TRAIN.format(work=work)], cwd=place, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "layers",
    # Into an empty cache, convolutions take a quarter of a minute to compile.
    [pytest.param(LINEAR, id="linear"), pytest.param(CONV + LINEAR, id="conv", marks=pytest.mark.slow)],
)
def test_after_a_warm_up_nothing_is_compiled(tmp_path: Path, layers: list[dict[str, Any]]) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    (tmp_path / "spec.json").write_text(json.dumps(TABLES | {"layers": layers}))
    assert passes("nbcnn.warmup(nbcnn.load_spec('spec.json'))", tmp_path) > 0
    work = "nbcnn.train(nbcnn.load_spec('spec.json'), out='run'); nbcnn.evaluate('run/model.h5'); "
    work += "np.save('x.npy', np.zeros((1, 8, 8), np.float32)); nbcnn.predict('run/model.h5', ['x.npy'])"
    assert passes(work, tmp_path) == 0


def test_what_a_warm_up_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = nbcnn.load_spec(SPECS / "digits.toml")
    first, again = nbcnn.warmup(spec), nbcnn.warmup(spec, spec)
    assert first.kernels == again.kernels >= first.compiled
    assert again.compiled == 0
    assert again.size == first.size > 10_000 * first.kernels
    assert again.as_dict() == {
        "folder": str(first.folder),
        "kernels": first.kernels,
        "compiled": 0,
        "bytes": first.size,
    }


def test_without_room_nothing_counts_as_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache.entries, "size", lambda name: 0)
    assert nbcnn.warmup(nbcnn.load_spec(SPECS / "digits.toml")).compiled == 0
