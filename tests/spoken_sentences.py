"""The sentences that stand in the code of diagnostics, found in its syntax: also those that no test brings about."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("layers", "lint", "network", "spec")
NAMES = {"rule", "cure", "cures", "states", "note", "notes", "advice", "label", "expected"}
"""What variables are called that hold sentences."""
CALLS = {
    "Change", "Expects", "Finding", "Problem", "Remark", "TooLarge", "_fail", "_found", "_invalid", "_set_batch_size",
    "_without", "sets_of_one",
}  # fmt: skip
"""What takes sentences as it takes them."""
_NUMBER_DISAGREES = re.compile("(neither|both) size (nor|and) scale_factor (is|are) given")
PIECES = (
    "7 and 7 do not go together", "7 does not fit 7 rows7", "7 is 7 the 7 that 7 usually takes7",
    "7 mean and variance from 7 at a time", ", 7", ", which takes about 7", " = 7 is not a known type", " is missing",
    "a kernel of 7 at a stride of 7 overlaps unevenly: 7", "add it: 7", "declares 7 77 but receives 7",
    "here 1 / 7 = 7, and 7's is 7, 7", "insert a layer of type = \"flatten\" before it",
    "p = 7 keeps 7 of 7 7, 7", "the 7 kernel7 reaches the 7 positions with 7 of its weights",
    "the files extend one another: 7", "7, and before them a channel where one is meant",
    "7, and before it a channel where one is meant",
)  # fmt: skip
"""Of sentences that are put together elsewhere, or from words."""
MOST = 64
"""Choices of one sentence that are looked at."""


def spoken() -> Iterator[tuple[str, str]]:
    """Each sentence with its place; a number stands where the code fills something in."""
    for room in ROOMS:
        for path in sorted((ROOT / "nbcnn" / room).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for each in _sentences(node):
                    for text in _texts(each)[:MOST]:
                        if " " in text.strip() and text not in PIECES and not _NUMBER_DISAGREES.match(text):
                            yield f"{path.name}:{each.lineno}", text


def _sentences(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Assign):
        targets = [target for each in node.targets for target in (each.elts if isinstance(each, ast.Tuple) else [each])]
        values = node.value.elts if isinstance(node.value, ast.Tuple) and len(targets) > 1 else [node.value]
        for target, value in zip(targets, values, strict=False):
            if isinstance(target, ast.Name) and target.id in NAMES:
                yield from value.elts if isinstance(value, ast.Tuple) else [value]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        for value in [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in NAMES)]:
            yield from value.elts if isinstance(value, ast.Tuple) else [value]


def _texts(node: ast.expr) -> list[str]:
    """What an expression may say, as far as it is written out; nothing for another kind of expression."""
    match node:
        case ast.Constant(value=str() as text):
            return [text]
        case ast.IfExp(body=body, orelse=orelse):
            return _texts(body) + _texts(orelse)
        case ast.JoinedStr(values=values):
            parts = [_filled(each.value) if isinstance(each, ast.FormattedValue) else _texts(each) for each in values]
            return ["".join(each) for each in product(*parts)]
        case _:
            return []


def _filled(node: ast.expr) -> list[str]:
    """What stands in braces: one of the texts that are written there, the name of an axis, or else a number."""
    return _texts(node) or ["rows" if isinstance(node, ast.Name) and node.id == "axis" else "7"]
