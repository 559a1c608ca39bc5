"""How many threads compute: as many as cores and control groups allow, or as the user wants."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numba
import pytest

from nbcnn.errors import InputError
from nbcnn.machine import cores
from nbcnn.training.threads import threads


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
    monkeypatch.setattr(cores, "affinity", lambda: 8)
    monkeypatch.setattr(cores, "quota", lambda: quota)
    assert cores.most_threads.__wrapped__() == expected


def test_the_environment_overrides_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "8")
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 8)
    monkeypatch.setattr(cores, "quota", lambda: 1.0)
    assert cores.most_threads.__wrapped__() == 8


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for variable in (cores.OURS, cores.NUMBAS):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 8)
    monkeypatch.setattr(cores, "affinity", lambda: 8)
    monkeypatch.setattr(cores, "quota", lambda: math.inf)
    cores.most_threads.cache_clear()
    threads_before = numba.get_num_threads()
    yield monkeypatch
    numba.set_num_threads(threads_before)
    cores.most_threads.cache_clear()


@pytest.mark.parametrize(("wanted", "expected"), [("", 8), ("1", 1), (" 3 ", 3), ("8", 8), ("9", 8), ("1024", 8)])
def test_nbcnn_num_threads(eight_cores: pytest.MonkeyPatch, wanted: str, expected: int) -> None:
    eight_cores.setenv(cores.OURS, wanted)
    assert (cores.usual_threads(), cores.most_threads()) == (expected, 8)


@pytest.mark.parametrize("variable", [cores.OURS, cores.NUMBAS])
@pytest.mark.parametrize("wanted", ["0", "-1", "1.5", "abc", "1025", "9" * 5000, "²"])
def test_numbers_of_threads_that_make_no_sense(eight_cores: pytest.MonkeyPatch, variable: str, wanted: str) -> None:
    eight_cores.setenv(variable, wanted)
    with pytest.raises(
        InputError, match=rf"^{variable}=.{{1,40}}: a whole number from 1 to 1024 is expected; unset it"
    ):
        cores.usual_threads()


def test_ours_goes_before_numbas(eight_cores: pytest.MonkeyPatch) -> None:
    eight_cores.setenv(cores.NUMBAS, "8")
    eight_cores.setattr(cores, "quota", lambda: 2.0)
    assert cores.usual_threads() == 8
    eight_cores.setenv(cores.OURS, "5")
    assert cores.usual_threads() == 5


def test_plans_follow_the_cores_that_a_process_is_given(eight_cores: pytest.MonkeyPatch) -> None:
    eight_cores.setattr(cores, "_this_thread", cores._OfThread())
    assert cores.workers() == 8
    eight_cores.setattr(cores, "affinity", lambda: 3)
    assert cores.most_threads() == 8
    assert cores.workers() == cores.most_threads() == 3


@pytest.mark.parametrize(("wanted", "rooms"), [("2", 2), ("1", 1), ("abc", 8), ("", 8)])
def test_a_number_that_is_asked_for_goes_before_ours(eight_cores: pytest.MonkeyPatch, wanted: str, rooms: int) -> None:
    """Whatever that says, and it says the same afterwards; plans have room for what it says where it makes sense."""
    eight_cores.setattr(cores, "_this_thread", cores._OfThread())
    eight_cores.setenv(cores.OURS, wanted)
    with threads(1):
        assert (cores.thread_count(), cores.workers()) == (1, rooms)
        with threads(1):
            assert cores.thread_count() == 1
        assert cores.workers() == rooms
    assert os.environ[cores.OURS] == wanted
    if wanted == "abc":
        with pytest.raises(InputError, match="^NBCNN_NUM_THREADS=abc: a whole number"):
            cores.usual_threads()


def test_before_anything_runs_plans_have_room_for_the_number_asked_for(eight_cores: pytest.MonkeyPatch) -> None:
    eight_cores.setattr(cores, "_this_thread", cores._OfThread())
    eight_cores.setenv(cores.OURS, "2")
    for count, rooms in ((None, 2), (1, 2), (4, 4), (9, 8)):
        with cores.asked_for(count):
            assert cores.workers() == rooms


def run(program: str, **environment: str) -> str:
    inherited = {key: value for key, value in os.environ.items() if key not in (cores.OURS, cores.NUMBAS)}
    done = subprocess.run([sys.executable, "-c", program], env=inherited | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


BEFORE_A_CALL = """
from nbcnn.machine.cores import thread_count
from nbcnn.model import Model
from nbcnn.network import build
from nbcnn.spec import parse
from nbcnn.training.threads import threads
layers = [{"type": "flatten"}, {"type": "linear", "out_features": 1}]
model = Model(build(parse({"input": {"shape": [2, 4]}, "layers": layers})))
print(thread_count(), model.planned(False, 1).workers, end=" ")
with threads(2):
    other = Model(model.network)
    print(thread_count(), other.planned(False, 1).workers, model.planned(False, 1).workers, thread_count())
"""


@pytest.mark.skipif(cores.affinity() < 2, reason="there is one core here")
@pytest.mark.parametrize("first", ["import numba", "import nbcnn", "import numba; numba.get_num_threads()"])
def test_whatever_is_imported_first(first: str) -> None:
    before = "import os; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])\n"
    assert run(f"{before}{first}\n{BEFORE_A_CALL}", NBCNN_NUM_THREADS="1") == "1 1 2 2 1 2\n"


def test_a_threading_layer_that_is_not_there_is_told() -> None:
    program = """
from nbcnn.errors import NbcnnError
from nbcnn.machine.cores import thread_count
try:
    thread_count()
except NbcnnError as error:
    print(error)
"""
    expected = "NUMBA_THREADING_LAYER=nonsense: The threading layer requested 'nonsense' is unknown to Numba; unset it"
    assert run(program, NUMBA_THREADING_LAYER="nonsense").startswith(expected)


UNDER_A_QUOTA = """
import threading
import numba
import numpy as np
from nbcnn.errors import InputError
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
    run(UNDER_A_QUOTA)
