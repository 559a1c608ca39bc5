"""The kernel cache: damaged and foreign entries are built anew, and without a home it lies in the temporary folder.

Numba by itself loads what it finds: a truncated entry kills the process, a flipped bit may compute wrongly.
"""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMPUTE = """
import json
import numpy as np
from nbcnn import functional
from nbcnn.kernels.cpu.compiling.cache import cache_folder
y = functional.relu(np.linspace(-1, 1, 100).reshape(10, 10))
print(json.dumps([str(cache_folder()), y.tobytes().hex()]))
"""


def compute(environment: dict[str, str]) -> tuple[Path, str]:
    """Run a small operation in a new process; return its cache folder and its result."""
    inherited = {key: value for key, value in os.environ.items() if key not in ("NBCNN_CACHE", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", COMPUTE], env=inherited | environment, check=True, capture_output=True, text=True
    )
    folder, result = json.loads(done.stdout)
    return Path(folder), result


@pytest.fixture(scope="module")
def homeless(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A first run where neither the home nor the folder asked for can be written to: a file is in their way."""
    temporary = tmp_path_factory.mktemp("temporary")
    return compute({"HOME": os.devnull, "NBCNN_CACHE": f"{os.devnull}/cache", "TMPDIR": str(temporary)})


@pytest.fixture
def cache(homeless: tuple[Path, str], tmp_path: Path) -> Path:
    """A sound cache of our own, copied from the first run's."""
    shutil.copytree(homeless[0], tmp_path / "cache" / homeless[0].name)
    return tmp_path / "cache" / homeless[0].name


def entries(folder: Path, suffix: str) -> list[Path]:
    return sorted(folder.rglob(f"*{suffix}"))


def is_sound(path: Path) -> bool:
    return path.with_name(f"{path.name}.sha256").read_text() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_without_a_home_the_cache_lies_in_the_temporary_folder(homeless: tuple[Path, str]) -> None:
    folder, _ = homeless
    assert folder.parent.parent.name.startswith("temporary")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(map(is_sound, entries(folder, ".nbc") + entries(folder, ".nbi")))


def test_sound_entries_are_used(cache: Path, homeless: tuple[Path, str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in entries(cache, ".nbc")}
    assert len(before) >= 3
    assert compute({"NBCNN_CACHE": str(cache.parent)}) == (cache, homeless[1])
    assert {path: path.stat().st_mtime_ns for path in entries(cache, ".nbc")} == before


class Intruder:
    """What a foreign index may hold: Numba unpickles it, and this then makes a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self._folder),)


def test_damaged_and_foreign_entries_are_built_anew(cache: Path, homeless: tuple[Path, str], tmp_path: Path) -> None:
    code, indices = entries(cache, ".nbc"), entries(cache, ".nbi")
    truncated, flipped, foreign, *_ = code
    truncated.write_bytes(truncated.read_bytes()[:-100])
    bits = bytearray(flipped.read_bytes())
    bits[len(bits) // 2] ^= 1
    flipped.write_bytes(bits)
    foreign.write_bytes(b"what another program left here")
    foreign.with_name(f"{foreign.name}.sha256").unlink()
    indices[0].write_bytes(pickle.dumps(Intruder(tmp_path / "intruded")))
    indices[1].write_bytes(b"")
    assert compute({"NBCNN_CACHE": str(cache.parent)}) == (cache, homeless[1])
    assert not (tmp_path / "intruded").exists()
    assert len(entries(cache, ".nbc")) == len(code)
    assert all(map(is_sound, entries(cache, ".nbc") + entries(cache, ".nbi")))
