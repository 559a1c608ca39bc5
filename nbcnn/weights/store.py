"""The weights file: HDF5 that any HDF5 program reads, and that this library reads only when it is whole and harmless.

    /                      attributes, all of them strings: format, format_version, spec, classes, normalization,
                           provenance, versions, arrays and digest; all but the first two and the last are JSON
    /parameters/conv1/weight      float32, canonical layout
    /buffers/bn1/running_mean     float32
    /optimizer/momentum/conv1/weight    in a file to resume from; so is
    /trainer               attribute `state`, JSON

HDF5 works on memory alone; files.py reads and writes. `arrays` lists every array with its type and shape, so that a
reader knows what to expect before it looks; `digest` is SHA-256 over the texts and the arrays as this library
understands them, where the seal (seal.py) covers the bytes of the file.
"""

import hashlib
import io
from pathlib import Path

import h5py

from nbcnn.errors import WeightsError
from nbcnn.weights import texts
from nbcnn.weights.files import read_whole, write_atomically
from nbcnn.weights.guard import check_members, open_group, read_text
from nbcnn.weights.seal import BLOCK, check_seal, sealed
from nbcnn.weights.sections import Sections, describe, expected_sections, little_endian, read_section, write_section
from nbcnn.weights.snapshot import Snapshot

FORMAT = "nbcnn weights"
FORMAT_VERSION = "1"
TEXTS = ("format", "format_version", "spec", "classes", "normalization", "provenance", "versions", "arrays")


def save(path: Path, snapshot: Snapshot, keep_previous: Path | None = None) -> None:
    """Writes the snapshot to `path`, whole or not at all; `keep_previous` then names the file that was there.

    Raises NbcnnError where the disk is full or the folder read-only.
    """
    write_atomically(path, pack(snapshot), keep_previous)


def load(path: Path) -> Snapshot:
    """The snapshot in the file at `path`; raises WeightsError for a missing, damaged, foreign or malicious file."""
    return unpack(read_whole(path), str(path))


def pack(snapshot: Snapshot) -> bytes:
    """The file's bytes, which are the same for the same snapshot and the same library versions.

    Raises ValueError for what the format cannot hold, such as nan in the JSON parts or an array of integers among the
    parameters.
    """
    sections: Sections = {
        "parameters": snapshot.parameters,
        "buffers": snapshot.buffers,
        "optimizer": snapshot.optimizer,
    }
    attributes = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "spec": texts.to_json(snapshot.spec),
        "classes": texts.to_json(snapshot.classes),
        "normalization": texts.to_json(snapshot.normalization),
        "provenance": texts.to_json(snapshot.provenance),
        "versions": texts.to_json(texts.library_versions()),
        "arrays": texts.to_json(describe(sections)),
    }
    state = None if snapshot.trainer is None else texts.to_json(snapshot.trainer)
    image = io.BytesIO()
    with h5py.File(image, "w", libver="latest", userblock_size=BLOCK) as file:
        for name, text in (attributes | {"digest": _digest(attributes, state, sections)}).items():
            texts.write(file, name, text)
        for name, arrays in sections.items():
            if arrays is not None:
                write_section(file.create_group(name), arrays)
        if state is not None:
            texts.write(file.create_group("trainer"), "state", state)
    return sealed(image.getvalue())


def unpack(data: bytes, place: str) -> Snapshot:
    """The snapshot in a file's bytes; `place` names the file in messages. Raises WeightsError."""
    check_seal(data, place)
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            return _read(file, len(data), place)
    except WeightsError:
        raise
    # A file with a valid seal that gets here was made to do harm, or by a library with a bug: h5py answers with any of
    # a dozen exceptions, json with RecursionError, and all mean the same.
    except Exception as error:
        raise WeightsError(
            f"{place}: the file breaks the rules of its format ({str(error)[:200]}); use another file"
        ) from None


def _read(file: h5py.File, size: int, place: str) -> Snapshot:
    attributes = {name: read_text(file, name, place) for name in TEXTS[:2]}
    if list(attributes.values()) != [FORMAT, FORMAT_VERSION]:
        received = " version ".join(text[:50] for text in attributes.values())
        raise WeightsError(
            f"{place}: {FORMAT} version {FORMAT_VERSION} is expected, received {received!r}; install the nbcnn that "
            "wrote the file"
        )
    attributes |= {name: read_text(file, name, place) for name in TEXTS[2:]}
    expected = expected_sections(texts.from_json(attributes["arrays"]), size, place)
    members = [name for name, arrays in expected.items() if arrays is not None]
    has_trainer = file.id.links.exists(b"trainer")  # `in` would follow a link that leads out of the file
    check_members(file, [*members, "trainer"] if has_trainer else members, len(TEXTS) + 1, place)
    sections = {
        name: None if arrays is None else read_section(open_group(file, name, place), arrays, f"{place}: /{name}")
        for name, arrays in expected.items()
    }
    state = None
    if has_trainer:
        trainer = open_group(file, "trainer", place)
        check_members(trainer, (), 1, f"{place}: /trainer")
        state = read_text(trainer, "state", f"{place}: /trainer")
    if read_text(file, "digest", place) != _digest(attributes, state, sections):
        raise WeightsError(f"{place}: the content does not match its digest; copy the file again or use an earlier one")
    return Snapshot(
        spec=texts.mapping(attributes["spec"], f"{place}: spec"),
        parameters=sections["parameters"] or {},
        buffers=sections["buffers"] or {},
        classes=texts.class_labels(attributes["classes"], place),
        normalization=texts.normalization(attributes["normalization"], place),
        provenance=texts.mapping(attributes["provenance"], f"{place}: provenance"),
        optimizer=sections["optimizer"],
        trainer=None if state is None else texts.mapping(state, f"{place}: /trainer"),
        versions=texts.mapping(attributes["versions"], f"{place}: versions"),
    )


def _digest(attributes: dict[str, str], state: str | None, sections: Sections) -> str:
    """SHA-256 of every text and every array; `arrays`, one of the texts, covers names, types and shapes."""
    digest = hashlib.sha256()
    for text in (*(attributes[name] for name in TEXTS), state or ""):
        digest.update(len(text).to_bytes(8, "little") + text.encode())
    for arrays in sections.values():
        for array in (arrays or {}).values():
            digest.update(little_endian(array).data)
    return digest.hexdigest()
