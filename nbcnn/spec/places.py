"""How a message names a place in a spec, and how it echoes what stands there: cut and escaped."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from nbcnn.spec.names import default_names

BLOCK = "block"
"""The type of a layer that stands for the layers of a block."""

Path = tuple[str | int, ...]
"""Keys and indices from the root of a document to a value."""

MOST_OF_A_PATH = 100
"""Characters of a file's path in a message."""


class Use(NamedTuple):
    """A layer of type = "block", by its name, where it is written, and whose block it stands for."""

    name: str
    path: Path
    block: str


class Place(NamedTuple):
    """A layer in words, such as `layers[3] "pool2" (max_pool)`; its name in the network, where it has one; where it is
    written; and, for a layer of a block, through which uses it came, the outermost first."""

    words: str
    name: str | None
    path: Path
    uses: tuple[Use, ...] = ()

    def __str__(self) -> str:
        return self.words


class Where(NamedTuple):
    """What a path of a document with its blocks written out is called: a layer, and the rest of the path in words; and
    where it is written."""

    place: Place | None
    words: str
    path: Path

    @classmethod
    def of(cls, path: Path) -> "Where":
        """Of a document as it is written, outside of layers."""
        return cls(None, dotted(path), path)

    @classmethod
    def within(cls, place: Place, path: Path) -> "Where":
        """Of what is written in a layer."""
        return cls(place, dotted(path), (*place.path, *path))


def layer_words(index: int, name: object, kind: object) -> str:
    """`layers[3] "pool2" (max_pool)`; what is no string is left out."""
    parts = [f"layers[{index}]"]
    if isinstance(name, str):
        parts.append(quoted(name))
    if isinstance(kind, str):
        parts.append(f"({printable(kind)})")
    return " ".join(parts)


def layer_names(document: Any) -> list[Any]:
    """The names that the layers of a document as read would have; it may hold anything, and so may they."""
    layers = document.get("layers") if isinstance(document, dict) else None
    if not isinstance(layers, list):
        return []
    tables = [layer if isinstance(layer, dict) else {} for layer in layers]
    names = default_names([((_kind(table) or "")[:64], table.get("name")) for table in tables])
    return [name if _kind(table) else table.get("name") for name, table in zip(names, tables, strict=True)]


def layer_places(document: Any) -> list[Place]:
    """The places of the layers of a document as read."""
    names = layer_names(document)
    kinds = [layer.get("type") if isinstance(layer, dict) else None for layer in document["layers"]] if names else []
    return [layer_place(index, name, kind) for index, (name, kind) in enumerate(zip(names, kinds, strict=True))]


def layer_place(index: int, name: object, kind: object) -> Place:
    """The place of a layer of the file itself."""
    return Place(layer_words(index, name, kind), _printable(name), ("layers", index))


def _printable(name: object) -> str | None:
    """A name as messages hold it, cut where it is long."""
    return printable(name) if isinstance(name, str) else None


def _kind(table: dict[str, Any]) -> str | None:
    """What a default name begins with: the type, and for a block the block's name; None where that is no text."""
    kind = table.get("block" if table.get("type") == BLOCK else "type")
    return kind if isinstance(kind, str) else None


def where(path: Path, places: Sequence[Place]) -> Where:
    """`layers[0] "conv1" (conv)` and `kernel_size`, or `train.optimizer.lr` alone; `places` are those of the layers."""
    if len(path) >= 2 and path[0] == "layers" and isinstance(path[1], int) and path[1] < len(places):
        return Where.within(places[path[1]], path[2:])
    return Where.of(path)


def dotted(path: Sequence[str | int]) -> str:
    """`train.optimizer.lr`, `input.shape[1]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{printable(part)}" for part in path)
    return text.removeprefix(".")


def quoted(text: str) -> str:
    """In double quotes, at most 40 characters, nothing that a terminal would obey."""
    return f'"{printable(text)}"'


def printable(text: str, most: int = 40) -> str:
    """So many characters of it at most, and nothing that a terminal would obey."""
    cut = text if len(text) <= most else text[: most - 3] + "..."
    return cut if cut.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in cut)


def typed(word: str) -> str | None:
    """A word as one types it for a shell; None where it is too long for a message, or cannot be typed."""
    import shlex  # here, because few messages hold a command

    return shlex.quote(word) if len(word) <= MOST_OF_A_PATH and word.isprintable() else None


def echo(value: object) -> str:
    """A value as a person would have written it, or nearly."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        entries = [echo(each) if not isinstance(each, list | tuple) else "[...]" for each in value[:6]]
        return f"[{', '.join(entries + ['...'] * (len(value) > 6))}]"
    return str(value)[:40]
