"""`nbcnn doctor` tells what is there and what is wrong, on broken machines too."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbcnn.errors import NbcnnError
from nbcnn.examination import doctor as doctors
from nbcnn.examination import hardware, places, settings, software
from nbcnn.examination.findings import Section
from nbcnn.kernels.cpu.compiling.folders import Folders


def run(*arguments: str, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    program = f"{before}\nfrom nbcnn_cli.main import main\nmain(['doctor', *{arguments}])"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("NBCNN_", "NUMBA_"))}
    cache = {"NBCNN_CACHE": os.environ["NBCNN_CACHE"]} if "NBCNN_CACHE" in os.environ else {}
    environment = inherited | cache | environment
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)


def problems(section: Section) -> list[tuple[str, str]]:
    return [(problem.severity, problem.message) for problem in section.problems]


def test_it_tells_of_everything() -> None:
    done = run("--format", "json")
    found: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    names = ["nbcnn", "libraries", "extras", "processor", "threads", "memory", "gpu", "cache", "data", "environment"]
    assert list(found["sections"]) == names
    assert {"numpy", "numba", "llvmlite", "h5py", "HDF5", "pydantic"} <= found["sections"]["libraries"].keys()
    assert {"name", "features", "lanes"} == found["sections"]["processor"].keys()
    assert {"cores", "quota", "threads", "threading layer"} == found["sections"]["threads"].keys()
    assert {"kept in", "entries"} <= found["sections"]["cache"].keys()
    assert not [each for each in found["problems"] if each["severity"] == "error"]


# A broken installation: one library is not there, another one fails while it is loaded.
BROKEN = """
import sys
from importlib.abc import MetaPathFinder
class Broken(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "h5py":
            raise ModuleNotFoundError("No module named 'h5py'", name="h5py")
        if name in ("pydantic", "numba"):
            raise OSError(f"{name}: cannot open shared object file")
sys.meta_path.insert(0, Broken())
"""


def test_a_broken_installation_is_told_without_a_traceback() -> None:
    done = run(before=BROKEN)
    assert (done.returncode, done.stderr) == (1, "")
    for line in (
        "  h5py: missing",
        "  numba: broken",
        "error: pydantic cannot be loaded: pydantic: cannot open shared object file; pip install --force-reinstall "
        "pydantic",
        "error: threads cannot be looked at: OSError: numba: cannot open shared object file; install nbcnn anew",
    ):
        assert line in done.stdout.splitlines()
    assert "nothing is wrong" not in done.stdout


def test_what_is_set_wrongly_is_an_error_with_its_cure() -> None:
    done = run(NBCNN_NUM_THREADS="many", NBCNN_THREADS="2", NUMBA_DISABLE_JIT="1")
    assert done.returncode == 1
    for line in (
        "error: NBCNN_NUM_THREADS=many: a whole number from 1 to 1024 is expected; unset it to have a thread for each "
        "core",
        "error: NUMBA_DISABLE_JIT is set, and nbcnn cannot do without the compiler; unset it",
        "warning: NBCNN_THREADS is set, and nothing reads it; the nearest that there is is NBCNN_NUM_THREADS",
    ):
        assert line in done.stdout.splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_it_fits_forty_columns() -> None:
    import pty

    terminal, end = pty.openpty()
    program = "from nbcnn_cli.main import main; main(['doctor'])"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=end, env=os.environ | {"COLUMNS": "40"})
    os.close(end)
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # what Linux says at the end
        pass
    process.wait()
    os.close(terminal)
    lines = shown.decode().splitlines()
    # Paths and versions are not broken up.
    assert max(len(line) for line in lines if " " in line.strip()) <= 40
    assert "threads" in lines


def test_a_look_that_fails_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("the bus is on fire\nand more")

    monkeypatch.setattr(hardware, "gpu", fail)
    found = doctors.doctor()
    assert not found.is_sound
    assert [each for each in found.as_dict()["problems"] if each["severity"] == "error"] == [
        {
            "section": "gpu",
            "severity": "error",
            "message": "gpu cannot be looked at: RuntimeError: the bus is on fire",
            "help": "install nbcnn anew",
        }
    ]


def test_threads_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise NbcnnError("NUMBA_THREADING_LAYER=tbb: no such thing; unset it")

    monkeypatch.setattr(hardware.cores, "thread_count", fail)
    assert problems(hardware.threads()) == [("error", "NUMBA_THREADING_LAYER=tbb: no such thing")]


def test_workqueue_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    hardware.cores.thread_count()
    monkeypatch.setattr(numba, "threading_layer", lambda: "workqueue")
    ((severity, message),) = problems(hardware.threads())
    assert severity == "warning"
    assert "ends the process when two Python threads use Numba at once" in message


def test_more_lanes_than_registers_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBCNN_LANES", "16")
    monkeypatch.setattr(hardware, "processor_features", lambda: {"fma", "avx2"})
    expected = "NBCNN_LANES=16, this processor's registers hold 8: all is slow"
    assert problems(hardware.processor()) == [("warning", expected)]


def test_little_memory_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "available_bytes", lambda: 300 << 20)
    assert problems(hardware.memory()) == [("warning", "300.0 MiB of memory are free")]


def test_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, own = tmp_path / "shared" / "kernels", tmp_path / "own" / "kernels"
    for folder in (shared, own, own.with_name("kernels-of-before")):
        folder.mkdir(parents=True)
    (own / "damaged.code").write_bytes(b"what is no code")
    monkeypatch.setattr(places, "folders", lambda: Folders((shared, own), own, ("/full: others can write to it",)))
    monkeypatch.setattr(places.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 1 << 20}))
    found = places.cache()
    assert found.facts == {
        "read from": f"{shared}, read only",
        "entries there": "0, 0.0 MiB, all sound",
        "kept in": str(own),
        "entries": "1, 0.0 MiB, 1 damaged, which count as missing",
        "room on the disk": "1.0 MiB",
        "of other versions": "1 folders, removed when nobody has used them for 30 days",
    }
    assert problems(found) == [
        ("warning", "/full: others can write to it"),
        ("warning", "the disk of the cache has 1.0 MiB left"),
    ]
    monkeypatch.setattr(places, "folders", lambda: Folders((), None, ()))
    assert problems(places.cache()) == [("warning", "compiled code can be kept nowhere: every start compiles anew")]


def test_a_data_folder_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NBCNN_DATA", str(tmp_path / "file" / "data"))
    ((severity, message),) = problems(places.data())
    assert (severity, message) == ("error", f"{tmp_path / 'file'} is no folder")


def test_extras_that_are_missing_say_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "_version", lambda distribution: None)
    missing = software.extras().facts
    assert missing["plot"] == "not installed: nbcnn plot and report; pip install 'nbcnn[plot]'"
    assert all(text.startswith("not installed") for text in missing.values())


def test_a_variable_like_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBCNN_QQ", "x" * 1000)
    found = settings.environment()
    assert len(found.facts["NBCNN_QQ"]) == 100
    assert ("warning", "NBCNN_QQ is set, and nothing reads it") in problems(found)


def test_a_user_without_a_home_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbcnn.data.published.data_folder", lambda: None)
    assert problems(places.data()) == [("warning", "there is no home folder to keep data sets in")]
