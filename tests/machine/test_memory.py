"""What memory there is, what is free of it, and that what can never fit is refused before it is taken."""

import subprocess
import sys
from pathlib import Path

import pytest
from networks import network

from nbcnn.errors import InputError, NbcnnWarning
from nbcnn.machine import memory
from nbcnn.model import Model
from nbcnn.spec import parse
from nbcnn.training.run import train
from nbcnn.training.trainer import Trainer

GIB = 1 << 30
MEMINFO = f"MemTotal: {64 << 20} kB\nMemFree: {1 << 20} kB\nMemAvailable: {40 << 20} kB\nSwapTotal: {8 << 20} kB"


def fake(root: Path, membership: str, groups: dict[str, str | int]) -> Path:
    files = {"proc/meminfo": MEMINFO, "proc/self/cgroup": membership}
    for path, text in {**files, **{f"sys/fs/cgroup/{path}": text for path, text in groups.items()}}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"{text}\n")
    return root


def stat(active: int, inactive: int, prefix: str = "") -> str:
    return f"anon 7\n{prefix}active_file {active * GIB}\n{prefix}inactive_file {inactive * GIB}"


OF_V1 = f"active_file 1\ninactive_file 1\n{stat(1, 1, 'total_')}"


@pytest.mark.parametrize(
    ("membership", "groups", "available", "most"),
    [
        ("0::/", {}, 40, 72),
        ("0::/", {"memory.max": "max", "memory.current": 60 * GIB}, 40, 72),
        # Files count as free.
        ("0::/", {"memory.max": 16 * GIB, "memory.current": 10 * GIB, "memory.stat": stat(1, 3)}, 10, 24),
        ("0::/", {"memory.max": 16 * GIB, "memory.swap.max": 0, "memory.current": 17 * GIB}, 0, 16),
        ("0::/", {"memory.max": 16 * GIB, "memory.swap.max": 2 * GIB}, 16, 18),
        ("0::/a", {"memory.max": 12 * GIB, "memory.current": GIB, "a/memory.max": 99 * GIB}, 11, 20),
        ("4:memory:/", {"memory/memory.limit_in_bytes": 8 * GIB, "memory/memory.usage_in_bytes": 3 * GIB}, 5, 16),
        (
            "4:memory:/",
            {
                "memory/memory.limit_in_bytes": 8 * GIB,
                "memory/memory.memsw.limit_in_bytes": 9 * GIB,
                "memory/memory.usage_in_bytes": 3 * GIB,
                "memory/memory.stat": OF_V1,
            },
            7,
            9,
        ),
    ],
)
def test_what_is_free_and_what_there_can_be(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    membership: str,
    groups: dict[str, str | int],
    available: int,
    most: int,
) -> None:
    monkeypatch.setattr(memory, "installed_bytes", lambda: 64 * GIB)
    root = fake(tmp_path, membership, groups)
    assert memory.available_bytes(root) == available * GIB
    assert memory.memory_and_swap_bytes(root) == most * GIB


def test_where_the_system_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.available_bytes(tmp_path) is None
    for name in ("memory_and_swap_bytes", "available_bytes"):
        monkeypatch.setattr(memory, name, lambda: None)
    memory.refuse_too_large(1 << 60, "this", "less")
    memory.warn_of_scarcity(1 << 60, "this", "less")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine of 2 GiB, 1 GiB of which are ours."""
    monkeypatch.setattr(memory, "memory_and_swap_bytes", lambda: 2 * GIB)
    monkeypatch.setattr(memory, "held_bytes", lambda: GIB)
    monkeypatch.setattr(memory, "available_bytes", lambda: GIB // 2)
    return monkeypatch


LAYERS = [{"type": "conv", "out_channels": 64, "kernel_size": 3}, {"type": "flatten"}]
WIDE = [*LAYERS, {"type": "linear", "out_features": 2}]


def test_a_plan_that_cannot_fit_is_refused_before_anything_is_compiled(small: pytest.MonkeyPatch) -> None:
    small.setattr("nbcnn.plan.plan.compile_all", None)
    model = Model(network((3, 32, 32), *WIDE))
    expected = (
        r"^computing 8000 samples at a time takes [\d.]+ GiB beside the 1.0 GiB in use, this process can have 2.0 GiB; "
        "use smaller batches or a smaller network$"
    )
    with pytest.raises(InputError, match=expected):
        Trainer(model, batch_size=8000)


def test_a_plan_that_does_not_fit_now_is_a_warning(small: pytest.MonkeyPatch) -> None:
    small.setattr(memory, "available_bytes", lambda: 1)
    model = Model(network((3, 32, 32), *WIDE))
    with pytest.warns(NbcnnWarning, match=r"computing 100 samples at a time takes [\d.]+ MiB, 0.0 MiB of memory are"):
        Trainer(model, batch_size=100)


def test_weights_that_cannot_fit_are_refused(small: pytest.MonkeyPatch) -> None:
    layers = [{"type": "flatten"}, {"type": "linear", "out_features": 1 << 22}]
    with pytest.raises(InputError, match=r"its weights takes? 12\.0 GiB beside"):
        Model(network((3, 16, 16), *layers))


def test_a_run_that_cannot_fit_makes_no_folder(small: pytest.MonkeyPatch, tmp_path: Path) -> None:
    layers = [{**LAYERS[0], "out_channels": 512}, *LAYERS[1:], {"type": "linear", "out_features": 10}]
    tables = {"input": {"shape": [1, 8, 8]}, "layers": layers, "data": {"source": "digits"}}
    spec = parse({**tables, "train": {"batch_size": 1000}})
    small.setattr(memory, "memory_and_swap_bytes", lambda: GIB + 1)
    with pytest.raises(
        InputError, match=r"training on batches of 1000 takes .*; use a smaller batch_size, or let \[eng"
    ):
        train(spec, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


FILL = """
import resource, sys
from nbcnn.machine.memory import held_bytes
import numpy as np
before = held_bytes()
filled = np.ones(100 << 20, dtype=np.uint8)
print(held_bytes() - before >> 20)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell")
def test_what_this_process_holds() -> None:
    done = subprocess.run([sys.executable, "-c", FILL], capture_output=True, text=True, check=True)
    assert 99 <= int(done.stdout) <= 102
