"""From a spec to a network: shapes, receptive fields and costs, layer by layer."""

from collections.abc import Iterator
from math import prod

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import MOST_NAME, Layer
from nbcnn.layers.catalogue import ACTIVATIONS
from nbcnn.layers.problems import Code, Problem
from nbcnn.network.network import Network
from nbcnn.network.node import INPUT, Node
from nbcnn.network.receptive_field import ReceptiveField
from nbcnn.spec import Diagnostic, InvalidSpec, Spec
from nbcnn.spec.diagnostics import in_file
from nbcnn.spec.names import nearest
from nbcnn.spec.places import layer_place, quoted

MOST_ELEMENTS = 2**40
"""The largest array that a spec may ask for: 4 TiB of float32; above it a number in the spec is a slip."""


def build(spec: Spec) -> Network:
    """The network that a spec describes; raises InvalidSpec, which holds every error found."""
    nodes, diagnostics = trace(spec)
    if any(diagnostic.is_error for diagnostic in diagnostics):
        raise InvalidSpec(diagnostic for diagnostic in diagnostics if diagnostic.is_error)
    return Network(spec, tuple(nodes), tuple(diagnostics))


def trace(spec: Spec) -> tuple[list[Node], list[Diagnostic]]:
    """The nodes that can be built, and all that is to be said about the spec.

    A layer with an error is left out. What follows it is still checked: its shapes as long as they are known.
    """
    tracer = _Tracer(spec.input.shape, ReceptiveField.of_input(len(spec.input.shape) - 1))
    for index, layer in enumerate(spec.layers):
        place = layer_place(index, layer.name, layer.type)
        tracer.add(layer, place)
        if layer.activation is not None:
            tracer.add_activation(layer, layer.activation, place)
    return tracer.nodes, in_file(tracer.diagnostics, spec.file)


class _Tracer:
    """Where the next layer continues, and what was found so far; the shape is None once it is not known any more."""

    def __init__(self, shape: Shape, field: ReceptiveField):
        self.shape: Shape | None = shape
        self.field: ReceptiveField | None = field
        self.source = INPUT
        self.names = {INPUT: "the network's input"}
        self.nodes: list[Node] = []
        self.diagnostics: list[Diagnostic] = []

    def add_activation(self, layer: Layer, kind: str, place: str) -> None:
        """The node that the shorthand `activation = "relu"` stands for."""
        name = f"{layer.name}_{kind}"
        if kind not in ACTIVATIONS:
            close = nearest(kind, ACTIVATIONS)
            cure = f'the nearest is "{close}"' if close else f"use one of {', '.join(ACTIVATIONS)}"
            problem = Problem(Code.UNKNOWN_TYPE, f"activation = {quoted(kind)} is not known", cure, "activation")
        elif len(name) > MOST_NAME:
            rule = f"the activation's name {name} has {len(name)} characters, more than {MOST_NAME}"
            problem = Problem(Code.BAD_NAME, rule, f"shorten the layer's name to {MOST_NAME - 1 - len(kind)}", "name")
        else:
            return self.add(ACTIVATIONS[kind](type=kind, name=name), place)
        self.diagnostics.append(Diagnostic.at(place, problem))

    def add(self, layer: Layer, place: str) -> None:
        assert layer.name is not None  # the spec has named them all
        problems = []
        if layer.name in self.names:
            owner = self.names[layer.name]
            problems.append(
                Problem(Code.BAD_NAME, f"the name {layer.name} is taken by {owner}", "choose another name", "name")
            )
        self.names.setdefault(layer.name, place)
        shape, output = self.shape, None
        if shape is not None:
            try:
                output = layer.output_shape(shape)
                problems.extend(layer.review(shape))
            except Problem as problem:
                problems.append(problem)
            else:
                problems.extend(_too_large(layer, shape, output))
        self.diagnostics.extend(Diagnostic.at(place, problem) for problem in problems)
        self.shape = output
        if shape is not None and output is not None and all(each.code.severity == "warning" for each in problems):
            self._append(layer, layer.name, shape, output)

    def _append(self, layer: Layer, name: str, shape: Shape, output: Shape) -> None:
        self.field = self.field and self.field.through(layer.window(shape))
        node = Node(
            name=name,
            type=layer.type,
            layer=layer,
            operation=layer.type,
            attributes=layer.attributes(shape),
            inputs=(self.source,),
            input_shapes=(shape,),
            output_shape=output,
            parameters=layer.parameters(shape),
            macs=layer.macs(shape),
            other_flops=layer.other_flops(shape),
            field=self.field,
        )
        self.nodes.append(node)
        self.source = name


def _too_large(layer: Layer, shape: Shape, output: Shape) -> Iterator[Problem]:
    """Bounds in Python's integers, before anything is computed in a machine's."""
    arrays = {"the output": output} | {name: each.shape for name, each in layer.parameters(shape).items()}
    for name, each in arrays.items():
        if prod(each) > MOST_ELEMENTS:
            rule = f"{name} of {' x '.join(map(str, each))} has {prod(each)} elements, more than {MOST_ELEMENTS}"
            yield Problem(Code.TOO_LARGE, rule, "make it smaller")
