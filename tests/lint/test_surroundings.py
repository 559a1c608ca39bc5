"""What is known of data without reading it is what is read."""

from pathlib import Path

from nbcnn import data
from nbcnn.data import cifar, fashion_mnist, mnist
from nbcnn.lint import KNOWN_DATA, DataFacts
from nbcnn.machine.memory import memory_bytes


def test_named_data_sets_are_known() -> None:
    assert set(KNOWN_DATA) == set(data.NAMES)
    splits = data.load("digits")
    assert KNOWN_DATA["digits"] == DataFacts(len(splits.train), splits.train.inputs.shape[1:], len(splits.classes))
    for collection in (mnist.COLLECTION, fashion_mnist.COLLECTION):
        assert KNOWN_DATA[collection.name].classes == len(collection.classes)
    assert KNOWN_DATA["cifar10"].shape == KNOWN_DATA["cifar100"].shape == cifar.IMAGE


def test_memory_is_the_machines_or_what_a_container_leaves(tmp_path: Path) -> None:
    installed = memory_bytes(tmp_path)
    assert installed is not None and installed > 1 << 20
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/box\n")
    group = tmp_path / "sys/fs/cgroup/box"
    group.mkdir(parents=True)
    for limit, expected in (("1048576", 1 << 20), ("max", installed), (str(1 << 60), installed)):
        (group / "memory.max").write_text(f"{limit}\n")
        assert memory_bytes(tmp_path) == expected
    (tmp_path / "proc/self/cgroup").write_text("5:memory:/box\n")
    old = tmp_path / "sys/fs/cgroup/memory/box"
    old.mkdir(parents=True)
    (old / "memory.limit_in_bytes").write_text("2097152\n")
    assert memory_bytes(tmp_path) == 2 << 20
