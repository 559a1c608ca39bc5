"""A run of the real engine that is interrupted goes on to the same bits, running statistics included."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from nbcnn.errors import Interrupted
from nbcnn.spec import parse
from nbcnn.training import events
from nbcnn.training.run import train
from nbcnn.weights import store

SPEC = parse(
    {
        "name": "norms",
        "input": {"shape": [1, 8, 8]},
        "layers": [
            {"type": "conv", "out_channels": 4, "kernel_size": 3, "bias": False},
            {"type": "batch_norm", "activation": "relu"},
            {"type": "dropout", "p": 0.2},
            {"type": "flatten"},
            {"type": "linear", "out_features": 10},
        ],
        "data": {"source": "digits"},
        "train": {"epochs": 3, "batch_size": 100, "optimizer": {"type": "adam", "lr": 0.01}},
    }
)


def test_batch_norm_and_dropout_resume_bit_for_bit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    train(SPEC, out="whole")

    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.Progress) and event.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="in epoch 2 of 3, after step"):
        train(SPEC, out="parts", on_event=interrupt)
    train(SPEC, out="parts", resume=True)
    for name in ("model.h5", "last.h5"):
        one, other = store.load(Path("whole") / name), store.load(Path("parts") / name)
        assert one.buffers["batch_norm1.running_mean"].any()
        for mine, theirs in ((one.parameters, other.parameters), (one.buffers, other.buffers)):
            assert mine.keys() == theirs.keys()
            assert all(np.array_equal(value, theirs[key]) for key, value in mine.items())
