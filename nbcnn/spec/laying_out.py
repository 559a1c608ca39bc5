"""Blocks laid out as the layers that they stand for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from pydantic import ValidationError

from nbcnn.layers.catalogue import LAYER_TYPES
from nbcnn.layers.problems import Code, Problem
from nbcnn.layers.trainable import Trainable
from nbcnn.spec.blocks import Block, BlockLayer
from nbcnn.spec.complaints import explain
from nbcnn.spec.diagnostics import SHOWN, Diagnostic
from nbcnn.spec.model import MOST_LAYERS
from nbcnn.spec.names import nearest
from nbcnn.spec.places import BLOCK, Path, Place, Use, Where, layer_names, layer_place, layer_places, printable, quoted
from nbcnn.spec.references import INPUT, unknown
from nbcnn.spec.variables import Scope, TooLarge

MOST_NESTED = 16

Found = list[tuple[Path, Problem]]


@dataclass
class _Stack:
    """One list of layers where it is laid out: the file's own, or those of one repetition of a block."""

    reads: str = INPUT
    prefix: str = ""
    words: str = ""
    """The outermost use."""
    top: int = 0
    """Characters of the prefix that `words` have said already."""
    uses: tuple[Use, ...] = ()
    trainable: bool | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    """What can be named in `from`, and the layer that it stands for."""

    @property
    def chain(self) -> tuple[str, ...]:
        """The blocks in one another, the outermost first."""
        return tuple(use.block for use in self.uses)


