"""The cache of compiled code under fire: processes that start cold at once, and damaged files.

Cold: ten processes begin to train at once on an empty cache folder; all must end well, with the same weights.
Damage: files of a warm cache are damaged, a process starts on them; it must end well, with the weights of an undamaged
one, every damaged file must be whole again, and none of the others written. A process meets several damaged files.

    python tools/trust/cache.py --processes 10 --count 300
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from nbcnn.kernels.cpu.compiling.entries import SUFFIX, is_sound

TRAIN = """
import hashlib, json
import numpy as np
import nbcnn
from nbcnn.kernels.cpu.compiling.folders import folders
from nbcnn.spec import parse

layers = [
    {"type": "conv", "out_channels": 4, "kernel_size": 3, "activation": "relu"},
    {"type": "batch_norm"},
    {"type": "max_pool", "kernel_size": 2},
    {"type": "flatten"},
    {"type": "linear", "out_features": 10},
]
data, augment = {"source": "digits"}, [{"type": "random_crop", "padding": 1}]
train = {"epochs": 1, "batch_size": 100}
spec = parse({"input": {"shape": [1, 8, 8]}, "layers": layers, "data": data, "augment": augment, "train": train})
result = nbcnn.train(spec, out="run")
weights = hashlib.sha256(b"".join(each.tobytes() for each in result.model.parameters.values())).hexdigest()
print(json.dumps({"weights": weights, "folder": str(folders().written)}))
"""

Damage = Callable[[random.Random, Path, bytes], None]


def flip_a_bit(chance: random.Random, path: Path, other: bytes) -> None:
    contents = bytearray(path.read_bytes())
    contents[chance.randrange(len(contents))] ^= 1 << chance.randrange(8)
    path.write_bytes(contents)


def flip_a_bit_of_the_seal(chance: random.Random, path: Path, other: bytes) -> None:
    contents = bytearray(path.read_bytes())
    contents[chance.randrange(32)] ^= 1 << chance.randrange(8)
    path.write_bytes(contents)


def truncate(chance: random.Random, path: Path, other: bytes) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def truncate_by_a_byte(chance: random.Random, path: Path, other: bytes) -> None:
    os.truncate(path, path.stat().st_size - 1)


def empty(chance: random.Random, path: Path, other: bytes) -> None:
    os.truncate(path, 0)


def zero_a_sector(chance: random.Random, path: Path, other: bytes) -> None:
    contents = bytearray(path.read_bytes())
    start = chance.randrange(max(1, len(contents) - 512))
    contents[start : start + 512] = bytes(len(contents[start : start + 512]))
    path.write_bytes(contents)


def zero_all(chance: random.Random, path: Path, other: bytes) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def append(chance: random.Random, path: Path, other: bytes) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.randrange(1, 1000)))


def put_another_in_its_place(chance: random.Random, path: Path, other: bytes) -> None:
    path.write_bytes(other)


def keep_the_seal_of_other_code(chance: random.Random, path: Path, other: bytes) -> None:
    path.write_bytes(path.read_bytes()[:32] + other[32:])


def put_noise_in_its_place(chance: random.Random, path: Path, other: bytes) -> None:
    path.write_bytes(chance.randbytes(path.stat().st_size))


def remove(chance: random.Random, path: Path, other: bytes) -> None:
    path.unlink()


DAMAGES: tuple[Damage, ...] = (
    flip_a_bit,
    flip_a_bit_of_the_seal,
    truncate,
    truncate_by_a_byte,
    empty,
    zero_a_sector,
    zero_all,
    append,
    put_another_in_its_place,
    keep_the_seal_of_other_code,
    put_noise_in_its_place,
    remove,
)


def start(cache: Path, place: Path) -> "subprocess.Popen[str]":
    """A process that trains on this cache, in a folder of its own."""
    place.mkdir(parents=True)
    environment = os.environ | {"NBCNN_CACHE": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", TRAIN],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: "subprocess.Popen[str]") -> dict[str, str]:
    """What it printed, or how it failed."""
    out, errors = process.communicate()
    if process.returncode:
        return {"failed": f"exit {process.returncode}: {errors[-2000:]}"}
    result: dict[str, str] = json.loads(out)
    return result


def cold(processes: int, scratch: Path) -> tuple[dict[str, str], list[str]]:
    """Start all at once on an empty cache; one result, and what is wrong."""
    began = time.perf_counter()
    cache = scratch / "cold"
    cache.mkdir(mode=0o700)
    running = [start(cache, scratch / f"cold-{number}") for number in range(processes)]
    results = [outcome(process) for process in running]
    wrong = [result["failed"] for result in results if "failed" in result]
    weights = Counter(result.get("weights") for result in results)
    if len(weights) > 1:
        wrong.append(f"different weights: {weights}")
    left = [path.name for path in cache.rglob("*") if path.is_file() and not is_sound(path)]
    wrong += [f"left behind: {name}" for name in left]
    files = len(list(cache.rglob(f"*{SUFFIX}")))
    print(
        f"cold: {processes} processes at once, {processes - sum('failed' in each for each in results)} succeeded, "
        f"{len(weights)} result, {files} entries, {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    return results[0], wrong


def damage_files(count: int, each_start: int, seed: int, whole: Path, weights: str, scratch: Path) -> list[str]:
    """Damage files of copies of a whole cache, a start for some of them; what is wrong."""
    chance = random.Random(seed)
    began = time.perf_counter()
    wrong: list[str] = []
    kinds: Counter[str] = Counter()
    damaged = rebuilt = starts = 0
    while damaged < count:
        cache = scratch / f"damaged-{starts}"
        cache.mkdir(mode=0o700)
        folder = cache / whole.name
        shutil.copytree(whole, folder)
        files = sorted(folder.glob(f"*{SUFFIX}"))
        chosen = chance.sample(files, min(each_start, count - damaged, len(files)))
        for path in chosen:
            kind = DAMAGES[damaged % len(DAMAGES)]
            others = [each for each in sorted(whole.glob(f"*{SUFFIX}")) if each.name != path.name]
            kind(chance, path, chance.choice(others).read_bytes())
            kinds[kind.__name__] += 1
            damaged += 1
            if is_sound(path):
                wrong.append(f"{kind.__name__}: {path.name} counts as sound")
        untouched = {path: path.stat().st_mtime_ns for path in files if path not in chosen}
        result = outcome(start(cache, scratch / f"damaged-run-{starts}"))
        starts += 1
        if result.get("weights") != weights:
            wrong.append(result.get("failed", "other weights"))
        sound = [path for path in chosen if is_sound(path)]
        rebuilt += len(sound)
        wrong += [f"{path.name} was not built anew" for path in chosen if path not in sound]
        wrong += [
            f"{path.name} was written in vain" for path in untouched if path.stat().st_mtime_ns != untouched[path]
        ]
        print(f"damage: {damaged} of {count} files, {len(wrong)} failures", file=sys.stderr, flush=True)
        shutil.rmtree(cache)
    for name, number in sorted(kinds.items()):
        print(f"  {name}: {number}")
    print(
        f"damage: {damaged} files in {starts} starts, {rebuilt} built anew, {len(wrong)} failures, seed {seed}, "
        f"{time.perf_counter() - began:.0f} s"
    )
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=10, help="how many start cold at once (default: 10)")
    parser.add_argument("--count", type=int, default=300, help="how many files are damaged (default: 300)")
    parser.add_argument("--each-start", type=int, default=12, help="damaged files that a start meets (default: 12)")
    parser.add_argument("--seed", type=int, default=0, help="of what is damaged, and how (default: 0)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nbcnn-cache-") as name:
        scratch = Path(name)
        first, wrong = cold(given.processes, scratch)
        if "failed" not in first:
            folder = Path(first["folder"])
            wrong += damage_files(given.count, given.each_start, given.seed, folder, first["weights"], scratch)
    for each in wrong:
        print(f"FAILED: {each}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
