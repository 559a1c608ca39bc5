"""A training run of seconds in which all that a checkpoint must hold changes, as a process that may be ended.

It has batch norm, dropout, Adam, averages of weights, a schedule, augmentation, gradients of several batches to an
update, and validation; it saves after every epoch. Processes are forks of this one, which has imported nbcnn.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nbcnn.training.run  # noqa: F401 - here, so that no fork has to
from nbcnn.training.record import checkpoints
from nbcnn.weights import store
from nbcnn_cli import progress, signals  # noqa: F401
from nbcnn_cli.main import main

checkpoints.SHORTEST_INTERVAL, checkpoints.SHARE_OF_TIME = 0.0, 1e9

SPEC: dict[str, Any] = {
    "name": "small",
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "conv", "out_channels": 8, "kernel_size": 3, "padding": 1, "bias": False},
        {"type": "batch_norm", "activation": "relu"},
        {"type": "max_pool", "kernel_size": 2},
        {"type": "dropout", "p": 0.2},
        {"type": "flatten"},
        {"type": "linear", "out_features": 10},
    ],
    "data": {"source": "digits"},
    "augment": [{"type": "random_crop", "padding": 1}, {"type": "gaussian_noise", "sigma": 0.05}],
    "train": {
        "epochs": 8,
        "batch_size": 25,
        "seed": 3,
        "accumulation_steps": 2,
        "optimizer": {"type": "adam", "lr": 0.01},
        "schedule": {"type": "cosine", "warmup_epochs": 1},
        "ema": {"decay": 0.99},
    },
}
TIMES = {"seconds", "images_per_second", "input_wait"}


class Process:
    """`nbcnn train` on the small spec into the folder `out`; `prepare` is called in it before that."""

    def __init__(self, out: Path, *options: str, spec: dict[str, Any] = SPEC, prepare: Callable[[], object] = bool):
        path = out.with_name(f"{out.name}.json")
        path.write_text(json.dumps(spec))
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `wait`
        self.number = os.fork()
        if self.number == 0:
            self._run(["train", str(path), "--out", str(out), *options], prepare)

    def _run(self, arguments: list[str], prepare: Callable[[], object]) -> None:
        code = 1
        try:
            for stream in (1, 2):
                os.dup2(self._output.fileno(), stream)
            prepare()
            main(arguments)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def wait(self) -> tuple[int, str]:
        """The exit code, below 0 for a signal, and all that was printed."""
        _, status = os.waitpid(self.number, 0)
        self._output.seek(0)
        text = self._output.read().decode("utf-8", "replace")
        self._output.close()
        return os.waitstatus_to_exitcode(status), text


def differences(whole: Path, other: Path) -> list[str]:
    """In what two finished runs differ but for times, and what should not be in the folder of the other."""
    found = []
    if (whole / "model.h5").read_bytes() != (other / "model.h5").read_bytes():
        found.append("model.h5")
    one, two = (store.load(folder / "last.h5") for folder in (whole, other))
    for name in ("parameters", "buffers", "optimizer"):
        mine, theirs = getattr(one, name), getattr(two, name)
        if mine.keys() != theirs.keys() or not all(np.array_equal(mine[key], theirs[key]) for key in mine):
            found.append(f"last.h5 {name}")
    if _untimed(one.trainer) != _untimed(two.trainer):
        found.append("last.h5 state")
    if _rows(whole) != _rows(other):
        found.append("history.jsonl")
    if (whole / "test.json").read_bytes() != (other / "test.json").read_bytes():
        found.append("test.json")
    # Where .lock could not be removed, it is nobody's lock.
    expected = {path.name for path in whole.iterdir()} | {".lock"}
    found += [f"{path.name} is left" for path in other.iterdir() if path.name not in expected]
    return found


def _rows(folder: Path) -> list[Any]:
    return [_untimed(json.loads(line)) for line in (folder / "history.jsonl").read_text().splitlines()]


def _untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _untimed(each) for key, each in value.items() if key not in TIMES}
    return [_untimed(each) for each in value] if isinstance(value, list) else value
