"""A process with limits, of which every end is told in words."""

import sys

import pytest

from nbcnn.machine import confined
from nbcnn.machine.confined import ConfinedError

MODULE = """
import os, sys, signal
from nbcnn.machine.confined import confine
confine()
match sys.argv[1]:
    case "speak": print("words")
    case "crash": os.kill(os.getpid(), signal.SIGSEGV)
    case "memory": bytearray(8 << 30)
    case "write": open(sys.argv[2], "wb", buffering=0).write(bytes(10))
    case "fail": sys.exit("it is no HDF5 file")
    case "hang":
        while True: pass
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "confined_work.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return "confined_work"


def test_the_current_folder_stands_in_for_nothing(module, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("numpy", "queue", "signal"):
        (elsewhere / f"{name}.py").write_text("raise SystemExit('of the current folder')")
    monkeypatch.chdir(elsewhere)
    assert confined.confined(module, "speak") == "words\n"


@pytest.mark.skipif(sys.platform != "linux", reason="limits are the system's")
def test_every_end_is_told(module, tmp_path, monkeypatch):
    assert confined.confined(module, "speak") == "words\n"
    for work, words in (
        ("crash", "it crashes with SIGSEGV"),
        ("memory", "it takes more than 4 GiB of memory"),
        ("fail", "it is no HDF5 file"),
        ("write", "File too large|SIGXFSZ"),
    ):
        with pytest.raises(ConfinedError, match=words):
            confined.confined(module, work, str(tmp_path / "file"))
    monkeypatch.setattr(confined, "MOST_SECONDS", 0.2)
    with pytest.raises(ConfinedError, match="seconds"):
        confined.confined(module, "hang")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(OSError):
        confined.confined(module, "speak")
