"""Damage HDF5 files of data in many ways, and load each, all its samples too, in a process of its own with limits.

    python tools/trust/damage_data.py --count 20000

It is first loaded without the process that tries files beforehand, which takes a while, and where HDF5 crashes, hangs
or takes more than 2 GiB, again with it. HDF5 has no checksum over data, so other numbers may come of a file. Exit code
1 where one crashes or hangs with that process before it, or ends in another error than nbcnn's own.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from workers import FAULTS, tried

from nbcnn import data as data_sets
from nbcnn.data import hdf5
from nbcnn.errors import DataError

BATCH = 200
PATIENCE = 150
"""Seconds by the clock where a process is started; it is given 60 of them."""
VERDICTS = ("refused", "loaded", "crash, guarded", "hang, guarded", *FAULTS)
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 1, 6, 6), np.uint8)
LABELS = np.arange(40) % 3
NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


def plain(file: Any, **options: Any) -> None:
    file.create_dataset("x_train", data=IMAGES, **options)
    file.create_dataset("y_train", data=LABELS)


def packed(file: Any) -> None:
    plain(file, chunks=(7, 1, 6, 6), compression="gzip", shuffle=True, fletcher32=True)


def lzf(file: Any) -> None:
    plain(file, chunks=(7, 1, 6, 6), compression="lzf", maxshape=(None, 1, 6, 6))


def one_chunk_each(file: Any) -> None:
    plain(file, chunks=(1, 1, 6, 6), maxshape=(None, None, 6, 6))


def groups(file: Any) -> None:
    for part in ("train", "validation", "test"):
        file[f"{part}/x"], file[f"{part}/y"] = IMAGES, LABELS
    file["class_names"] = np.array(["cat", "dog", "cow"], "S")


def texts_of_variable_length(file: Any) -> None:
    plain(file, chunks=(20, 1, 6, 6))
    for owner in (file, file["x_train"]):
        owner.attrs["source"] = "a text of variable length"
        owner.attrs.create("words", ["one", "two"], dtype=h5py.string_dtype())


def links(file: Any) -> None:
    file["deep/down/x"] = IMAGES
    file["x_train"], file["y_train"] = h5py.SoftLink("/deep/down/x"), LABELS
    file["circle"] = file["/"]
    file["outside"] = h5py.ExternalLink("other.h5", "/x")


def compact(file: Any) -> None:
    space = h5py.h5s.create_simple(IMAGES.shape)
    storage = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    storage.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_UINT8, space, storage).write(h5py.h5s.ALL, h5py.h5s.ALL, IMAGES)
    file["y"] = LABELS


def crowd(file: Any) -> None:
    """Members and attributes by the dozen lie in B-trees and heaps."""
    plain(file)
    for number in range(60):
        file.create_group(f"group{number}")
        file.attrs[f"attribute{number}"] = np.arange(number)


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((40, 1, 6, 6), "u1")
    layout[...] = h5py.VirtualSource(".", "y_train", (40, 1, 6, 6))
    file.create_virtual_dataset("x_train", layout)
    file["y_train"] = LABELS


def external(file: Any) -> None:
    file.create_dataset("x_train", (40, 1, 6, 6), "u1", external=[("/etc/passwd", 0, 1440)])
    file["y_train"] = LABELS


FILES: tuple[Callable[[Any], None], ...] = (
    plain,
    packed,
    lzf,
    one_chunk_each,
    groups,
    texts_of_variable_length,
    links,
    compact,
    crowd,
    virtual,
    external,
)


def seeds() -> dict[str, bytes]:
    found = {}
    for write in FILES:
        for version in ("earliest", "v110", "latest"):
            image = BytesIO()
            with h5py.File(image, "w", libver=version) as file:
                write(file)
            found[f"{write.__name__} {version}"] = image.getvalue()
    return found


def damaged(data: bytes, other: bytes, generator: random.Random) -> bytes:
    """Mostly a few fields of structures, which hold sizes, counts and addresses; half of them near a signature."""
    result = bytearray(data)
    match generator.randrange(8):
        case 0:
            return bytes(result[: generator.randrange(len(result))])
        case 1:
            start, stop = sorted(generator.randrange(len(result)) for _ in range(2))
            result[start:stop] = other[start:stop]
        case 2:
            for _ in range(generator.choice((1, 1, 8))):
                result[generator.randrange(len(result))] ^= 1 << generator.randrange(8)
        case _:
            for _ in range(generator.choice((1, 1, 2, 4))):
                size = generator.choice((1, 2, 4, 8))
                at = _place(result, generator)
                old = int.from_bytes(result[at : at + size], "little")
                new = generator.choice((*NUMBERS, old + 1, old - 1, 2 * old, generator.randrange(len(data))))
                result[at : at + size] = (new % 2 ** (8 * size)).to_bytes(size, "little")
    return bytes(result)


SIGNATURES = (
    b"HDF",
    b"TREE",
    b"HEAP",
    b"SNOD",
    b"GCOL",
    b"OHDR",
    b"OCHK",
    b"FRHP",
    b"FHDB",
    b"FHIB",
    b"BTHD",
    b"BTLF",
    b"BTIN",
    b"FAHD",
    b"FADB",
    b"EAHD",
    b"EAIB",
    b"EASB",
    b"EADB",
)


def _place(data: bytes | bytearray, generator: random.Random) -> int:
    found = data.find(generator.choice(SIGNATURES), generator.randrange(len(data)))
    if generator.randrange(2) or found < 0:
        # Structures come first, and arrays are the larger part.
        return generator.randrange(min(len(data), 4096) if generator.randrange(2) else len(data)) & ~generator.choice(
            (0, 3)
        )
    return min(found + generator.randrange(128), len(data) - 1)


def judged(path: Path, is_guarded: bool, number: int, content: bytes) -> str:
    path.write_bytes(content)
    if not is_guarded:
        hdf5.confined = lambda *_: ""
    try:
        splits = data_sets.load(path.name, base=path.parent)
        for part in (splits.train, splits.validation, splits.test):
            if part is not None:
                part.inputs[:]
    except DataError:
        return "refused"
    return "loaded"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="Folder for files that fail.")
    given = parser.parse_args()
    generator = random.Random(given.seed)
    contents = seeds()
    counts: dict[str, Counter[str]] = {name: Counter() for name in contents}
    folder = Path(tempfile.mkdtemp(prefix="nbcnn-damage-"))
    kept = given.keep or Path(tempfile.mkdtemp(prefix="nbcnn-failed-"))
    for start in range(0, given.count, BATCH):
        cases = []
        for _ in range(min(BATCH, given.count - start)):
            name = generator.choice(list(contents))
            cases.append((name, damaged(contents[name], generator.choice(list(contents.values())), generator)))
        judge = partial(judged, folder / "data.h5", False)
        guarded = partial(judged, folder / "data.h5", True)
        for (name, data), found in zip(cases, tried([data for _, data in cases], judge), strict=True):
            if found in ("crash", "hang") and next(tried([data], guarded, PATIENCE)) == "refused":
                found = f"{found}, guarded"
            counts[name][found] += 1
            if found in FAULTS:
                path = kept / f"{found.replace(' ', '-')}-{name.replace(' ', '-')}-{sum(counts[name].values())}.h5"
                path.write_bytes(data)
                print(f"{name}: {found}: {path}", flush=True)
    shutil.rmtree(folder)
    for name, found in counts.items():
        print(f"{name:32}", ", ".join(f"{found[each]} {each}" for each in VERDICTS if found[each]))
    total = sum(counts.values(), Counter())
    print(f"{sum(total.values())} damaged files of data: " + "; ".join(f"{total[each]} {each}" for each in VERDICTS))
    return int(any(total[each] for each in FAULTS))


if __name__ == "__main__":
    sys.exit(main())
