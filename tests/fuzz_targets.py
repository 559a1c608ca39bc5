"""What a fuzzer calls with bytes: nothing but a clear refusal, or what the bytes say, may come of it."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from nbcnn import api
from nbcnn.errors import NbcnnError
from nbcnn.network import build
from nbcnn.spec import InvalidSpec, load, parse
from nbcnn.weights import store
from nbcnn.weights.files import open_regular
from nbcnn.weights.seal import BLOCK, TEXTS, Place, checksum, seal
from nbcnn.weights.sections import FLOAT
from nbcnn.weights.sound import read_sound

_FOLDER = Path(tempfile.mkdtemp(prefix="nbcnn-fuzz-"))


def spec(data: bytes) -> None:
    """A spec file, TOML, or JSON where it begins with a brace. A valid one, resolved, says the same."""
    path = _FOLDER / ("spec.json" if data.startswith(b"{") else "spec.toml")
    path.write_bytes(data)
    json.dumps(api.validate(path), allow_nan=False)
    try:
        loaded = load(path)
        build(loaded)
    except InvalidSpec:
        return
    resolved = loaded.resolved()
    assert parse(resolved).resolved() == resolved


def weights(data: bytes) -> None:
    """The parts of a weights file, as they are and behind the right checksums; what is loaded can be packed again."""
    path = _FOLDER / "model.h5"
    for content in (data, assembled(data)):
        path.write_bytes(content)
        with open_regular(path) as file:
            read_sound(file, str(path))
    try:
        with store.opened(path) as held:
            network = build(parse(held.spec, str(path)))
            snapshot = held.read(network)
    except NbcnnError:
        return
    again = store.unpack(store.pack(snapshot), "again", network)
    assert {**again.parameters}.keys() == {**snapshot.parameters}.keys()
    for key, array in snapshot.parameters.items():
        assert array.tobytes() == again.parameters[key].tobytes()


def assembled(data: bytes) -> bytes:
    """A weights file of texts between zero bytes, and of what follows them; without anything that HDF5 would read."""
    *texts, rest = data.split(b"\0", len(TEXTS))
    texts += [b""] * (len(TEXTS) - len(texts))
    image = bytearray(BLOCK) + rest
    texts[TEXTS.index("arrays")] = _with_checksums(texts[TEXTS.index("arrays")], bytes(image))
    table = {}
    for name, text in zip(TEXTS, texts, strict=True):
        table[name] = Place(len(image), len(text), checksum(text))
        image += text
    with memoryview(image) as view:
        seal(view, table)
    return bytes(image)


def _with_checksums(arrays: bytes, image: bytes) -> bytes:
    """The list of arrays, their checksums set right where there is a list and they have a place."""
    try:
        described = json.loads(arrays)
        for entries in described.values():
            for entry in entries or ():
                key, shape, offset, _ = entry
                count = FLOAT.itemsize
                for size in shape:
                    count *= min(size, len(image))
                entry[3] = checksum(image[offset : offset + count]).hex()
        return json.dumps(described).encode()
    except (AttributeError, IndexError, MemoryError, RecursionError, TypeError, ValueError):
        return arrays


TARGETS: dict[str, Callable[[bytes], None]] = {"spec": spec, "weights": weights}
