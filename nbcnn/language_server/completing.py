"""What can be written at a place of a TOML text: tables, keys, types, names of layers, and other values."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nbcnn.language_server import keys
from nbcnn.language_server.outline import Outline, Table, offset_of, outline
from nbcnn.spec.names import default_names
from nbcnn.spec.places import Path
from nbcnn.spec.references import INPUT

Kind = Literal["key", "table", "type", "layer", "value"]

TABLES = {
    "[[layers]]": "One more layer.",
    "[input]": "The shape of the input.",
    "[data]": "Where the samples come from.",
    "[[augment]]": "One more thing that is done to training samples.",
    "[train]": "How the network is trained.",
    "[train.optimizer]": "What changes the weights.",
    "[train.schedule]": "How the learning rate changes.",
    "[train.loss]": "What training makes small.",
    "[train.ema]": "A running average of the weights, to be kept in their place.",
    "[pretrained]": "Weights of another network to begin with.",
    "[engine]": "How it is computed.",
    "[lint]": "Which advice to leave out.",
    "[vars]": 'Names and values; elsewhere "$name" stands for the value.',
    "[blocks.NAME]": "A stack of layers to be used more than once.",
}

_HEADER = re.compile(r"[ \t]*(\[\[?)[ \t]*[A-Za-z0-9_.-]*$")
_KEY = re.compile(r"(?:^|[{,])[ \t]*((?:[A-Za-z0-9_-]+\.)*)([A-Za-z0-9_-]*)$")
_REST = re.compile(r"([A-Za-z0-9_-]*)([ \t]*=)?")
_TYPED = re.compile(r"[\"']?[A-Za-z0-9_.-]*$")
_QUOTES = ("'", '"')


@dataclass(frozen=True)
class Completion:
    """A text that can stand from `start` to `end` of the line, in characters from 0, and what it is in Markdown."""

    label: str
    kind: Kind
    text: str
    start: int
    end: int
    documentation: str = ""


def completions(text: str, line: int, character: int, layers: Sequence[str]) -> list[Completion]:
    """What can be written there; `layers` are the names of the last network that could be built."""
    lines = text.split("\n")
    written = lines[line].rstrip("\r") if line < len(lines) else ""
    before = written[:character]
    if before.lstrip().startswith("#"):
        return []
    seen, first, offset = outline(text), offset_of(text, line, 0), offset_of(text, line, len(before))
    table = seen.at(offset)
    around = table.around(offset)
    if (around is None or around[1].value[0] < first) and (header := _HEADER.match(before)):
        return list(_tables(seen, header[1], header.start(1), len(written)))
    if around is not None:
        key, entry = around
        is_behind = entry.is_closed and entry.value[1] == offset
        return [] if is_behind else list(_after_key(seen, table, (*table.path, *key), layers, written, character))
    if found := _KEY.search(before):
        dotted = tuple(found[1].split(".")[:-1])
        there = {str(each[len(dotted)]) for each in table.entries if each[: len(dotted)] == dotted and each != dotted}
        return list(_keys((*table.path, *dotted), seen.types(), there, found.start(2), character, written))
    return []


def _tables(seen: Outline, brackets: str, start: int, end: int) -> Iterator[Completion]:
    """Headers; an editor closes a bracket as soon as it is opened, so that what is closed already is replaced."""
    blocks = {f"[[blocks.{block}.layers]]": f"One more layer of block {block}." for block in seen.blocks()}
    there = {table.path for table in seen.tables}
    for name, documentation in (TABLES | blocks).items():
        is_new = name.startswith("[[") or tuple(name.strip("[]").split(".")) not in there
        if name.startswith(brackets) and is_new:
            yield Completion(name, "table", name, start, end, documentation)


def _keys(
    path: Path, types: Mapping[Path, str], there: Collection[str], start: int, end: int, written: str
) -> Iterator[Completion]:
    """Keys that are not there yet; in the place of all of a key that the cursor stands in."""
    rest = _REST.match(written, end)
    assert rest
    for key in keys.keys(path, types):
        if key.name not in there:
            text = key.name if rest[2] else f"{key.name} = "
            yield Completion(key.name, "key", text, start, rest.end(1), key.markdown)


def _after_key(
    seen: Outline, table: Table, path: Path, layers: Sequence[str], written: str, character: int
) -> Iterator[Completion]:
    typed = _TYPED.search(written[:character])
    start = typed.start() if typed else character
    # The quote that an editor has closed is replaced with the one before.
    closes = written[start : start + 1] in _QUOTES and written[character : character + 1] in _QUOTES
    for label, of, documentation in _values(seen, table, path, layers):
        text = label if of == "value" else f'"{label}"'
        yield Completion(label.strip('"'), of, text, start, character + closes, documentation)


def _values(seen: Outline, table: Table, path: Path, layers: Sequence[str]) -> Iterator[tuple[str, Kind, str]]:
    """The values of a key; strings among those of kind "value" have their quotes."""
    *owner, key = path
    types = seen.types()
    match key:
        case "type":
            yield from ((name, "type", description) for name, description in keys.types_of(tuple(owner), types))
        case "from":
            yield from ((name, "layer", "") for name in _sources(seen, table, layers))
        case "block":
            yield from ((f'"{name}"', "value", "") for name in seen.blocks())
        case _:
            for each in keys.keys(tuple(owner), types, shared=False):
                if each.name == key:
                    yield from ((value, "value", each.markdown) for value in each.values)


def _sources(seen: Outline, table: Table, layers: Sequence[str]) -> list[str]:
    """What stands before the layer that reads: in a block its own layers alone."""
    own = table.path[:-1]
    siblings = [each for each in seen.tables if each.path[:-1] == own and each.start < table.start]
    kinds = [seen.text(each, "block") or seen.text(each, "type") or "" for each in siblings]
    names = [seen.text(each, "name") for each in siblings]
    found = [INPUT, *default_names(list(zip(kinds, names, strict=True)))]
    if own == ("layers",):
        # What blocks are made of is known from the network.
        current = seen.text(table, "name")
        found += layers[: layers.index(current)] if current in layers else layers
    return list(dict.fromkeys(found))
