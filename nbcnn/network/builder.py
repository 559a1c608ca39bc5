"""From a spec to a network: shapes, receptive fields and costs, layer by layer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import NamedTuple

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer, Parameter
from nbcnn.layers.catalogue import ACTIVATIONS
from nbcnn.layers.fields import MOST_NAME
from nbcnn.layers.problems import Code, Problem
from nbcnn.network.network import Network
from nbcnn.network.node import Node
from nbcnn.network.receptive_field import ReceptiveField, union
from nbcnn.spec import CrossEntropy, Diagnostic, InvalidSpec, Loss, Spec, Train
from nbcnn.spec.diagnostics import EXPLAINED
from nbcnn.spec.linting import names_for
from nbcnn.spec.names import nearest
from nbcnn.spec.places import Path, Place, quoted
from nbcnn.spec.references import INPUT, taken, unknown

MOST_ERRORS = 1000
WORTH_A_SUGGESTION = 20
"""Errors after which no nearest name is looked for, which takes long among thousands of layers."""
MOST_ELEMENTS = 2**40
"""The largest array that a spec may ask for: 4 TiB of float32; above it a number in the spec is a slip."""


def build(
    spec: Spec,
    training_bytes: Callable[[Network], int | None] | None = None,
    lint: Callable[[Network], Sequence[Diagnostic]] | None = None,
) -> Network:
    """The network that a spec describes; raises InvalidSpec, which holds every error found.

    `training_bytes` will tell its report how much memory training takes, and `lint` what was perhaps not meant.
    """
    nodes, errors, unlisted = _looked_at(spec)
    if errors:
        raise InvalidSpec(errors, unlisted)
    return Network(spec, tuple(nodes), training_bytes, lint)


def trace(spec: Spec) -> tuple[list[Node], list[Diagnostic]]:
    """The nodes that can be built, and the errors of the spec, the first EXPLAINED of them.

    A layer with an error is left out. What follows it is still checked: its shapes as long as they are known.
    """
    nodes, errors, _ = _looked_at(spec)
    return nodes, errors


def _looked_at(spec: Spec) -> tuple[list[Node], list[Diagnostic], int]:
    """Nodes and errors, and how many more of these there are."""
    tracer = _traced(spec)
    found = tracer.diagnostics[:EXPLAINED]
    if found:
        from nbcnn.network.advice import advise  # here, because a spec without a fault needs none
        from nbcnn.network.trail import Trail
        from nbcnn.spec.load import understood
        from nbcnn.spec.trials import Trials

        trail = Trail(spec, {name: output.shape for name, output in tracer.outputs.items()})
        document, layers = spec.sources.document, len(spec.layers)
        trials = Trials(document, layers, tracer.diagnostics, lambda changed: _traced(understood(changed)).diagnostics)
        found = advise(found, trail, trials)
    return tracer.nodes, spec.sources.locate(found), len(tracer.diagnostics) - len(found)


def _traced(spec: Spec) -> "_Tracer":
    """All layers of a spec, and what was found; after MOST_ERRORS nothing more is looked for."""
    tracer = _Tracer(spec)
    for layer, place in zip(spec.layers, spec.places, strict=True):
        tracer.add(layer, place)
        if len(tracer.diagnostics) >= MOST_ERRORS:
            return tracer
    tracer.check_all_are_read()
    tracer.check_loss(spec.train.loss)
    tracer.check_sampling(spec.train)
    tracer.check_augment(spec)
    tracer.check_rates(spec.train.optimizer.lr)
    tracer.check_names(("lint", "per_layer_ignores"), spec.lint.per_layer_ignores, at_key=True)
    if spec.pretrained is not None:
        tracer.check_names(("pretrained", "exclude"), spec.pretrained.exclude)
    return tracer


class _Output(NamedTuple):
    """What a layer can read: a node's output, or the input; the shape is None where an error made it unknown."""

    node: str
    shape: Shape | None
    field: ReceptiveField | None


