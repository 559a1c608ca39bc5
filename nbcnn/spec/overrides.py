"""Changes to a spec without copying it: `train.optimizer.lr` to a value, as `--set` and `load_spec` take them."""

from collections.abc import Mapping
from typing import Any

from nbcnn.layers.problems import Code, Problem
from nbcnn.spec.names import nearest
from nbcnn.spec.places import Path, layer_names, printable, quoted

MOST_CHARACTERS = 1000
"""Of a key."""
MOST_DIGITS = 9
"""Of a layer's number."""
CURE = "give a dotted key such as train.epochs"


def override(document: dict[str, Any], changes: Mapping[str, Any]) -> list[Path]:
    """Set each dotted key of `changes` in `document`, in place; gives the paths that were set.

    A layer is addressed by its name or its number: `layers.conv1.out_channels`, `layers.0.out_channels`, in a block
    `blocks.basic.layers.conv1.out_channels`. Tables that are missing are made. Whether the result makes sense is for
    the spec to say. Raises Problem where a key leads nowhere.
    """
    paths: list[Path] = []
    for key, value in changes.items():
        if len(key) > MOST_CHARACTERS:
            rule = f"override {printable(key)} has {len(key)} characters, at most {MOST_CHARACTERS} are expected"
            raise Problem(Code.TOO_LARGE, rule, CURE)
        *parents, last = key.split(".")
        target: Any = document
        path: Path = ()
        if parents[:1] == ["blocks"] and len(parents) > 1:
            _check_block(parents[1], document.get("blocks"), key)
        while parents:
            part, parents = _step(target, parents, key)
            target, path = target[part], (*path, part)
        if not isinstance(target, dict):
            raise Problem(Code.UNKNOWN_KEY, f"override {printable(key)} does not lead to a value", CURE)
        target[last] = value
        paths.append((*path, last))
    return paths


def _check_block(name: str, blocks: Any, key: str) -> None:
    """Raise Problem where no block has the name: a block, unlike other tables, is never made by an override."""
    if isinstance(blocks, dict) and name in blocks:
        return
    close = nearest(name, blocks if isinstance(blocks, dict) else ())
    cure = f"the nearest name is {printable(str(close))}" if close else "define it in the file: [[blocks.NAME.layers]]"
    raise Problem(Code.UNKNOWN_BLOCK, f"override {printable(key)} names no block: {quoted(name)}", cure)


def _step(target: Any, parts: list[str], key: str) -> tuple[Any, list[str]]:
    """The key or index in the target that the first of the parts stand for, and the parts after it."""
    part = parts[0]
    if isinstance(target, dict):
        target.setdefault(part, {})
        return part, parts[1:]
    if isinstance(target, list):
        names = layer_names({"layers": target})
        for count in range(len(parts), 0, -1):  # a name may have dots in it
            if (name := ".".join(parts[:count])) in names:
                return names.index(name), parts[count:]
        if part.isdecimal() and len(part) <= MOST_DIGITS and int(part) < len(target):
            return int(part), parts[1:]
        close = nearest(part, [name for name in names if isinstance(name, str)])
        words = f"give a name or a number below {len(target)}"
        cure = f"the nearest name is {printable(str(close))}" if close else words
        raise Problem(Code.UNKNOWN_KEY, f"override {printable(key)} names no layer: {quoted(part)}", cure)
    rule = f"override {printable(key)} looks for {printable(part)} in a single value"
    raise Problem(Code.UNKNOWN_KEY, rule, CURE)
