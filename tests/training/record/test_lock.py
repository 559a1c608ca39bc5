"""One run in a folder at a time."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_engine import FakeTrainer

import nbcnn
from nbcnn.errors import InputError
from nbcnn.pictures.source import read_history
from nbcnn.spec import Spec
from nbcnn.training import events
from nbcnn.training.record import checkpoints, lock
from nbcnn.training.run import train

MakeSpec = Callable[..., Spec]

HOLD = """
import sys
from pathlib import Path
from nbcnn.training.record.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("resume", [True, False])
def test_a_second_run_is_refused_and_changes_nothing(
    fake_engine: type[FakeTrainer], spec: MakeSpec, resume: bool
) -> None:
    train(spec(epochs=1), out="a")
    refused: list[str] = []

    def try_again(event: events.Event) -> None:
        if isinstance(event, events.Started):
            before = {path: path.read_bytes() for path in Path("a").iterdir()}
            with pytest.raises(InputError) as error:
                train(spec(), out="a", resume=True)
            refused.append(str(error.value))
            with pytest.raises(InputError, match="already|under way"):
                train(spec(), out="a")
            assert before == {path: path.read_bytes() for path in Path("a").iterdir()}

    if not resume:
        Path("a").rename("b")
    train(spec(), out="a", resume=resume, on_event=try_again)
    assert refused == [
        f"a: another run (process {os.getpid()}) is under way in this folder; wait for its end, or choose another --out"
    ]
    assert not Path("a", lock.LOCK).exists()


def test_a_new_run_is_refused_in_an_empty_folder_of_another(fake_engine: type[FakeTrainer], spec: MakeSpec) -> None:
    Path("a").mkdir()
    with lock.locked(Path("a")), pytest.raises(InputError, match="is under way in this folder"):
        train(spec(), out="a")
    assert not list(Path("a").iterdir())
    train(spec(), out="a")


def test_a_run_that_ended_meanwhile_is_not_overwritten(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbcnn.training.record import folder

    choose = folder.new_folder

    def late(*arguments: object) -> object:
        chosen = choose(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(folder, "new_folder", choose)
        train(spec(epochs=1), out="a")
        return chosen

    monkeypatch.setattr(folder, "new_folder", late)
    with pytest.raises(InputError, match="nothing is overwritten"):
        train(spec(), out="a")
    assert len(Path("a/history.jsonl").read_text().splitlines()) == 1


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=rf"process {process.pid}\)"), lock.locked(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
    assert (tmp_path / lock.LOCK).exists()
    with lock.locked(tmp_path) as refused:
        assert refused is None
        assert (tmp_path / lock.LOCK).read_text() == f"{os.getpid()}\n"
    assert not list(tmp_path.iterdir())


def test_where_files_cannot_be_locked_the_run_says_so_and_goes_on(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "_lock", refuse)
    seen: list[events.Event] = []
    train(spec(), out="a", on_event=seen.append)
    assert events.Unlocked(Path("a"), os.strerror(errno.ENOLCK)) in seen


def test_a_run_under_way_can_be_looked_at(
    fake_engine: type[FakeTrainer], spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SHORTEST_INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE_OF_TIME", 1e9)
    looked: list[int] = []

    def look(event: events.Event) -> None:
        if isinstance(event, events.EpochFinished) and event.record.epoch == 3:
            # As it is while a row is being written.
            with Path("a/history.jsonl").open("a") as file:
                file.write('{"epoch": 4, "lo')
            assert nbcnn.compare(["a"]).runs[0].epochs == len(read_history(Path("a"))) == 3
            assert nbcnn.evaluate("a/model.h5").samples == 355
            looked.append(3)

    train(spec(), out="a", on_event=look)
    assert looked == [3]