class Writer:
    """Layers written out one after the other."""

    def __init__(self, definitions: Mapping[str, Block], scope: Scope, diagnostics: list[Diagnostic]):
        self.definitions, self.diagnostics = definitions, diagnostics
        self._file_scope = scope
        self.layers: list[Any] = []
        self.places: list[Place] = []
        self._faulty: set[str] = set()
        self._written: set[str] = set()
        self._last = INPUT
        self._said: set[tuple[Path, str]] = set()

    def write_all(self, tables: list[Any]) -> None:
        """The layers of the file; without a block among them, names and inputs stay as they are."""
        if len(tables) > MOST_LAYERS:
            rule, cure = f"layers: {len(tables)} are written", f"a network has at most {MOST_LAYERS} layers"
            raise TooLarge(Code.TOO_LARGE, rule, cure, ("layers",))
        filled, found = _filled(tables, self._file_scope)
        if any(isinstance(table, dict) and table.get("type") == BLOCK for table in filled):
            self._write_stack(filled, found, _Stack())
            return
        places = layer_places({"layers": filled})
        for table, place, problems in zip(filled, places, found, strict=True):
            self._say_at(place, problems)
            self._append(table, place)

    def _write_stack(self, filled: list[Any], found: list[Found], stack: _Stack) -> None:
        names = layer_names({"layers": filled})
        places = [_place(stack, index, names[index], table) for index, table in enumerate(filled)]
        later = dict(zip(map(str, names), places, strict=True))
        for index, (table, name, place) in enumerate(zip(filled, names, places, strict=True)):
            self._say_at(place, found[index])
            if not isinstance(table, dict) or not isinstance(name, str):
                if isinstance(table, dict) and table.get("type") == BLOCK:
                    self._write_block(table, stack, place)
                else:
                    self._append(table, place)  # for the spec to refuse
                continue
            table = {**table, "name": name}  # a variable may stand for several layers
            self._say(place, list(_taken(name, stack)))
            if "from" in table:
                table["from"] = self._resolved(table["from"], ("from",), name, stack, place, later)
            elif index == 0 and stack.reads != self._last:
                table["from"] = stack.reads
            later.pop(name, None)
            if table.get("type") == BLOCK:
                stack.outputs[name] = self._last  # the name is there, whatever is wrong within
                self._write_block(table, stack, place)
            else:
                self._write_layer(table, stack, place)

    def _resolved(
        self, names: Any, field: Path, owner: str, stack: _Stack, place: Place, later: Mapping[str, Place]
    ) -> Any:
        """The layers that names in `from` stand for; anything but names is for the spec to refuse."""
        if isinstance(names, list):
            return [
                self._resolved(name, (*field, number), owner, stack, place, later) for number, name in enumerate(names)
            ]
        if not isinstance(names, str):
            return names
        if names == INPUT:
            return stack.reads
        if names in stack.outputs:
            return stack.outputs[names]
        if stack.prefix + names in self._written:
            return stack.prefix + names
        earlier = [INPUT, *stack.outputs] if len(self.diagnostics) < SHOWN else []
        self._report(unknown(place, field, names, owner, earlier, later))
        return names

    def _write_layer(self, table: dict[str, Any], stack: _Stack, place: Place) -> None:
        local, kind = table["name"], table.get("type")
        self._last = stack.outputs[local] = table["name"] = f"{stack.prefix}{local}"
        layer_type = LAYER_TYPES.get(kind, object) if isinstance(kind, str) else object
        if stack.trainable is not None and issubclass(layer_type, Trainable):
            table.setdefault("trainable", stack.trainable)
        self._written.add(table["name"])
        if "activation" in table:
            self._written.add(f"{table['name']}_{table['activation']}")
        self._append(table, place)

    def _write_block(self, table: dict[str, Any], stack: _Stack, place: Place) -> None:
        try:
            layer = BlockLayer.model_validate(table)
        except ValidationError as error:
            for each in explain(error, BlockLayer, partial(Where.within, place)):
                self._report(each)
            return
        definition = self.definitions.get(layer.block)
        if problem := self._misused(layer, definition, stack):
            self._say(place, [problem])
            return
        assert definition is not None
        if layer.block in self._faulty:
            return
        scope = Scope(self._file_scope.budget, definition.parameters, layer.with_, self._file_scope)
        numbers = range(layer.first, layer.first + (layer.repeat or 1))
        reads = layer.from_ or self._last
        for number in numbers:
            name = str(layer.name) if layer.repeat is None else f"{layer.name}.{number}"
            inner = _Stack(
                reads,
                prefix=f"{stack.prefix}{name}.",
                words=stack.words or str(place),
                top=stack.top or len(str(layer.name)) + 1,
                uses=(*stack.uses, Use(f"{stack.prefix}{name}", place.path, layer.block)),
                trainable=stack.trainable if layer.trainable is None else layer.trainable,
            )
            errors = len(self.diagnostics)
            self._write_stack(*_filled(definition.layers, scope), inner)
            if len(self.diagnostics) > errors:  # to lay it out again would say no more
                self._faulty.add(layer.block)
                return
            reads = self._last
            if layer.repeat is not None:
                self._say(place, list(_taken(name, stack)))
                stack.outputs[name] = self._last
        stack.outputs[str(layer.name)] = self._last

    def _misused(self, layer: BlockLayer, definition: Block | None, stack: _Stack) -> Problem | None:
        if definition is None:
            listed = f"the blocks are {', '.join(islice(self.definitions, SHOWN))}"
            cure = listed if self.definitions else "define it: [[blocks.NAME.layers]]"
            if close := nearest(layer.block, self.definitions):
                cure = f'the nearest is "{close}"'
            rule = f"block = {quoted(layer.block)} is not defined"
            return Problem(Code.UNKNOWN_BLOCK, rule, cure, "block", meant=close)
        if layer.block in stack.chain:
            chain = " > ".join([*stack.chain[stack.chain.index(layer.block) :], layer.block])
            return Problem(Code.CYCLE, f"a block is made of itself: {chain}", "a block can use others only", "block")
        if len(stack.chain) >= MOST_NESTED:
            rule = f"blocks are nested more than {MOST_NESTED} deep"
            return Problem(Code.TOO_LARGE, rule, "nest less", "block")
        for argument in layer.with_:
            if argument not in definition.parameters:
                close = nearest(argument, definition.parameters)
                listed = ", ".join(islice(definition.parameters, SHOWN)) or "none"
                cure = f"the nearest is {close}" if close else f"its parameters are {listed}"
                rule = f"with: block {quoted(layer.block)} has no parameter {quoted(argument)}"
                return Problem(Code.UNKNOWN_KEY, rule, cure, ("with", argument), meant=close)
        return None

    def _append(self, table: Any, place: Place) -> None:
        if len(self.layers) >= MOST_LAYERS:
            rule = f"{place}: this is layer {len(self.layers) + 1} of the file with its blocks written out"
            raise TooLarge(Code.TOO_LARGE, rule, f"a network has at most {MOST_LAYERS} layers", place.path)
        self.layers.append(table)
        self.places.append(place)

    def _say(self, place: Place, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self._report(Diagnostic.at(place, problem))

    def _say_at(self, place: Place, problems: Found) -> None:
        for path, problem in problems:
            self._report(Diagnostic.at(place, problem, path))

    def _report(self, diagnostic: Diagnostic) -> None:
        """What is wrong with a layer, once for all repetitions of its block."""
        key = (diagnostic.path or (), diagnostic.rule)
        if diagnostic.place is None or not diagnostic.place.uses or key not in self._said:
            self._said.add(key)
            self.diagnostics.append(diagnostic)


def _filled(tables: Sequence[Any], scope: Scope) -> tuple[list[Any], list[Found]]:
    """The tables without variables, and for each what is wrong with those in it."""
    found: list[Found] = [[] for _ in tables]
    return [scope.fill(table, problems) for table, problems in zip(tables, found, strict=True)], found


def _place(stack: _Stack, index: int, name: Any, table: Any) -> Place:
    """`layers[4] "layer1" (block) > "0.conv2" (conv)`."""
    kind = table.get("type") if isinstance(table, dict) else None
    if not stack.uses:
        return layer_place(index, name, kind)
    label = quoted(f"{stack.prefix[stack.top :]}{name}") if isinstance(name, str) else f"layers[{index}]"
    words = f"{stack.words} > {label}" + (f" ({printable(kind)})" if isinstance(kind, str) else "")
    path = ("blocks", stack.uses[-1].block, "layers", index)
    return Place(words, f"{stack.prefix}{printable(name)}" if isinstance(name, str) else None, path, stack.uses)


def _taken(name: str, stack: _Stack) -> Iterator[Problem]:
    if name == INPUT or name in stack.outputs:
        owner = stack.outputs.get(name, "what is read here")
        yield Problem(Code.BAD_NAME, f"the name {name} is taken by {owner}", "choose another name", "name")
