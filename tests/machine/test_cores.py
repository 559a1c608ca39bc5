"""How many threads compute: as many as cores and control groups allow, or as the user wants."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from nbcnn.machine import cores


def fake(root: Path, membership: str, files: dict[str, str]) -> Path:
    """A file system with this in /proc/self/cgroup and these files in /sys/fs/cgroup."""
    for path, text in {"proc/self/cgroup": membership, **{f"sys/fs/cgroup/{k}": v for k, v in files.items()}}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n")
    return root


V1 = "3:cpuset:/box\n2:cpu,cpuacct:/box\n0::/"


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/", {"cpu.max": "150000 100000"}, 1.5),
        ("0::/", {"cpu.max": "max 100000"}, math.inf),
        ("0::/", {}, math.inf),
        # The tightest group on the way up counts.
        ("0::/a/b", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"}, 3.0),
        ("0::/a/b", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "50000 100000"}, 0.5),
        # A group that is not on the way does not.
        ("0::/a", {"b/cpu.max": "50000 100000"}, math.inf),
        # Within a container, the path is sometimes the one outside.
        ("0::/docker/0123", {"cpu.max": "200000 100000"}, 2.0),
        ("0::/a", {"unified/a/cpu.max": "200000 100000"}, 2.0),
        (V1, {"cpu,cpuacct/box/cpu.cfs_quota_us": "250000", "cpu,cpuacct/box/cpu.cfs_period_us": "100000"}, 2.5),
        (V1, {"cpu/cpu.cfs_quota_us": "250000", "cpu/cpu.cfs_period_us": "100000"}, 2.5),
        (V1, {"cpu,cpuacct/box/cpu.cfs_quota_us": "-1", "cpu,cpuacct/box/cpu.cfs_period_us": "100000"}, math.inf),
        (V1, {"cpu,cpuacct/box/cpu.cfs_quota_us": "250000"}, math.inf),
        ("0::/", {"cpu.max": "much too much"}, math.inf),
        ("0::/", {"cpu.max": "100000 0"}, math.inf),
    ],
)
def test_quota(tmp_path: Path, membership: str, files: dict[str, str], expected: float) -> None:
    assert cores.quota(fake(tmp_path, membership, files)) == expected


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert cores.quota(tmp_path) == math.inf


@pytest.mark.parametrize(("quota", "expected"), [(0.5, 1), (1.0, 1), (2.5, 3), (7.9, 8), (100.0, 8), (math.inf, 8)])
def test_a_part_of_a_core_counts_as_one(monkeypatch: pytest.MonkeyPatch, quota: float, expected: int) -> None:
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 8)
    monkeypatch.setattr(cores, "quota", lambda: quota)
    assert cores.most_threads.__wrapped__() == expected


def test_the_environment_overrides_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "8")
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 8)
    monkeypatch.setattr(cores, "quota", lambda: 1.0)
    assert cores.most_threads.__wrapped__() == 8


UNDER_A_QUOTA = """
import threading
import numba
import numpy as np
from nbcnn.machine import cores
cores.quota = lambda: 1.0
from nbcnn.errors import InputError
from nbcnn.model import Model
from nbcnn.network import build
from nbcnn.spec import parse
from nbcnn.training.threads import threads

layers = [{"type": "conv", "out_channels": 3, "kernel_size": 3}]
model = Model(build(parse({"input": {"shape": [2, 4, 4]}, "layers": layers})))
model(np.ones((40, 2, 4, 4), dtype=np.float32))
assert numba.get_num_threads() == cores.thread_count() == 1
assert model.planned(False, 1).workers == 1
# Another thread begins by itself.
counts = []
thread = threading.Thread(target=lambda: counts.append((cores.thread_count(), numba.get_num_threads())))
thread.start()
thread.join()
assert counts == [(1, 1)]
# More than there is room for never come, whatever Numba is told.
numba.set_num_threads(2)
model(np.ones((40, 2, 4, 4), dtype=np.float32))
assert cores.thread_count() == 1
try:
    with threads(2):
        pass
except InputError as error:
    assert "NUMBA_NUM_THREADS" in str(error)
else:
    raise AssertionError
"""


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="there is one thread here")
def test_a_container_with_one_core_of_two_computes_on_one_thread() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", UNDER_A_QUOTA], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
