"""The weights file: HDF5 that any HDF5 program reads, and that this library reads without HDF5.

    /                      attributes, all of them strings: format, format_version, spec, classes, normalization,
                           provenance, versions and arrays; all but the first two are JSON
    /parameters/conv1/weight      float32, canonical layout
    /buffers/bn1/running_mean     float32
    /optimizer/momentum/conv1/weight    in a file to resume from; so is
    /trainer               attribute `state`, JSON

HDF5's own parser can crash on bytes that were made to crash it, and follows links, filters and other files where they
say so. It therefore only writes, in memory. A block before HDF5's own (seal.py) says where each text lies; `arrays`,
one of the texts, where each array lies (sections.py). Whatever is read is bytes at a declared place, with a declared
SHA-256: there is nothing in a file that could be followed, run or expanded.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbcnn.errors import NbcnnError
from nbcnn.network import Network
from nbcnn.weights import texts
from nbcnn.weights.files import open_regular, write_atomically
from nbcnn.weights.held import FORMAT, FORMAT_VERSION, MOST_TEXT, Held
from nbcnn.weights.seal import BLOCK, TEXTS, Place, checksum, seal
from nbcnn.weights.sections import Manifest, Sections, all_entries, as_text, planned, write_section
from nbcnn.weights.snapshot import Snapshot

ALIGNMENT = 64
"""Bytes; arrays begin at multiples of it, so that they can be used where they lie."""
NEAR = 64
"""Bytes between an attribute's name and its text at most."""


def save(path: Path, snapshot: Snapshot, keep_previous: Path | None = None) -> None:
    """Writes the snapshot to `path`, whole or not at all; `keep_previous` then names the file that was there.

    Raises NbcnnError where the disk is full or the folder read-only.
    """
    write_atomically(path, pack(snapshot), keep_previous)


def load(path: Path, network: Network | None = None) -> Snapshot:
    """The snapshot in the file at `path`; raises WeightsError for a missing, damaged, foreign or malicious file.

    It must be the `network`'s, if one is given; its arrays are not read otherwise.
    """
    with opened(path) as held:
        return held.read(network)


@contextmanager
def opened(path: Path) -> Iterator[Held]:
    """The file at `path`, of which the texts are read and the arrays are not yet; raises WeightsError as `load`."""
    with open_regular(path) as file:
        yield Held(file, str(path))


def unpack(data: bytes, place: str, network: Network | None = None) -> Snapshot:
    """The snapshot in a file's bytes; `place` names the file in messages. Raises WeightsError."""
    return Held(io.BytesIO(data), place).read(network)


def pack(snapshot: Snapshot) -> bytes:
    """The file's bytes, which are the same for the same snapshot and the same library versions.

    Raises ValueError for what the format cannot hold, such as nan in the JSON parts or an array of integers among the
    parameters.
    """
    import h5py  # here, because reading does without

    sections: Sections = {
        "parameters": snapshot.parameters,
        "buffers": snapshot.buffers,
        "optimizer": snapshot.optimizer,
    }
    written = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "spec": texts.to_json(snapshot.spec),
        "classes": texts.to_json(snapshot.classes),
        "normalization": texts.to_json(snapshot.normalization),
        "provenance": texts.to_json(snapshot.provenance),
        "versions": texts.to_json(texts.library_versions()),
    }
    image = io.BytesIO()
    options = {"libver": "latest", "userblock_size": BLOCK}
    with h5py.File(image, "w", alignment_threshold=1, alignment_interval=ALIGNMENT, **options) as file:
        # Texts come first, so that of a file cut short it is known what it held.
        written["arrays"] = as_text(planned(sections))
        for name, text in written.items():
            texts.write(file, name, text)
        if snapshot.trainer is not None:
            written["state"] = texts.to_json(snapshot.trainer)
            texts.write(file.create_group("trainer"), "state", written["state"])
        described = {
            name: None if arrays is None else write_section(file.create_group(name), name, arrays)
            for name, arrays in sections.items()
        }
        written["arrays"] = as_text(described).ljust(len(written["arrays"]))
        texts.overwrite(file, "arrays", written["arrays"])
    with image.getbuffer() as view:
        seal(view, _table(view, written, described))
    return image.getvalue()


def _table(image: memoryview, written: dict[str, str], described: Manifest) -> dict[str, Place]:
    """Where HDF5 has put each text. It does not tell, as it does of arrays: texts are found by their names."""
    if (length := sum(map(len, written.values()))) > MOST_TEXT:
        raise NbcnnError(
            f"weights: spec, class names and history of at most {MOST_TEXT} bytes can be saved, received {length}"
        )
    table = dict.fromkeys(TEXTS, Place(0, 0, bytes(32)))
    gaps = [(start, bytes(image[start:stop])) for start, stop in _between_arrays(described, len(image))]
    for name, text in written.items():
        content = text.encode()
        offset = next(start + at for start, gap in gaps for at in _finds(gap, name.encode() + b"\0", content))
        table[name] = Place(offset, len(content), checksum(content))
    return table


def _between_arrays(described: Manifest, size: int) -> Iterator[tuple[int, int]]:
    """The parts of the file that are no array's, all of them small."""
    end = 0
    for each in sorted(all_entries(described), key=lambda each: each.offset):
        if each.nbytes:
            yield end, each.offset
            end = each.offset + each.nbytes
    yield end, size


def _finds(gap: bytes, name: bytes, content: bytes) -> Iterator[int]:
    """Where the content stands shortly behind the name; type and shape of an attribute are between them."""
    at = gap.find(name)
    while at >= 0:
        found = gap.find(content, at, at + len(name) + NEAR + len(content))
        if found >= 0:
            yield found
        at = gap.find(name, at + 1)
