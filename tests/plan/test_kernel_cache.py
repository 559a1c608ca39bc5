"""The kernel cache: damaged and foreign entries are built anew, and without a home it lies in the temporary folder.

Numba by itself loads what it finds: a truncated entry kills the process, a flipped bit may compute wrongly.
"""

import errno
import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from nbcnn.errors import NbcnnWarning
from nbcnn.kernels.cpu.compiling import entries, folders
from nbcnn.kernels.cpu.compiling.folders import Folders

COMPUTE = """
import json
import numpy as np
from nbcnn import functional
from nbcnn.kernels.cpu.compiling.folders import folders
y = functional.relu(np.linspace(-1, 1, 100).reshape(10, 10))
print(json.dumps([str(folders().written), y.tobytes().hex()]))
"""


class Outcome(NamedTuple):
    folder: Path
    result: str | int
    errors: str


def compute(environment: dict[str, str], program: str = COMPUTE) -> Outcome:
    """Run something small in a new process; its cache folder, its result and what it complained of."""
    inherited = {key: value for key, value in os.environ.items() if key not in ("NBCNN_CACHE", "XDG_CACHE_HOME")}
    done = subprocess.run([sys.executable, "-c", program], env=inherited | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder, result = json.loads(done.stdout)
    return Outcome(Path(folder), result, done.stderr)


@pytest.fixture(scope="module")
def homeless(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A first run where neither the home nor the folder asked for can be written to: a file is in their way."""
    temporary = tmp_path_factory.mktemp("temporary")
    return compute({"HOME": os.devnull, "NBCNN_CACHE": f"{os.devnull}/cache", "TMPDIR": str(temporary)})


@pytest.fixture
def cache(homeless: Outcome, tmp_path: Path) -> Path:
    """A sound cache of our own, copied from the first run's."""
    (tmp_path / "cache").mkdir(mode=0o700)
    shutil.copytree(homeless.folder, tmp_path / "cache" / homeless.folder.name)
    return tmp_path / "cache" / homeless.folder.name


def stored(folder: Path) -> list[Path]:
    found = sorted(folder.iterdir())
    assert all(path.suffix == entries.SUFFIX for path in found)
    return found


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in stored(folder)}


def test_without_a_home_the_cache_lies_in_the_temporary_folder(homeless: Outcome) -> None:
    assert homeless.folder.parent.parent.name.startswith("temporary")
    assert homeless.folder.stat().st_mode & 0o777 == 0o700
    assert all(map(entries.is_sound, stored(homeless.folder)))
    assert f"NBCNN_CACHE={os.devnull}/cache: Not a directory" in homeless.errors


def test_sound_entries_are_used(cache: Path, homeless: Outcome) -> None:
    before = times(cache)
    assert len(before) >= 3
    assert compute({"NBCNN_CACHE": str(cache.parent)}) == (cache, homeless.result, "")
    assert times(cache) == before


class Intruder:
    """What a foreign entry may hold: whoever unpickles it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self._folder),)


def truncate(path: Path, other: bytes) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path, other: bytes) -> None:
    bits = bytearray(path.read_bytes())
    bits[len(bits) // 2] ^= 1
    path.write_bytes(bits)


def swap(path: Path, other: bytes) -> None:
    path.write_bytes(other)


def intrude(path: Path, other: bytes) -> None:
    path.write_bytes(path.read_bytes()[:32] + pickle.dumps(Intruder(path.parent.parent / "intruded")))


def empty(path: Path, other: bytes) -> None:
    path.write_bytes(b"")


def let_others_write(path: Path, other: bytes) -> None:
    path.chmod(0o666)


@pytest.mark.parametrize("damages", [(truncate, flip, swap), (intrude, empty, let_others_write)])
def test_damaged_and_foreign_entries_are_built_anew(damages: tuple, cache: Path, homeless: Outcome) -> None:
    before = times(cache)
    whole = [path.read_bytes() for path in before]
    for damage, path, other in zip(damages, before, whole[-1:] + whole, strict=False):
        damage(path, other)
    assert compute({"NBCNN_CACHE": str(cache.parent)}) == (cache, homeless.result, "")
    assert not (cache.parent / "intruded").exists()
    after = times(cache)
    assert list(after) == list(before)
    assert all(map(entries.is_sound, after))
    assert [after[path] > time for path, time in before.items()][:3] == [True] * 3


COMPILE = """
import json
from nbcnn.kernels.cpu.compiling.cache import cached_function
from nbcnn.kernels.cpu.compiling.folders import folders

def double(number):
    return 2 * number

compiled = cached_function("double", "int64(int64)", double)
assert compiled(21) == 42
print(json.dumps([str(folders().written), sum(compiled.stats.cache_hits.values())]))
"""


def test_processors_of_two_kinds_share_a_cache(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    kinds = ({}, {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}) * 2
    found = [compute({"NBCNN_CACHE": str(tmp_path / "cache")} | kind, COMPILE) for kind in kinds]
    assert [each.result for each in found] == [0, 0, 1, 1]


# Files above this size cannot be written, as on a disk that becomes full.
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_full_disk_is_said_and_the_result_is_right(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    folder, _, errors = compute({"NBCNN_CACHE": str(tmp_path / "cache")}, FULL + COMPILE)
    assert list(folder.iterdir()) == []
    assert errors.count(f"{tmp_path / 'cache'}: File too large: what was compiled is not kept") == 1


def test_nowhere_to_write() -> None:
    nowhere = {"HOME": os.devnull, "XDG_CACHE_HOME": os.devnull, "NBCNN_CACHE": os.devnull}
    folder, _, errors = compute(nowhere, f"import tempfile; tempfile.tempdir = {os.devnull!r}\n{COMPILE}")
    assert folder == Path("None")
    assert f"NBCNN_CACHE={os.devnull}: File exists; compiled code is kept elsewhere" in errors
    assert "compiled code cannot be kept, and every start compiles anew" in errors


@pytest.fixture
def bases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The folder that is asked for, and that of the user."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("NBCNN_CACHE", str(tmp_path / "wanted"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "wanted", tmp_path / "nbcnn"


def test_a_folder_that_can_only_be_read_is_read(bases: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folders.folders.__wrapped__().written
    assert folder.parent == bases[0]
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not (mode & os.W_OK and bases[0] in path.parents) and allowed(path, mode)
    )
    found = folders.folders.__wrapped__()
    assert found == Folders((folder, bases[1] / folder.name), bases[1] / folder.name, ())
    # What only the first one has is found there, and what is new goes to the second.
    monkeypatch.setattr(entries, "folders", lambda: Folders((folder,), folder, ()))
    entries.write("old", b"code")
    monkeypatch.setattr(entries, "folders", lambda: found)
    entries.write("new", b"more code")
    assert (entries.read("old"), entries.read("new"), entries.read("neither")) == (b"code", b"more code", None)
    assert [path.stem for path in stored(found.written)] == ["new"]


def test_code_is_not_looked_for_where_one_works(
    bases: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of somebody else's may hold a cache, and what is loaded from there is executed."""
    monkeypatch.delenv("NBCNN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setattr("os.path.expanduser", lambda path: path.replace("~", str(tmp_path / "home")))
    monkeypatch.chdir(tmp_path)
    assert [folder.parent for folder in folders.folders.__wrapped__().read] == [tmp_path / "home" / ".cache" / "nbcnn"]
    assert not (tmp_path / "cache").exists()


def test_what_others_can_write_to_is_not_loaded(bases: tuple[Path, Path]) -> None:
    bases[0].mkdir()
    bases[0].chmod(0o775)
    with pytest.warns(NbcnnWarning, match=r"NBCNN_CACHE=.*wanted: .* others can write to it"):
        found = folders.folders.__wrapped__()
    assert [folder.parent for folder in found.read] == [bases[1]]
    assert list(bases[0].iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
def test_the_folder_may_be_elsewhere(bases: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir(mode=0o700)
    bases[0].symlink_to(tmp_path / "large disk")
    assert folders.folders.__wrapped__().written.parent == tmp_path / "large disk"


def test_a_new_version_removes_what_nobody_used_for_long(bases: tuple[Path, Path]) -> None:
    long_ago = time.time() - (folders.UNUSED_DAYS + 1) * 24 * 60 * 60
    for name in ("kernels-0.0.1-unused", "kernels-0.0.2-used", "something else"):
        (bases[0] / name).mkdir(parents=True)
        (bases[0] / name / "entry").touch()
        if name != "kernels-0.0.2-used":
            os.utime(bases[0] / name, (long_ago, long_ago))
    bases[0].chmod(0o700)
    folder = folders.folders.__wrapped__().written
    kept = {folder.name, "kernels-0.0.2-used", "something else"}
    assert {path.name for path in bases[0].iterdir()} == kept
    # Starts tell that it is in use.
    os.utime(folder, (long_ago, long_ago))
    folders.folders.__wrapped__()
    assert folder.stat().st_mtime > long_ago + 60


def test_a_cache_emptied_meanwhile_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "base" / "kernels"
    monkeypatch.setattr(entries, "folders", lambda: Folders((folder,), folder, ()))
    entries.write("name", b"code")
    shutil.rmtree(tmp_path / "base")
    assert entries.read("name") is None
    entries.write("name", b"code")
    assert entries.read("name") == b"code"


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(entries, "folders", lambda: Folders((tmp_path,), tmp_path, ()))
    monkeypatch.setattr(os, "replace", fail)
    entries._warn_once.cache_clear()
    with pytest.warns(NbcnnWarning, match="No space left on device: what was compiled is not kept"):
        entries.write("name", b"code")
    assert list(tmp_path.iterdir()) == []