class _Tracer:
    """The layers so far, by the names under which they can be read, and what was found."""

    def __init__(self, spec: Spec):
        shape = spec.input.shape
        self.last = _Output(INPUT, shape, ReceptiveField.of_input(len(shape) - 1))
        self.outputs = {INPUT: self.last}
        self.places = {INPUT: Place("the network's input", None, ("input",))}
        self.later = {str(layer.name): place for layer, place in zip(spec.layers, spec.places, strict=True)}
        self.read: set[str] = set()
        self.nodes: list[Node] = []
        self.diagnostics: list[Diagnostic] = []

    def add(self, layer: Layer, place: Place) -> None:
        """The layer's node, and that of its activation, whose output then goes by the layer's name."""
        name = str(layer.name)  # the spec has named them all
        self._add(layer, name, place, self._sources(layer, name, place))
        if layer.activation is not None and (activation := self._activation(layer, layer.activation, place)):
            self._add(activation, str(activation.name), place, [self.last])
            self.outputs[name] = self.last

    def check_loss(self, loss: Loss) -> None:
        """An error where the loss does not fit the output, as far as that is known."""
        if self.last.shape is None:
            return
        try:
            loss.check(self.last.shape)
        except Problem as problem:
            self.diagnostics.append(Diagnostic.at(("train", "loss"), problem))

    def check_sampling(self, train: Train) -> None:
        """An error where samples are to be drawn by class and have none."""
        shape = self.last.shape
        if train.sampling is None or shape is None or (isinstance(train.loss, CrossEntropy) and len(shape) == 1):
            return
        has = f"a class for each of {prod(shape[1:])} places" if isinstance(train.loss, CrossEntropy) else "numbers"
        rule = f'sampling = "balanced" draws samples by their class, and targets of {train.loss.type} are {has} here'
        cure = 'delete it, or weigh classes in the loss: weight = "balanced"' if "class" in has else "delete it"
        self.diagnostics.append(Diagnostic.at(("train",), Problem(Code.WRONG_VALUE, rule, cure, "sampling")))

    def check_augment(self, spec: Spec) -> None:
        """An error for every augmentation that suits not this input, this output or this loss."""
        for number, augment in enumerate(spec.augment):
            try:
                augment.check(spec.input.shape, self.last.shape, spec.train.loss)
            except Problem as problem:
                self.diagnostics.append(Diagnostic.at(("augment", number), problem))

    def check_rates(self, lr: float) -> None:
        """An error at the first layer whose rate is to follow an optimizer's that is 0."""
        own = next((node for node in self.nodes if node.trainable and node.lr is not None), None)
        if own is not None and not lr:
            rule = f"lr = {own.lr:g} changes in proportion to the optimizer's, and train.optimizer.lr is 0"
            cure = "give the optimizer a number above 0, and layers that are not to learn trainable = false"
            self.diagnostics.append(Diagnostic.at(self.places[own.name], Problem(Code.WRONG_VALUE, rule, cure, "lr")))

    def check_names(self, path: Path, names: Iterable[str], *, at_key: bool = False) -> None:
        """An error for every name in a list, or by `at_key` of a table's keys, that no layer and no block has."""
        known = {name for layer in self.places for name in names_for(layer)} - {INPUT}
        for number, name in enumerate(names):
            if name not in known:
                close = nearest(name, known) if len(self.diagnostics) < WORTH_A_SUGGESTION else None
                cure = f'the nearest is "{close}"' if close else "name a layer, or a block of layers"
                field = (name,) if at_key else (number,)
                problem = Problem(Code.UNKNOWN_LAYER, f"no layer is named {quoted(name)}", cure, field)
                self.diagnostics.append(replace(Diagnostic.at(path, problem), at_key=at_key))

    def check_all_are_read(self) -> None:
        """An error for every output that leads nowhere, unless a wrong name may be the cause."""
        if any(each.code in (Code.BAD_NAME, Code.UNKNOWN_LAYER, Code.CYCLE) for each in self.diagnostics):
            return
        names = {output.node: name for name, output in reversed(self.outputs.items())}
        for node in reversed(names):
            if node not in self.read and node != self.last.node:
                rule = "no layer reads its output, and it is not the last layer"
                cure = f'name it in a later layer, from = "{names[node]}", or delete it'
                self.diagnostics.append(Diagnostic.at(self.places[node], Problem(Code.UNUSED_OUTPUT, rule, cure)))

    def _sources(self, layer: Layer, name: str, place: Place) -> list[_Output] | None:
        """The outputs that the layer reads; None where a name stands for none."""
        if not layer.sources:
            return [self.last]
        found = []
        for number, source in enumerate(layer.sources):
            if source in self.outputs:
                found.append(self.outputs[source])
            else:
                known = self.outputs if len(self.diagnostics) < WORTH_A_SUGGESTION else ()
                field: Path = ("from",) if isinstance(layer.from_, str) else ("from", number)
                self.diagnostics.append(unknown(place, field, source, name, known, self.later))
        return found if len(found) == len(layer.sources) else None

    def _activation(self, layer: Layer, kind: str, place: Place) -> Layer | None:
        """The layer that the shorthand `activation = "relu"` stands for."""
        name = f"{layer.name}_{kind}"
        if kind not in ACTIVATIONS:
            close = nearest(kind, ACTIVATIONS)
            cure = f'the nearest is "{close}"' if close else f"use one of {', '.join(ACTIVATIONS)}"
            rule = f"activation = {quoted(kind)} is not known"
            problem = Problem(Code.UNKNOWN_TYPE, rule, cure, "activation", meant=close)
        elif len(name) > MOST_NAME:
            rule = f"the activation's name {name} has {len(name)} characters, more than {MOST_NAME}"
            problem = Problem(Code.BAD_NAME, rule, f"shorten the layer's name to {MOST_NAME - 1 - len(kind)}", "name")
        else:
            return ACTIVATIONS[kind](type=kind, name=name)
        self.diagnostics.append(Diagnostic.at(place, problem))
        return None

    def _add(self, layer: Layer, name: str, place: Place, sources: Sequence[_Output] | None) -> None:
        problems: list[Problem] = []
        if name in self.places:
            self.diagnostics.append(taken(place, name, self.places[name]))
        self.last = _Output(name, None, None)
        if sources is not None:
            self.read.update(source.node for source in sources)
            shapes = [source.shape for source in sources if source.shape is not None]
            if len(shapes) == len(sources):
                try:
                    self._resolve(layer, name, sources, shapes, problems)
                except Problem as problem:
                    problems.append(problem)
        self.diagnostics.extend(Diagnostic.at(place, problem) for problem in problems)
        self.places.setdefault(name, place)
        self.outputs.setdefault(name, self.last)
        self.later.pop(name, None)

    def _resolve(
        self, layer: Layer, name: str, sources: Sequence[_Output], shapes: Sequence[Shape], problems: list[Problem]
    ) -> None:
        """Adds to `problems`, and the node if no error is among them; raises Problem where no output is known."""
        names = layer.sources or tuple(source.node for source in sources)
        shape = layer.join(shapes, names)
        output = layer.output_shape(shape)
        branches = {each: source.field for each, source in zip(names, sources, strict=True)}
        if any(each[1:] != shape[1:] for each in shapes):
            branches = {name: None}  # a factor per channel: every unit sees all that it does
        field = union(branches)
        self.last = _Output(name, output, field and field.through(layer.window(shape)))
        problems.extend(layer.review(shape))
        told = any(source.node != INPUT and prod(source.shape or ()) > MOST_ELEMENTS for source in sources)
        problems.extend(_too_large(({} if told else {"the output": output}) | _shapes(layer.parameters(shape))))
        if name not in self.places and not problems:
            self.nodes.append(_node(layer, name, sources, shapes, shape, self.last))


def _node(
    layer: Layer, name: str, sources: Sequence[_Output], shapes: Sequence[Shape], shape: Shape, output: _Output
) -> Node:
    assert output.shape is not None
    return Node(
        name=name,
        type=layer.type,
        layer=layer,
        operation=layer.type,
        attributes=layer.attributes(shape),
        inputs=tuple(source.node for source in sources),
        input_shapes=tuple(shapes),
        output_shape=output.shape,
        parameters=layer.parameters(shape),
        buffers=layer.buffers(shape),
        macs=layer.macs(shape),
        other_flops=layer.other_flops(shape),
        field=output.field,
    )


def _shapes(parameters: Mapping[str, Parameter]) -> dict[str, Shape]:
    return {name: parameter.shape for name, parameter in parameters.items()}


def _too_large(arrays: Mapping[str, Shape]) -> Iterator[Problem]:
    """The first array that is beyond bounds, in Python's integers, before anything is computed in a machine's."""
    for name, each in arrays.items():
        if prod(each) > MOST_ELEMENTS:
            rule = f"{name} of {' x '.join(map(str, each))} has {prod(each)} elements, more than {MOST_ELEMENTS}"
            yield Problem(Code.TOO_LARGE, rule, "make it smaller")
            return
