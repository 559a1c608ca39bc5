"""A disk that is full or fails, and a process that is killed, at every operation of a run in turn.

Here the operations are Python's, and the engine is a fake one; `tools/trust/faults.py` goes beneath the process.
"""

import errno
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import FakeTrainer

from nbcnn.errors import InputError, NbcnnError
from nbcnn.spec import Spec
from nbcnn.training.record import checkpoints
from nbcnn.training.run import train
from nbcnn.weights import store

MakeSpec = Callable[..., Spec]
OPERATIONS = ("open", "write", "fsync", "replace", "link", "unlink", "mkdir", "rmdir")
NEED_SPACE = {"open", "append", "write", "fsync", "link", "mkdir"}
KINDS = ("full", "broken", "error", "killed")


class Killed(BaseException):
    """What would be done afterwards is not done: not even tidying up succeeds."""


class Disk:
    """Counts operations, of which the `at`-th does not succeed, and by its `kind` neither do those that follow."""

    def __init__(self, kind: str, at: int) -> None:
        self.kind, self.at, self.count = kind, at, 0

    def operation(self, name: str) -> None:
        self.count += 1
        is_later = self.count > self.at and self.kind != "error" and (self.kind != "full" or name in NEED_SPACE)
        if self.count == self.at or is_later:
            if self.kind == "killed":
                raise Killed
            number = errno.ENOSPC if self.kind == "full" else errno.EIO
            raise OSError(number, os.strerror(number))


@contextmanager
def beneath(disk: Disk) -> Iterator[None]:
    """Operations in this block go to the disk."""

    def through(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if name != "open" or arguments[1] & (os.O_WRONLY | os.O_RDWR):
                disk.operation(name)
            return real(*arguments, **options)

        return call

    def append(path: Path, mode: str = "r", *arguments: Any, real: Any = Path.open, **options: Any) -> Any:
        if mode == "a":
            disk.operation("append")
        return real(path, mode, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        for name in OPERATIONS:
            patch.setattr(os, name, through(name, getattr(os, name)))
        patch.setattr(Path, "open", append)
        yield


@pytest.fixture(autouse=True)
def save_after_every_epoch(fake_engine: type[FakeTrainer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "SHORTEST_INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE_OF_TIME", 1e9)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # nothing here asks a real disk to hold anything


def assert_same(first: Path, second: Path) -> None:
    assert (first / "model.h5").read_bytes() == (second / "model.h5").read_bytes()
    one, other = (store.load(folder / "last.h5") for folder in (first, second))
    for mine, theirs in ((one.parameters, other.parameters), (one.optimizer or {}, other.optimizer or {})):
        assert mine.keys() == theirs.keys()
        assert all(np.array_equal(mine[key], theirs[key]) for key in mine)
    assert {path.name for path in first.iterdir()} == {path.name for path in second.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_survives_a_fault_at_every_operation(spec: MakeSpec, kind: str) -> None:
    described = spec(epochs=2, batch_size=500)
    disk = Disk("error", 0)
    with beneath(disk):
        train(described, out="whole")
    assert disk.count > 60
    # All of them, in four tests together.
    for at in range(1 + KINDS.index(kind), disk.count + 1, len(KINDS)):
        with beneath(Disk(kind, at)):
            try:
                train(described, out="a")
            except NbcnnError as error:
                assert error.exit_code == 1 and "\n" not in str(error)
            except OSError as error:  # which the command tells in a line
                assert error.errno in (errno.ENOSPC, errno.EIO)
            except Killed:
                pass
        last = Path("a/last.h5")
        if last.exists():
            store.load(last)  # is whole
            train(described, out="a", resume=True)
        else:
            with pytest.raises(InputError, match="to resume"):
                train(described, out="a", resume=True)
            train(described, out="a")
        assert_same(Path("whole"), Path("a"))
        shutil.rmtree("a")


def test_a_second_signal_within_a_save_leaves_the_checkpoint_before(
    spec: MakeSpec, fake_engine: type[FakeTrainer], signal_in_step: Callable[..., Callable[[int], float]]
) -> None:
    class Interrupting(Disk):
        def operation(self, name: str) -> None:
            written = Path("a/last.h5").exists() and Path("a/run.json").exists()
            if name == "fsync" and written and not self.count:
                self.count = 1
                signal.raise_signal(signal.SIGINT)

    train(spec(), out="whole")
    fake_engine.on_step = staticmethod(signal_in_step(5))
    with pytest.raises(KeyboardInterrupt), beneath(Interrupting("error", 0)):
        train(spec(), out="a")
    fake_engine.on_step = None
    assert not list(Path("a").glob(".*.partial"))
    assert (store.load(Path("a/last.h5")).trainer or {})["step"] == 0
    train(spec(), out="a", resume=True)
    assert_same(Path("whole"), Path("a"))
