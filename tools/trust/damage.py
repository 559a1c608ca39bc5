"""Damage copies of weights files in many ways, and load each in a process of its own with limits.

    python tools/trust/damage.py --count 10000

Every copy is loaded twice: as it is, and resealed, its SHA-256 set right by whoever damaged it. It may be refused by an
error of nbcnn's own, or give the very weights that were saved, where the damage is in what only HDF5 reads, or those
of the other file, where a splice has taken over all of it. Every tenth copy is inspected as well. Exit code 1 where
one crashes, hangs, ends in another error or gives other weights.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from workers import FAULTS, tried

from nbcnn.errors import NbcnnError
from nbcnn.network import build
from nbcnn.spec import parse
from nbcnn.weights import Snapshot, initialise, store
from nbcnn.weights.initialise import initial_buffers
from nbcnn.weights.inspection import inspect
from nbcnn.weights.seal import reseal

BATCH = 100
"""Copies for one process."""
HARMLESS = ("refused", "identical", "all of the other file")
VERDICTS = (*HARMLESS, "different", *FAULTS)
SPEC = {
    "name": "small",
    "input": {"shape": [1, 12, 12]},
    "layers": [
        {"type": "conv", "name": "conv1", "out_channels": 8, "kernel_size": 3},
        {"type": "batch_norm", "name": "norm"},
        {"type": "conv", "name": "conv2", "out_channels": 8, "kernel_size": 3, "groups": 8, "padding": 1},
        {"type": "flatten"},
        {"type": "linear", "name": "out", "out_features": 10},
    ],
}
PATHS = ("parameters/conv1/weight", "parameters/out/weight", "buffers/norm/running_mean", "parameters/conv1")

Damage = Callable[[bytes, bytes, random.Random], bytes]


def flips(count: int, data: bytes, other: bytes, generator: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(count):
        damaged[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    return bytes(damaged)


def truncation(data: bytes, other: bytes, generator: random.Random) -> bytes:
    return data[: generator.randrange(len(data))]


def splice(data: bytes, other: bytes, generator: random.Random) -> bytes:
    """A stretch of the one file in the other; half of them whole sectors, as a torn write leaves them."""
    unit = generator.choice((1, 512))
    start, stop = sorted(unit * generator.randrange(len(data) // unit + 1) for _ in range(2))
    return data[:start] + other[start:stop] + data[stop:]


def zeroes(data: bytes, other: bytes, generator: random.Random) -> bytes:
    size = generator.choice((512, 4096))
    start = size * generator.randrange(len(data) // size)
    return data[:start] + bytes(size) + data[start + size :]


def links(data: bytes, other: bytes, generator: random.Random) -> bytes:
    """What h5py can put in the place of an array or a group, or beside them."""
    image = BytesIO(data)
    with h5py.File(image, "r+", libver=generator.choice(("earliest", "latest"))) as file:
        generator.choice(INJECTIONS)(file, generator.choice(PATHS))
    return image.getvalue()


def _in_place(make: Callable[[Any, str], None]) -> Callable[[Any, str], None]:
    def inject(file: Any, path: str) -> None:
        del file[path]
        make(file, path)

    return inject


def _virtual(file: Any, path: str) -> None:
    layout = h5py.VirtualLayout((8, 1, 3, 3), "<f4")
    layout[...] = h5py.VirtualSource("/etc/passwd", "data", (8, 1, 3, 3))
    file.create_virtual_dataset(path, layout)


def _swap(file: Any, path: str) -> None:
    file.move(path, "elsewhere")
    file.move("parameters/conv2/bias", path)
    file.move("elsewhere", "parameters/conv2/bias")


def _dataset(**options: Any) -> Callable[[Any, str], None]:
    shape: dict[str, Any] = {"shape": (8, 1, 3, 3), "dtype": "<f4"}
    return _in_place(lambda file, path: file.create_dataset(path, **(shape | options)))


INJECTIONS: tuple[Callable[[Any, str], None], ...] = (
    _in_place(lambda file, path: file.__setitem__(path, h5py.SoftLink("/parameters/out/bias"))),
    _in_place(lambda file, path: file.__setitem__(path, h5py.SoftLink(f"/{path}"))),
    _in_place(lambda file, path: file.__setitem__(path, h5py.ExternalLink("/etc/passwd", "/"))),
    _in_place(lambda file, path: file.__setitem__(path, file["parameters"])),
    _in_place(lambda file, path: file.create_group(path)),
    _in_place(_virtual),
    _swap,
    _dataset(external=[("/etc/passwd", 0, 288)]),
    _dataset(chunks=(1, 1, 3, 3), compression="gzip"),
    _dataset(chunks=(1, 1, 3, 3), compression="lzf", fletcher32=True, shuffle=True),
    _dataset(dtype=h5py.string_dtype()),
    _dataset(dtype=h5py.vlen_dtype(np.float32)),
    _dataset(dtype=h5py.ref_dtype),
    _dataset(dtype=">f4"),
    _dataset(data=np.ones((8, 1, 3, 3), "<f4")),
    lambda file, path: file.__setitem__(f"{path}2", h5py.ExternalLink("/etc/passwd", "/")),
    lambda file, path: file.attrs.create("spec", "of variable length"),
    lambda file, path: file[path].attrs.create("note", file[path].ref, dtype=h5py.ref_dtype),
    lambda file, path: file[PATHS[0]].__setitem__(..., 0),
)

KINDS: dict[str, Damage] = {
    "one flip": partial(flips, 1),
    "eight flips": partial(flips, 8),
    "truncation": truncation,
    "splice": splice,
    "zeroed block": zeroes,
    "link injection": links,
}


def snapshots() -> list[Snapshot]:
    """Two of the same network with other weights, the second also with a training."""
    network = build(parse(SPEC))
    made = []
    for seed in (0, 1):
        buffers = {key: array + seed for key, array in initial_buffers(network).items()}
        made.append(Snapshot(network.spec.resolved(), initialise(network, seed), buffers, classes=tuple("0123456789")))
    state = {f"momentum/{key}": array for key, array in made[1].parameters.items()}
    return [made[0], replace(made[1], optimizer=state, trainer={"epoch": 3, "step": 7})]


def judged(saved: list[Snapshot], path: Path, number: int, data: bytes) -> str:
    path.write_bytes(data)
    try:
        with store.opened(path) as held:
            loaded = held.read(build(parse(held.spec, str(path))))
    except NbcnnError:
        found = "refused"
    else:
        found = "identical" if _same(loaded, saved[number]) else "different"
        if any(_same(loaded, each) for each in saved if each is not saved[number]):
            found = "all of the other file"
    if number % 10 == 0:
        with suppress(NbcnnError):
            inspect(path)
    return found


def _same(one: Snapshot, other: Snapshot) -> bool:
    for part in ("parameters", "buffers", "optimizer"):
        arrays, expected = getattr(one, part) or {}, getattr(other, part) or {}
        if arrays.keys() != expected.keys() or any(expected[key].tobytes() != arrays[key].tobytes() for key in arrays):
            return False
    return all(getattr(one, part) == getattr(other, part) for part in ("spec", "classes", "normalization", "trainer"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="Damaged copies, each also resealed.")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    generator = random.Random(given.seed)
    saved = snapshots()
    packed = [store.pack(each) for each in saved]
    counts: dict[str, Counter[str]] = {}
    folder = Path(tempfile.mkdtemp(prefix="nbcnn-damage-"))
    cases: list[tuple[str, bytes, Snapshot]] = []
    for number in range(given.count):
        which = generator.randrange(2)
        kind = list(KINDS)[number % len(KINDS)]
        damaged = KINDS[kind](packed[which], packed[1 - which], generator)
        if damaged == packed[which]:
            continue
        cases.append((kind, damaged, saved[which]))
        if len(damaged) > 48:
            again = bytearray(damaged)
            reseal(again)
            cases.append((f"{kind}, resealed", bytes(again), saved[which]))
        if len(cases) >= BATCH or number == given.count - 1:
            judge = partial(judged, [saved for _, _, saved in cases], folder / "model.h5")
            contents = [data for _, data, _ in cases]
            for (name, data, _), found in zip(cases, tried(contents, judge), strict=True):
                counts.setdefault(name, Counter())[found] += 1
                if found not in HARMLESS:
                    kept = Path(tempfile.mkstemp(prefix=f"{found}-".replace(" ", "-"), suffix=".h5")[1])
                    kept.write_bytes(data)
                    print(f"{name}: {found}: {kept}", flush=True)
            cases.clear()
    shutil.rmtree(folder)
    for name, found in counts.items():
        print(f"{name:28}", ", ".join(f"{found[each]} {each}" for each in VERDICTS if found[each]))
    for words, resealed in (("as damaged", False), ("resealed", True)):
        total = sum((found for name, found in counts.items() if name.endswith("resealed") == resealed), Counter())
        print(f"{sum(total.values())} {words}: " + ", ".join(f"{total[each]} {each}" for each in VERDICTS))
    return int(any(found[each] for found in counts.values() for each in VERDICTS if each not in HARMLESS))


if __name__ == "__main__":
    sys.exit(main())
