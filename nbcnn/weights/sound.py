"""What is sound in a weights file, however damaged the rest is; nothing here is believed without its checksum."""

import json
from dataclasses import dataclass
from io import BytesIO, FileIO

from nbcnn.weights import texts
from nbcnn.weights.files import read_at, size_of
from nbcnn.weights.held import MOST_TEXT
from nbcnn.weights.seal import BLOCK, MAGIC, Place, checksum, declared_size, read_table
from nbcnn.weights.sections import Manifest, read_manifest

_ANY_SIZE = 1 << 62
_BEGINNING = b'{"parameters":['


@dataclass(frozen=True)
class Sound:
    """The texts of a file, None for one that is damaged, and its list of arrays, None where that cannot be read.

    `damage` names what is not as it was written, the arrays apart.
    """

    texts: dict[str, str | None]
    manifest: Manifest | None
    damage: tuple[str, ...]

    @property
    def is_anything(self) -> bool:
        """Whether there is a sound text, or a list of arrays."""
        return self.manifest is not None or any(self.texts.values())


def read_sound(file: FileIO | BytesIO, place: str) -> Sound:
    """All texts of an open file whose checksums hold; raises WeightsError where the file itself cannot be read."""
    size = size_of(file)
    block = bytes(read_at(file, 0, BLOCK, place)).ljust(BLOCK, b"\0")
    damage = []
    if not block.startswith(MAGIC):
        damage.append("the first 8 bytes are not those of a weights file")
    if (length := declared_size(block)) != size:
        damage.append(f"the file was written with {length} bytes and holds {size}")
    found = {name: _text(file, where, place) for name, where in read_table(block).items()}
    for name, text in found.items():
        if text is None or (not text and name != "state"):
            damage.append(f"{name} does not match its SHA-256")
            found[name] = None
    manifest = None if (arrays := found["arrays"]) is None else _manifest(arrays, place)
    if manifest is None:
        manifest = _search(file, size, place)
    return Sound(found, manifest, tuple(damage))


def _text(file: FileIO | BytesIO, where: Place, place: str) -> str | None:
    content = read_at(file, where.offset, min(where.length, MOST_TEXT), place)
    is_sound = len(content) == where.length and (checksum(content) == where.checksum or not where.length)
    return content.decode("ascii", "replace") if is_sound else None


def _search(file: FileIO | BytesIO, size: int, place: str) -> Manifest | None:
    """The list of arrays where it is no longer known where it stands: every array has a checksum in it."""
    data = read_at(file, 0, size, place)
    if (at := data.find(_BEGINNING)) < 0:
        return None
    text = data[at : at + MOST_TEXT].decode("ascii", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return _manifest(text[:end], place)


def _manifest(text: str, place: str) -> Manifest | None:
    try:
        return read_manifest(texts.from_json(text), _ANY_SIZE, place)
    except Exception:  # of many kinds, as for `Held`
        return None
